// Gossip v2 as a machine: it is told the time, messages and failures, and answers with actions: calls to make and
// messages to send. OverlayNode carries them out. The rules are in overlay/gossip/rules.md;
// overlay/gossip/README.md shows how one exchange passes through the parts.
//
//   Identity         who this node is           Calls            conversations under way, actions
//   Rounds, Seeds    whom to call, and when     FailureDetector  suspects, indirect probes, graves
//   PushPull         messages of an exchange    Membership       merging of nodes into the PeerView
//   LabelExchange    digests and entries        Announcements    what applications announce
//   News             what is pushed at once     Interests        which node holds which label
//   Disputes         withdrawals that may be a stranger's
//   SelfCheck        nodes taken for this one   Contacts, Standing  what one sees of the other
//   MessageHandler   what each message does     HearsayDials     which dials hearsay is worth
//
// This class assembles them and passes each deadline and failure to the parts concerned, in order.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "overlay/connect_failure.h"
#include "overlay/event.h"
#include "overlay/gossip/announcements.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/clock_steps.h"
#include "overlay/gossip/contacts.h"
#include "overlay/gossip/disputes.h"
#include "overlay/gossip/failure_detector.h"
#include "overlay/gossip/hearsay_dials.h"
#include "overlay/gossip/interests.h"
#include "overlay/gossip/label_exchange.h"
#include "overlay/gossip/membership.h"
#include "overlay/gossip/message_handler.h"
#include "overlay/gossip/news.h"
#include "overlay/gossip/pacing.h"
#include "overlay/gossip/push_pull.h"
#include "overlay/gossip/received.h"
#include "overlay/gossip/refused_inserts.h"
#include "overlay/gossip/rounds.h"
#include "overlay/gossip/seeds.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/self/standing.h"
#include "overlay/gossip/self_check.h"
#include "overlay/gossip/stand_still.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/overlay_options.h"
#include "store/label_table.h"

namespace halp {

struct GossipCounters {
    std::uint64_t rounds = 0, rounds_failed = 0, news_sent = 0, news_received = 0, other_swarm = 0;
    std::uint64_t news_dropped = 0, stood_still = 0;
    std::uint64_t contacts_short = 0;                      // Contacts::forgotten()
    std::uint64_t self_contested = 0, numbers_shared = 0;  // messages of nodes that were taken for this one
    std::size_t withdrawals_waiting = 0;                   // Disputes, Membership, FailureDetector
    std::uint64_t withdrawals_refuted = 0, withdrawals_short = 0, versions_unproved = 0, leaves_refuted = 0;
    std::uint64_t leaves_short = 0;
    std::uint64_t hearsay_dials = 0, hearsay_dials_held = 0;
    // Forgotten before their time, or not done, for want of room.
    std::uint64_t own_withdrawals_short = 0, arguments_short = 0, met_short = 0, self_checks_short = 0;
    std::uint64_t failed_calls_short = 0;
};

class Gossip {
public:
    struct Parts {
        EndpointTable& endpoints;
        Random& random;
        Observer& observer;
        PeerView& view;
        LabelTable& labels;
    };
    // The options belong to the node, which changes them before reconfigure().
    Gossip(Parts parts, const OverlayOptions& options);
    Gossip(const Gossip&) = delete;
    Gossip& operator=(const Gossip&) = delete;

    void start(Instant now, UnixSeconds wall);
    void reconfigure(Instant now);
    void add_seed(const Endpoint& seed, Instant now) { seeds_.add(seed, SeedOrigin::joined, now); }
    [[nodiscard]] SeedRemoval remove_seed(const Endpoint& seed) { return seeds_.remove(seed); }
    [[nodiscard]] std::vector<SeedStatus> seeds() const { return seeds_.status(); }
    // The addresses of this machine are these from now on.
    void set_own_addresses(std::vector<std::string> addresses);
    // The own endpoint is another one now: it outranks whoever was there before.
    void moved(UnixSeconds wall);
    // Tells the nodes of the view, withdraws the announcements, and refuses requests from then on.
    void leave(Instant now, UnixSeconds wall);
    [[nodiscard]] bool leaving() const { return identity_.leaving(); }
    [[nodiscard]] bool left(Instant now) const;  // GossipOptions::leave_linger is over

    [[nodiscard]] Instant next_deadline();  // to be woken then; much later means that this node stood still
    void on_deadline(Instant now, UnixSeconds wall);

