// Which calls to nodes of which this node only heard may be made. Whoever speaks the wire can name any address and
// any name, so what a remote host says leads neither to loopback nor to a resolver, and other addresses are
// dialled from a budget: a call takes a share of it, and an answer gives it back and two more. So where nodes
// answer the budget grows as fast as they do, and where nobody answers it is used up after few calls. Who names
// nodes that do not answer gets less of it. A host where no node was met is dialled twice in ten minutes, whatever
// ports are named, and an endpoint ever more rarely. A node that calls proves its host and not the port that it
// names: it is called back without a share of the budget, and not often in vain (overlay/gossip/rules.md, section
// 3, "Hearsay").
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "overlay/gossip/calls.h"
#include "overlay/gossip/hearsay_sources.h"
#include "overlay/gossip/recent_keys.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/told_failures.h"
#include "overlay/gossip/vain_dials.h"
#include "overlay/gossip/view/peer_view.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

class HearsayDials final : public DialGate {
public:
    struct Parts {
        const EndpointTable& endpoints;
        const PeerView& view;
        const Identity& identity;
    };
    explicit HearsayDials(Parts parts) : parts_(parts), sources_(parts.view) {}

    [[nodiscard]] bool admits(EndpointId to, CallPurpose purpose, Instant now) override;
    [[nodiscard]] bool would_hold(EndpointId to, Instant now) const override {
        return !reached(to) && holds(to, now);
    }
    [[nodiscard]] bool only_heard_of(EndpointId node) const override;
    // By this node or an earlier run, or its user or operator named it.
    [[nodiscard]] bool reached(EndpointId node) const;
    // This node dialled it, and a node of the swarm answered.
    void met(const Endpoint& node) { met(node, node.hash()); }
    void met(EndpointId node) { met(parts_.endpoints.at(node), key_of(node)); }
    // A node of the swarm called from this host. That it listens on this port it only says.
    void called_from(const Endpoint& node) { called_from(node, node.hash()); }
    void called_from(EndpointId node) { called_from(parts_.endpoints.at(node), key_of(node)); }
    // An earlier run reached this node, or somebody on this machine named it.
    void remember(EndpointId node) { static_cast<void>(remembered_.add(key_of(node))); }  // or it is there already
    // Somebody told of this node, which is new here; and again.
    void named(EndpointId node, HearsaySources::Source by) { sources_.named(node, by); }
    void named_again(EndpointId node, HearsaySources::Source by) { sources_.named_again(node, by); }
    // Somebody whose socket is at `by` claims that a node is there.
    void claimed(EndpointId node, const Endpoint& by);
    // A file of this machine names it, and no earlier run has reached it.
    void listed_in_file(EndpointId node) { static_cast<void>(in_file_.add(key_of(node))); }  // as above
    // Somebody may name it who did, and it is neither a name nor this node.
    [[nodiscard]] bool may_be_dialled(EndpointId to) const;

    // How a call that was admitted ended. `silent`: somebody took it. `untold`: nothing is known of the other side.
    // `excused`: the same, because this node stood still. The call was made and counts as one of its target.
    enum class Outcome : std::uint8_t { failed, silent, untold, excused, answered };
    void ended(EndpointId to, Outcome outcome, Instant now);
    // A node that was reached says that this one, which was only heard of, is gone. False: such words of it have
    // counted already.
    [[nodiscard]] bool failed_elsewhere(EndpointId node, std::uint32_t incarnation, Instant now) {
        return told_.believe(key_of(node), incarnation, now);
    }
    // It was not there, as this node or one that it reached found out, and nobody says that it was seen since.
    [[nodiscard]] bool found_gone(EndpointId node, std::uint32_t incarnation, Instant seen, Instant now) const;
    // The same of what this node found out itself: only that is worth telling.
    [[nodiscard]] bool found_gone_here(EndpointId node, std::uint32_t incarnation, Instant seen, Instant now) const;
    [[nodiscard]] bool used_up(Instant now) const { return budget(now) < 1; }

    [[nodiscard]] std::uint64_t made() const { return made_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    // Nodes met or remembered, and calls under way, that were forgotten for want of room.
    [[nodiscard]] std::uint64_t forgotten() const;
    // Outcomes of calls and who caused them, that were forgotten, and failures that others told and nobody noted,
    // for want of room.
    [[nodiscard]] std::uint64_t dropped() const { return vain_.dropped() + told_.dropped() + sources_.forgotten(); }
    void mark_endpoints(std::vector<bool>& marks) const { sources_.mark_endpoints(marks); }

private:
    enum class Account : std::uint8_t {  // on which a call goes
        budget,                          // of what was only heard of
        port,                            // of a caller, where none was in vain
        again,                           // of a caller, where one was
    };
    [[nodiscard]] bool has_called(EndpointId node) const {
        return !called_.empty() && called_.contains(key_of(node));
    }
    [[nodiscard]] bool call_back_limited(EndpointId to, const VainDials::Tally& endpoint, Instant now) const;
    [[nodiscard]] std::uint64_t calls_back_key(EndpointId to, Account account) const;
    [[nodiscard]] std::uint64_t account_key(EndpointId to, Account account) const;
    [[nodiscard]] std::uint64_t key_of(EndpointId node) const { return parts_.endpoints.hash(node); }
    [[nodiscard]] std::uint64_t host_key(EndpointId node) const;
    [[nodiscard]] std::uint64_t group_key(EndpointId node) const;
    [[nodiscard]] std::uint64_t target_key(EndpointId node) const;
    [[nodiscard]] bool own_check(EndpointId to, CallPurpose purpose) const;
    [[nodiscard]] bool limited(EndpointId to, Instant now) const;
    [[nodiscard]] bool holds(EndpointId to, Instant now) const;
    [[nodiscard]] double budget(Instant now) const;
    void charge(EndpointId to, Instant now);
    void met(const Endpoint& node, std::uint64_t key);
    void called_from(const Endpoint& node, std::uint64_t key);
    void host_met(std::uint64_t host, std::uint64_t group);

    struct Charged {  // a call under way
        EndpointId to;
        Account account;
    };
    Parts parts_;
    RecentKeys met_{512}, met_hosts_{512}, met_groups_{256};  // of nodes by their host, of hosts by their group
    std::uint64_t met_last_ = 0;                              // the newest of met_: a message asks twice
    RecentKeys called_{512};                                  // by their host; not met
    RecentKeys remembered_{512}, in_file_{512}, claimed_{256};
    HearsaySources sources_;
    VainDials vain_;
    ToldFailures told_;
    std::vector<Charged> charged_;
    double budget_ = 0;  // at budget_at_; never: it is full
    Instant budget_at_ = never, answered_at_ = never;
    std::uint64_t made_ = 0, refused_ = 0, calls_forgotten_ = 0;
};

}  // namespace halp
