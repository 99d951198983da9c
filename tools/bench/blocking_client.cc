#include "tools/bench/blocking_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace halp::process {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses numeric_address(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) found = nullptr;
    return {found, &::freeaddrinfo};
}

void set_patience(int descriptor, std::chrono::milliseconds patience) {
    timeval limit{};
    limit.tv_sec = static_cast<time_t>(patience.count() / 1000);
    limit.tv_usec = static_cast<suseconds_t>(patience.count() % 1000 * 1000);
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // also bounds connect()
}

}  // namespace

Result<ClientSocket> ClientSocket::connect(const Endpoint& to, std::chrono::milliseconds patience,
                                           const std::string& from) {
    const Addresses address = numeric_address(to.host, to.port);
    if (!address) return Error{ErrorCode::invalid, to.text() + " is not a numeric address."};
    ClientSocket socket{::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (socket.descriptor_ < 0) return Error{ErrorCode::io, std::string{"socket: "} + std::strerror(errno)};
    set_patience(socket.descriptor_, patience);
    const Addresses source = from.empty() ? Addresses{nullptr, &::freeaddrinfo} : numeric_address(from, 0);
    if (source && ::bind(socket.descriptor_, source->ai_addr, source->ai_addrlen) != 0)
        return Error{ErrorCode::io, "bind to " + from + ": " + std::strerror(errno)};
    if (::connect(socket.descriptor_, address->ai_addr, address->ai_addrlen) != 0)
        return Error{ErrorCode::unreachable, to.text() + ": " + std::strerror(errno)};
    const int on = 1;
    ::setsockopt(socket.descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

ClientSocket::~ClientSocket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}
ClientSocket::ClientSocket(ClientSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
ClientSocket& ClientSocket::operator=(ClientSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

bool ClientSocket::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

ClientSocket::Answer ClientSocket::read_all(std::size_t bytes_max) {
    Answer answer;
    std::array<char, 16384> part{};
    while (answer.bytes.size() < bytes_max) {
        const ssize_t got = ::recv(descriptor_, part.data(), part.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) answer.end = Answer::End::closed;
        if (got < 0 && errno != EAGAIN) answer.end = Answer::End::reset;
        if (got <= 0) break;
        answer.bytes.append(part.data(), static_cast<std::size_t>(got));
    }
    return answer;
}

void ClientSocket::half_close() { ::shutdown(descriptor_, SHUT_WR); }

void ClientSocket::reset() {
    const linger at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(descriptor_, -1));
}

Result<std::string> text_query(const Endpoint& server, std::string_view query, std::chrono::milliseconds patience) {
    Result<ClientSocket> socket = ClientSocket::connect(server, patience);
    if (!socket) return socket.error();
    if (!socket->send(query)) return Error{ErrorCode::io, server.text() + " did not take the query."};
    ClientSocket::Answer answer = socket->read_all();
    if (answer.end == ClientSocket::Answer::End::silence)
        return Error{ErrorCode::timed_out, server.text() + " said nothing for too long."};
    if (answer.end == ClientSocket::Answer::End::reset)
        return Error{ErrorCode::io, server.text() + " reset the connection."};
    return std::move(answer.bytes);
}

}  // namespace halp::process
