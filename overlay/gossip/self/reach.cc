#include "overlay/gossip/self/reach.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace halp {

namespace {

std::uint8_t byte_at(std::string_view address, std::size_t i) { return static_cast<std::uint8_t>(address[i]); }

Reach reach_of_ipv4(std::string_view a) {
    const std::uint8_t first = byte_at(a, 0), second = byte_at(a, 1);
    if (first == 0 || first >= 224) return Reach::nowhere;  // 0/8, multicast, reserved, broadcast
    if (first == 127) return Reach::machine;
    if (first == 169 && second == 254) return Reach::link;
    const bool shared = first == 100 && second >= 64 && second < 128;  // RFC 6598
    const bool private_net =
        first == 10 || (first == 172 && second >= 16 && second < 32) || (first == 192 && second == 168);
    return shared || private_net ? Reach::private_net : Reach::everywhere;
}

bool zeros(std::string_view a, std::size_t from, std::size_t to) {
    return std::all_of(a.begin() + static_cast<std::ptrdiff_t>(from), a.begin() + static_cast<std::ptrdiff_t>(to),
                       [](char c) { return c == 0; });
}

Reach reach_of_ipv6(std::string_view a) {
    const std::uint8_t first = byte_at(a, 0), second = byte_at(a, 1);
    if (zeros(a, 0, 12)) {  // ::, ::1, and the IPv4-compatible ones
        if (zeros(a, 12, 15) && byte_at(a, 15) <= 1) return byte_at(a, 15) == 1 ? Reach::machine : Reach::nowhere;
        return reach_of_ipv4(a.substr(12));
    }
    if (zeros(a, 0, 10) && byte_at(a, 10) == 0xff && byte_at(a, 11) == 0xff) return reach_of_ipv4(a.substr(12));
    if (a.substr(0, 4) == std::string_view{"\x00\x64\xff\x9b", 4} && zeros(a, 4, 12))
        return reach_of_ipv4(a.substr(12));
    if (first == 0x20 && second == 0x02) return reach_of_ipv4(a.substr(2, 4));
    if (first == 0xff) return Reach::nowhere;
    if (first == 0xfe && (second & 0xc0) == 0x80) return Reach::link;
    const bool site_local = first == 0xfe && (second & 0xc0) == 0xc0;  // RFC 3879: private to a site
    return site_local || (first & 0xfe) == 0xfc ? Reach::private_net : Reach::everywhere;
}

}  // namespace

Reach reach_of(std::string_view host) {
    const std::size_t zone = host.find('%');
    const std::string packed = Endpoint{std::string{host.substr(0, zone)}, 1}.packed_address();
    if (packed.empty()) return Reach::name;
    const Reach reach = packed.size() == 4 ? reach_of_ipv4(packed) : reach_of_ipv6(packed);
    // A zone names an interface, and only link-local addresses have one.
    return zone == std::string_view::npos || reach == Reach::link ? reach : Reach::nowhere;
}

Reach reach_of(const EndpointTable& endpoints, EndpointId endpoint) {
    const std::optional<Ipv4Endpoint> known = endpoints.ipv4(endpoint);
    if (!known) return reach_of(endpoints.at(endpoint).host);
    const std::array<char, 4> bytes{
        static_cast<char>(known->address >> 24), static_cast<char>(known->address >> 16 & 0xff),
        static_cast<char>(known->address >> 8 & 0xff), static_cast<char>(known->address & 0xff)};
    return reach_of_ipv4({bytes.data(), bytes.size()});
}

bool may_name(Reach speaker, Reach host, bool private_from_public) {
    switch (host) {
        case Reach::everywhere:
            return true;
        case Reach::private_net:
            return private_from_public || speaker != Reach::everywhere;
        case Reach::link:
            return speaker == Reach::link;
        case Reach::machine:
            return speaker == Reach::machine;
        case Reach::nowhere:
        case Reach::name:
            break;
    }
    return false;
}

}  // namespace halp
