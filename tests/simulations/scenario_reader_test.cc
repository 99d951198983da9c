#include "simulations/scenario_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halp::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* good =
    "about: a test\n"
    "nodes: 50\n"
    "gossip:\n"
    "  period: 2s\n"
    "network: {loss: 5%}\n"
    "phases:\n"
    "  grow: {do: grow, shape: flash, for: 5s}\n"
    "  dead: {share: 0.25, do: kill, how: machine}\n";

std::vector<std::string> problems_of(const std::string& text) { return read_scenario("s.yaml", text, {}).problems; }

TEST(ScenarioReader, ReadsWhatTheFileSays) {
    const ReadScenario got = read_scenario("dir/s.yaml", good, {});
    ASSERT_THAT(got.problems, IsEmpty());
    EXPECT_EQ(got.scenario.name, "s");
    EXPECT_EQ(got.scenario.nodes, 50u);
    EXPECT_EQ(got.scenario.node.gossip.period, 2s);
    EXPECT_EQ(got.scenario.network.loss, 0.05);
    ASSERT_EQ(got.scenario.phases.size(), 2u);
    EXPECT_EQ(got.scenario.phases[0].growth, Growth::flash);
    EXPECT_EQ(got.scenario.phases[1].name, "dead");
    EXPECT_EQ(got.scenario.phases[1].share, 0.25);
    EXPECT_EQ(got.scenario.phases[1].how, KillHow::machine);
}

TEST(ScenarioReader, TheCommandLineStandsAboveTheFile) {
    const ReadScenario got =
        read_scenario("s.yaml", good,
                      {{"--set", "phases.dead.share", "10%"}, {"--nodes", "nodes", "9"}, {"--seed", "seed", "5"}});
    ASSERT_THAT(got.problems, IsEmpty());
    EXPECT_EQ(got.scenario.phases[1].share, 0.1);
    EXPECT_EQ(got.scenario.nodes, 9u);
    EXPECT_EQ(got.scenario.seed, 5u);
    EXPECT_THAT(read_scenario("s.yaml", good, {{"--set", "phases.deed.share", "1"}}).problems,
                ElementsAre(StartsWith("--set: phases.deed.share: no such phase")));
}

TEST(ScenarioReader, NamesThePlaceTheFieldAndWhatIsAllowed) {
    EXPECT_THAT(problems_of("about: x\nnodes: many\nphases:\n  grow: {do: grow}\n"),
                ElementsAre("s.yaml:2:8: nodes: \"many\" is not possible; allowed: a number from 2 to 100000"));
    EXPECT_THAT(problems_of("about: x\nnods: 5\nphases:\n  grow: {do: grow}\n"),
                ElementsAre("s.yaml:2:1: unknown field nods; did you mean nodes?"));
    EXPECT_THAT(problems_of("about: x\ngossip: {perod: 1s}\nphases:\n  grow: {do: grow}\n"),
                ElementsAre("s.yaml:2:10: unknown field gossip.perod; did you mean gossip.period?"));
    EXPECT_THAT(problems_of("about: x\nphases:\n  grow: {do: grow, share: 1}\n"),
                ElementsAre("s.yaml:3:20: phases.grow.share: a phase of kind grow has no such field; allowed: do, "
                            "for, shape, to"));
    EXPECT_THAT(
        problems_of("about: x\nphases:\n  grow: {do: grow}\n  k: {do: kill, share: 150%}\n"),
        ElementsAre("s.yaml:4:24: phases.k.share: \"150%\" is not possible; allowed: a number from 0 to 1, or "
                    "a percentage"));
}

TEST(ScenarioReader, WantsAPurposeAndSomebodyAlive) {
    EXPECT_THAT(problems_of("about: x\n"), ElementsAre(StartsWith("s.yaml: `phases` is missing")));
    EXPECT_THAT(problems_of("about: x\nphases:\n  calm: {do: steady}\n"),
                ElementsAre(StartsWith("s.yaml:3: phases.calm: the first phase must be `do: grow`")));
    EXPECT_THAT(problems_of("about: x\nphases:\n  grow: {for: 1s}\n"),
                testing::Contains(testing::HasSubstr("`do` is missing")));
    EXPECT_THAT(problems_of("about: [a"), testing::Contains(StartsWith("s.yaml:1:")));
}

TEST(ScenarioReader, EveryBuiltInScenarioIsSound) {
    EXPECT_GE(built_in_scenarios().size(), 9u);
    for (const BuiltInScenario& one : built_in_scenarios()) {
        const ReadScenario got = read_scenario(std::string{one.name}, one.yaml, {});
        EXPECT_THAT(got.problems, IsEmpty()) << one.name;
        EXPECT_FALSE(got.scenario.about.empty()) << one.name;
    }
    EXPECT_EQ(nearest_built_in("anounce"), "announce");
    EXPECT_EQ(find_built_in("anounce"), nullptr);
}

}  // namespace
}  // namespace halp::sim
