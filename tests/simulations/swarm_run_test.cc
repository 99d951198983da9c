#include "simulations/swarm_run.h"

#include <gtest/gtest.h>

#include "simulations/scenario_reader.h"

namespace halp::sim {
namespace {

Scenario scenario(const std::string& phases, std::size_t nodes = 30, std::uint64_t seed = 1) {
    const ReadScenario read =
        read_scenario("t.yaml", "about: a test\nphases:\n  grow: {do: grow, for: 3s}\n" + phases,
                      {{"", "nodes", std::to_string(nodes)}, {"", "seed", std::to_string(seed)}});
    EXPECT_TRUE(read.problems.empty()) << read.problems.front();
    return read.scenario;
}

TEST(SwarmRun, SameSeedSameDigestOtherSeedAnotherRun) {
    const std::string phases =
        "  churn: {do: churn, scale: 5s, downtime: 2s, for: 10s}\n  loss: {do: loss, share: 10%, for: 3s}\n";
    const RunResult a = play(scenario(phases)), b = play(scenario(phases)), other = play(scenario(phases, 30, 2));
    EXPECT_EQ(a.digest, b.digest);
    EXPECT_EQ(a.overlay.views, b.overlay.views);
    EXPECT_EQ(a.sent_kbit_s, b.sent_kbit_s);
    EXPECT_NE(a.digest, other.digest);
}

TEST(SwarmRun, GrowsToTheWholeSwarmAndJoinsIt) {
    const RunResult run = play(scenario("  calm: {do: steady, for: 5s}\n"));
    ASSERT_EQ(run.phases.size(), 2u);
    EXPECT_EQ(run.phases[1].living, 30u);
    EXPECT_EQ(run.phases[1].joined, 1);
    EXPECT_EQ(run.figures.components.count, 1u);
    EXPECT_EQ(run.samples.size(), 9u);  // one a second, both ends
    EXPECT_EQ(run.in_degrees.size(), 30u);
    EXPECT_GT(run.samples.back().sent_kbit_s, 0);
}

TEST(SwarmRun, GrowthHasItsShapes) {
    const auto living_in_the_middle = [](const std::string& shape) {
        const ReadScenario read = read_scenario(
            "t.yaml", "about: x\nnodes: 64\nphases:\n  grow: {do: grow, for: 10s, shape: " + shape + "}\n", {});
        return play(read.scenario).samples[5].living;
    };
    EXPECT_EQ(living_in_the_middle("flash"), 64u);
    EXPECT_NEAR(static_cast<double>(living_in_the_middle("linear")), 32, 2);
    EXPECT_NEAR(static_cast<double>(living_in_the_middle("exponential")), 8, 2);
}

TEST(SwarmRun, AnAnnouncementReachesEverybody) {
    const RunResult run =
        play(scenario("  calm: {do: steady, for: 5s}\n  news: {do: announce, items: 2, for: 5s}\n"));
    ASSERT_EQ(run.items.size(), 2u);
    EXPECT_EQ(run.items[0].nodes, 30u);
    EXPECT_EQ(run.items[0].reached.size(), 30u);
    EXPECT_EQ(run.items[0].seconds_to(0.01), 0);
    EXPECT_GT(run.items[0].seconds_to(1), 0);
    EXPECT_EQ(run.samples.back().coverage, 1);
}

TEST(SwarmRun, AKillLeavesDeadEntriesThatGo) {
    const RunResult run = play(scenario("  calm: {do: steady, for: 5s}\n  k: {do: kill, share: 50%, for: 30s}\n"));
    EXPECT_EQ(run.phases[2].living, 15u);
    EXPECT_GT(run.samples[8].dead_share, 0.3);  // at the instant of the kill
    EXPECT_GE(run.phases[2].clean_periods, 0);
    EXPECT_EQ(run.phases[2].cut_off, 0u);
}

TEST(SwarmRun, APartitionIsSeenAndHeals) {
    const RunResult run =
        play(scenario("  calm: {do: steady, for: 5s}\n  apart: {do: partition, share: 40%, for: 60s}\n"
                      "  together: {do: steady, for: 20s}\n"));
    EXPECT_EQ(run.phases[2].cut_off, 12u);
    EXPECT_EQ(run.phases[3].cut_off, 0u);
    EXPECT_GE(run.phases[2].merged_periods, 0);
}

TEST(SwarmRun, ASpreadThatNeverEndedSaysSo) {
    const ItemSpread item{
        .endpoint = "", .announced = {}, .nodes = 4, .reached = {Duration{0}, Duration{2'000'000}}};
    EXPECT_EQ(item.seconds_to(0.5), 2);
    EXPECT_EQ(item.seconds_to(0.51), -1);
}

}  // namespace
}  // namespace halp::sim
