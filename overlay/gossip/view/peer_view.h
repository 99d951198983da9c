// What one node knows of the other HALP nodes: the label `halp`. The view has four parts (overlay/gossip/rules.md,
// section 2): `fresh`, a small random sample of the swarm; `anchors`, nodes proved by own contact; `pool`, other
// nodes that were named; and `grave`, dead nodes, which are probed ever more rarely so that a partition heals. Only
// contact revives a dead node: it answers, or calls with a higher incarnation. Hearsay cannot.
//
// What this node found itself has places that nothing heard can take: some proved nodes are acquaintances, which
// leave neither view nor pool for want of room (peer_view_acquaintances.cc), and graves of proved nodes go last.
//
// The fresh part is the general peer-sampling view of Jelasity, Voulgaris, Guerraoui, Kermarrec, van Steen,
// "Gossip-based peer sampling", ACM TOCS 25(3), 2007. Its parameters are in ViewOptions, its code in fresh_view.h.
//
// A peer costs 17 bytes, and 8 more in the fresh part. What few peers have (failures, a claim, a grave) is kept
// apart. Instants are kept to the millisecond, the unit in which ages travel. Callers get peers as values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/view/fresh_view.h"
#include "overlay/gossip/view/place_bits.h"
#include "overlay/gossip/view/rank_sampler.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/listing.h"
#include "overlay/overlay_options.h"

namespace halp {

struct Peer {
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    PeerRole role = PeerRole::pool;
    std::uint8_t failures = 0;       // of own contacts, in a row
    std::uint8_t failed_probes = 0;  // of other nodes that were asked to probe it
    bool left = false;               // it left by itself: a tombstone among the graves
    bool original = false;           // it speaks HALP text only
    bool sent = false;               // it was in the last sample (the S of the 2007 paper)
    bool silent = false;             // its last failure was silence: stalled rather than dead
    Instant quiet_since = never;     // it takes calls and does not answer
    bool disputed = false;           // dead, but others report a later contact: probed soon
    Instant seen = never;            // newest confirmation by any node
    Instant proved = never;          // newest own contact
    Instant buried = never;
    Instant retry_at = no_deadline;  // of suspects, graves and originals: when to probe next
    Instant failing_since = never;   // first of the failures in a row
    Instant known_since = never;     // of acquaintances, and of graves that were one
    bool met = false;                // it was proved, before its burial or in an earlier run
    Claim claim{};

    [[nodiscard]] bool vouched() const { return seen != never || proved != never; }
    [[nodiscard]] bool dead() const { return role == PeerRole::grave; }
    [[nodiscard]] bool stalled() const { return quiet_since != never && !dead(); }
    [[nodiscard]] bool suspect() const { return (failures >= 2 || quiet_since != never) && !dead(); }
    [[nodiscard]] Instant doubted_since() const { return quiet_since != never ? quiet_since : failing_since; }
    // A suspect that has answered nothing for longer than `span`.
    [[nodiscard]] bool unanswering(Instant now, Duration span) const {
        return suspect() && now - doubted_since() >= span;
    }
    [[nodiscard]] Instant newest() const { return seen > proved ? seen : proved; }
    // May be named to others, and be chosen as a partner.
    [[nodiscard]] bool presentable() const { return !dead() && !suspect() && !original && vouched(); }
};

// What was said about a node, its age already turned into an instant.
struct PeerReport {
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    Instant seen = never;
    Claim claim{};
    bool direct = false;  // the node itself called this one
    // From the memory of an earlier run: it was proved then, and an acquaintance since this instant.
    bool met = false;
    Instant known_since = never;
};

// A swarm is small while its members fill at most this much of what the view can list. Only there can two lists be
// equal, so only there does it pay to make them so.
inline constexpr std::size_t small_swarm_eighths = 7;

// disputed: the report is about a dead node and later than its death. A probe is due; nothing is believed.
// unproved_version: others name a newer version of a node that this one has reached. Only contact tells it.
enum class PeerMerge : std::uint8_t { added, revived, refreshed, stale, disputed, unproved_version };

class PeerView {
public:
    PeerView(const EndpointTable& endpoints, Random& random, const ViewOptions& options);
    // Many views with the same options keep them once.
    static PeerView sharing(const EndpointTable& endpoints, Random& random,
                            std::shared_ptr<const ViewOptions> options);
    void set_options(const ViewOptions& options);

