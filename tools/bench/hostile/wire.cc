#include "tools/bench/hostile/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace halp::bench {
namespace {

std::optional<sockaddr_in> socket_address(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return std::nullopt;
    return address;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

void set_patience(int descriptor, std::chrono::milliseconds patience) {
    timeval limit{};
    limit.tv_sec = static_cast<time_t>(patience.count() / 1000);
    limit.tv_usec = static_cast<suseconds_t>(patience.count() % 1000 * 1000);
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // also bounds connect()
}

// A socket bound to an address without a port: the kernel chooses it at connect(), so that ports never run out.
std::optional<Wire> bound(const std::string& from, int type) {
    Wire wire{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type, 0)};
    const auto source = socket_address(from, 0);
    if (wire.descriptor() < 0 || !source) return std::nullopt;
    const int on = 1;
    ::setsockopt(wire.descriptor(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ::setsockopt(wire.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::bind(wire.descriptor(), generic(*source), sizeof *source) != 0) return std::nullopt;
    return wire;
}

}  // namespace

void leave_processors_to_nodes() {
    constexpr int lower = 15;
    // Only this thread. Lowering the priority of one's own thread is always permitted.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), lower);
}

std::optional<Wire> Wire::open(const std::string& from, const Endpoint& to, std::chrono::milliseconds patience) {
    std::optional<Wire> wire = bound(from, 0);
    const auto target = socket_address(to.host, to.port);
    if (!wire || !target) return std::nullopt;
    set_patience(wire->descriptor(), patience);
    if (::connect(wire->descriptor(), generic(*target), sizeof *target) != 0) return std::nullopt;
    return wire;
}

std::optional<Wire> Wire::begin(const std::string& from, const Endpoint& to) {
    std::optional<Wire> wire = bound(from, SOCK_NONBLOCK);
    const auto target = socket_address(to.host, to.port);
    if (!wire || !target) return std::nullopt;
    if (::connect(wire->descriptor(), generic(*target), sizeof *target) != 0 && errno != EINPROGRESS)
        return std::nullopt;
    return wire;
}

std::optional<Wire> Wire::listen(const Endpoint& at) {
    Wire wire{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const auto address = socket_address(at.host, at.port);
    if (wire.descriptor() < 0 || !address) return std::nullopt;
    const int on = 1;
    ::setsockopt(wire.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(wire.descriptor(), generic(*address), sizeof *address) != 0) return std::nullopt;
    if (::listen(wire.descriptor(), 64) != 0) return std::nullopt;
    return wire;
}

Wire::~Wire() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<Wire> Wire::accept() const {
    const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return accepted >= 0 ? std::optional<Wire>{Wire{accepted}} : std::nullopt;
}

bool Wire::send_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::optional<std::size_t> Wire::send_some(std::string_view bytes) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    const bool waits = errno == EAGAIN || errno == EINTR || errno == ENOTCONN || errno == EINPROGRESS;
    return waits ? std::optional<std::size_t>{0} : std::nullopt;
}

std::optional<std::string> Wire::receive_some() {
    std::array<char, 65536> part{};
    const ssize_t got = ::recv(descriptor_, part.data(), part.size(), MSG_DONTWAIT);
    if (got > 0) return std::string{part.data(), static_cast<std::size_t>(got)};
    if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)) return std::string{};
    return std::nullopt;
}

std::optional<std::string> Wire::receive(std::size_t count) {
    std::string all(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        const ssize_t got = ::recv(descriptor_, all.data() + have, count - have, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::nullopt;
        have += static_cast<std::size_t>(got);
    }
    return all;
}

void Wire::drain() {
    std::array<char, 65536> part{};
    while (true) {
        const ssize_t got = ::recv(descriptor_, part.data(), part.size(), 0);
        if (got == 0 || (got < 0 && errno != EINTR)) return;
    }
}

void Wire::half_close() { ::shutdown(descriptor_, SHUT_WR); }

bool Wire::does_not_wait() {
    const int flags = ::fcntl(descriptor_, F_GETFL);
    return flags >= 0 && ::fcntl(descriptor_, F_SETFL, flags | O_NONBLOCK) == 0;
}

}  // namespace halp::bench
