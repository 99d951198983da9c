#include "simulations/views/hyparview_cycles.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace halp::sim {
namespace HALP_TEST_FILE {

HyParViewCycles grown(std::uint64_t seed, std::size_t nodes) {
    HyParViewCycles swarm{seed, nodes};
    for (int i = 0; i < 20; ++i) swarm.cycle();
    return swarm;
}

// Links with dead nodes are no part of the graph.
void expect_symmetric(const ViewGraph& graph) {
    for (std::uint32_t node = 0; node < graph.views.size(); ++node) {
        EXPECT_LE(graph.views[node].size(), 5u);
        for (const std::uint32_t other : graph.views[node]) {
            EXPECT_NE(other, node);
            EXPECT_EQ(std::ranges::count(graph.views[node], other), 1);
            EXPECT_EQ(std::ranges::count(graph.views[other], node), 1) << node << " and " << other;
        }
    }
}

TEST(HyParViewCycles, HaveSymmetricLinksAlsoAfterFailures) {
    HyParViewCycles swarm = grown(1, 300);
    expect_symmetric(swarm.active_graph());
    swarm.kill(0.6);
    for (int i = 0; i < 30; ++i) swarm.broadcast();
    expect_symmetric(swarm.active_graph());
    for (int i = 0; i < 3; ++i) swarm.cycle();
    expect_symmetric(swarm.active_graph());
}

TEST(HyParViewCycles, ReachEverybodyWhenCalm) {
    HyParViewCycles swarm = grown(2, 300);
    const HyParViewCycles::Delivery done = swarm.broadcast();
    EXPECT_EQ(done.reached, 1);
    EXPECT_GE(done.last_hops, 4);  // five links a node lead to 5 + 20 + 80 in three
    EXPECT_LE(done.last_hops, 9);
    EXPECT_EQ(components_of(swarm.active_graph()).count, 1u);
}

// Broadcasts notice the dead that they meet, and replace those links; broken connections tell everybody.
TEST(HyParViewCycles, ReplaceLinksThatFailed) {
    for (const bool broken : {false, true}) {
        HyParViewCycles swarm = grown(3, 400);
        swarm.kill(0.6);
        if (broken) swarm.break_connections();
        const double first = swarm.broadcast().reached;
        for (int i = 0; i < 40; ++i) swarm.broadcast();
        const double later = swarm.broadcast().reached;
        EXPECT_EQ(swarm.living(), 160u);
        if (broken) {
            EXPECT_GT(first, 0.98);
        } else {
            EXPECT_LT(first, 0.8) << "a flood over links of which 60 % are dead";
            EXPECT_GT(later, first + 0.1);
        }
    }
}

TEST(HyParViewCycles, AreAFunctionOfTheSeed) {
    EXPECT_EQ(grown(4, 100).active_graph().views, grown(4, 100).active_graph().views);
    EXPECT_NE(grown(4, 100).active_graph().views, grown(5, 100).active_graph().views);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
