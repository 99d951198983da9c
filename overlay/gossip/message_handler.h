// What each message does: which part of gossip it concerns, and what is answered. Messages come in two kinds of
// conversation: answers, on calls that this node made, and requests, on calls of other nodes.
#pragma once

#include <cstdint>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/contacts.h"
#include "overlay/gossip/failure_detector.h"
#include "overlay/gossip/hearsay_dials.h"
#include "overlay/gossip/label_exchange.h"
#include "overlay/gossip/membership.h"
#include "overlay/gossip/message_context.h"
#include "overlay/gossip/pacing.h"
#include "overlay/gossip/push_pull.h"
#include "overlay/gossip/received.h"
#include "overlay/gossip/rounds.h"
#include "overlay/gossip/seeds.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/self/standing.h"
#include "overlay/gossip/self_check.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/gossip/wire/gossip_message.h"

namespace halp {

class MessageHandler {
public:
    struct Parts {
        const EndpointTable& endpoints;
        Observer& observer;
        PeerView& view;
        Identity& identity;
        LocalHealth& health;
        Calls& calls;
        LabelExchange& labels;
        PushPull& push_pull;
        Membership& membership;
        FailureDetector& failures;
        Seeds& seeds;
        Rounds& rounds;
        SelfCheck& self_check;
        Contacts& contacts;
        Standing& standing;
        HearsayDials& dials;
    };
    MessageHandler(Parts parts, const GossipOptions& options) : parts_(parts), options_(options) {}

    // `remote`: the address of the other side's socket. `delay`: how long a request may have waited for this node.
    void on_message(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now,
                    Duration delay, UnixSeconds wall);

    [[nodiscard]] bool in_swarm() const { return in_swarm_; }           // a call was answered by another node
    [[nodiscard]] Instant answered_at() const { return answered_at_; }  // the last answer to a call of this node
    [[nodiscard]] std::uint64_t news_received() const { return news_received_; }
    [[nodiscard]] std::uint64_t other_swarm() const { return other_swarm_; }
    // The nodes and hosts of frames that are not read; Membership and LabelExchange count the others.
    [[nodiscard]] const ReceivedItems& received() const { return received_; }

private:
    void met(const Call& call, const Endpoint& remote);
    void skip(const gossip::Message& m, FrameFate fate);
    void skip_nodes(const gossip::Message& m) { received_.nodes.count(NodeFate::not_read, m.peers.size()); }
    void on_refusal(const Call& call, const gossip::Message& m, Instant now);
    void on_own_number(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now);
    void on_other_swarm(ConversationId conversation, const Endpoint& remote, Instant now);
    void on_answer(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now,
                   UnixSeconds wall);
    EndpointId on_contact(const Call& call, const gossip::Message& m, const Endpoint& remote, Instant now);
    [[nodiscard]] bool may_see_this_at(const Endpoint& remote, EndpointId observed) const;
    void hear_of_self(const gossip::Message& m, const Endpoint& remote, Instant now);
    [[nodiscard]] EndpointId identify(const gossip::Hello& hello, const Endpoint& remote,
                                      EndpointId dialled = no_endpoint) const;
    [[nodiscard]] EndpointId speaker_of(const gossip::Message& m, const Endpoint& remote, Instant now,
                                        EndpointId dialled = no_endpoint);
    void note_speaker(EndpointId speaker, const gossip::Hello& hello, Instant now);
    void on_request(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now,
                    Duration delay, UnixSeconds wall);
    [[nodiscard]] gossip::Notice notice_for(const gossip::Message& m, const MessageContext& context,
                                            const Endpoint& remote) const;
    void merge(const gossip::Message& m, const MessageContext& context);
    void reply(ConversationId conversation, const gossip::Message& m, const MessageContext& context,
               const Endpoint& remote);

    Parts parts_;
    const GossipOptions& options_;
    bool in_swarm_ = false;
    Instant answered_at_ = never;
    std::uint64_t news_received_ = 0, other_swarm_ = 0;
    ReceivedItems received_;
};

}  // namespace halp
