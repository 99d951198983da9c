// Which calls to nodes of which this node only heard may be made. Whoever speaks the wire can name any address and
// any name, so what a remote host says leads neither to this machine nor to a resolver
// (overlay/gossip/rules.md, section 3, "Hearsay").
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "overlay/gossip/calls.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

// The newest keys of a set. The oldest one leaves when it is full.
class RecentKeys {
public:
    explicit RecentKeys(std::size_t most) : most_(most) {}
    [[nodiscard]] bool contains(std::uint64_t key) const;
    void add(std::uint64_t key);

private:
    std::size_t most_;
    std::size_t oldest_ = 0;  // where the next key goes once it is full
    std::vector<std::uint64_t> keys_;
};

class HearsayDials final : public DialGate {
public:
    struct Parts {
        const EndpointTable& endpoints;
        const PeerView& view;
        const Identity& identity;
    };
    explicit HearsayDials(Parts parts) : parts_(parts) {}

    [[nodiscard]] bool admits(EndpointId to, CallPurpose purpose, Instant now) override;
    // A node of the swarm spoke from a socket at this host, and listens on this port.
    void met(const Endpoint& node) { met_.add(node.hash()); }
    // A file of this machine or somebody on it named this node.
    void remember(EndpointId node) { remembered_.add(key_of(node)); }
    // Somebody whose socket is at `by` claims that a node is there.
    void claimed(EndpointId node, const Endpoint& by);
    // A file of this machine names it, and no earlier run has reached it.
    void listed_in_file(EndpointId node) { claimed_.add(key_of(node)); }

    // No node of the swarm spoke from this endpoint.
    [[nodiscard]] bool only_heard_of(EndpointId node) const { return !met_.contains(key_of(node)); }
    // Somebody may name it who did, and it is neither a name nor this machine.
    [[nodiscard]] bool may_be_dialled(EndpointId to) const;

    [[nodiscard]] std::uint64_t made() const { return made_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
    [[nodiscard]] std::uint64_t key_of(EndpointId node) const { return parts_.endpoints.hash(node); }
    [[nodiscard]] bool no_hearsay(EndpointId to, CallPurpose purpose) const;

    Parts parts_;
    RecentKeys met_{512}, remembered_{512}, claimed_{256};
    std::uint64_t made_ = 0, refused_ = 0;
};

}  // namespace halp
