// Failure detection after SWIM (Das, Gupta, Motivala, DSN 2002) with the local health of Lifeguard
// (overlay/gossip/rules.md, section 5): failures in a row make a node a suspect, others are asked to probe it, and
// then it is dead. A dead node stays in the view as a grave and is probed ever more rarely, so that a partition
// heals.
#pragma once

#include <cstdint>
#include <vector>

#include "overlay/connect_failure.h"
#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/interests.h"
#include "overlay/gossip/news.h"
#include "overlay/gossip/pacing.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/overlay_options.h"

namespace halp {

class FailureDetector {
public:
    struct Parts {
        const EndpointTable& endpoints;
        Random& random;
        Observer& observer;
        PeerView& view;
        const Identity& identity;
        LocalHealth& health;
        Calls& calls;
        Interests& interests;
        News& news;
    };
    FailureDetector(Parts parts, const GossipOptions& options) : parts_(parts), options_(options) {}

    // Any message came in: the line of this node works.
    void message_received(Instant now) { received_at_ = now; }
    // A peer took a call of this node and has not answered in the usual time: it is doubted, and that is news.
    void call_quiet(EndpointId peer, Instant now);
    // Nothing came of a call, through no fault of the peer's: one that was being looked at is looked at again.
    void look_again(EndpointId peer, Instant now);
    // The same because this node stood still or wakes: then it is looked at again in any case. False when too many
    // standstills (`standstill`: the last one's number) have excused calls to it; then the call counts as failed.
    [[nodiscard]] bool excuse(EndpointId peer, std::uint64_t standstill, Instant now);
    // A call of this node failed.
    void call_failed(const Call& call, ConnectFailure why, Instant now);
    // The same without a conclusion about this node's own health, for calls that were made for another reason.
    void contact_failed(EndpointId peer, ConnectFailure why, Instant now);

    // Of this node as the one that asks: the answer to a probe request came.
    void on_verdict(EndpointId suspect, bool reachable, Instant now);
    // Of this node as the one that is asked: `asker` wants to know whether it can reach `target`.
    void probe_for(ConversationId asker, EndpointId target, Instant now);
    void report(const Call& indirect_probe, bool reachable);

    // A node says that it leaves, or a message says so in its name; contact decides. `remote`: the address of the
    // socket.
    void leave_received(EndpointId speaker, const Endpoint& remote, Instant now);
    // A call found that it leaves, whatever version of it others have named.
    void left(EndpointId peer, std::uint32_t incarnation, Instant now);
    // It answered a call.
    void answered(EndpointId peer);
    // Leaves whose node answered as one that stays.
    [[nodiscard]] std::uint64_t leaves_refuted() const { return leaves_refuted_; }
    // Leaves that no call looked at, because too many others were looked at.
    [[nodiscard]] std::uint64_t leaves_short() const { return leaves_short_; }

    void start_period() {
        indirect_probes_ = 0;
        leave_checks_ = 0;
    }
    void probe_members(Instant now);   // once a period
    void probe_grave(Instant now);     // once a period
    void probe_suspects(Instant now);  // when PeerView::next_probe() has come

    void mark_endpoints(std::vector<bool>& marks) const;

private:
    void suspect(EndpointId peer, Instant now);
    void bury(EndpointId peer, Instant now);
    void forget(EndpointId peer, std::uint32_t incarnation);
    void set_original(const Peer& peer, Instant now);
    bool take_farewell(EndpointId peer);  // true when there was one
    void expire_farewells(Instant now);

    // Somebody said that this node leaves, and a call looks whether it does.
    struct Farewell {
        EndpointId peer;
        Instant at;
    };

    Parts parts_;
    const GossipOptions& options_;
    int member_probes_ = 0;  // per period; more after failures
    bool failed_since_period_ = false;
    int indirect_probes_ = 0;      // for others, in this period
    Instant received_at_ = never;  // the last message of anybody
    std::vector<Farewell> farewells_;
    int leave_checks_ = 0;  // of nodes that are not listed, in this period
    std::uint64_t leaves_refuted_ = 0, leaves_short_ = 0;
};

}  // namespace halp
