// What one node knows of the other HALP nodes: the label `halp`. A small random sample of the swarm (`fresh`), nodes
// proved by own contact and kept (`anchors`), everybody else heard of (`pool`), and the dead (`grave`), which are
// probed ever more rarely so that a partition heals. Only own contact revives the dead; hearsay of the same
// incarnation cannot (overlay.md section 5).
//
// The fresh part is the general peer-sampling view of Jelasity, Voulgaris, Guerraoui, Kermarrec, van Steen,
// "Gossip-based peer sampling", ACM TOCS 25(3), 2007, with its parameters in ViewOptions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip_message.h"
#include "overlay/overlay_node.h"
#include "overlay/overlay_options.h"
#include "overlay/rank_sampler.h"

namespace halp {

struct Peer {
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    PeerRole role = PeerRole::pool;
    std::uint8_t failures = 0;   // in a row, own contacts
    std::uint8_t refusals = 0;   // "no" of others asked to try
    bool left = false;           // said goodbye: a tombstone among the graves
    bool original = false;       // answers HALP text only
    bool sent = false;           // was in the last sample (the S of the 2007 paper)
    bool silent = false;         // the last failure was silence: a stalled process rather than a dead one
    bool doubted = false;        // buried, yet others speak of it: probed soon
    Instant seen = never;        // newest confirmation by anybody
    Instant proved = never;      // newest own contact
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
struct PeerNews {
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
    Instant seen = never;
    Claim claim{};
    bool direct = false;  // the node itself spoke to us
};

enum class Heard : std::uint8_t { added, revived, refreshed, stale, doubted };

class PeerView {
public:
    PeerView(const EndpointTable& endpoints, Random& random, const ViewOptions& options);
    void set_options(const ViewOptions& options) { options_ = options; }

    // `doubted`: somebody speaks of a node this one has buried; a probe is due instead of belief.
    Heard hear(const PeerNews& news, Instant now);
    // Ends one exchange: the fresh part shrinks to c by the rules H and S; who leaves it goes to the pool. With ties
    // by hash both sides of an exchange give the same `tie_salt`, another one at each exchange: a hash that stays
    // would let the same few nodes win everywhere.
    void settle(std::uint64_t tie_salt = 0);

    void prove(EndpointId peer, std::uint32_t incarnation, Instant now);  // own contact worked
    void set_original(EndpointId peer, Instant now);
    // Own contact failed; answers how often in a row. The entry ages by `penalty`.
    int fail(EndpointId peer, Instant now, Duration penalty, bool silent = false);
    int count_refusal(EndpointId peer);
    void bury(EndpointId peer, Instant now);
    void leave(EndpointId peer, std::uint32_t incarnation, Instant now);  // keeps a tombstone
    void forgive(EndpointId peer);  // somebody else reached it
    void retry(EndpointId peer, Instant when);  // at `when` if nothing earlier is planned
    void probing(EndpointId peer);  // a probe is under way: its outcome plans the next
    bool erase(EndpointId peer);
    void clear();

    struct Expired {
        std::vector<EndpointId> listed;  // were shown until now
    };
    Expired expire(Instant now, Duration ttl, Duration tombstone_kept, Duration grave_kept, Duration claim_kept);

    [[nodiscard]] const Peer* find(EndpointId peer) const;
    [[nodiscard]] const std::vector<Peer>& all() const { return peers_; }  // by endpoint id
    // As users read it: nodes by recency, then mere claims, suspects last.
    [[nodiscard]] std::vector<const Peer*> listed() const;
    [[nodiscard]] std::size_t listed_count() const;
    [[nodiscard]] std::size_t count(PeerRole role) const;
    [[nodiscard]] std::size_t proved_count() const;
    [[nodiscard]] std::size_t presentable_count() const;
    [[nodiscard]] ListDigest digest() const;  // over vouched, living nodes
    [[nodiscard]] std::size_t capacity() const {
        return options_.fresh_max + options_.anchors_max + options_.pool_max + ranked_.size();
    }

    // Draws; no_endpoint when there is nobody.
    EndpointId partner();
    EndpointId anchor_but(EndpointId other);
    EndpointId any_presentable();
    // `count` distinct presentable nodes, or all there are.
    std::vector<EndpointId> some_presentable(std::size_t count);
    // Living, not suspect, unproved or proved longer ago than `stale_after`: worth a feeler.
    EndpointId feeler(Instant now, Duration stale_after);
    EndpointId due_probe(Instant now);  // a suspect, or a doubted grave, whose time has come
    EndpointId due_grave(Instant now);
    [[nodiscard]] Instant next_probe() const;  // of the suspects and doubted ones

    // What an exchange carries: the freshest and random others; never only the head.
    // `brief`: half as many, for a partner that knows the same nodes and needs only their ages.
    std::vector<const Peer*> sample(bool brief = false);
    [[nodiscard]] std::vector<const Peer*> everybody() const;  // presentable

private:
    std::vector<Peer>::iterator position(EndpointId peer);
    Peer* get(EndpointId peer);
    Heard hear_of_dead(Peer& peer, const PeerNews& news, Instant now);
    void admit(Peer& peer, PeerRole role);
    void sort_by_recency(std::vector<Peer*>& peers, std::uint64_t tie_salt);
    void shrink_pool();
    void shrink_graves();
    void rank(const Peer& peer);
    EndpointId ranked_partner();
    void limit_groups(PeerRole role);
    template <class Want>
    EndpointId draw(Want want);

    const EndpointTable& endpoints_;
    Random& random_;
    ViewOptions options_;
    RankSampler ranked_;        // of the peers below; no slots unless partners are drawn from it
    std::vector<Peer> peers_;  // sorted by endpoint id: at most capacity + graves, so a few hundred
    std::uint32_t draws_ = 0;
};

}  // namespace halp