    // A message on a conversation that this node or the other side opened. `remote`: the address of the other
    // side's socket; its port is not the port it listens on.
    void on_message(ConversationId conversation, const gossip::Message& message, const Endpoint& remote,
                    Instant now, UnixSeconds wall);
    void on_failed(ConversationId conversation, ConnectFailure why, Instant now);
    void on_connected(ConversationId conversation, Instant now) { calls_.connected(conversation, now); }
    // The message of a GossipCall with `hang_up` was sent.
    void on_sent(ConversationId conversation, Instant now);
    // What somebody claims by HALP text, and what this machine remembers: whether it may be dialled.
    [[nodiscard]] HearsayDials& dials() { return dials_; }
    // An id for a conversation that another node opened.
    [[nodiscard]] ConversationId next_incoming() { return calls_.next_conversation(); }
    // What must be done now, in this order; empties the list.
    std::vector<GossipAction> take_actions();

    // Pushes a host as news that this node learned of by other means than gossip.
    void push_host(const Label& label, EndpointId host, Instant now) {
        // Without room it is counted; the exchanges bring it.
        static_cast<void>(news_.add_heard_host(label, host, now));
    }
    // What applications of this node announce. Announcing again renews.
    // False when the table of labels has no room for it.
    [[nodiscard]] bool announce(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall) {
        return announcements_.announce(label, endpoint, now, wall);
    }
    bool withdraw(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall) {
        return announcements_.withdraw(label, endpoint, now, wall);
    }
    [[nodiscard]] const std::vector<Announcement>& announcements() const { return announcements_.all(); }

    [[nodiscard]] TagTable& tags() { return tags_; }
    [[nodiscard]] const TagTable& tags() const { return tags_; }
    [[nodiscard]] RefusedInserts& refused_inserts() { return refused_inserts_; }
    [[nodiscard]] EndpointId self() const { return identity_.endpoint(); }
    [[nodiscard]] bool is_self(EndpointId endpoint) const { return identity_.is_self(endpoint); }
    // After this node stood still, until another one answers: that nobody answers says nothing about the others.
    [[nodiscard]] bool settling(Instant now) const;
    // A node that takes calls and does not answer is at the end of the lists at once, and in none after this.
    [[nodiscard]] Duration doubted_listed_max() const { return options_.gossip.stall_patience * 3 / 8; }
    [[nodiscard]] bool on_this_machine(const std::string& host) const {
        return identity_.address().on_this_machine(host);
    }
    [[nodiscard]] Reachability reachability() const { return standing_.reachability(); }
    [[nodiscard]] int health() const { return health_.multiplier(); }
    [[nodiscard]] bool in_swarm() const { return messages_.in_swarm(); }
    [[nodiscard]] GossipCounters counters() const;
    [[nodiscard]] ReceivedItems received() const;  // all but the lines of HALP text
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    void catch_up(Instant now, UnixSeconds wall);
    void age_peers(Duration gap, Instant now, UnixSeconds wall);
    [[nodiscard]] bool excused(const Call& call, ConnectFailure why, Instant now) const;
    [[nodiscard]] static HearsayDials::Outcome outcome(ConnectFailure why, bool says_nothing);
    [[nodiscard]] bool not_worth_keeping(const Peer& peer, Instant now) const;
    void forget(EndpointId id);
    void withheld(const Call& call, Instant now);
    void note_held(Instant now);
    void time_out_calls(Instant now);
    void start_round(Instant now);
    void expire(Instant now);

    Parts parts_;
    const OverlayOptions& options_;
    Identity identity_;
    LocalHealth health_;
    StandStill still_;
    ClockSteps clock_steps_;
    Calls calls_;
    Interests interests_;
    Disputes disputes_;
    News news_;
    Announcements announcements_;
    RefusedInserts refused_inserts_;
    TagTable tags_;
    LabelExchange labels_;
    PushPull push_pull_;
    Membership membership_;
    FailureDetector failures_;
    Seeds seeds_;
    Rounds rounds_;
    SelfCheck self_check_;
    Contacts contacts_;
    Standing standing_;
    HearsayDials dials_;
    MessageHandler messages_;
    Instant expire_at_ = no_deadline;
    Instant held_noted_at_ = never;  // DialsHeld
    std::uint64_t held_noted_ = 0;
    std::uint64_t refused_before_ = 0;  // at the last expire()
    Instant leave_until_ = never;
};

}  // namespace halp
