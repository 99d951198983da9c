#include "simulations/views/peer_cycles.h"

#include <gtest/gtest.h>

#include <set>

namespace halp::sim {
namespace HALP_TEST_FILE {

TEST(PeerCycles, StartAtRandomWithFullViews) {
    const ViewGraph graph = PeerCycles{1, 200, newscast(10)}.graph();
    ASSERT_EQ(graph.views.size(), 200u);
    for (std::uint32_t i = 0; i < 200; ++i) {
        EXPECT_EQ(graph.views[i].size(), 10u);
        EXPECT_EQ(std::set<std::uint32_t>(graph.views[i].begin(), graph.views[i].end()).count(i), 0u);
    }
}

// Newscast makes a graph with much more clustering than the random graph it starts from, and one component.
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

// The order of ties of PeerSim and messages with latency give the same properties of Newscast.
TEST(PeerCycles, NewscastIsTheSameWhateverTimeIsMadeOf) {
    for (const CycleTime time : {CycleTime::phases, CycleTime::peersim, CycleTime::delayed}) {
        PeerCycles swarm{1, 1000, newscast(20), time};
        for (int i = 0; i < 30; ++i) swarm.cycle();
        SimRandom random{1, 2};
        const GraphFigures figures = figures_of(swarm.graph(), 20, random);
        EXPECT_NEAR(figures.clustering, 0.3, 0.04);
        EXPECT_NEAR(figures.degree, 33.5, 1);
        EXPECT_EQ(figures.components.count, 1u);
        EXPECT_NEAR(spread_of(in_degrees(swarm.graph())).deviation, 8.3, 1.2);
    }
}

// The difference between the two tables of overlay/gossip/rules.md, sections 8.0 and 8.1.
TEST(PeerCycles, NewscastIsMilderWhereTheHoldersCyclesAreItsAge) {
    ViewOptions view = newscast(20);
    view.ties = TieRule::random;
    PeerCycles swarm{1, 1000, view, CycleTime::by_holder};
    for (int i = 0; i < 30; ++i) swarm.cycle();
    SimRandom random{1, 2};
    EXPECT_NEAR(figures_of(swarm.graph(), 20, random).clustering, 0.18, 0.03);
    EXPECT_NEAR(spread_of(in_degrees(swarm.graph())).deviation, 7.57, 1);
}

// Three rules of the TOCS paper: ties among the oldest, which entries are not sent, which are not swapped.
TEST(PeerCycles, OldestFirstSharesTheLoadAndHeals) {
    ViewOptions view = peer_sampling(30, 1, 14);
    view.partner = PartnerRule::oldest;
    view.drop_on_failure = true;
    PeerCycles swarm{1, 1000, view, CycleTime::by_holder};
    for (int i = 0; i < 50; ++i) swarm.cycle();
    EXPECT_LT(spread_of(in_degrees(swarm.graph())).deviation, 6);
    swarm.kill(0.5);
    for (int i = 0; i < 20; ++i) swarm.cycle();
    EXPECT_LT(swarm.dead_entries().per_view, 3);
}

TEST(PeerCycles, TheHealerForgetsTheDeadAndTheBlindRuleNever) {
    for (const std::size_t healer : {std::size_t{0}, std::size_t{10}}) {
        PeerCycles swarm{1, 500, peer_sampling(20, healer, 0), CycleTime::by_holder};
        for (int i = 0; i < 20; ++i) swarm.cycle();
        swarm.kill(0.5);
        EXPECT_EQ(swarm.living(), 250u);
        const double before = swarm.dead_entries().share;
        EXPECT_NEAR(before, 0.5, 0.1);
        for (int i = 0; i < 20; ++i) swarm.cycle();
        if (healer > 0)
            EXPECT_LT(swarm.dead_entries().share, 0.01);
        else
            EXPECT_GT(swarm.dead_entries().share, before / 2);
    }
}

TEST(PeerCycles, CyclonSharesTheLoadMoreEvenlyThanChance) {
    PeerCycles swarm{1, 500, cyclon(20, 8), CycleTime::by_holder};
    const double before = spread_of(in_degrees(swarm.graph())).deviation;
    for (int i = 0; i < 50; ++i) swarm.cycle();
    EXPECT_LT(spread_of(in_degrees(swarm.graph())).deviation, before);
}

TEST(PeerCycles, AreTheSameForTheSameSeed) {
    PeerCycles a{7, 300, newscast(10)}, b{7, 300, newscast(10)}, other{8, 300, newscast(10)};
    for (PeerCycles* swarm : {&a, &b, &other})
        for (int i = 0; i < 5; ++i) swarm->cycle();
    EXPECT_EQ(a.graph().views, b.graph().views);
    EXPECT_NE(a.graph().views, other.graph().views);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
