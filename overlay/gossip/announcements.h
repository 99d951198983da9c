// What the applications of this node announce: hosts under labels. Every announcement has a version, the
// incarnation, which this node alone chooses: a newer one wins everywhere, and within one version a withdrawal
// wins (overlay/gossip/rules.md, section 4). A renewal raises it every third of the ttl, so that digests differ and
// the new age travels by exchange. Each announcement has its own time for that, so that the renewals of many do not
// come all at once: exchanges tell the freshest entries first, and so each renewal gets its turn.
#pragma once

#include <cstdint>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/news.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/overlay_options.h"
#include "store/label_table.h"

namespace halp {

struct Announcement {
    Label label;
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    Instant renew_at = no_deadline;
    Instant defended_at = never;  // when it last outranked what others said of it
    bool untold = false;          // it is to be pushed as news, when there is room among the news
};

class Announcements {
public:
    Announcements(Random& random, LabelTable& labels, News& news, const GossipOptions& options)
        : random_(random), labels_(labels), news_(news), options_(options) {}

    // Announcing again renews. False when the table of labels has no room for it: then nothing is announced.
    [[nodiscard]] bool announce(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall);
    bool withdraw(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall);
    // Withdraws everything. Returns the entries that tell others, in parts that fit into a message each; one empty
    // part when nothing was announced.
    std::vector<std::vector<gossip::LabelEntries>> withdraw_all(Instant now, UnixSeconds wall);
    // Another node holds version `incarnation` of an announcement, which outranks ours. A withdrawal is outranked
    // at once, but once a period only, so that nobody can make this node push news without end. A newer version
    // that is announced is adopted: the host is listed, and two nodes that announce it do not outbid each other.
    void defend(const Label& label, EndpointId endpoint, std::uint32_t incarnation, bool withdrawn, Instant now,
                UnixSeconds wall);
    void renew_due(Instant now, UnixSeconds wall);  // when next_deadline() has come
    // Another node holds version `incarnation` of an announcement that this node has withdrawn, confirmed at
    // `said_at`. When that was before the withdrawal, the withdrawal is told again in a newer version, and the word
    // is not to be taken. False when it is another node's announcement.
    [[nodiscard]] bool insist(const Label& label, EndpointId endpoint, std::uint32_t incarnation, Instant said_at,
                              Instant now, UnixSeconds wall);
    // This node stood still for long, so others may have forgotten what it announces: announces all of it anew.
    void announce_again(Instant now);

    // Withdrawn within the last ttl and forgotten, because more than 4096 were: insist() no longer speaks for them.
    [[nodiscard]] std::uint64_t ended_short() const { return ended_short_; }
    [[nodiscard]] Instant next_deadline() const { return turn_at_; }
    [[nodiscard]] const std::vector<Announcement>& all() const { return all_; }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    // An announcement that this node has withdrawn.
    struct Ended {
        Label label;
        EndpointId endpoint = no_endpoint;
        std::uint32_t incarnation = 0;
        Instant at = never;
    };
    std::vector<Announcement>::iterator find(const Label& label, EndpointId endpoint);
    [[nodiscard]] bool listed(const Label& label, EndpointId endpoint) const;
    void release(const Label& label);  // unless another announcement holds it
    void put(const Announcement& announcement, Instant now, UnixSeconds wall);
    void renew(Announcement& announcement, Instant now, UnixSeconds wall);
    void plan(Instant next, Instant now);
    void note_ended(const Announcement& gone, Instant now);
    void tell_ended(const Ended& ended, Instant now, UnixSeconds wall);

    Random& random_;
    LabelTable& labels_;
    News& news_;
    const GossipOptions& options_;
    std::vector<Announcement> all_;
    std::vector<Ended> ended_;  // within the last ttl, in order
    std::uint64_t ended_short_ = 0;
    Instant turn_at_ = no_deadline;
    Instant turned_at_ = never;
};

}  // namespace halp
