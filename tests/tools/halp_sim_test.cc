#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/halp-sim/console_table.h"
#include "tools/halp-sim/svg_plot.h"
#include "tools/halp-sim/verbs.h"

namespace halp::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Outcome {
    int code;
    std::string out, err;
};

Outcome run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "halp-sim");
    const Parsed parsed = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
    if (!parsed.command) return {parsed.code, parsed.text, ""};
    std::ostringstream out, err;
    const int code = run_command(*parsed.command, {out, err});
    return {code, out.str(), err.str()};
}

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(HalpSim, ListsTheBuiltInScenarios) {
    const Outcome got = run({"list"});
    EXPECT_EQ(got.code, exit_done);
    for (const char* name : {"growth", "flash_crowd", "catastrophe_50", "catastrophe_90", "partition", "loss_25",
                             "churn_weibull", "stalled", "announce"})
        EXPECT_THAT(got.out, HasSubstr(name));
}

TEST(HalpSim, WritesEveryFileOfARunAndTheSameTwice) {
    const std::string directory = testing::TempDir() + "halp_sim_test";
    std::string summaries[2];
    for (std::string& summary : summaries) {
        std::filesystem::remove_all(directory);
        const Outcome got = run({"run", "announce", "--nodes", "20", "--seed", "3", "-o", directory.c_str()});
        ASSERT_EQ(got.code, exit_done) << got.err;
        EXPECT_EQ(got.err, "");  // no progress but on a terminal
        EXPECT_THAT(got.out, HasSubstr("digest "));
        summary = content(directory + "/summary.json");
    }
    EXPECT_EQ(summaries[0], summaries[1]);
    const auto json = nlohmann::json::parse(summaries[0]);
    EXPECT_EQ(json["seed"], 3);
    EXPECT_EQ(json["parameters"]["nodes"], "20");
    EXPECT_EQ(json["parameters"]["gossip.period"], "1s");
    EXPECT_EQ(json["digest"].get<std::string>().size(), 16u);
    EXPECT_EQ(json["items"][0]["reached"], 20);
    for (const char* name :
         {"samples.csv", "in_degree.csv", "traffic.csv", "spread.csv", "overlay.graphml", "overlay.dot"})
        EXPECT_GT(content(directory + "/" + name).size(), 40u) << name;
    const std::string page = content(directory + "/report.html");
    EXPECT_THAT(page, HasSubstr("Coverage over time"));
    EXPECT_THAT(page, HasSubstr(json["digest"].get<std::string>()));
    for (const char* outside : {"http:", "https:", "<script", "<link", "src="})
        EXPECT_THAT(page, Not(HasSubstr(outside)));
    std::filesystem::remove_all(directory);
}

TEST(HalpSim, SaysWhatIsWrongAndWhatWasMeant) {
    Outcome got = run({"run", "anounce"});
    EXPECT_EQ(got.code, exit_bad_scenario);
    EXPECT_THAT(got.err, HasSubstr("did you mean announce?"));
    got = run({"run", "announce", "--set", "gossip.perod=1s"});
    EXPECT_EQ(got.code, exit_bad_scenario);
    EXPECT_EQ(got.err, "halp-sim: --set: unknown field gossip.perod; did you mean gossip.period?\n");
    got = run({"run", "announce", "--set", "nonsense"});
    EXPECT_EQ(got.code, exit_bad_scenario);
    EXPECT_EQ(run({"fly"}).code, exit_usage);
    EXPECT_EQ(run({"--help"}).code, exit_done);
}

TEST(SvgPlot, SharesAreSteps) {
    using Points = std::vector<std::pair<double, double>>;
    EXPECT_EQ(share_up_to({3, 1, 1, 2}), (Points{{1, 0.5}, {2, 0.75}, {3, 1}}));
    EXPECT_EQ(share_from({3, 1, 1, 2}), (Points{{1, 1}, {2, 0.5}, {3, 0.25}}));
}

TEST(SvgPlot, DrawsNothingNotANumber) {
    for (const bool logarithmic : {false, true}) {
        for (const std::vector<std::pair<double, double>>& points :
             {std::vector<std::pair<double, double>>{}, {{0, 0}}, {{5, 1}}, {{0, 0.001}, {10, 1}}}) {
            Plot plot{"a < b", "x", "y", {{"one", points}}, logarithmic, 0, {}};
            const std::string text = svg(plot);
            EXPECT_THAT(text, Not(HasSubstr("nan")));
            EXPECT_THAT(text, Not(HasSubstr("inf")));
            EXPECT_THAT(text, HasSubstr("a &lt; b"));
        }
    }
}

TEST(ConsoleTable, AlignsNumbersAtTheRight) {
    EXPECT_EQ(table({{"name", "n"}, {"a", "12"}, {"long name", "3"}}),
              "name       n\na          12\nlong name   3\n");
}

}  // namespace
}  // namespace halp::sim
