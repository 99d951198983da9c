#include "simulations/faults/fault_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "simulations/faults/fault_shrink.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

using std::chrono::seconds;
using testing::HasSubstr;

TEST(FaultPlan, IsAFunctionOfItsSeed) {
    EXPECT_EQ(draw_plan({.seed = 5}), draw_plan({.seed = 5}));
    EXPECT_NE(draw_plan({.seed = 5}).steps, draw_plan({.seed = 6}).steps);
}

TEST(FaultPlan, DrawsEveryKindOfStepAndOnlyWhatARecordMayHold) {
    std::set<StepKind> kinds;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const FaultPlan plan = draw_plan(
            {.seed = seed, .nodes = 3 + seed, .faults_for = seconds{60 + 7 * seed}, .hostile = seed % 4 == 0});
        for (const Step& step : plan.steps) {
            kinds.insert(step.kind);
            ASSERT_LE(step.at + step.span, plan.faults_for);
        }
        const Result<FaultPlan> again = read_plan(write_plan(plan));
        ASSERT_TRUE(again) << again.error().message;
        ASSERT_EQ(*again, plan);
    }
    EXPECT_EQ(kinds.size(), step_kinds);
}

TEST(FaultPlan, DrawsOnlyTheWantedKindsOfFaults) {
    const Result<std::vector<StepKind>> wanted = read_kinds("move,suspend");
    ASSERT_TRUE(wanted) << wanted.error().message;
    std::set<StepKind> drawn;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        for (const Step& step : draw_plan({.seed = seed, .kinds = *wanted}).steps)
            if (!is_user_action(step.kind) && step.kind != StepKind::kill)
                drawn.insert(step.kind);  // ends of items
    EXPECT_EQ(drawn, (std::set{StepKind::move, StepKind::suspend}));
    EXPECT_THAT(read_kinds("move,flood").error().message, HasSubstr("is called \"flood\"; there are loss, jitter"));
}

TEST(FaultPlan, HasTheSameOtherStepsWithHostileNodes) {
    FaultPlan hostile = draw_plan({.seed = 9, .hostile = true});
    EXPECT_NE(std::erase_if(hostile.steps, [](const Step& step) { return is_hostile(step.kind); }), 0U);
    EXPECT_EQ(hostile, draw_plan({.seed = 9}));
    const Result<std::vector<StepKind>> wanted = read_kinds("false_leave");
    ASSERT_TRUE(wanted) << wanted.error().message;
    for (const Step& step : draw_plan({.seed = 9, .kinds = *wanted, .hostile = true}).steps)
        EXPECT_TRUE(!is_hostile(step.kind) || step.kind == StepKind::false_leave);
}

TEST(FaultPlan, ReadsARecordWithComments) {
    const Result<FaultPlan> plan = read_plan(
        "halp-sim-faults 1\nseed 7\n# a word\nnodes 4\nfaults_ms 9000\n\nstep 1500 2000 cut 1 3 0\n"
        "step 2000 0 insert 0 0 -5");
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->nodes, 4U);
    ASSERT_EQ(plan->steps.size(), 2U);
    EXPECT_EQ(step_text(plan->steps[0]), "1.500 s cut node 1 and 3 for 2.000 s");
    EXPECT_EQ(step_text(plan->steps[1]), "2.000 s insert node 0 [-5]");
}

TEST(FaultPlan, SaysWhatIsWrongInARecordAndWhere) {
    const auto wrong = [](const std::string& rest) {
        return read_plan("halp-sim-faults 1\n" + rest).error().message;
    };
    EXPECT_THAT(read_plan("nodes: 3\n").error().message, HasSubstr("line 1"));
    EXPECT_THAT(wrong("nodes 0"), HasSubstr("line 2"));
    EXPECT_THAT(wrong("nodes 3\nstep 1 2 explode 0 0 0"), HasSubstr("line 3"));
    EXPECT_THAT(wrong("nodes 99999999999"), HasSubstr("line 2"));
    EXPECT_THAT(wrong("step 1 2 cut 0 1"), HasSubstr("line 2"));
    EXPECT_THAT(wrong("nodes 3\nstep 1 2 cut 0 3 0"), HasSubstr("no such node"));
    EXPECT_THAT(wrong("nodes 3\nstep 1 2 cut 2 2 0"), HasSubstr("two nodes"));
    EXPECT_THAT(wrong("step 2 2 kill 0 0 0\nstep 1 2 kill 0 0 0"), HasSubstr("order of time"));
    EXPECT_FALSE(is_fault_record("run:\n"));
    EXPECT_TRUE(is_fault_record("halp-sim-faults 1\nseed 1"));
}

TEST(FaultPlan, LosesTheStepsThatDoNotFitWhenItIsMadeSmaller) {
    const FaultPlan plan = draw_plan({.seed = 3});
    const FaultPlan few = with_nodes(plan, 4), brief = with_time(plan, seconds{30});
    EXPECT_TRUE(read_plan(write_plan(few)));
    EXPECT_TRUE(read_plan(write_plan(brief)));
    EXPECT_LT(few.steps.size(), plan.steps.size());
    EXPECT_LT(brief.steps.size(), plan.steps.size());
    for (const Step& step : brief.steps) EXPECT_LE(step.at + step.span, seconds{30});
}

// Instead of a swarm, a rule that fails when both marked steps are in the plan.
TEST(Shrink, FindsTheTwoStepsThatMatter) {
    FaultPlan plan = draw_plan({.seed = 11, .nodes = 64});
    plan.steps.push_back({seconds{1}, seconds{1}, StepKind::kill, 3, 0, 777'777'777});
    plan.steps.push_back({seconds{9}, seconds{1}, StepKind::cut, 1, 2, 777'777'777});
    std::ranges::stable_sort(plan.steps, {}, &Step::at);
    const PlayPlan play = [](const FaultPlan& p) {
        FaultOutcome outcome;
        const auto marked = std::ranges::count(p.steps, 777'777'777, &Step::amount);
        if (marked >= 2) outcome.violations.push_back({"a rule", {}, 0, "broken"});
        return outcome;
    };
    const Shrunk small = shrink(plan, play(plan), play, 1000);
    EXPECT_EQ(small.plan.nodes, 4U);
    EXPECT_EQ(small.plan.steps.size(), 2U);
    EXPECT_LT(small.plan.faults_for, seconds{20});
    EXPECT_EQ(small.outcome.complaint(), "a rule");
    EXPECT_LE(shrink(plan, play(plan), play, 3).runs, 3U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
