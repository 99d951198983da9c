// Counts the dials of all processes of this network namespace to some ports, from the packets on the loopback
// device: the SYNs, and the bytes of the packets in both directions. Also their questions for names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "tools/bench/hostile/wire.h"

namespace halp::bench {

class DialCount {
public:
    // Ports first <= port < behind. Nothing when packets may not be watched here.
    [[nodiscard]] static std::optional<DialCount> begin(std::uint16_t first, std::uint16_t behind);

    struct Figures {
        std::size_t dials = 0, bytes = 0;
        std::size_t questions = 0;                    // packets to port 53, by UDP
        std::map<std::string, std::size_t> dials_of;  // by "ADDRESS PORT", the address as bytes
        [[nodiscard]] std::size_t most_of_one() const;
    };
    [[nodiscard]] Figures look();  // at what has come since the last look and before

private:
    DialCount(Wire packets, std::uint16_t first, std::uint16_t behind)
        : packets_(std::move(packets)), first_(first), behind_(behind) {}
    void take(std::string_view packet);
    void take_udp(std::string_view packet);

    Wire packets_;
    std::uint16_t first_, behind_;
    Figures figures_;
};

// Gives the loopback device one more network, so that hosts can have addresses that are not loopback: `address` is
// any of it. Only in a network namespace of our own.
[[nodiscard]] bool add_local_network(const std::string& address, const std::string& mask);

// Gives the loopback device the addresses of the name servers of this machine, so that questions to them can be
// counted. Nobody answers there. Only in a network namespace of our own. False when no question could be seen.
[[nodiscard]] bool take_place_of_name_servers(const std::string& resolver_file = "/etc/resolv.conf");

}  // namespace halp::bench
