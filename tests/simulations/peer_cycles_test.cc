#include "simulations/peer_cycles.h"

#include <gtest/gtest.h>

#include <set>

namespace halp::sim {
namespace {

TEST(PeerCycles, StartAtRandomWithFullViews) {
    const ViewGraph graph = PeerCycles{1, 200, newscast(10)}.graph();
    ASSERT_EQ(graph.views.size(), 200u);
    for (std::uint32_t i = 0; i < 200; ++i) {
        EXPECT_EQ(graph.views[i].size(), 10u);
        EXPECT_EQ(std::set<std::uint32_t>(graph.views[i].begin(), graph.views[i].end()).count(i), 0u);
    }
}

// Newscast's fingerprint: far more clustered than the random graph it starts from, yet in one piece.
TEST(PeerCycles, NewscastClustersAndStaysConnected) {
    PeerCycles swarm{1, 1000, newscast(20)};
    SimRandom random{1, 2};
    const double before = figures_of(swarm.graph(), 20, random).clustering;
    for (int i = 0; i < 20; ++i) swarm.cycle();
    const GraphFigures after = figures_of(swarm.graph(), 20, random);
    EXPECT_LT(before, 0.06);
    EXPECT_GT(after.clustering, 0.25);
    EXPECT_EQ(after.components.count, 1u);
}

TEST(PeerCycles, AreTheSameForTheSameSeed) {
    PeerCycles a{7, 300, newscast(10)}, b{7, 300, newscast(10)}, other{8, 300, newscast(10)};
    for (PeerCycles* swarm : {&a, &b, &other})
        for (int i = 0; i < 5; ++i) swarm->cycle();
    EXPECT_EQ(a.graph().views, b.graph().views);
    EXPECT_NE(a.graph().views, other.graph().views);
}

}  // namespace
}  // namespace halp::sim
