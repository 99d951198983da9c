// Random faults against real nodes with every checker: new seeds at each run (a failure prints the seed and the
// command that plays it again), and seeds that once failed.
#include "simulations/faults/fault_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>

#include "simulations/faults/fault_shrink.h"
#include "simulations/swarm/convergence.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::string failure_text(const PlanSize& size, const FaultOutcome& outcome) {
    std::string text = "again: halp-sim faults --seed " + std::to_string(size.seed) + " --nodes " +
                       std::to_string(size.nodes) + " --minutes " +
                       std::to_string(static_cast<double>(size.faults_for.count()) / 60e6);
    for (const std::string& line : outcome.lines()) text += "\n  " + line;
    return text;
}

void expect_good(const PlanSize& size) {
    const FaultOutcome outcome = play_faults(draw_plan(size));
    EXPECT_TRUE(outcome.good()) << failure_text(size, outcome);
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(FaultRun, FreshSeedsKeepEveryRule) {
    constexpr double budget = 6;  // s of CPU
    const double begin = cpu_seconds();
    std::random_device device;
    PlanSize size{.seed = (std::uint64_t{device()} << 32) | device(), .nodes = 16, .faults_for = minutes{2}};
    int runs = 0;
    for (; cpu_seconds() - begin < budget && !HasFailure(); ++size.seed, ++runs) expect_good(size);
    std::printf("%d runs, the last one with seed %llu\n", runs, static_cast<unsigned long long>(size.seed - 1));
    EXPECT_GT(runs, 0);
}

// Regression: a flood of labels at one node kept its whole address group from learning new labels for an hour.
TEST(FaultRun, SpreadsAnAnnouncementAfterAFloodOfLabels) {
    const Result<FaultPlan> plan = read_plan(
        "halp-sim-faults 1\nseed 1\nnodes 16\nfaults_ms 37500\nheal_ms 30000\nperiod_ms 1000\nttl_ms 60000\n"
        "step 34756 0 flood 13 0 76\nstep 36051 0 announce 9 0 5\n");
    ASSERT_TRUE(plan);
    EXPECT_THAT(play_faults(*plan).lines(), IsEmpty());
}

TEST(FaultRun, NamedSeedsKeepEveryRule) {
    for (const std::uint64_t seed : {1U, 8U, 13U})
        expect_good({.seed = seed, .nodes = 12, .faults_for = minutes{1}});
}

TEST(FaultRun, GivesTheSameDigestTwice) {
    for (const std::uint64_t seed : {21U, 22U, 23U}) {
        const FaultPlan plan = draw_plan({.seed = seed, .nodes = 8, .faults_for = minutes{1}});
        const FaultOutcome first = play_faults(plan), second = play_faults(plan);
        EXPECT_EQ(first.digest, second.digest);
        EXPECT_EQ(first.events, second.events);
        EXPECT_NE(first.digest, play_faults(with_nodes(plan, 7)).digest);
    }
}

// A fixed value shows when another compiler or machine plays another run. A change of what nodes send, or when,
// changes the value as well; then the new value is right if g++ and clang agree on it.
TEST(FaultRun, GivesTheSameDigestOnEveryMachine) {
    const FaultOutcome outcome = play_faults(draw_plan({.seed = 42, .nodes = 6, .faults_for = seconds{40}}));
    EXPECT_TRUE(outcome.good());
    EXPECT_EQ(outcome.digest, 14363056781769129547U);
}

// ---- ordinary days, one kind each ----

FaultPlan quiet_plan(std::vector<Step> steps, std::size_t nodes = 8) {
    FaultPlan plan;
    plan.seed = 3;
    plan.nodes = nodes;
    plan.faults_for = minutes{3};
    plan.heal_for = seconds{60};
    plan.steps = std::move(steps);
    std::ranges::stable_sort(plan.steps, {}, &Step::at);
    return plan;
}
constexpr std::int64_t ten_years = 300'000'000;

TEST(OrdinaryDays, ClocksThatAreYearsWrongHideNothing) {
    EXPECT_THAT(play_faults(quiet_plan({{{}, {}, StepKind::clock_wrong, 4, 0, -ten_years},
                                        {{}, {}, StepKind::clock_wrong, 5, 0, ten_years},
                                        {seconds{5}, {}, StepKind::announce, 4, 0, 1},
                                        {seconds{5}, {}, StepKind::announce, 5, 0, 2},
                                        {seconds{20}, seconds{60}, StepKind::clock_step, 6, 0, 3600},
                                        {seconds{30}, {}, StepKind::announce, 6, 0, 3}}))
                    .lines(),
                IsEmpty());
}

TEST(OrdinaryDays, ANodeFollowsItsAddressAndAnotherMayGetTheFormerOne) {
    EXPECT_THAT(play_faults(quiet_plan({{seconds{5}, {}, StepKind::announce, 4, 0, 1},
                                        {seconds{20}, {}, StepKind::move, 4, 0, 1},
                                        {seconds{40}, seconds{10}, StepKind::inherit, 5, 6, 2},
                                        {seconds{60}, {}, StepKind::move, 0, 0, 3}}))
                    .lines(),
                IsEmpty());
}

TEST(OrdinaryDays, WhatDiedDuringASuspendIsForgotten) {
    EXPECT_THAT(play_faults(quiet_plan({{seconds{5}, {}, StepKind::announce, 4, 0, 1},
                                        {seconds{20}, seconds{150}, StepKind::suspend, 5, 0, 0},
                                        {seconds{30}, {}, StepKind::death, 4, 0, 0},
                                        {seconds{60}, seconds{8}, StepKind::suspend, 6, 0, 0}}))
                    .lines(),
                IsEmpty());
}

TEST(OrdinaryDays, ARestartFromTheCacheBringsNobodyBack) {
    EXPECT_THAT(play_faults(quiet_plan({{seconds{5}, {}, StepKind::announce, 4, 0, 1},
                                        {seconds{40}, seconds{100}, StepKind::alone, 5, 0, 0},
                                        {seconds{41}, {}, StepKind::death, 4, 0, 0},
                                        {seconds{50}, seconds{20}, StepKind::leave, 6, 0, 0},
                                        {seconds{55}, seconds{5}, StepKind::kill_write, 7, 0, 2}}))
                    .lines(),
                IsEmpty());
}

TEST(OrdinaryDays, ANodeThatMovesToAnotherSwarmTakesNobodyAlong) {
    EXPECT_THAT(play_faults(quiet_plan({{seconds{5}, {}, StepKind::announce, 4, 0, 1},
                                        {seconds{40}, seconds{80}, StepKind::other_swarm, 5, 0, 0},
                                        {seconds{50}, seconds{60}, StepKind::other_swarm, 6, 0, 0}}))
                    .lines(),
                IsEmpty());
}

TEST(OrdinaryDays, ADeadNodesPortThatAnotherServerTookIsNoNode) {
    for (std::int64_t kind = 0; kind < 4; ++kind)
        EXPECT_THAT(play_faults(quiet_plan({{seconds{40}, {}, StepKind::death, 4, 0, 0},
                                            {seconds{41}, {}, StepKind::port_taken, 4, 0, kind},
                                            {seconds{60}, seconds{50}, StepKind::port_taken, 5, 0, kind}}))
                        .lines(),
                    IsEmpty())
            << kind;
}

TEST(OrdinaryDays, BothSidesOfACollisionAreTold) {
    EXPECT_THAT(play_faults(quiet_plan({{seconds{30}, seconds{130}, StepKind::clone, 4, 5, 0}})).lines(),
                IsEmpty());
    EXPECT_THAT(play_faults(quiet_plan({{seconds{30}, seconds{130}, StepKind::same_address, 4, 5, 0}})).lines(),
                IsEmpty());
}

// ---- hostile days, one kind each ----

// Nodes 4 and 5 announce. After a minute and a half in peace, in which checkers excuse nothing any more, all meet a
// hostile node for half a minute.
FaultPlan hostile_plan(StepKind kind, std::int64_t amount = 0) {
    FaultPlan plan = quiet_plan({{seconds{5}, {}, StepKind::announce, 4, 0, 1},
                                 {seconds{6}, {}, StepKind::announce, 5, 0, 2},
                                 {seconds{95}, seconds{30}, kind, 4, 0, amount}});
    plan.faults_for = seconds{150};
    return plan;
}

// No rule is broken, and the attack was noticed: the greatest `figure` of any node at any look.
template <class Figure>
std::uint64_t withstood(const FaultPlan& plan, Figure figure) {
    std::uint64_t most = 0;
    FaultRunOptions options;
    options.disturb = [&](Snapshot& snapshot) { most = std::max<std::uint64_t>(most, figure(snapshot)); };
    EXPECT_THAT(play_faults(plan, options).lines(), IsEmpty());
    return most;
}
std::uint64_t listed_nodes(const Snapshot& snapshot) { return snapshot.status.peers_listed; }
std::uint64_t graves(const Snapshot& snapshot) { return snapshot.status.graves; }

TEST(HostileDays, NodesThatDoNotExistDisplaceNobody) {
    const auto not_called = [](const Snapshot& snapshot) { return snapshot.status.hearsay_dials_held; };
    EXPECT_GT(withstood(hostile_plan(StepKind::made_up_nodes, 100), not_called), 20U);
}

TEST(HostileDays, GravesOfNobodyKeepNobodyFromComingBack) {
    FaultPlan plan = hostile_plan(StepKind::made_up_graves, 100);
    plan.steps.push_back({seconds{100}, seconds{40}, StepKind::partition, 0, 0, 5});
    EXPECT_GT(withstood(plan, graves), 0U) << "few nodes that it never met get a grave";
}

TEST(HostileDays, ANodeWinsEveryArgumentAboutItself) {
    const auto versions = [](const Snapshot& snapshot) { return snapshot.status.versions_unproved; };
    const auto leaves = [](const Snapshot& snapshot) { return snapshot.status.leaves_refuted; };
    EXPECT_GT(withstood(hostile_plan(StepKind::false_versions), versions), 0U);
    EXPECT_GT(withstood(hostile_plan(StepKind::false_leave), leaves), 0U);
    FaultPlan plan = hostile_plan(StepKind::false_versions);
    plan.steps.push_back({seconds{135}, seconds{5}, StepKind::leave, 4, 0, 0});
    EXPECT_GT(withstood(plan, versions), 0U);
}

TEST(HostileDays, AnnouncementsStayWhoeverWithdrawsThem) {
    EXPECT_GT(withstood(hostile_plan(StepKind::false_withdrawals),
                        [](const Snapshot& snapshot) { return snapshot.status.withdrawals_refuted; }),
              0U);
}

TEST(HostileDays, OneWitnessMovesNobody) {
    EXPECT_GT(withstood(hostile_plan(StepKind::false_witness), listed_nodes), 7U) << "the witness is a node, too";
}

TEST(HostileDays, FloodsOfInsertsDisplaceNobody) {
    EXPECT_GT(withstood(hostile_plan(StepKind::insert_flood, 15),
                        [](const Snapshot& snapshot) { return snapshot.status.text_inserts; }),
              20U);
}

// ---- faults that are found ----

TEST(FaultRun, ReportsAPlantedViolationAndShrinksToIt) {
    // From the twentieth second on, node 2 shows its second peer as merely claimed.
    FaultRunOptions planted;
    planted.disturb = [](Snapshot& snapshot) {
        if (snapshot.node != 2 || snapshot.at.time_since_epoch() < std::chrono::hours{1} + seconds{20}) return;
        auto& peers = snapshot.lists[0].second;
        if (peers.size() > 2) peers[1].claimed = true;
    };
    const PlayPlan play = [&](const FaultPlan& plan) { return play_faults(plan, planted); };
    const FaultPlan plan = draw_plan({.seed = 4, .nodes = 12, .faults_for = minutes{1}});
    const FaultOutcome outcome = play(plan);
    ASSERT_EQ(outcome.complaint(), "proved first");
    EXPECT_THAT(outcome.lines().front(), HasSubstr("proved first: node 2 at 20.0 s: halp 10."));
    const Shrunk small = shrink(plan, outcome, play, 30);
    EXPECT_EQ(small.plan.nodes, 3U);
    EXPECT_THAT(small.plan.steps, IsEmpty());
    EXPECT_EQ(small.outcome.complaint(), "proved first");
    EXPECT_EQ(play(*read_plan(write_plan(small.plan))).digest, small.outcome.digest);
}

TEST(FaultRun, SaysWhatIsMissingWhenThereIsNoTimeToHeal) {
    FaultPlan plan;
    plan.nodes = 6;
    plan.faults_for = seconds{90};
    plan.heal_for = Duration{0};
    plan.steps = {{seconds{1}, {}, StepKind::announce, 0, 0, 1},
                  {seconds{10}, seconds{80}, StepKind::partition, 0, 0, 5},
                  {seconds{60}, {}, StepKind::announce, 0, 0, 2},
                  {std::chrono::milliseconds{89'900}, {}, StepKind::death, 5, 0, 0}};
    const FaultOutcome outcome = play_faults(plan);
    EXPECT_EQ(outcome.complaint(), "convergence");
    EXPECT_THAT(outcome.missing, Contains(HasSubstr("does not list node")));
    EXPECT_THAT(outcome.missing, Contains(HasSubstr("lists node 5, which is dead")));
    EXPECT_THAT(outcome.missing, Contains(HasSubstr("does not list svc2 item2.example:80")));
    plan.heal_for = minutes{4};
    EXPECT_THAT(play_faults(plan).lines(), IsEmpty());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