    // What measures of many views look at, in no order that means anything.
    struct Glance {
        EndpointId endpoint;
        PeerRole role;
        bool proved, original;
    };
    template <class Visit>
    void glance(Visit visit) const {
        for (std::size_t at = 0; at < rows_.size(); ++at)
            visit(Glance{rows_[at].endpoint, role_at(at), rows_[at].proved != 0, (flags_[at] & is_original) != 0});
    }

    // Merges one report. A reported node that is recent enough arrives in the fresh part at the next
    // merge_arrivals().
    PeerMerge merge(const PeerReport& report, Instant now);
    // Ends one exchange: the fresh part takes in what has arrived and is cut to c by the rules H and S; the nodes
    // that leave it go to the pool, and the pool is cut to its limit. With ties by hash, both sides of an exchange
    // must give the same `tie_salt`, and another one at each exchange: with a constant hash the same few nodes
    // would win in every view.
    void merge_arrivals(std::uint64_t tie_salt = 0);

    // Own contact worked, and the node itself said its version. `may_anchor` is false for seeds of the
    // configuration: every node that joins through a seed would keep it as an anchor, and it would stay the hub of
    // the swarm.
    void prove(EndpointId peer, std::uint32_t incarnation, Instant now, bool may_anchor = true);
    void set_original(EndpointId peer, Instant now);
    // Own contact failed. Returns how often in a row. The entry ages by `penalty`.
    int fail(EndpointId peer, Instant now, Duration penalty, bool silent = false);
    // It took a call and does not answer: a suspect until it does, without a failure.
    void doubt(EndpointId peer, Instant now);
    // Another node could not reach this suspect. Returns how many could not; 0 for a stalled node.
    int count_failed_probe(EndpointId peer);
    void clear_suspicion(EndpointId peer);  // another node reached it
    void bury(EndpointId peer, Instant now);
    void leave(EndpointId peer, std::uint32_t incarnation, Instant now);  // keeps a tombstone
    // From the memory of an earlier run. Nothing changes when the node is known.
    struct Grave {
        EndpointId endpoint = no_endpoint;
        std::uint32_t incarnation = 0;
        Instant buried = never;
        bool met = false, left = false;
        Instant known_since = never;
    };
    void remember_grave(const Grave& grave, Instant now);
    void retry(EndpointId peer, Instant when);    // probe it at `when`, unless an earlier probe is planned
    void dispute(EndpointId peer, Instant when);  // the same, also of a dead one
    void probe_started(EndpointId peer);          // its outcome plans the next probe
    // A contact ended without a word about the peer, because of the `occasion`-th standstill of this node. False
    // when too many of them have excused it since its last answer: then it counts as a failure.
    [[nodiscard]] bool excuse(EndpointId peer, std::uint64_t occasion);
    bool erase(EndpointId peer);
    void clear();

    struct Expired {
        std::vector<EndpointId> listed;  // nodes that were listed until now
    };
    Expired expire(Instant now, Duration ttl, Duration tombstone_kept, Duration grave_kept, Duration claim_kept);

