// The production PeerView, driven as the literature drives its simulators: cycle by cycle, every node exchanging
// once, always in the same order, each at an instant of its own, as nodes with one period and different phases do.
// What the reproduction suite measures.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "overlay/peer_view.h"
#include "simulations/overlay_graph.h"
#include "simulations/sim_random.h"

namespace halp::sim {

// Newscast (Jelasity, van Steen, 2002): whole views and the own address are exchanged, the c freshest stay, ties
// fall alike on both sides.
ViewOptions newscast(std::size_t c);

class PeerCycles {
public:
    // Every node begins with `view.fresh_max` others drawn at random.
    PeerCycles(std::uint64_t seed, std::size_t nodes, const ViewOptions& view);

    void cycle();
    [[nodiscard]] ViewGraph graph() const;

private:
    struct Node {
        Node(const EndpointTable& endpoints, const ViewOptions& options, std::uint64_t seed, std::uint64_t number)
            : random(seed, number), view(endpoints, random, options) {}
        SimRandom random;
        PeerView view;
    };
    void exchange(std::uint32_t a, std::uint32_t b);
    std::vector<PeerNews> told_by(std::uint32_t node);
    void hear(std::uint32_t node, const std::vector<PeerNews>& news, std::uint64_t tie_salt);

    EndpointTable endpoints_;  // ids are given in order: those of node i is i
    std::deque<Node> nodes_;   // addresses stay: views borrow their chance
    Instant now_{std::chrono::hours{1}};
};

}  // namespace halp::sim
