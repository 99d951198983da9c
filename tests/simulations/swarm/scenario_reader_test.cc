#include "simulations/swarm/scenario_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "simulations/swarm/built_in_scenarios.h"
#include "simulations/swarm/scenario_fields.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

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

TEST(ScenarioReader, LetsTheCommandLineTakePrecedence) {
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

TEST(ScenarioReader, ReportsThePlaceTheFieldAndWhatIsAllowed) {
    EXPECT_THAT(problems_of("about: x\nnodes: many\nphases:\n  grow: {do: grow}\n"),
                ElementsAre("s.yaml:2:8: nodes: \"many\" is not allowed; allowed: 2 to 100000"));
    EXPECT_THAT(problems_of("about: x\nnods: 5\nphases:\n  grow: {do: grow}\n"),
                ElementsAre("s.yaml:2:1: nods is not a field; did you mean nodes?"));
    EXPECT_THAT(problems_of("about: x\ngossip: {perod: 1s}\nphases:\n  grow: {do: grow}\n"),
                ElementsAre("s.yaml:2:10: gossip.perod is not a field; did you mean gossip.period?"));
    EXPECT_THAT(problems_of("about: x\nphases:\n  grow: {do: grow, share: 1}\n"),
                ElementsAre("s.yaml:3:20: phases.grow.share: a phase of kind grow has no such field; allowed: do, "
                            "for, shape, to"));
    EXPECT_THAT(problems_of("about: x\nphases:\n  grow: {do: grow}\n  k: {do: kill, share: 150%}\n"),
                ElementsAre("s.yaml:4:24: phases.k.share: \"150%\" is not allowed; allowed: 0 to 1, or "
                            "a percentage"));
}

TEST(ScenarioReader, RequiresAPurposeAndAGrowth) {
    EXPECT_THAT(problems_of("about: x\n"), ElementsAre(StartsWith("s.yaml: `phases` is missing")));
    EXPECT_THAT(problems_of("about: x\nphases:\n  calm: {do: steady}\n"),
                ElementsAre(StartsWith("s.yaml:3: phases.calm: the first phase must be `do: grow`")));
    EXPECT_THAT(problems_of("about: x\nphases:\n  grow: {for: 1s}\n"),
                testing::Contains(testing::HasSubstr("`do` is missing")));
    EXPECT_THAT(problems_of("about: [a"), testing::Contains(StartsWith("s.yaml:1:")));
}

TEST(ScenarioReader, ReportsWhatAFieldAllows) {
    const auto one = [](const std::string& text) {
        const std::vector<std::string> all = problems_of("about: x\n" + text);
        return all.size() == 1 ? all.front() : "there are " + std::to_string(all.size());
    };
    const std::string grow = "phases:\n  grow: {do: grow}\n";
    EXPECT_EQ(one("network: {topology: torus}\n" + grow),
              "s.yaml:2:21: network.topology: \"torus\" is not allowed; allowed: uniform, log_normal, matrix, "
              "transit_stub, small_world or plod");
    EXPECT_EQ(one("network: {topology: log_normal, latency_max: 1s}\n" + grow),
              "s.yaml:2:33: network.latency_max: a network of topology log_normal has no such field; allowed: "
              "topology, median, sigma, jitter, loss, connect_timeout, cores, callback_cost, start_cost, "
              "starved, starved_max");
    EXPECT_EQ(one("network: {latency_min: 2s, latency_max: 1s}\n" + grow),
              "s.yaml:2:24: network.latency_min is greater than network.latency_max");
    EXPECT_EQ(one("network: {topology: small_world, routers: 10, neighbours: 6}\n" + grow),
              "s.yaml:2:59: network.neighbours: allowed: at most half of network.routers, 5");
    EXPECT_THAT(one("network:\n  topology: transit_stub\n  transit_routers: 50\n  stubs: 50\n" + grow),
                StartsWith("s.yaml:4:20: network: 37650 routers in total; allowed: at most 2000"));
    EXPECT_THAT(one("network: {topology: matrix}\n" + grow), StartsWith("s.yaml:2:21: network.file is missing"));
    EXPECT_THAT(one("network: {topology: matrix, file: nowhere.csv}\n" + grow),
                StartsWith("s.yaml:2:35: network.file: nowhere.csv: cannot be read"));
    EXPECT_EQ(one(grow + "  c: {do: churn, sessions: levy}\n"),
              "s.yaml:4:28: phases.c.sessions: \"levy\" is not allowed; allowed: weibull, pareto or exponential");
    EXPECT_EQ(one(grow + "  c: {do: churn, sessions: exponential, shape: 1}\n"),
              "s.yaml:4:41: phases.c.shape: a phase of kind churn has no such field; allowed: do, for, sessions, "
              "scale, downtime");
    EXPECT_EQ(one(grow + "  a: {do: attack, groups: 0}\n"),
              "s.yaml:4:27: phases.a.groups: \"0\" is not allowed; allowed: 1 to 2000");
    EXPECT_EQ(one(grow + "  a: {do: flood, rate: 1001}\n"),
              "s.yaml:4:24: phases.a.rate: \"1001\" is not allowed; allowed: 1 to 1000");
    EXPECT_EQ(one(grow + "  a: {do: slow, extra: 2h}\n"),
              "s.yaml:4:24: phases.a.extra: \"2h\" is not allowed; allowed: 1ms to 1m");
    EXPECT_EQ(one(grow + "  a: {do: clocks, drift: 2}\n"),
              "s.yaml:4:26: phases.a.drift: \"2\" is not allowed; allowed: 0 to 1, or a percentage");
    EXPECT_EQ(one(grow + "  u: {do: upgrade}\n"),
              "s.yaml:4: phases.u: there are no originals; set `originals`, such as `originals: 20%`");
    EXPECT_EQ(one("originals: 96%\n" + grow),
              "s.yaml:2:12: originals: \"96%\" is not allowed; allowed: 0 to 0.95, or a percentage");
}

TEST(ScenarioReader, ReadsAWrittenScenarioAsTheSame) {
    for (const BuiltInScenario& one : built_in_scenarios()) {
        Scenario first = read_scenario(std::string{one.name} + ".yaml", one.yaml, {}).scenario;
        first.about = "says \"this\": \\ and #that\ttoo";
        first.phases.back().name = "a name: with.dots";
        first.seed = 18446744073709551615U;
        first.network.loss = 1.0 / 3;
        const std::string yaml = scenario_yaml(first);
        const ReadScenario again = read_scenario("other.yaml", yaml, {});
        ASSERT_THAT(again.problems, IsEmpty()) << one.name << "\n" << yaml;
        EXPECT_EQ(scenario_yaml(again.scenario), yaml) << one.name;
        EXPECT_EQ(again.scenario.about, first.about);
        EXPECT_EQ(again.scenario.phases.back().name, first.phases.back().name);
        EXPECT_EQ(again.scenario.network.loss, first.network.loss);
        EXPECT_FALSE(again.record);
    }
}

TEST(ScenarioReader, ReadsARecordedRunAsTheSame) {
    const Scenario played = read_scenario("s.yaml", good, {}).scenario;
    const RecordedRun record{
        "halp-sim 9", 0xfedcba9876543210U, 77, {{1500ms, 5, 1}, {2s, 77, 0xfedcba9876543210U}}};
    const ReadScenario again = read_scenario("r.yaml", recorded_run_yaml(played, record), {});
    ASSERT_THAT(again.problems, IsEmpty());
    ASSERT_TRUE(again.record);
    EXPECT_EQ(again.record->program, "halp-sim 9");
    EXPECT_EQ(again.record->digest, record.digest);
    EXPECT_EQ(again.record->events, 77u);
    EXPECT_EQ(again.record->checkpoints, record.checkpoints);
    EXPECT_THAT(problems_of(std::string{good} + "record: {digest: xyz}\n"),
                ElementsAre("s.yaml:9:18: record.digest: not in the form that halp-sim writes"));
    EXPECT_THAT(problems_of(std::string{good} + "record: {checkpoints: [1s 5]}\n").size(), 1u);
    EXPECT_THAT(problems_of(std::string{good} + "record: {colour: red}\n").size(), 1u);
}

TEST(ScenarioFields, AreDocumentedInTheReadme) {
    std::ifstream file{std::string{HALP_SOURCE_DIR} + "/simulations/swarm/README.md"};
    std::stringstream readme;
    readme << file.rdbuf();
    EXPECT_NE(readme.str().find(field_documentation()), std::string::npos)
        << "the tables have changed; README.md must have:\n"
        << field_documentation();
}

TEST(ScenarioReader, AcceptsEveryBuiltInScenario) {
    EXPECT_GE(built_in_scenarios().size(), 25u);
    for (const BuiltInScenario& one : built_in_scenarios()) {
        const ReadScenario got = read_scenario(std::string{one.name}, one.yaml, {});
        EXPECT_THAT(got.problems, IsEmpty()) << one.name;
        EXPECT_FALSE(got.scenario.about.empty()) << one.name;
    }
    EXPECT_EQ(nearest_built_in("anounce"), "announce");
    EXPECT_EQ(find_built_in("anounce"), nullptr);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
