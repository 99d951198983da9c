// What contact and hearsay change in the view of nodes. Contact by an own call proves a node; a node that calls
// shows that it lives; what a third node says is merged by age. Hearsay of a death, a leave or a return is a reason
// to look, never a proof (overlay/gossip/rules.md, section 5).
#pragma once

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/hearsay_dials.h"
#include "overlay/gossip/interests.h"
#include "overlay/gossip/message_context.h"
#include "overlay/gossip/news.h"
#include "overlay/gossip/received.h"
#include "overlay/gossip/recent_facts.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/overlay_options.h"

namespace halp {

class Membership {
public:
    struct Parts {
        const EndpointTable& endpoints;
        Random& random;
        Observer& observer;
        PeerView& view;
        Identity& identity;
        Interests& interests;
        News& news;
        Calls& calls;
        HearsayDials* dials = nullptr;  // none: every node may be dialled
    };
    Membership(Parts parts, const GossipOptions& options) : parts_(parts), options_(options) {}

    struct Contact {
        EndpointId dialled;
        EndpointId speaker;      // who answered there
        const Endpoint& remote;  // the address of its socket
        bool may_anchor;         // PeerView::prove()
    };
    // A call of this node was answered.
    void answered(const Contact& contact, const gossip::Hello& hello, Instant now);
    struct Caller {
        EndpointId speaker;
        const Endpoint& remote;  // the address of its socket
        Instant called;
    };
    // A node called this one. True when it was not listed before, or was dead.
    bool called_by(const Caller& caller, const gossip::Hello& hello, Instant now);
    // Merges the nodes in a message. True when at least one of them was not listed before, or was dead.
    bool merge(const gossip::Message& message, const MessageContext& context);

    // Newer versions of nodes that this one has reached, which only others named: not taken, but looked at.
    [[nodiscard]] std::uint64_t versions_unproved() const { return versions_unproved_; }
    [[nodiscard]] const auto& received() const { return received_; }  // fates of the nodes in messages

private:
    void look_in_a_while(EndpointId peer, Instant now);
    [[nodiscard]] Duration look_pause() const { return 2 * options_.ttl; }
    void speaks_from_elsewhere(EndpointId speaker, Instant now);
    [[nodiscard]] bool may_be_listed(const gossip::Entry& entry, const MessageContext& context);
    [[nodiscard]] Instant seen_of(const gossip::Entry& entry, const MessageContext& context) const;
    bool merge_entry(const gossip::Entry& entry, const MessageContext& context);
    void hear_doubt(const gossip::Entry& entry, const MessageContext& context);
    [[nodiscard]] bool believe_doubt(const gossip::Entry& entry, const Peer& known, const MessageContext& context);
    void hear_return(const gossip::Entry& entry, Instant now);
    void look_within(EndpointId peer, Duration span, Instant now);

    Parts parts_;
    const GossipOptions& options_;
    RecentFacts looked_{256, look_pause()};  // at whom, because of the word of others
    std::uint64_t versions_unproved_ = 0;
    Fates<NodeFate, node_fates.size()> received_;
};

}  // namespace halp
