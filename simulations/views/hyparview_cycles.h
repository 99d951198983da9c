// HyParView (Leitao, Pereira, Rodrigues, DSN 2007), driven in cycles: a rule of the literature that this project
// does not use, written from its publication to be compared with. Each node has a small active view, whose links
// are symmetric and carry broadcasts, and a larger passive one, from which a failed link is replaced at once.
//
// What the publication leaves open: a node whose link another one gave up (DISCONNECT) looks for a replacement at
// once, but takes none from others; a broadcast that failed at a link is not sent to its replacement; a walk of a
// shuffle that ends where it began exchanges nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "simulations/views/overlay_graph.h"
#include "simulations/world/sim_random.h"

namespace halp::sim {

// The defaults are the settings of the publication, for 10 000 nodes.
struct HyParViewOptions {
    std::size_t active_max = 5, passive_max = 30;
    int active_walk = 6, passive_walk = 3;                // ARWL, PRWL; a shuffle walks ARWL steps
    std::size_t shuffle_active = 3, shuffle_passive = 4;  // ka, kp
};

class HyParViewCycles {
public:
    // The nodes join one by one, all through node 0.
    HyParViewCycles(std::uint64_t seed, std::size_t nodes, const HyParViewOptions& options = {});

    // Every living node fills its active view and shuffles its passive view once, in random order.
    void cycle();
    void kill(double share);  // a random share of the living; nobody is told

    // The connections of the dead break, and every living node replaces them. Else a link to a dead node is noticed
    // when it is used, and a node that has no use for its dead links refuses others for want of room.
    void break_connections();

    struct Delivery {
        double reached = 0;  // share of the living
        int last_hops = 0;   // of the node that was reached last
    };
    // A living node drawn at random floods the active views. A link to a dead node is noticed when it is used.
    Delivery broadcast();

    [[nodiscard]] std::size_t living() const { return living_; }
    [[nodiscard]] ViewGraph active_graph() const;  // of the living nodes

private:
    using Node = std::uint32_t;
    using View = std::vector<Node>;
    struct State {
        View active, passive;
        bool alive = true;
    };

    void join(Node newcomer);
    void forward_join(Node newcomer, Node from, Node at);
    void link(Node a, Node b);
    Node drop_one(Node node);  // returns whom
    void add_passive(Node node, Node other, const View& sent);
    // A living active neighbour but `except`, which is none for the node itself. Dead ones are noticed on the way.
    Node neighbour(Node node, Node except);
    void lost(Node node, Node dead);
    void fill(Node node, bool may_take);
    void shuffle(Node node);
    [[nodiscard]] View some_of(View from, std::size_t count);
    [[nodiscard]] bool has_room(Node node) const { return nodes_[node].active.size() < options_.active_max; }

    HyParViewOptions options_;
    SimRandom random_;
    std::vector<State> nodes_;
    std::vector<Node> order_;
    std::size_t living_ = 0;
    std::vector<std::uint32_t> heard_;  // by node: the last broadcast it got
    std::uint32_t broadcasts_ = 0;
};

}  // namespace halp::sim
