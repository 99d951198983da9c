#include "tools/bench/hostile/dial_count.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

namespace halp::bench {
namespace {

constexpr int buffer_bytes = 8 << 20;  // of the kernel, between two looks
constexpr std::uint8_t udp = 17;
constexpr std::uint16_t port_of_names = 53;
constexpr std::uint8_t tcp = 6, flag_syn = 0x02, flag_ack = 0x10;

std::uint16_t u16(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) << 8 |
                                      static_cast<std::uint8_t>(bytes[at + 1]));
}

// Where the TCP header begins, and where the address of the receiver stands; nothing for other packets.
struct Layout {
    std::size_t tcp_at, address_at, address_bytes;
};
std::optional<Layout> layout(std::string_view packet) {
    constexpr std::size_t ipv4_bytes = 20, ipv6_bytes = 40, tcp_bytes = 20;
    if (packet.size() < ipv4_bytes + tcp_bytes) return std::nullopt;
    const auto first = static_cast<std::uint8_t>(packet[0]);
    if (first >> 4 == 4 && static_cast<std::uint8_t>(packet[9]) == tcp) {
        const std::size_t header = std::size_t{first & 0x0fU} * 4;
        if (packet.size() < header + tcp_bytes) return std::nullopt;
        return Layout{header, 16, 4};
    }
    const bool ipv6 =
        first >> 4 == 6 && packet.size() >= ipv6_bytes + tcp_bytes && static_cast<std::uint8_t>(packet[6]) == tcp;
    return ipv6 ? std::optional<Layout>{{ipv6_bytes, 24, 16}} : std::nullopt;
}

}  // namespace

std::size_t DialCount::Figures::most_of_one() const {
    std::size_t most = 0;
    for (const auto& one : dials_of) most = std::max(most, one.second);
    return most;
}

std::optional<DialCount> DialCount::begin(std::uint16_t first, std::uint16_t behind) {
    Wire packets{::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL))};
    if (packets.descriptor() < 0) return std::nullopt;
    ::setsockopt(packets.descriptor(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes);
    return DialCount{std::move(packets), first, behind};
}

DialCount::Figures DialCount::look() {
    std::array<char, 2048> packet{};
    while (true) {
        sockaddr_ll from{};
        socklen_t length = sizeof from;
        // MSG_TRUNC: the size of the whole packet, also where it is longer than ours.
        const ssize_t got = ::recvfrom(packets_.descriptor(), packet.data(), packet.size(), MSG_TRUNC,
                                       reinterpret_cast<sockaddr*>(&from), &length);
        if (got <= 0) return figures_;
        // The device shows each packet twice: as it leaves and as it arrives.
        if (from.sll_pkttype == PACKET_HOST)
            take({packet.data(), std::min(static_cast<std::size_t>(got), packet.size())});
    }
}

void DialCount::take_udp(std::string_view packet) {
    constexpr std::size_t ipv4_bytes = 20, ipv6_bytes = 40, udp_bytes = 8;
    if (packet.size() < ipv4_bytes + udp_bytes) return;
    const auto first = static_cast<std::uint8_t>(packet[0]);
    const bool ipv4 = first >> 4 == 4;
    const std::size_t header = ipv4 ? std::size_t{first & 0x0fU} * 4 : ipv6_bytes;
    if (packet.size() < header + udp_bytes || static_cast<std::uint8_t>(packet[ipv4 ? 9 : 6]) != udp) return;
    if (u16(packet, header + 2) == port_of_names) ++figures_.questions;
}

void DialCount::take(std::string_view packet) {
    take_udp(packet);
    const auto found = layout(packet);
    if (!found) return;
    const auto [tcp_at, address_at, address_bytes] = *found;
    const std::uint16_t from = u16(packet, tcp_at), to = u16(packet, tcp_at + 2);
    const auto counts = [this](std::uint16_t port) { return port >= first_ && port < behind_; };
    if (!counts(from) && !counts(to)) return;
    figures_.bytes += packet.size();
    const auto flags = static_cast<std::uint8_t>(packet[tcp_at + 13]);
    if (!counts(to) || (flags & (flag_syn | flag_ack)) != flag_syn) return;
    ++figures_.dials;
    ++figures_.dials_of[std::string{packet.substr(address_at, address_bytes)} + " " + std::to_string(to)];
}

bool add_local_network(const std::string& address, const std::string& mask) {
    static int networks = 0;  // each has a name of its own: lo:1, lo:2
    const Wire socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    const std::string alias = "lo:" + std::to_string(++networks);
    std::strncpy(request.ifr_name, alias.c_str(), IFNAMSIZ - 1);
    const auto set = [&](unsigned long what, const std::string& text) {
        sockaddr_in value{};
        value.sin_family = AF_INET;
        if (::inet_pton(AF_INET, text.c_str(), &value.sin_addr) != 1) return false;
        std::memcpy(&request.ifr_addr, &value, sizeof value);
        return ::ioctl(socket.descriptor(), what, &request) == 0;
    };
    return set(SIOCSIFADDR, address) && set(SIOCSIFNETMASK, mask);
}

bool take_place_of_name_servers(const std::string& resolver_file) {
    std::ifstream file{resolver_file};
    std::size_t servers = 0, taken = 0;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words{line};
        std::string word, address;
        if (!(words >> word >> address) || word != "nameserver") continue;
        ++servers;
        in_addr parsed{};
        const bool ipv4 = ::inet_pton(AF_INET, address.c_str(), &parsed) == 1;
        const bool loopback = ipv4 && address.starts_with("127.");
        taken += loopback || (ipv4 && add_local_network(address, "255.255.255.255")) ? 1U : 0U;
    }
    return servers == 0 || taken > 0;  // without a line 127.0.0.1 is asked
}

}  // namespace halp::bench
