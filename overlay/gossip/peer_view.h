// What one node knows of the other HALP nodes: the label `halp`. A small random sample of the swarm (`fresh`),
// nodes proved by own contact and kept (`anchors`), everybody else heard of (`pool`), and the dead (`grave`), which
// are probed ever more rarely so that a partition heals. Only own contact revives the dead; hearsay of the same
// incarnation cannot (overlay/gossip/rules.md section 5).
//
// The fresh part is the general peer-sampling view of Jelasity, Voulgaris, Guerraoui, Kermarrec, van Steen,
// "Gossip-based peer sampling", ACM TOCS 25(3), 2007, with its parameters in ViewOptions (overlay/fresh_view.h).
//
// A peer costs 17 bytes, and 8 more in the fresh part; what few have (failures, a claim, a grave) is kept aside.
// Instants are kept to the millisecond, as ages travel. Peers are told as values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/fresh_view.h"
#include "overlay/gossip/gossip_message.h"
#include "overlay/gossip/place_bits.h"
#include "overlay/gossip/rank_sampler.h"
#include "overlay/listing.h"
#include "overlay/overlay_options.h"

namespace halp {

struct Peer {
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    PeerRole role = PeerRole::pool;
    std::uint8_t failures = 0;       // in a row, own contacts
    std::uint8_t failed_probes = 0;  // "no" of others asked to try
    bool left = false;               // said goodbye: a tombstone among the graves
    bool original = false;           // answers HALP text only
    bool sent = false;               // was in the last sample (the S of the 2007 paper)
    bool silent = false;             // the last failure was silence: a stalled process rather than a dead one
    bool disputed = false;           // buried, yet others speak of it: probed soon
    Instant seen = never;            // newest confirmation by anybody
    Instant proved = never;          // newest own contact
    Instant buried = never;
    Instant retry_at = no_deadline;  // of suspects, graves and originals: when to try next
    Instant failing_since = never;   // first of the failures in a row
    Claim claim{};

    [[nodiscard]] bool vouched() const { return seen != never || proved != never; }
    [[nodiscard]] bool dead() const { return role == PeerRole::grave; }
    [[nodiscard]] bool suspect() const { return failures >= 2 && !dead(); }
    [[nodiscard]] Instant newest() const { return seen > proved ? seen : proved; }
    // May be told to others, and be chosen as a partner.
    [[nodiscard]] bool presentable() const { return !dead() && !suspect() && !original && vouched(); }
};

// News about a node, already turned from age to instant.
struct PeerReport {
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    Instant seen = never;
    Claim claim{};
    bool direct = false;  // the node itself spoke to us
};

enum class PeerMerge : std::uint8_t { added, revived, refreshed, stale, disputed };

class PeerView {
public:
    PeerView(const EndpointTable& endpoints, Random& random, const ViewOptions& options);
    // Very many views of one rule keep it once.
    static PeerView sharing(const EndpointTable& endpoints, Random& random,
                            std::shared_ptr<const ViewOptions> options);
    void set_options(const ViewOptions& options);

    // `disputed`: somebody speaks of a node this one has buried; a probe is due instead of belief.
    PeerMerge merge(const PeerReport& news, Instant now);
    // Ends one exchange: the fresh part shrinks to c by the rules H and S; who leaves it goes to the pool. With
    // ties by hash both sides of an exchange give the same `tie_salt`, another one at each exchange: a hash that
    // stays would let the same few nodes win everywhere.
    void merge_arrivals(std::uint64_t tie_salt = 0);

