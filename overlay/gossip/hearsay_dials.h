// Which calls to nodes of which this node only heard may be made. Whoever speaks the wire can name any address and
// any name, so what a remote host says leads neither to loopback nor to a resolver, and other addresses are
// dialled from a budget: a call takes a share of it, and an answer gives it back and two more. So where nodes
// answer the budget grows as fast as they do, and where nobody answers it is used up after few calls. A host where
// no node was met is dialled twice in ten minutes, whatever ports are named (overlay/gossip/rules.md, section 3,
// "Hearsay").
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
    bool add(std::uint64_t key);  // false: it was there
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

private:
    std::size_t most_;
    std::uint64_t forgotten_ = 0;
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
    [[nodiscard]] bool only_heard_of(EndpointId node) const override;
    // A node of the swarm spoke from a socket at this host, and listens on this port.
    void met(const Endpoint& node);
    // An earlier run reached this node, or somebody on this machine named it.
    void remember(EndpointId node) { static_cast<void>(remembered_.add(key_of(node))); }  // or it is there already
    // Somebody whose socket is at `by` claims that a node is there.
    void claimed(EndpointId node, const Endpoint& by);
    // A file of this machine names it, and no earlier run has reached it.
    void listed_in_file(EndpointId node) { static_cast<void>(claimed_.add(key_of(node))); }  // as above
    // Somebody may name it who did, and it is neither a name nor this node.
    [[nodiscard]] bool may_be_dialled(EndpointId to) const;

    // How a call that was admitted ended. `untold`: nothing is known of the other side.
    enum class Outcome : std::uint8_t { failed, untold, answered };
    void ended(EndpointId to, Outcome outcome, Instant now);
    // A node that was reached says that this one, which was only heard of, is gone.
    void failed_elsewhere(EndpointId node, std::uint32_t incarnation, Instant now);
    // It was not there, as this node or one that it reached found out, and nobody says that it was seen since.
    [[nodiscard]] bool found_gone(EndpointId node, std::uint32_t incarnation, Instant seen, Instant now) const;
    // It was only heard of, and would not be dialled now.
    [[nodiscard]] bool beyond_reach(EndpointId node, Instant now) const {
        return only_heard_of(node) && (used_up(now) || limited(node, now));
    }
    [[nodiscard]] bool used_up(Instant now) const { return budget(now) < 1; }

    [[nodiscard]] std::uint64_t made() const { return made_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    // Nodes met or remembered, and calls of the last ten minutes, that were forgotten for want of room.
    [[nodiscard]] std::uint64_t forgotten() const;

private:
    // Calls of the last ten minutes to what was only heard of, by a hash of host, endpoint or address group.
    struct Dialled {
        std::uint64_t key;
        Instant since;
        int open = 0, failed = 0;
        Instant failed_at = never;
        std::uint32_t incarnation = 0;  // of what failed; a newer one is another process
    };
    [[nodiscard]] std::uint64_t key_of(EndpointId node) const { return parts_.endpoints.hash(node); }
    [[nodiscard]] std::uint64_t host_key(EndpointId node) const;
    [[nodiscard]] std::uint64_t group_key(EndpointId node) const;
    [[nodiscard]] std::uint64_t target_key(EndpointId node) const;
    [[nodiscard]] bool own_check(EndpointId to, CallPurpose purpose) const;
    [[nodiscard]] Dialled dialled(std::uint64_t key, Instant now) const;
    [[nodiscard]] bool limited(EndpointId to, Instant now) const;
    [[nodiscard]] double budget(Instant now) const;
    Dialled& note(std::uint64_t key, Instant now);
    void charge(EndpointId to, Instant now);

    Parts parts_;
    RecentKeys met_{512}, met_hosts_{512}, met_groups_{256};
    RecentKeys remembered_{512}, claimed_{256};
    std::vector<Dialled> dialled_;     // oldest first
    std::vector<EndpointId> charged_;  // under way
    double budget_ = 0;                // at budget_at_; never: it is full
    Instant budget_at_ = never, answered_at_ = never;
    std::uint64_t made_ = 0, refused_ = 0, calls_forgotten_ = 0;
};

}  // namespace halp
