#include "simulations/swarm/swarm_run.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cmath>

#include "simulations/swarm/built_in_scenarios.h"
#include "simulations/swarm/scenario_reader.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

Scenario scenario(const std::string& phases, std::size_t nodes = 30, std::uint64_t seed = 1) {
    const ReadScenario read =
        read_scenario("t.yaml", "about: a test\nphases:\n  grow: {do: grow, for: 3s}\n" + phases,
                      {{"", "nodes", std::to_string(nodes)}, {"", "seed", std::to_string(seed)}});
    EXPECT_TRUE(read.problems.empty()) << read.problems.front();
    return read.scenario;
}

double figure(const PhaseResult& phase, const std::string& name) {
    for (const auto& [key, value] : phase.figures)
        if (key == name) return value;
    ADD_FAILURE() << phase.name << " has no figure " << name;
    return -1;
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

// What the allocator has given out, for each living node, at every sample.
class HeapPerNode final : public RunListener {
public:
    bool on_progress(Duration, Duration, std::uint64_t, std::size_t living) override {
        const std::size_t now = ::mallinfo2().uordblks;
        if (now > before_) kib_ = static_cast<double>(now - before_) / 1024 / static_cast<double>(living);
        return true;
    }
    [[nodiscard]] double kib() const { return kib_; }  // at the last one

private:
    std::size_t before_ = ::mallinfo2().uordblks;
    double kib_ = 0;
};

TEST(SwarmRun, AWholeNodeIsSmall) {
    HeapPerNode heap;
    const RunResult run = play(scenario("  calm: {do: steady, for: 5s}\n", 200), &heap);
    EXPECT_EQ(run.phases.back().living, 200U);
    EXPECT_LT(heap.kib(), 29) << "it was 80 KiB when tables doubled and kept what a burst had needed";
}

TEST(SwarmRun, GrowsToTheWholeSwarmAndJoinsIt) {
    const RunResult run = play(scenario("  calm: {do: steady, for: 5s}\n"));
    ASSERT_EQ(run.phases.size(), 2u);
    EXPECT_EQ(run.phases[1].living, 30u);
    EXPECT_EQ(run.phases[1].joined, 1);
    EXPECT_EQ(run.figures.components.count, 1u);
    EXPECT_EQ(run.samples.size(), 9u);  // one a second, both ends included
    EXPECT_EQ(run.in_degrees.size(), 30u);
    EXPECT_GT(run.samples.back().sent_kbit_s, 0);
}

// Nobody is listed by nobody: an empty set is no perfect one.
TEST(SwarmRun, ALoneSurvivorIsNeitherCleanNorJoined) {
    const RunResult run = play(scenario("  boom: {do: kill, share: 100%, for: 60s}\n", 2));
    EXPECT_TRUE(std::isnan(run.phases[1].joined));
    EXPECT_TRUE(std::isnan(run.phases[1].dead_share));
    EXPECT_LT(run.phases[1].clean_periods, 0);
    EXPECT_TRUE(std::isnan(run.samples.back().sent_kbit_s)) << "nobody is there to send";
    EXPECT_TRUE(std::isnan(run.samples.front().joined)) << "a first node has nobody to join";
    EXPECT_TRUE(std::isnan(run.samples.front().coverage)) << "nothing is announced";
}

TEST(SwarmRun, PeaksStandBesideTheEndOfAPhase) {
    const RunResult run = play(scenario("  boom: {do: kill, share: 50%, for: 30s}\n"));
    const PhaseResult& boom = run.phases[1];
    EXPECT_LT(boom.dead_share, 0.1);
    EXPECT_GT(boom.dead_peak, 0.3) << "at the instant of the kill";
    EXPECT_EQ(boom.living_low, 15u);
    EXPECT_EQ(run.phases[0].dead_peak, 0) << "before the kill";
}

TEST(SwarmRun, TrafficOfGrowthIsNotAveragedIntoTheCalm) {
    const RunResult run = play(scenario("  calm: {do: steady, for: 60s}\n"));
    const double growth = run.phases[0].sent_kbit_s, calm = run.phases[1].sent_kbit_s;
    EXPECT_GT(growth, 2 * calm);
    EXPECT_GE(run.phases[0].sent_peak, growth);
    EXPECT_GE(run.phases[1].sent_peak, calm);
    EXPECT_LT(run.phases[1].sent_peak, growth) << "the last second of the growth belongs to the growth";
}

TEST(SwarmRun, TellsHowLongEachNodeTookToJoin) {
    const RunResult run = play(scenario("  calm: {do: steady, for: 5s}\n"));
    ASSERT_EQ(run.joins.size(), 29u) << "all but the first, which had nobody to join";
    for (const JoinTime& join : run.joins) {
        EXPECT_GE(join.took, Duration{0}) << join.node;
        EXPECT_LT(join.took, std::chrono::seconds{3}) << join.node;
    }
    EXPECT_EQ(figure(run.phases[0], "starts"), 29);
    EXPECT_EQ(figure(run.phases[0], "never_joined"), 0);
    EXPECT_GE(figure(run.phases[0], "join_s_max"), figure(run.phases[0], "join_s_median"));
}

TEST(SwarmRun, ProcessesOfOneMachineWaitForItsCores) {
    const auto seconds_until_all_know_all = [](const std::string& cores) {
        const ReadScenario read =
            read_scenario("t.yaml",
                          "about: x\nnodes: 40\nprofile: local\nsample_every: 10ms\nnetwork: {cores: " + cores +
                              ", callback_cost: 100us}\nphases:\n  crowd: {do: grow, shape: "
                              "flash, for: 50ms}\n  calm: {do: steady, for: 3s}\n",
                          {});
        EXPECT_TRUE(read.problems.empty());
        const RunResult run = play(read.scenario);
        EXPECT_EQ(run.samples.back().all_listed, 1);
        return figure(run.phases[0], "all_know_all_s");
    };
    const double ideal = seconds_until_all_know_all("0"), one = seconds_until_all_know_all("1");
    EXPECT_GT(one, 1.2 * ideal);
    EXPECT_LT(seconds_until_all_know_all("4"), one);
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

TEST(SwarmRun, TheUnheardSideOfAOneWayCutFallsOffAndComesBack) {
    const RunResult run =
        play(scenario("  calm: {do: steady, for: 5s}\n  unheard: {do: one_way, share: 40%, for: 60s}\n"
                      "  together: {do: steady, for: 20s}\n"));
    EXPECT_EQ(run.phases[2].cut_off, 12u);
    EXPECT_EQ(run.phases[3].cut_off, 0u);
    EXPECT_GE(run.phases[2].merged_periods, 0);
}

TEST(SwarmRun, SurvivalCountsTheLivingTheCutOffAndTheDead) {
    const RunResult run =
        play(scenario("  calm: {do: steady, for: 5s}\n  apart: {do: partition, share: 40%, for: 30s}\n"
                      "  k: {do: kill, share: 50%, for: 10s}\n",
                      25));
    const auto sum = [](const std::vector<std::uint8_t>& parts) {
        std::size_t n = 0;
        for (const std::uint8_t part : parts) n += part;
        return n / 255;
    };
    EXPECT_EQ(sum(run.samples[7].well), 25u);
    EXPECT_EQ(sum(run.samples[30].well), 15u);
    EXPECT_EQ(sum(run.samples[30].cut), 10u);
    EXPECT_EQ(sum(run.samples.back().well) + sum(run.samples.back().cut), run.phases.back().living);
}

TEST(SwarmRun, SessionsHaveTheirLaws) {
    const auto living_at_end = [](const std::string& law) {
        return play(scenario("  churn: {do: churn, " + law + ", downtime: 1000s, for: 20s}\n", 60))
            .phases[1]
            .living;
    };
    // Shares of sessions longer than 20 s: exp(-2), exp(-sqrt 2), 3^-1.1 of 59 nodes; and the bootstrap.
    EXPECT_NEAR(static_cast<double>(living_at_end("sessions: exponential, scale: 10s")), 9, 7);
    EXPECT_NEAR(static_cast<double>(living_at_end("sessions: weibull, shape: 0.5, scale: 10s")), 15.3, 9);
    EXPECT_NEAR(static_cast<double>(living_at_end("sessions: pareto, shape: 1.1, scale: 10s")), 18.6, 10);
}

TEST(SwarmRun, SlowNodesAndWrongClocksKillNobody) {
    const RunResult run =
        play(scenario("  calm: {do: steady, for: 5s}\n  slow: {do: slow, share: 20%, extra: 50ms, for: 10s}\n"
                      "  clocks: {do: clocks, share: 50%, skew: 48h, drift: 1%, for: 10s}\n"
                      "  news: {do: announce, for: 5s}\n"));
    for (const PhaseResult& p : run.phases) EXPECT_EQ(p.false_burials, 0u) << p.name;
    EXPECT_EQ(run.phases.back().joined, 1);
    EXPECT_EQ(run.items[0].reached.size(), 30u);
}

TEST(SwarmRun, AttackersAreCountedAndGoneAfterwards) {
    const RunResult run = play(scenario(
        "  calm: {do: steady, for: 5s}\n  attack: {do: attack, share: 25%, groups: 2, pushes: 3, for: 10s}\n"
        "  after: {do: steady, for: 60s}\n"));
    EXPECT_EQ(run.phases[2].living, 30u) << "the honest";
    EXPECT_EQ(figure(run.phases[2], "hostile_share_of_all"), 0.25);
    EXPECT_GT(figure(run.phases[2], "hostile_fresh"), 0);
    EXPECT_GT(run.samples[17].attackers, 0);
    EXPECT_EQ(run.samples.back().attackers, 0);
    EXPECT_EQ(run.overlay.views.size(), 30u);
}

TEST(SwarmRun, AFloodStaysWithinTheLimitsAndHidesNothing) {
    const RunResult run =
        play(scenario("  calm: {do: steady, for: 5s}\n  news: {do: announce, for: 3s}\n"
                      "  flood: {do: flood, strangers: 3, groups: 1, rate: 10, labels: 50, for: 10s}\n",
                      10));
    EXPECT_NEAR(figure(run.phases[3], "made_up"), 3 * 10 * 5 * 10, 20);
    EXPECT_GT(figure(run.phases[3], "labels_max"), 20);
    EXPECT_EQ(figure(run.phases[3], "coverage"), 1);
}

TEST(SwarmRun, OriginalsAreUpgradedOneByOne) {
    const std::string yaml =
        "about: x\nnodes: 20\noriginals: 50%\ntext: {poll_interval: 2s}\nphases:\n  grow: {do: grow, for: 3s}\n"
        "  calm: {do: steady, for: 10s}\n  theirs: {do: announce, from: originals, for: 10s}\n"
        "  upgrade: {do: upgrade, share: 100%, for: 10s}\n  after: {do: steady, for: 10s}\n";
    const ReadScenario read = read_scenario("t.yaml", yaml, {});
    ASSERT_TRUE(read.problems.empty()) << read.problems.front();
    const RunResult run = play(read.scenario);
    const double originals = figure(run.phases[1], "originals");
    EXPECT_GT(originals, 3);
    EXPECT_EQ(static_cast<double>(run.phases[1].living) + originals, 20);
    EXPECT_EQ(figure(run.phases[2], "coverage"), 1) << "what is announced at an original reaches all of ours";
    EXPECT_GT(figure(run.phases[1], "originals_listed_by_ours"), 0);
    EXPECT_EQ(run.phases.back().living, 20u);
    EXPECT_EQ(figure(run.phases.back(), "originals"), 0);
    EXPECT_EQ(run.phases.back().joined, 1);
}

TEST(SwarmRun, ARecordPlaysToTheSameDigestAndAChangeIsFound) {
    Scenario played = scenario("  k: {do: kill, share: 30%, for: 10s}\n", 12);
    const RunResult run = play(played);
    const RecordedRun record = recorded_run_of(run, "test");
    EXPECT_EQ(record.checkpoints.size(), run.samples.size());
    const ReadScenario read = read_scenario("r.yaml", recorded_run_yaml(played, record), {});
    ASSERT_TRUE(read.problems.empty()) << read.problems.front();
    EXPECT_TRUE(replay(read.scenario, *read.record).same);

    RecordedRun other = record;
    other.checkpoints[5].digest ^= 1;
    EXPECT_EQ(replay(played, other).difference.substr(0, 60),
              "the first difference is between 4.000000 s and 5.000000 s, p");
    played.seed = 99;
    const Replay changed = replay(played, record);
    EXPECT_FALSE(changed.same);
    EXPECT_NE(changed.difference.find("the first difference is between"), std::string::npos);
}

TEST(SwarmRun, EveryBuiltInScenarioPlaysSmall) {
    for (const BuiltInScenario& one : built_in_scenarios()) {
        ReadScenario read = read_scenario(std::string{one.name}, one.yaml, {{"", "nodes", "12"}});
        ASSERT_TRUE(read.problems.empty()) << one.name;
        for (Phase& p : read.scenario.phases)
            p.span = std::min<Duration>(p.span, 6 * read.scenario.node.gossip.period);
        const RunResult run = play(read.scenario);
        EXPECT_EQ(run.phases.size(), read.scenario.phases.size()) << one.name;
        EXPECT_GT(run.events, 100u) << one.name;
    }
}

TEST(SwarmRun, ASpreadThatNeverEndedSaysSo) {
    const ItemSpread item{
        .endpoint = "", .announced = {}, .nodes = 4, .reached = {Duration{0}, Duration{2'000'000}}};
    EXPECT_EQ(item.seconds_to(0.5), 2);
    EXPECT_EQ(item.seconds_to(0.51), -1);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
