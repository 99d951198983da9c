// Swarms of the production PeerView with all its parts (anchors, pool, graves, address groups), driven in cycles by
// the rules of the daemon's gossip: one exchange, another at once when the partner fails, a feeler, probes of a
// suspect and of a grave, eager proofs while joining. Some members may be attackers, which answer with the
// addresses of other attackers only.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "overlay/gossip/view/peer_view.h"
#include "simulations/views/overlay_graph.h"
#include "simulations/world/sim_random.h"

namespace halp::sim {

// The view of overlay/gossip/rules.md section 8.3: 24 fresh entries, 12 anchors, batches of 16, at most 2 of one
// address group.
ViewOptions hybrid_view();

struct HybridOptions {
    ViewOptions view = hybrid_view();
    // Hearsay ages by one hop, as in Gossip. The rules of the literature do not do this.
    bool hearsay_ages = true;
    // After a failure a member checks more of its view per cycle, then of its pool, as in Gossip. The published
    // table also has figures without.
    bool checks_after_failure = false;
    double loss = 0;            // share of exchanges lost, in both directions at once
    std::size_t groups = 1000;  // /16 networks of the honest members
    std::size_t attacker_groups = 4;
    int pushes = 1;  // exchanges that each attacker begins in a cycle
};

class HybridCycles {
public:
    HybridCycles(std::uint64_t seed, const HybridOptions& options)
        : options_(options), seed_(seed), random_(seed, 0x687962) {}

    // Adds members that know `known` others, drawn at random among all.
    void start_at_random(std::size_t honest, std::size_t attackers, std::size_t known);
    void add_alone();  // the bootstrap
    void join(std::uint32_t bootstrap);
    void kill(double share);
    void cycle();

    [[nodiscard]] std::size_t size() const { return members_.size(); }
    // Fresh entries and anchors, from which partners are drawn, of the living and honest members.
    [[nodiscard]] ViewGraph graph() const;
    [[nodiscard]] double dead_share() const;
    [[nodiscard]] double attackers_among(PeerRole role) const;
    [[nodiscard]] double attackers_among_partners();  // estimated by drawing partners
    // Gives one item to one member; then the share of members that know it.
    void announce(std::uint32_t at) { members_[at].informed = true; }
    [[nodiscard]] double informed_share() const;

private:
    struct Member {
        Member(const EndpointTable& endpoints, const ViewOptions& options, std::uint64_t seed, std::uint64_t number)
            : random(seed, number), view(endpoints, random, options) {}
        SimRandom random;
        PeerView view;
        bool alive = true, attacker = false, informed = false;
        bool failed_since_round = false;
        int checks_wanted = 0;
    };
    using News = std::vector<PeerReport>;

    std::uint32_t add(bool attacker);
    void act(std::uint32_t node);
    void check_members(std::uint32_t node);
    void attack(std::uint32_t node);
    // True when the peer answered.
    bool call(std::uint32_t node, EndpointId peer, bool exchange);
    void exchange(std::uint32_t a, std::uint32_t b);
    void tell(std::uint32_t node, News& news);
    void tell_accomplices(std::uint32_t node, News& news);
    void hear(std::uint32_t node, const News& news);
    void failed(std::uint32_t node, EndpointId peer);
    [[nodiscard]] const Member& member(EndpointId id) const { return members_[static_cast<std::uint32_t>(id)]; }
    [[nodiscard]] std::size_t batch() const { return options_.view.sample_freshest + options_.view.sample_random; }

    HybridOptions options_;
    std::uint64_t seed_;
    EndpointTable endpoints_;  // the id of member i is i
    std::deque<Member> members_;
    std::vector<std::uint32_t> attackers_;
    SimRandom random_;
    Instant now_{std::chrono::hours{1}};
    News from_a_, from_b_;  // reused, to avoid allocations
};

}  // namespace halp::sim
