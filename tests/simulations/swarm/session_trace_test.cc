#include "simulations/swarm/session_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "simulations/swarm/scenario_reader.h"
#include "simulations/swarm/swarm_run.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(SessionTrace, ThreeLayoutsSayTheSame) {
    const std::vector<Session> expected{{0, 0s, 10s}, {1, 5s, 7500ms}, {0, 20s, 30s}};
    for (const char* content :
         {"host,start,end\na,100,110\na,120,130\nb,105,107.5\n", "a 100 110\nb 105 107.5 # a comment\na 120 130\n",
          "a 2 100 110 120 130\nb 1 105 107.5\n",
          "#event_id\tcomponent_id\tnode_id\tplatform_id\tnode_name\tevent_type\tstart\tend\treason\n"
          "1\t0\ta\t0\t\t1\t100\t110\t0\n2\t0\ta\t0\t\t0\t110\t120\t0\n3\t0\ta\t0\t\t1\t120\t130\t0\n"
          "4\t0\tb\t0\t\t1\t105\t107.5\t0\n"}) {
        const auto trace = parse_session_trace("t", content);
        ASSERT_TRUE(trace) << trace.error().message;
        EXPECT_EQ(trace->hosts, 2u);
        EXPECT_EQ(trace->sessions, expected) << content;
        EXPECT_EQ(parse_session_trace("again", print_session_trace(*trace))->sessions, expected);
    }
    EXPECT_EQ(parse_session_trace("t", "a 0 10\na 5 20\n")->sessions, (std::vector<Session>{{0, 0s, 20s}}))
        << "overlap";
}

TEST(SessionTrace, AMistakeIsToldWithItsLine) {
    const auto wrong = [](std::string_view content) {
        const auto trace = parse_session_trace("t", content);
        return trace ? "" : trace.error().message;
    };
    EXPECT_EQ(wrong("a 0 10\nb 20 15\n"), "t:2: the session ends before it starts");
    EXPECT_THAT(wrong("a 0 10\nb 20\n"), HasSubstr("t:2: 2 columns; allowed: `host start end`"));
    EXPECT_THAT(wrong("a 0 10\nb x 15\n"), HasSubstr("t:2: \"x\" is not allowed; allowed: seconds"));
    EXPECT_THAT(wrong("a 2 0 10 20\n"), HasSubstr("t:1: 5 columns"));
    EXPECT_THAT(wrong("host start end\n"), HasSubstr("no session"));
    EXPECT_THAT(wrong("a 0 1e9\n"), HasSubstr("longer than a year"));
    EXPECT_THAT(wrong("1\t0\ta\t0\tn\t7\t100\t110\t0\n"), HasSubstr("event type \"7\" is not allowed"));
}

TEST(SessionTrace, HostsComeAndGoAsTheFileSays) {
    const std::string directory = testing::TempDir() + "halp_trace/";
    std::filesystem::create_directories(directory);
    std::ofstream{directory + "t.csv"} << "a 0 6\nb 2 20\na 9 11\nc 12 40\n";
    const auto read = [&](const std::string& nodes, const std::string& more) {
        return read_scenario(directory + "s.yaml",
                             "about: x\nnodes: " + nodes +
                                 "\nphases:\n  grow: {do: grow, to: 1, for: 1s}\n  real: {do: trace, file: t.csv" +
                                 more + "}\n",
                             {});
    };
    const ReadScenario scenario = read("4", "");
    ASSERT_TRUE(scenario.problems.empty()) << scenario.problems.front();
    EXPECT_EQ(scenario.scenario.phases[1].span, 40s) << "the length of the trace";
    const RunResult run = play(scenario.scenario);
    const auto living = [&](Duration at) {
        for (const Sample& s : run.samples)
            if (s.at == at) return s.living;
        return std::size_t{99};
    };
    EXPECT_EQ(living(1s), 2u) << "the bootstrap and a";
    EXPECT_EQ(living(4s), 3u);
    EXPECT_EQ(living(8s), 2u);
    EXPECT_EQ(living(11s), 3u) << "a is back";
    EXPECT_EQ(living(15s), 3u);
    EXPECT_EQ(living(30s), 2u);
    EXPECT_EQ(read("4", ", for: 10s").scenario.phases[1].span, 10s);
    EXPECT_THAT(read("3", "").problems.front(),
                HasSubstr("s.yaml:5:27: phases.real.file: the trace has 3 hosts"));
    EXPECT_THAT(read("3", "").problems.front(), HasSubstr("`nodes` must be at least 4"));
    std::filesystem::remove_all(directory);
}

TEST(ScenarioImport, BeginsFromAnotherAndGoesBeforeIt) {
    const std::string directory = testing::TempDir() + "halp_import/";
    std::filesystem::create_directories(directory);
    std::ofstream{directory + "base.yaml"} << "import: catastrophe_50\nabout: base\nnodes: 40\n";
    const auto read = [&](const std::string& yaml) { return read_scenario(directory + "s.yaml", yaml, {}); };
    const ReadScenario got =
        read("import: base.yaml\nabout: mine\nphases: {catastrophe: {share: 70%}, after: {do: steady, for: 5s}}\n");
    ASSERT_TRUE(got.problems.empty()) << got.problems.front();
    EXPECT_EQ(got.scenario.nodes, 40u);
    EXPECT_EQ(got.scenario.about, "mine");
    EXPECT_EQ(got.scenario.name, "s");
    ASSERT_EQ(got.scenario.phases.size(), 4u);
    EXPECT_EQ(got.scenario.phases[2].share, 0.7);
    EXPECT_EQ(got.scenario.phases[3].name, "after");
    std::filesystem::create_directories(directory + "growth");
    EXPECT_TRUE(read("import: growth\nabout: x\n").problems.empty()) << "a directory of that name does not matter";
    std::ofstream{directory + "ring.yaml"} << "import: s.yaml\n";
    EXPECT_THAT(read("import: ring.yaml\nabout: x\n").problems.front(), HasSubstr("ring.yaml:1:9: import: "));
    EXPECT_THAT(read("import: grwth\nabout: x\n").problems.front(), HasSubstr("did you mean growth?"));
    EXPECT_THAT(read("import: [a, b]\nabout: x\n").problems.front(), HasSubstr("import takes one name"));
    std::filesystem::remove_all(directory);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
