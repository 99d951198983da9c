#include "simulations/views/hybrid_cycles.h"

#include <gtest/gtest.h>

namespace halp::sim {
namespace HALP_TEST_FILE {

TEST(HybridCycles, StayInOnePieceAndForgetTheDead) {
    HybridCycles swarm{1, {}};
    swarm.start_at_random(300, 0, 24);
    for (int i = 0; i < 20; ++i) swarm.cycle();
    EXPECT_EQ(swarm.dead_share(), 0);
    swarm.kill(0.5);
    EXPECT_GT(swarm.dead_share(), 0.3);
    for (int i = 0; i < 40; ++i) swarm.cycle();
    const ViewGraph graph = swarm.graph();
    EXPECT_EQ(graph.views.size(), 150u);
    EXPECT_EQ(components_of(graph).count, 1u);
    EXPECT_LT(swarm.dead_share(), 0.05);
}

// So many nodes are dead that some survivors have no living partner. They find living nodes of their pool by
// checks.
TEST(HybridCycles, CheckingTheViewAfterFailuresBringsBackWhoLostAllPartners) {
    for (const bool checks : {false, true}) {
        HybridCycles swarm{2, {.checks_after_failure = checks}};
        swarm.start_at_random(1000, 0, 24);
        for (int i = 0; i < 20; ++i) swarm.cycle();
        swarm.kill(0.96);
        for (int i = 0; i < 10; ++i) swarm.cycle();
        const ViewGraph graph = swarm.graph();
        EXPECT_EQ(graph.views.size(), 40u);
        if (checks) {
            EXPECT_EQ(components_of(graph).largest, 40u);
            EXPECT_LT(swarm.dead_share(), 0.01);
        } else {
            EXPECT_LT(components_of(graph).largest, 40u);
            EXPECT_GT(swarm.dead_share(), 0.2);
        }
    }
}

TEST(HybridCycles, GrowFromOneBootstrapAndSpreadAnItem) {
    HybridCycles swarm{2, {}};
    swarm.add_alone();
    for (int i = 0; i < 20; ++i) {
        for (int k = 0; k < 10; ++k) swarm.join(0);
        swarm.cycle();
    }
    ASSERT_EQ(swarm.size(), 201u);
    EXPECT_EQ(components_of(swarm.graph()).count, 1u);
    swarm.announce(7);
    for (int i = 0; i < 12; ++i) swarm.cycle();
    EXPECT_EQ(swarm.informed_share(), 1);
}

// Why partners are ranked in an open swarm: attackers take over a list that is ordered by recency.
TEST(HybridCycles, RankedPartnersResistAttackersThatOwnListsByRecency) {
    HybridOptions recency{.attacker_groups = 64};
    HybridOptions ranked = recency;
    ranked.view.partner = PartnerRule::ranked;
    for (HybridOptions* options : {&recency, &ranked}) {
        HybridCycles swarm{3, *options};
        swarm.start_at_random(360, 40, 24);
        for (int i = 0; i < 50; ++i) swarm.cycle();
        const double bad = swarm.attackers_among_partners();
        if (options == &ranked)
            EXPECT_LT(bad, 0.2);
        else
            EXPECT_GT(bad, 0.3);  // a tenth of the swarm has three times its share
    }
}

TEST(HybridCycles, AreTheSameForTheSameSeed) {
    const auto views = [](std::uint64_t seed) {
        HybridCycles swarm{seed, {}};
        swarm.start_at_random(100, 5, 20);
        for (int i = 0; i < 5; ++i) swarm.cycle();
        return swarm.graph().views;
    };
    EXPECT_EQ(views(1), views(1));
    EXPECT_NE(views(1), views(2));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
