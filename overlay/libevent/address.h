// Numeric socket addresses, and the only place where they become endpoints. An IPv4 client of a dual-stack socket
// is shown as IPv4, so that no limit and no list knows one host under two addresses.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "store/endpoint.h"

namespace halp {

struct SocketAddress {
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
    };
    socklen_t length = sizeof(v6);

    SocketAddress() : v6{} {}
    [[nodiscard]] int family() const { return any.sa_family; }
    void set_port(std::uint16_t port);
    // An IPv4 address mapped into IPv6 becomes the IPv4 address.
    [[nodiscard]] Endpoint endpoint() const;
};

// For limits per source: an IPv4 address, or the first 64 bits of an IPv6 address, which one owner gets as a whole.
struct SourceKey {
    std::uint64_t bits = 0;
    int family = 0;
    bool operator==(const SourceKey&) const = default;
};
struct SourceKeyHash {
    std::size_t operator()(const SourceKey& key) const;
};
[[nodiscard]] SourceKey source_key(const SocketAddress& address);

// The host without the brackets around an IPv6 address.
[[nodiscard]] std::string bare_host(const std::string& host);

// Nothing for a name. Takes scoped addresses (fe80::1%eth0) too.
[[nodiscard]] std::optional<SocketAddress> numeric_address(const Endpoint& endpoint);
[[nodiscard]] std::optional<SocketAddress> copy_address(const sockaddr* from, socklen_t length);

[[nodiscard]] std::optional<SocketAddress> local_address_of(int fd);
[[nodiscard]] std::optional<SocketAddress> remote_address_of(int fd);
// True for a TCP connection of a port with itself. The kernel makes one when a program dials a free ephemeral port
// of its own machine.
[[nodiscard]] bool connected_to_itself(int fd, const SocketAddress& remote);

}  // namespace halp
