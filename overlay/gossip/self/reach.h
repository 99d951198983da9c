// Where an address leads, whatever its spelling. What a remote node says must not make this node dial an address of
// this machine or of its private network, nor ask for a name (overlay/gossip/rules.md, section 3, "Hearsay").
// Unlike scope_of(), which says to whom an address means something, this looks at the bits.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/endpoint.h"

namespace halp {

enum class Reach : std::uint8_t {
    nowhere,      // unspecified, multicast, broadcast, reserved
    name,         // also numeric addresses in a spelling that only a resolver reads: 127.1, 0x7f000001
    machine,      // loopback
    link,         // link-local
    private_net,  // RFC 1918, RFC 4193, RFC 6598
    everywhere
};

// IPv4 inside IPv6 (::ffff:a.b.c.d, ::a.b.c.d, 64:ff9b::/96, 2002::/16) leads where the IPv4 address leads.
[[nodiscard]] Reach reach_of(std::string_view host);
[[nodiscard]] Reach reach_of(const EndpointTable& endpoints, EndpointId endpoint);  // reads no text of IPv4

// Whether a node whose socket is at an address of reach `speaker` may name a node at `host`.
// `private_from_public`: also a private address when the speaker has a public one.
[[nodiscard]] bool may_name(Reach speaker, Reach host, bool private_from_public = false);
[[nodiscard]] inline bool may_name(Reach speaker, std::string_view host, bool private_from_public = false) {
    return may_name(speaker, reach_of(host), private_from_public);
}

}  // namespace halp
