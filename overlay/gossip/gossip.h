// Gossip v2 as a machine (overlay/gossip/rules.md sections 3-6): it is told the time, messages and failures, and
// answers with calls to make and messages to send. One conversation is one connection; the node carries it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/event.h"
#include "overlay/gossip/gossip_message.h"
#include "overlay/gossip/peer_view.h"
#include "overlay/gossip/recent_facts.h"
#include "overlay/overlay_options.h"
#include "store/label_table.h"

namespace halp {

enum class ConversationId : std::uint64_t {};

// How an outgoing conversation failed. Silence after the connection stood means a stalled process, not a dead one:
// it is given more time (overlay/gossip/rules.md section 9, false alarms).
enum class ContactFailure : std::uint8_t { refused, unreachable, timed_out, silent, speaks_text, name_unknown, our_limit };

struct GossipCall {  // open a connection and say this
    ConversationId conversation;
    EndpointId to;
    gossip::Message first;
    bool hang_up;  // once it is sent: nothing is expected back
};
struct GossipReply {
    ConversationId conversation;
    gossip::Message message;
    bool hang_up;
};
struct GossipHangUp {
    ConversationId conversation;
};
using GossipAction = std::variant<GossipCall, GossipReply, GossipHangUp>;

struct GossipCounters {
    std::uint64_t rounds = 0, rounds_failed = 0, news_sent = 0, news_received = 0, other_swarm = 0;
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
    Gossip(Parts parts, const OverlayOptions& options);

    // `incarnation`: wall-clock seconds, so that a later start outranks an earlier one.
    void start(Instant now, UnixSeconds wall);
    void reconfigure(const OverlayOptions& options, Instant now);
    void add_seed(const Endpoint& seed, Instant now);  // contacted at once
    void leave(Instant now, UnixSeconds wall);
    [[nodiscard]] bool left(Instant now) const;  // has lingered long enough

    [[nodiscard]] Instant next_deadline() const;
    void on_deadline(Instant now, UnixSeconds wall);
    // A message on a conversation that we opened or accepted. `remote` is the address of the other side as its socket shows
    // it; its port is not where it listens.
    void on_message(ConversationId conversation, const gossip::Message& message, const Endpoint& remote, Instant now,
                    UnixSeconds wall);
    void on_failed(ConversationId conversation, ContactFailure why, Instant now);
    [[nodiscard]] ConversationId next_incoming() { return fresh_conversation(); }

    // Something this node learned that others should hear now.
    void tell(const Label& label, EndpointId endpoint, Instant now);

    void on_connected(ConversationId conversation);
    // A GossipCall that hangs up once sent was sent.
    void on_sent(ConversationId conversation);

    // What applications on this node announce. Announcing again renews.
    void announce(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall);
    bool withdraw(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall);
    struct Own {
        Label label;
        EndpointId endpoint = no_endpoint;
        std::uint32_t incarnation = 0;
    };
    [[nodiscard]] const std::vector<Own>& announcements() const { return own_; }

    // What was said must be done in this order; empties the list.
    std::vector<GossipAction> take_actions() { return std::exchange(actions_, {}); }

    [[nodiscard]] EndpointId self() const { return self_; }
    [[nodiscard]] std::uint32_t incarnation() const { return incarnation_; }
    [[nodiscard]] int health() const { return health_; }
    [[nodiscard]] bool leaving() const { return leave_until_ != never; }
    [[nodiscard]] bool in_swarm() const { return ever_proved_; }
    [[nodiscard]] const GossipCounters& counters() const { return counters_; }
    [[nodiscard]] bool is_self(EndpointId endpoint) const;
    void mark_endpoints(std::vector<bool>& marks) const;
    // Versions of own announcements and of the node only ever grow.
    std::uint32_t next_incarnation(std::uint32_t last, UnixSeconds wall) const;

private:
    enum class Purpose : std::uint8_t { round, seed, feeler, check, suspect, grave, news, leave, ask, errand };
    struct Outgoing {
        ConversationId id;
        EndpointId to;
        Purpose purpose;
        int attempt = 1;
        bool connected = false;
        std::size_t seed = 0;                // index, for Purpose::seed
        EndpointId about = no_endpoint;      // for ask: whom we suspect
        ConversationId asker{};              // for errand: who wants to know
        Instant started = never;
        Instant deadline = no_deadline;
    };
    struct Seed {
        EndpointId endpoint = no_endpoint;
        EndpointId known_as = no_endpoint;  // the node that answered there last
        Instant next = never;
        Duration pause{0};
    };
    struct NewsItem {
        std::optional<Label> label;  // none: a node
        EndpointId endpoint = no_endpoint;
        std::size_t pushes = 0;
    };
    struct Merged {  // how a message reached us
        bool news;  // told because it is new, not as part of a sample
        Instant now;
        UnixSeconds wall;
        Duration half_rtt;
        SourceId source;
        EndpointId speaker;
        bool loopback;
    };

    // gossip.cc: rounds, calls, answers
    void start_round(Instant now);
    void call_partner(EndpointId partner, int attempt, Instant now);
    void check_members(Instant now);
    void try_graves(Instant now);
    void try_seeds(Instant now);
    void retry_suspects(Instant now);
    void time_out_calls(Instant now);
    void expire(Instant now);
    void join_eagerly(Instant now);
    void on_foreign(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now);
    void on_answer(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now,
                   UnixSeconds wall);
    void on_request(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now,
                    UnixSeconds wall);
    void answer(ConversationId conversation, const gossip::Message& theirs, EndpointId speaker, Instant now,
                UnixSeconds wall);
    // The new call, until the next one is made.
    Outgoing& call(EndpointId to, Purpose purpose, gossip::Message message, Instant now);
    std::optional<Outgoing> finish(ConversationId conversation);
    ConversationId fresh_conversation() { return ConversationId{++conversations_}; }
    gossip::Message message(gossip::Kind kind) const;
    gossip::Message exchange_message(Instant now);
    Duration jittered(Duration d);
    Duration timeout() const { return options_.gossip.exchange_timeout * health_; }