    [[nodiscard]] std::optional<Peer> find(EndpointId peer) const;
    [[nodiscard]] bool contains(EndpointId peer) const { return place(peer) != nowhere; }  // listed, or a grave
    [[nodiscard]] std::vector<Peer> all() const;                                           // by endpoint id
    // In the order in which users read them: nodes by recency, then mere claims, then suspects.
    [[nodiscard]] std::vector<Peer> listed() const;
    [[nodiscard]] std::size_t listed_count() const;
    // The suspects, some of which may have answered nothing for so long that they are not handed out.
    [[nodiscard]] std::vector<Peer> suspects() const;
    [[nodiscard]] std::size_t count(PeerRole role) const { return counts_[static_cast<std::size_t>(role)]; }
    [[nodiscard]] std::size_t proved_count() const;
    [[nodiscard]] bool any_proved() const { return proves(1); }
    // proved_count() >= count; looks at no more nodes than that takes.
    [[nodiscard]] bool proves(std::size_t count) const;
    [[nodiscard]] std::size_t presentable_count() const;
    // Since the start: nodes and graves that were forgotten before their time, because there was no room; and how
    // many of both had been proved.
    [[nodiscard]] std::uint64_t pool_short() const { return pool_short_; }
    [[nodiscard]] std::uint64_t graves_short() const { return graves_short_; }
    [[nodiscard]] std::uint64_t proved_short() const { return proved_short_; }
    // Every node and grave that was added since the start is held still, has expired, was erased because of what
    // this node found out, or is among pool_short() and graves_short().
    [[nodiscard]] std::uint64_t added() const { return added_; }
    [[nodiscard]] std::uint64_t expired() const { return expired_; }
    [[nodiscard]] std::uint64_t erased() const { return erased_; }
    [[nodiscard]] std::size_t held() const { return rows_.size(); }
    [[nodiscard]] ListDigest digest() const;  // over vouched, living nodes
    [[nodiscard]] std::size_t capacity() const {
        return options_->fresh_max + options_->anchors_max + options_->pool_max + ranked_.size();
    }

    // Once a period. In a swarm of few nodes all proved ones become acquaintances, so that it stays whole; in a
    // larger one a random anchor does, when it is `one_of_many`'s turn, so that nobody is known by all.
    void make_acquaintances(Instant now, bool one_of_many);
    [[nodiscard]] std::vector<EndpointId> acquaintances() const;  // longest known first
    [[nodiscard]] std::size_t acquaintance_count() const { return acquaintances_; }
    // Grows whenever there is a new one.
    [[nodiscard]] std::uint64_t acquaintances_made() const { return acquaintances_made_; }
    // Those that were not tried since the start or their return, in the order in which to call them: the longest
    // known, and in between the longest known of each address group.
    [[nodiscard]] std::vector<EndpointId> untried_acquaintances() const;
    // A presentable one, as the partner of a round in a large swarm; no_endpoint when there is none. In a small
    // one, next_on_ring() and the other partners are acquaintances mostly.
    EndpointId next_acquaintance();

    // Random choices. Each returns no_endpoint when no node qualifies.
    EndpointId partner();  // by the partner rule of the options
    EndpointId anchor_but(EndpointId other);
    EndpointId any_presentable();
    // The presentable node that comes next after `self` in the order of hashes, where one list holds the swarm; so
    // each node comes next after exactly one other. no_endpoint in larger swarms, and unless the partner rule is
    // the hybrid.
    [[nodiscard]] EndpointId next_on_ring(EndpointId self) const;
    // `count` distinct presentable nodes, or all there are.
    std::vector<EndpointId> some_presentable(std::size_t count);
    // To whom news go: some_presentable(). Besides, where four fifths were not known for long, four of the longest
    // known, at the `turn`-th push (from 0) others than before: news must not wait until chance finds them among
    // nodes that were only heard of.
    std::vector<EndpointId> news_targets(std::size_t count, std::size_t turn, Instant now);
    // A living node without failures that is unproved (one that was proved in an earlier run first), that nobody
    // confirmed for longer than `unmentioned_after`, or that was proved longer ago than `stale_after`.
    // Acquaintances of the last kind come before all.
    EndpointId feeler(Instant now, Duration stale_after, Duration unmentioned_after = Duration::max() / 2);
    // What is kept here of the dead among these nodes, for a node that names them as living; at most `most`.
    [[nodiscard]] std::vector<Peer> dead_among(std::span<const gossip::Entry> named, std::size_t most) const;
    EndpointId due_probe(Instant now);  // a suspect, or a disputed grave, whose time has come
    EndpointId due_grave(Instant now);  // of a proved node, if there is one
    EndpointId any_grave();             // the same; tombstones excepted
    // A node without failures that was not proved since `before`: of the view if there is one, else of the pool.
    EndpointId unproved_since(Instant before);
    [[nodiscard]] Instant next_probe() const;  // when due_probe() will have one

