#include "overlay/gossip/view/rank_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "simulations/world/sim_random.h"
#include "store/hash.h"

namespace halp {
namespace HALP_TEST_FILE {

EndpointId node(std::uint32_t i) { return EndpointId{i}; }
std::uint64_t hash_of(std::uint32_t i) { return mix(i + 1); }

void hear(RankSampler& sampler, std::uint32_t from, std::uint32_t to, int times = 1) {
    for (int t = 0; t < times; ++t)
        for (std::uint32_t i = from; i < to; ++i) sampler.observe(node(i), hash_of(i));
}

TEST(RankSampler, IsEmptyUntilANodeIsNamed) {
    SimRandom random{1, 1};
    RankSampler sampler{10, random};
    EXPECT_EQ(sampler.draw(random), no_endpoint);
    sampler.observe(node(3), hash_of(3));
    EXPECT_EQ(sampler.draw(random), node(3));
    EXPECT_EQ(sampler.nodes(), std::vector{node(3)});
}

TEST(RankSampler, DoesNotDependOnOrderOrRepetition) {
    SimRandom a_random{1, 1}, b_random{1, 1};
    RankSampler a{50, a_random}, b{50, b_random};
    hear(a, 0, 1000);
    hear(b, 500, 1000, 7);
    hear(b, 0, 500);
    EXPECT_EQ(a.nodes(), b.nodes());
    hear(b, 900, 1000, 100);
    EXPECT_EQ(a.nodes(), b.nodes());
}

TEST(RankSampler, GivesEveryNodeTheSameShareOverManySeeds) {
    std::map<EndpointId, int> count;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SimRandom random{seed, 9};
        RankSampler sampler{100, random};
        hear(sampler, 0, 50);
        for (int i = 0; i < 50; ++i) ++count[sampler.draw(random)];
    }
    ASSERT_EQ(count.size(), 50u);
    for (const auto& [id, n] : count) EXPECT_NEAR(n, 200, 90) << static_cast<std::uint32_t>(id);
}

TEST(RankSampler, AttackersHoldTheirShareHoweverOftenTheyAreNamed) {
    SimRandom random{3, 3};
    RankSampler sampler{200, random};
    hear(sampler, 0, 900);
    hear(sampler, 900, 1000, 50);  // a tenth of the swarm is named fifty times each
    int bad = 0;
    for (int i = 0; i < 2000; ++i) bad += sampler.draw(random) >= node(900);
    EXPECT_LT(bad, 2000 * 0.18);
}

TEST(RankSampler, ForgettingANodeEmptiesItsSlotsForOthers) {
    SimRandom random{4, 4};
    RankSampler sampler{30, random};
    hear(sampler, 0, 3);
    ASSERT_TRUE(sampler.holds(node(1)));
    sampler.forget(node(1));
    EXPECT_FALSE(sampler.holds(node(1)));
    hear(sampler, 7, 8);
    EXPECT_TRUE(sampler.holds(node(7)));
    sampler.clear();
    EXPECT_TRUE(sampler.nodes().empty());
}

TEST(RankSampler, RenewingEverySlotChangesTheSampleButKeepsItFull) {
    SimRandom random{5, 5};
    RankSampler sampler{20, random};
    hear(sampler, 0, 1000);
    const std::vector<EndpointId> before = sampler.nodes();
    for (int i = 0; i < 20; ++i) {
        sampler.renew(random);
        hear(sampler, 0, 1000);
    }
    const std::vector<EndpointId> after = sampler.nodes();
    EXPECT_GT(after.size(), 15u);
    EXPECT_NE(before, after);
    RankSampler none{0, random};
    none.renew(random);
    EXPECT_EQ(none.draw(random), no_endpoint);
}

// The model keeps all nodes and looks for the smallest hash at each draw.
TEST(RankSampler, AgreesWithAModelThatRemembersAllNodes) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SimRandom seeds{seed, 1}, model_seeds{seed, 1}, dice{seed, 2};
        RankSampler sampler{8, seeds};
        struct Model {
            std::uint64_t seed = 0;
            std::optional<EndpointId> holds;
        };
        std::vector<Model> model(8);
        for (Model& m : model) m.seed = model_seeds.next();
        const auto rank = [](const Model& m, EndpointId id) {
            return mix(mix(hash_of(static_cast<std::uint32_t>(id)) ^ m.seed) + m.seed);
        };
        for (int step = 0; step < 300; ++step) {
            const auto i = static_cast<std::uint32_t>(dice.below(40));
            if (dice.below(10) == 0) {
                sampler.forget(node(i));
                for (Model& m : model)
                    if (m.holds == node(i)) m.holds.reset();
            } else {
                sampler.observe(node(i), hash_of(i));
                for (Model& m : model)
                    if (!m.holds || rank(m, node(i)) < rank(m, *m.holds)) m.holds = node(i);
            }
            std::vector<EndpointId> expected;
            for (const Model& m : model)
                if (m.holds) expected.push_back(*m.holds);
            std::ranges::sort(expected);
            expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
            ASSERT_EQ(sampler.nodes(), expected) << "seed " << seed << ", step " << step;
        }
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