    // gossip_contacts.cc: who is alive
    EndpointId identify(const gossip::Hello& hello, const Endpoint& remote);
    EndpointId contacted(const Outgoing& call, const gossip::Message& message, const Endpoint& remote, Instant now);
    bool is_seed(EndpointId peer) const;
    void failed(EndpointId peer, ContactFailure why, Instant now);
    void suspect(EndpointId peer, Instant now);
    void bury(EndpointId peer, Instant now);
    void gone(EndpointId peer, std::uint32_t incarnation, Instant now);
    void feel_well(bool well);
    void refuse(ConversationId conversation, gossip::Refusal why);
    void on_refused(const Outgoing& call, const gossip::Message& message, const Endpoint& remote, Instant now);
    void run_errand(ConversationId asker, EndpointId target, Instant now);
    void hear_speaker(EndpointId speaker, const gossip::Hello& hello, Instant now);
    void hear_peers(const gossip::Message& message, const Merged& how);
    void hear_peer(const gossip::Entry& entry, const Merged& how);
    void hear_leave(EndpointId speaker, const gossip::Message& message, const Endpoint& remote, Instant now);
    Merged merged(gossip::Kind kind, EndpointId speaker, Duration half_rtt, const Endpoint& remote, Instant now, UnixSeconds wall) const;
    bool plausible(EndpointId endpoint, bool speaker_on_loopback) const;
    void learn_self(EndpointId observed);
    static ConnectFailure as_connect_failure(ContactFailure why);

    // gossip_lists.cc: what is told and merged
    gossip::Entry peer_entry(const Peer& peer, Instant now) const;
    gossip::Entry host_entry(const HostEntry& entry, Instant now, UnixSeconds wall) const;
    gossip::LabelEntries label_entries(const Label& label, Instant now, UnixSeconds wall);
    ListDigest swarm_digest() const;
    bool small_swarm_differs(const ListDigest& theirs) const;
    void add_everybody(gossip::Message& message, Instant now) const;
    void compare_digests(const gossip::Message& theirs, gossip::Message& ours, Instant now, UnixSeconds wall);
    void offer_missing(const gossip::Message& theirs, gossip::Message& ours, Instant now, UnixSeconds wall);
    void supply(const std::vector<std::uint64_t>& wanted, gossip::Message& ours, Instant now, UnixSeconds wall);
    void hear_labels(const gossip::Message& message, const Merged& how);
    void hear_host(const Label& label, const gossip::Entry& entry, const Merged& how);
    void note_interests(EndpointId speaker, const gossip::Hello& hello);
    std::vector<std::uint32_t> own_interests() const;
    EndpointId holder_partner();
    void renew(Own& own, Instant now, UnixSeconds wall);
    void reannounce(Instant now, UnixSeconds wall);
    std::vector<gossip::LabelEntries> withdraw_all(Instant now, UnixSeconds wall);
    HostEntry own_entry(const Own& own, Instant now, bool withdrawn) const;
    void tell_peer(EndpointId peer, Instant now, bool direct);
    void forget_heard(EndpointId peer, std::uint32_t incarnation);
    bool peer_appeared(EndpointId peer, std::uint32_t incarnation, Instant now);
    void queue(NewsItem item, Instant now);
    void push_news(Instant now, UnixSeconds wall);
    gossip::Message news_message(Instant now, UnixSeconds wall) const;

    Parts parts_;
    OverlayOptions options_;
    std::uint64_t swarm_;
    std::uint64_t node_;
    std::uint32_t incarnation_ = 0;
    EndpointId self_ = no_endpoint;
    bool self_is_certain_ = false;             // advertised or listening on a concrete address
    std::vector<EndpointId> also_self_;        // other addresses at which we met ourselves
    std::vector<GossipAction> actions_;
    std::vector<Outgoing> calls_;
    std::vector<Seed> seeds_;
    std::vector<NewsItem> news_;
    RecentFacts heard_{1024, std::chrono::minutes{1}};  // news: what was told once is not told again
    std::vector<Own> own_;
    std::map<EndpointId, std::vector<std::uint32_t>> interests_;
    std::uint64_t conversations_ = 0;
    std::uint64_t digest_cursor_ = 0;
    std::uint64_t offer_cursor_ = 0;
    std::uint32_t rounds_since_interest_ = 0;
    int health_ = 1;
    int checks_wanted_ = 0;      // per period, of members of the view: after failures there may be more
    bool failed_since_round_ = false;
    Instant heard_at_ = never;  // from anybody
    bool ever_proved_ = false;
    bool started_ = false;
    bool in_agreement_ = false;  // the last partner listed the same nodes
    int errands_this_period_ = 0;
    std::size_t hearsay_tokens_ = 0;  // forwarded news about third nodes, per period
    Instant round_at_ = no_deadline;
    Instant news_at_ = no_deadline;
    Instant news_sent_at_ = never;
    Instant expire_at_ = no_deadline;
    Instant reannounce_at_ = no_deadline;
    Instant eager_at_ = no_deadline;
    Instant leave_until_ = never;
    GossipCounters counters_;
};

}  // namespace halp