    // What an exchange carries: the freshest nodes and random others; never only the head of the list. `brief`:
    // half as many, for a partner that lists the same nodes and needs only their ages.
    std::vector<Peer> sample(bool brief = false);
    // The same without allocating. `out` has room for `sample_freshest` + `sample_random`. Returns how many it
    // wrote.
    struct Sampled {
        EndpointId endpoint;
        std::uint32_t incarnation;
        Instant newest;
    };
    std::size_t sample(std::span<Sampled> out, bool brief);
    [[nodiscard]] std::vector<Peer> everybody() const;  // all presentable nodes

    // Loads the view into the CPU cache. For worlds of very many views, before the next call on this one.
    void prefetch() const;

private:
    struct Sharing {};
    PeerView(const EndpointTable& endpoints, Random& random, std::shared_ptr<const ViewOptions> options, Sharing);

    struct Row {
        EndpointId endpoint;
        std::uint32_t incarnation;
        std::uint32_t seen, proved;  // stamps of clock_; 0: never
        [[nodiscard]] bool vouched() const { return seen != 0 || proved != 0; }
        [[nodiscard]] std::uint32_t newest() const { return seen > proved ? seen : proved; }
    };
    // The rest of Peer, for the few peers that have any of it.
    struct Details {
        EndpointId endpoint = no_endpoint;
        std::uint8_t failures = 0, failed_probes = 0;
        std::uint8_t excuses = 0, excused_by = 0;  // excuse()
        bool left = false, silent = false, disputed = false, met = false;
        Instant buried = never;
        Instant retry_at = no_deadline;
        Instant failing_since = never;
        Instant quiet_since = never;
        Instant known_since = never;
        Claim claim{};
    };
    using Flags = std::uint8_t;
    static constexpr Flags role_bits = 3;   // PeerRole
    static constexpr Flags arrived = 4;     // fresh, and newer than its place in fresh_, or not yet there
    static constexpr Flags was_sent = 8;    // Peer::sent
    static constexpr Flags suspected = 16;  // Peer::suspect()
    static constexpr Flags is_original = 32;
    static constexpr Flags has_details = 64;
    static constexpr Flags has_failed = 128;  // failures > 0

    struct ByEndpoint final : TieHash {
        explicit ByEndpoint(const EndpointTable& table) : endpoints(table) {}
        [[nodiscard]] std::uint64_t hash_of(EndpointId endpoint) const override { return endpoints.hash(endpoint); }
        const EndpointTable& endpoints;
    };

    // Places in rows_ and flags_; `nowhere` for a node that is not in the view.
    static constexpr std::size_t nowhere = ~std::size_t{0};
    [[nodiscard]] std::size_t lower_bound(EndpointId peer) const;
    [[nodiscard]] std::size_t place(EndpointId peer) const;
    std::size_t insert(const Row& row, PeerRole role);              // of a node that is not in the view
    void insert_at(std::size_t at, const Row& row, PeerRole role);  // `at`: its lower_bound()
    [[nodiscard]] PlaceBits where(Flags mask, Flags want) const { return PlaceBits::where(flags_, mask, want); }
    [[nodiscard]] static Flags flags_of(PeerRole role) { return static_cast<Flags>(role); }
    [[nodiscard]] PeerRole role_at(std::size_t at) const { return static_cast<PeerRole>(flags_[at] & role_bits); }
    [[nodiscard]] bool dead_at(std::size_t at) const { return role_at(at) == PeerRole::grave; }
    [[nodiscard]] bool presentable_at(std::size_t at) const {
        return !dead_at(at) && (flags_[at] & (suspected | is_original)) == 0 && rows_[at].vouched();
    }
    [[nodiscard]] Peer peer_at(std::size_t at) const;
    [[nodiscard]] const Details* details_at(std::size_t at) const;
    Details& details_for(std::size_t at);  // creates them
    void drop_details(std::size_t at);
    void flag_failures(std::size_t at, const Details& details);
    void assign(std::size_t at, PeerRole role);
    void restart(std::size_t at, PeerRole role, std::uint32_t incarnation, std::uint32_t seen);
    void remove(std::size_t at);
    void remove_cleared();  // rows whose endpoint was set to none
    [[nodiscard]] std::uint32_t stamp(Instant when);
    [[nodiscard]] FreshView fresh() { return {fresh_, fresh_count_}; }

