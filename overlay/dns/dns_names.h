// What names of the zone stand for. `chat.halp` is the label `chat`, `room1.chat.halp` the label `chat/room1`,
// `_chat._tcp.halp` the service of the label `chat`, `192-0-2-1._ip4.halp` the address 192.0.2.1 (README.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace halp::dns {

struct Meaning {
    enum class Kind : std::uint8_t {
        apex,      // the zone itself
        between,   // names stand below it, and nothing at it: `_tcp.halp`, `_ip4.halp`
        label,     // hosts of a label
        service,   // the same, asked for as a service
        services,  // the list of services: `_services._dns-sd._udp.halp`
        address,   // of a host that is named by its address
        nothing,
    };
    Kind kind = Kind::nothing;
    // Of label and service: texts of labels that may be meant, in lower case, the likeliest first. The first one
    // exists or the next one is looked at.
    std::vector<std::string> labels;
    std::string address;  // its 4 or 16 bytes
};
// `below`: the parts of the name before the zone, in lower case.
[[nodiscard]] Meaning meaning_of(const std::vector<std::string>& below);

// The parts of the name below the zone that stands for an address of 4 or 16 bytes.
[[nodiscard]] std::vector<std::string> address_name(std::string_view address);

}  // namespace halp::dns