    // Own contact worked. `may_anchor`: a seed of the configuration is found again anyway and takes no place among
    // the anchors; kept there by everybody who joined through it, it would stay the hub of the swarm.
    void prove(EndpointId peer, std::uint32_t incarnation, Instant now, bool may_anchor = true);
    void set_original(EndpointId peer, Instant now);
    // Own contact failed; answers how often in a row. The entry ages by `penalty`.
    int fail(EndpointId peer, Instant now, Duration penalty, bool silent = false);
    int count_failed_probe(EndpointId peer);
    void bury(EndpointId peer, Instant now);
    void leave(EndpointId peer, std::uint32_t incarnation, Instant now);  // keeps a tombstone
    void clear_suspicion(EndpointId peer);                                // somebody else reached it
    void retry(EndpointId peer, Instant when);                            // at `when` if nothing earlier is planned
    void probe_started(EndpointId peer);  // a probe is under way: its outcome plans the next
    bool erase(EndpointId peer);
    void clear();

    struct Expired {
        std::vector<EndpointId> listed;  // were shown until now
    };
    Expired expire(Instant now, Duration ttl, Duration tombstone_kept, Duration grave_kept, Duration claim_kept);

    [[nodiscard]] std::optional<Peer> find(EndpointId peer) const;
    [[nodiscard]] std::vector<Peer> all() const;  // by endpoint id
    // As users read it: nodes by recency, then mere claims, suspects last.
    [[nodiscard]] std::vector<Peer> listed() const;
    [[nodiscard]] std::size_t listed_count() const;
    [[nodiscard]] std::size_t count(PeerRole role) const { return counts_[static_cast<std::size_t>(role)]; }
    [[nodiscard]] std::size_t proved_count() const;
    [[nodiscard]] std::size_t presentable_count() const;
    [[nodiscard]] ListDigest digest() const;  // over vouched, living nodes
    [[nodiscard]] std::size_t capacity() const {
        return options_->fresh_max + options_->anchors_max + options_->pool_max + ranked_.size();
    }

    // Draws; no_endpoint when there is nobody.
    EndpointId partner();
    EndpointId anchor_but(EndpointId other);
    EndpointId any_presentable();
    // `count` distinct presentable nodes, or all there are.
    std::vector<EndpointId> some_presentable(std::size_t count);
    // Living, not suspect, unproved or proved longer ago than `stale_after`: worth a feeler.
    EndpointId feeler(Instant now, Duration stale_after);
    EndpointId due_probe(Instant now);  // a suspect, or a disputed grave, whose time has come
    EndpointId due_grave(Instant now);
    EndpointId any_grave();  // but those that said goodbye
    // Of those without failures and without a proof since `before`: one of the view, else one of the pool.
    EndpointId unproved_since(Instant before);
    [[nodiscard]] Instant next_probe() const;  // of the suspects and disputed ones

    // What an exchange carries: the freshest and random others; never only the head.
    // `brief`: half as many, for a partner that knows the same nodes and needs only their ages.
    std::vector<Peer> sample(bool brief = false);
    // The same without allocating; `out` has room for `sample_freshest` + `sample_random`. Answers how many it
    // wrote.
    struct Sampled {
        EndpointId endpoint;
        std::uint32_t incarnation;
        Instant newest;
    };
    std::size_t sample(std::span<Sampled> out, bool brief);
    [[nodiscard]] std::vector<Peer> everybody() const;  // presentable

    // For a world of very many views: the next call on this one comes soon.
    void prefetch() const;

private:
    struct Sharing {};
    PeerView(const EndpointTable& endpoints, Random& random, std::shared_ptr<const ViewOptions> options, Sharing);

    struct Row {
        EndpointId endpoint;
        std::uint32_t incarnation;
        std::uint32_t seen, proved;  // stamps of clock_
        [[nodiscard]] bool vouched() const { return seen != 0 || proved != 0; }
        [[nodiscard]] std::uint32_t newest() const { return seen > proved ? seen : proved; }
    };
    // What few peers have: the rest of Peer.
    struct Details {
        EndpointId endpoint = no_endpoint;
        std::uint8_t failures = 0, failed_probes = 0;
        bool left = false, silent = false, disputed = false;
        Instant buried = never;
        Instant retry_at = no_deadline;
        Instant failing_since = never;
        Claim claim{};
    };
    using Flags = std::uint8_t;
    static constexpr Flags role_bits = 3;  // PeerRole
    static constexpr Flags arrived =
        4;  // fresh, and new or newer than its place in fresh_: merge_arrivals() sees to it
    static constexpr Flags was_sent = 8;    // Peer::sent
    static constexpr Flags suspected = 16;  // Peer::suspect(), so that most questions need no details
    static constexpr Flags is_original = 32;
    static constexpr Flags has_details = 64;
    static constexpr Flags has_failed = 128;  // failures > 0

