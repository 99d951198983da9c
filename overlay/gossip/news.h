// News: joins, leaves, suspicions, announcements and withdrawals, which are pushed at once instead of waiting for a
// round (rumor mongering: Demers et al., "Epidemic algorithms for replicated database maintenance", PODC 1987). An
// item goes out log2(n) + 2 times, to random nodes; a receiver that did not know it does the same. What gets lost
// is repaired by the exchanges.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "overlay/gossip/calls.h"
#include "overlay/gossip/clock_steps.h"
#include "overlay/gossip/disputes.h"
#include "overlay/gossip/recent_facts.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/overlay_options.h"
#include "store/label_table.h"

namespace halp {

class News {
public:
    struct Parts {
        const EndpointTable& endpoints;
        Observer& observer;
        PeerView& view;
        const LabelTable& labels;
        const Disputes& disputes;
        const Identity& identity;
        Calls& calls;
        const ClockSteps& clock_steps;
    };
    News(Parts parts, const GossipOptions& options) : parts_(parts), options_(options) {}

    // Queues what this node knows of a node, or of a host of a label, at the time of the push. False when too much
    // waits already: then it is counted, and only the exchanges bring it to others.
    bool add_peer(EndpointId peer, Instant now) { return add({.endpoint = peer}, now); }
    [[nodiscard]] bool add_host(const Label& label, EndpointId host, Instant now) {
        return add({.label = label, .endpoint = host}, now);
    }
    // The same for a host that somebody told by other means than gossip.
    [[nodiscard]] bool add_heard_host(const Label& label, EndpointId host, Instant now) {
        return add({.label = label, .endpoint = host, .rank = Rank::heard}, now);
    }
    // The same for something another node told; queued once for each state of the host.
    void pass_on_host(const Label& label, const gossip::Entry& entry, EndpointId told_by, Instant now);

    // The same for its tags, whoever may have given them; once for each version.
    void pass_on_tags(const Label& label, EndpointId host, std::uint32_t incarnation, Instant now);

    // Contact: this node called it. Call: it called this node, as anybody can.
    enum class LearnedBy : std::uint8_t { contact, call, news, sample };
    // A node is listed that was not listed before, or was dead. Notes it, and passes it on unless it came in a
    // sample: what a sample brings was news earlier, and entries come and go all the time in a swarm larger than
    // the list.
    void peer_joined(EndpointId peer, std::uint32_t incarnation, LearnedBy how, Instant now,
                     EndpointId told_by = no_endpoint);
    // A node is no longer listed, so its return will be news.
    void forget_peer(EndpointId peer, std::uint32_t incarnation);
    // A node does not answer, this one or, by news, another. Told once until the doubt is over.
    void peer_doubted(EndpointId peer, std::uint32_t incarnation, LearnedBy how, Instant now);
    void doubt_over(EndpointId peer, std::uint32_t incarnation);

    // A speaker tells what is outranked here. Sends it the entries that outrank it, once and to it alone.
    void contradict(EndpointId speaker, const std::vector<std::pair<Label, EndpointId>>& hosts, Instant now,
                    UnixSeconds wall);

    // Whether one more doubt of a node may be told or followed in this period; counted when not.
    [[nodiscard]] bool take_doubt();
    // A new period: how many joins and doubts of third nodes may be passed on is counted afresh.
    void start_period();
    void push(Instant now, UnixSeconds wall);  // when next_deadline() has come
    [[nodiscard]] Instant next_deadline() const { return push_at_; }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    // Items for which there was no room.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    // What this node says or found itself goes before what it heard, and that before nodes that it heard of. So
    // nobody can make it wait, or take its room.
    enum class Rank : std::uint8_t { own, heard, join };
    struct Item {
        std::optional<Label> label{};  // none: a node
        EndpointId endpoint = no_endpoint;
        std::size_t pushes = 0;  // still to do
        bool doubted = false;    // told as a suspect, whatever this node has found itself
        Rank rank = Rank::own;
        std::size_t turns = 0;  // in which it was pushed
        EndpointId told_by = no_endpoint;  // who need not hear it
        bool found_here = false;           // by a call, or it is what this node says itself
    };
    bool add(Item item, Instant now);
    void insert(Item item);
    [[nodiscard]] bool make_room(Rank rank);
    [[nodiscard]] std::size_t in_one_message() const;
    [[nodiscard]] gossip::Message message(std::size_t items, Instant now, UnixSeconds wall) const;
    [[nodiscard]] std::uint64_t doubt_of(EndpointId peer, std::uint32_t incarnation) const;
    void append_host(gossip::Message& m, const Label& label, EndpointId host, Instant now, UnixSeconds wall) const;
    [[nodiscard]] bool few() const;
    [[nodiscard]] std::size_t pushes_of(const Item& item) const;
    [[nodiscard]] bool knows(EndpointId target, std::size_t items) const;
    [[nodiscard]] std::vector<EndpointId> targets_of_push(std::size_t items, std::size_t wanted, std::size_t turn,
                                                          Instant now);
    void count_pushes(std::size_t items, std::size_t targets);

    Parts parts_;
    const GossipOptions& options_;
    std::vector<Item> items_;                          // by rank, then the oldest first
    RecentFacts told_{1024, std::chrono::minutes{1}};  // what was news once is not passed on again
    std::size_t third_party_items_left_ = 0;           // in this period
    Instant push_at_ = no_deadline;
    Instant pushed_at_ = never;
    std::size_t contradictions_left_ = 0;  // in this period
    std::size_t doubts_left_ = 4;          // in this period
    std::uint64_t sent_ = 0, dropped_ = 0;
};

}  // namespace halp
