#include "overlay/libevent/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include <array>
#include <charconv>
#include <cstring>

namespace halp {
namespace {

std::uint64_t first_eight_bytes(const in6_addr& address) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &address, sizeof bits);
    return bits;
}

// inet_ntop() prints IPv4 through printf, which is felt where each query is a connection.
std::string text_of_v4(const void* address) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), address, bytes.size());
    std::array<char, INET_ADDRSTRLEN> text{};
    char* end = text.data();
    for (const std::uint8_t byte : bytes) {
        if (end != text.data()) *end++ = '.';
        end = std::to_chars(end, text.data() + text.size(), byte).ptr;
    }
    return {text.data(), end};
}

std::string text_of_v6_bytes(const void* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const char* done = inet_ntop(AF_INET6, address, text.data(), text.size());
    return done ? done : "";
}

std::string text_of_v6(const sockaddr_in6& address) {
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) return text_of_v4(&address.sin6_addr.s6_addr[12]);
    std::string text = text_of_v6_bytes(&address.sin6_addr);
    if (address.sin6_scope_id == 0) return text;
    std::array<char, IF_NAMESIZE> name{};
    const char* known = if_indextoname(address.sin6_scope_id, name.data());
    return text + "%" + (known ? std::string(known) : std::to_string(address.sin6_scope_id));
}

std::optional<SocketAddress> scoped_address(const std::string& host) {
    addrinfo wanted{};
    wanted.ai_family = AF_INET6;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return std::nullopt;
    auto address = copy_address(found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return address;
}

}  // namespace

void SocketAddress::set_port(std::uint16_t port) {
    if (family() == AF_INET) v4.sin_port = htons(port);
    if (family() == AF_INET6) v6.sin6_port = htons(port);
}

Endpoint SocketAddress::endpoint() const {
    if (family() == AF_INET) return Endpoint{text_of_v4(&v4.sin_addr), ntohs(v4.sin_port)};
    return Endpoint{text_of_v6(v6), ntohs(v6.sin6_port)};
}

std::size_t SourceKeyHash::operator()(const SourceKey& key) const {
    const std::uint64_t mixed = (key.bits ^ static_cast<std::uint64_t>(key.family)) * 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

SourceKey source_key(const SocketAddress& address) {
    if (address.family() == AF_INET) return {address.v4.sin_addr.s_addr, AF_INET};
    const in6_addr& v6 = address.v6.sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&v6)) return {first_eight_bytes(v6), AF_INET6};
    std::uint32_t v4 = 0;
    std::memcpy(&v4, &v6.s6_addr[12], sizeof v4);
    return {v4, AF_INET};
}

std::string bare_host(const std::string& host) {
    const bool brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    return brackets ? host.substr(1, host.size() - 2) : host;
}

std::optional<SocketAddress> numeric_address(const Endpoint& endpoint) {
    const std::string host = bare_host(endpoint.host);
    SocketAddress address;
    if (inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.length = sizeof(sockaddr_in);
    } else if (address = SocketAddress(); inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
    } else if (host.find('%') != std::string::npos) {
        auto scoped = scoped_address(host);
        if (!scoped) return std::nullopt;
        address = *scoped;
    } else {
        return std::nullopt;
    }
    address.set_port(endpoint.port);
    return address;
}

std::optional<SocketAddress> copy_address(const sockaddr* from, socklen_t length) {
    SocketAddress address;
    const bool fits = (from->sa_family == AF_INET && length == sizeof(sockaddr_in)) ||
                      (from->sa_family == AF_INET6 && length == sizeof(sockaddr_in6));
    if (!fits) return std::nullopt;
    std::memcpy(&address.any, from, length);
    address.length = length;
    return address;
}

std::optional<SocketAddress> local_address_of(int fd) {
    SocketAddress address;
    if (getsockname(fd, &address.any, &address.length) != 0) return std::nullopt;
    return address;
}

std::optional<SocketAddress> remote_address_of(int fd) {
    SocketAddress address;
    if (getpeername(fd, &address.any, &address.length) != 0) return std::nullopt;
    return address;
}

bool connected_to_itself(int fd, const SocketAddress& remote) {
    const auto local = local_address_of(fd);
    return local && local->endpoint() == remote.endpoint();
}

}  // namespace halp