    struct ByEndpoint final : TieHash {
        explicit ByEndpoint(const EndpointTable& table) : endpoints(table) {}
        [[nodiscard]] std::uint64_t hash_of(EndpointId endpoint) const override { return endpoints.hash(endpoint); }
        const EndpointTable& endpoints;
    };

    // Places in rows_ and flags_; `nowhere` when unknown.
    static constexpr std::size_t nowhere = ~std::size_t{0};
    [[nodiscard]] std::size_t lower_bound(EndpointId peer) const;
    [[nodiscard]] std::size_t place(EndpointId peer) const;
    std::size_t insert(const Row& record, PeerRole role);              // unknown until now
    void insert_at(std::size_t at, const Row& record, PeerRole role);  // `at`: its lower_bound()
    [[nodiscard]] PlaceBits where(Flags mask, Flags want) const { return PlaceBits::where(flags_, mask, want); }
    [[nodiscard]] static Flags flags_of(PeerRole role) { return static_cast<Flags>(role); }
    [[nodiscard]] PeerRole role_at(std::size_t at) const { return static_cast<PeerRole>(flags_[at] & role_bits); }
    [[nodiscard]] bool dead_at(std::size_t at) const { return role_at(at) == PeerRole::grave; }
    [[nodiscard]] bool presentable_at(std::size_t at) const {
        return !dead_at(at) && (flags_[at] & (suspected | is_original)) == 0 && rows_[at].vouched();
    }
    [[nodiscard]] Peer peer_at(std::size_t at) const;
    [[nodiscard]] const Details* details_at(std::size_t at) const;
    Details& details_for(std::size_t at);  // made when there is none
    void drop_details(std::size_t at);
    void flag_failures(std::size_t at, const Details& details);
    void assign(std::size_t at, PeerRole role);
    void become(std::size_t at, PeerRole role, std::uint32_t incarnation, std::uint32_t seen);  // forgets its past
    void remove(std::size_t at);
    void remove_cleared();  // records whose endpoint was set to none
    [[nodiscard]] std::uint32_t stamp(Instant when);
    [[nodiscard]] FreshView fresh() { return {fresh_, fresh_count_}; }

    [[nodiscard]] bool recent(std::uint32_t seen, Instant now) const;
    void clear_failures(std::size_t at);
    PeerMerge merge_into_grave(std::size_t at, const PeerReport& news, Instant now);
    static bool listed_before(const Peer& a, const Peer& b);
    void use_options(std::shared_ptr<const ViewOptions> options);
    void merge_into_fresh(std::uint64_t tie_salt);
    void demote(std::span<const Sighting> left);
    void limit_groups();
    [[nodiscard]] bool group_is_crowded(std::size_t at) const;
    void shrink_pool();
    void cut_pool(Sighting* begin, Sighting* cut, Sighting* end) const;
    void shrink_graves();
    void rank(std::size_t at);
    EndpointId ranked_partner();
    EndpointId extreme(bool oldest);
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
    RankSampler ranked_;                     // of the records below; no slots unless partners are drawn from it
    std::vector<Row> rows_;                  // sorted by endpoint id: at most capacity + graves, so a few hundred
    std::vector<Flags> flags_;               // of rows_
    std::vector<Sighting> fresh_;            // the fresh part by recency, as of the last merge_arrivals()
    std::vector<Details> details_;           // sorted by endpoint id
    std::array<std::uint32_t, 4> counts_{};  // by role
    std::uint32_t fresh_count_ = 0;
    std::uint32_t draws_ = 0;
    bool arrivals_ = false;
};

}  // namespace halp