    [[nodiscard]] bool recent(std::uint32_t seen, Instant now) const;
    void clear_failures(std::size_t at);
    // The version of a node that was reached is what it said itself.
    [[nodiscard]] bool only_contact_tells(std::size_t at, const PeerReport& report) const;
    PeerMerge merge_into_grave(std::size_t at, const PeerReport& report, Instant now);
    PeerMerge dispute_grave(std::size_t at, Instant now);  // probe it at once
    bool merge_into_living(std::size_t at, const PeerReport& report, std::uint32_t seen, Instant now);
    void note_arrival(std::size_t at);
    static bool listed_before(const Peer& a, const Peer& b);
    void use_options(std::shared_ptr<const ViewOptions> options);
    void merge_into_fresh(std::uint64_t tie_salt);
    void demote(std::span<const Sighting> left);
    void limit_groups();
    [[nodiscard]] bool group_is_crowded(std::size_t at) const;
    void shrink_pool();
    void cut_pool(Sighting* begin, Sighting* cut, Sighting* end) const;
    void shrink_graves();
    [[nodiscard]] std::size_t superfluous_grave() const;
    [[nodiscard]] bool met_at(std::size_t at) const;  // proved, in this life or an earlier one
    [[nodiscard]] bool known_at(std::size_t at) const;
    [[nodiscard]] std::size_t acquaintances_max() const;
    void take_memory(std::size_t at, const PeerReport& report);
    void acquaint(std::size_t at, Instant since);
    void part_from(std::size_t at);
    [[nodiscard]] EndpointId latest_acquaintance() const;
    [[nodiscard]] std::size_t some_anchor(Instant now) const;
    [[nodiscard]] std::vector<EndpointId> presentable_acquaintances() const;
    [[nodiscard]] std::size_t reserve_places(PlaceBits& pool) const;
    void offer_to_sampler(std::size_t at);
    void make_anchor(std::size_t at);
    void plan_grave_probe(Details& details, Instant now, Duration pause_min);
    EndpointId ranked_partner();
    EndpointId by_age(bool oldest_first);
    EndpointId fresh_partner();
    std::size_t choose(std::span<std::uint32_t> out, bool brief);
    std::size_t choose_freshest(std::span<std::uint32_t> out);
    std::size_t choose_others(std::span<std::uint32_t> out, std::size_t count);
    [[nodiscard]] bool excludes_oldest() const;
    void exclude_oldest(std::vector<std::uint32_t>& among, std::size_t wanted);
    template <class Want>
    EndpointId draw(Want want);

    const EndpointTable& endpoints_;
    Random& random_;
    std::shared_ptr<const ViewOptions> options_;
    StampClock clock_;
    RankSampler ranked_;                     // of the nodes in rows_; empty unless partners are drawn from it
    std::vector<Row> rows_;                  // by endpoint id; at most capacity and graves, so a few hundred
    std::vector<Flags> flags_;               // of rows_
    std::vector<Sighting> fresh_;            // the fresh part by recency, as of the last merge_arrivals()
    std::vector<Details> details_;           // by endpoint id
    std::array<std::uint32_t, 4> counts_{};  // by role
    std::uint32_t fresh_count_ = 0;
    std::uint32_t draws_ = 0;
    mutable std::uint32_t placed_ = 0;  // where place() found a node last
    std::uint32_t acquaintances_ = 0;   // living ones
    std::uint32_t acquaintance_turn_ = 0;
    std::uint64_t pool_short_ = 0, graves_short_ = 0, proved_short_ = 0, acquaintances_made_ = 0;
    std::uint64_t added_ = 0, expired_ = 0, erased_ = 0;
    bool arrivals_ = false;
};

}  // namespace halp
