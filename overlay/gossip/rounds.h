// Rounds: when this node exchanges with whom (overlay/gossip/rules.md, section 3). Once a period it opens an
// exchange with one partner, and replaces a partner that fails. It also pings one node that was not proved for long
// (a feeler). In a swarm that one list holds, every second partner is the next node on a ring, so that each node is
// called within two periods by somebody. A node that has just joined does not wait for its period: it calls several
// nodes until its list is usable, those first that it knows from an earlier run.
#pragma once

#include <cstdint>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/interests.h"
#include "overlay/gossip/pacing.h"
#include "overlay/gossip/push_pull.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/overlay_options.h"

namespace halp {

class Rounds {
public:
    struct Parts {
        Random& random;
        Observer& observer;
        PeerView& view;
        const Identity& identity;
        const LocalHealth& health;
        Calls& calls;
        Interests& interests;
        PushPull& push_pull;
    };
    Rounds(Parts parts, const GossipOptions& options) : parts_(parts), options_(options) {}

    void start(Instant now);  // the first round comes after a random part of a period
    void reconfigure(Instant now);
    [[nodiscard]] Instant next_deadline() const { return round_at_ < join_at_ ? round_at_ : join_at_; }

    [[nodiscard]] bool due(Instant now) const { return now >= round_at_; }
    void start_round(Instant now);
    [[nodiscard]] bool joining_due(Instant now) const { return now >= join_at_; }
    void call_unproved(Instant now);
    // Nodes became known that were not known before: unproved ones are called by `when` at the latest.
    void join_by(Instant when) { join_at_ = when < join_at_ ? when : join_at_; }

    // An exchange. With a node that was only heard of a brief one, or a ping and the exchange when it has answered.
    void call_partner(EndpointId partner, int attempt, Instant now);
    void succeeded();  // an exchange that this node opened was answered
    void partner_failed(const Call& call, Instant now);
    [[nodiscard]] std::uint64_t done() const { return done_; }  // the failed ones included
    [[nodiscard]] std::uint64_t failed() const { return failed_; }

private:
    EndpointId partner();
    EndpointId feeler(Instant now, Duration stale_after, Duration unmentioned_after);
    bool call_acquaintances(Instant now);

    Parts parts_;
    const GossipOptions& options_;
    Instant round_at_ = no_deadline;
    Instant join_at_ = no_deadline;
    std::uint32_t turns_ = 0;
    std::uint64_t done_ = 0, failed_ = 0;
};

}  // namespace halp
