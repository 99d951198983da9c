#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/halp-sim/many_runs.h"
#include "tools/halp-sim/memory_need.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/run_metrics.h"
#include "tools/halp-sim/report/shares.h"
#include "tools/halp-sim/report/svg_plot.h"
#include "tools/halp-sim/verbs.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

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
    for (const char* name :
         {"growth",          "flash_crowd",          "catastrophe_50", "catastrophe_90", "partition",
          "loss_25",         "churn_weibull",        "stalled",        "announce",       "churn_pareto",
          "catastrophe_70",  "partition_day",        "one_way",        "slow_nodes",     "skewed_clocks",
          "hub_attack_4",    "hub_attack_64",        "hub_attack_400", "label_flood",    "rolling_upgrade",
          "originals_mixed", "internet_transit_stub"})
        EXPECT_THAT(got.out, HasSubstr(name));
}

TEST(HalpSim, SaysWhatWouldFitIntoMemory) {
    constexpr std::uint64_t mib = 1 << 20;
    EXPECT_TRUE(fits(100 * mib, 2, 200 * mib));
    EXPECT_EQ(
        fits(100 * mib, 4, 350 * mib).error().message,
        "it needs about 400 MiB of memory (4 runs at once, 100 MiB each), and there are 350 MiB: --jobs 3 fits; "
        "ulimit -v and MemoryMax may allow more");
    EXPECT_THAT(fits(100 * mib, 1, 50 * mib).error().message, HasSubstr("there are 50 MiB: take fewer nodes"));
}

TEST(HalpSim, ShowsABuiltInScenario) {
    EXPECT_THAT(run({"show", "growth"}).out, HasSubstr("about: exponential growth"));
    const Outcome unknown = run({"show", "grwth"});
    EXPECT_EQ(unknown.code, exit_bad_scenario);
    EXPECT_THAT(unknown.err, HasSubstr("did you mean growth?"));
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
    EXPECT_EQ(json["seed"], "3") << "64 bits, which JSON readers round";
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

// A directory that the destructor removes.
struct Directory {
    explicit Directory(const std::string& name) : path(testing::TempDir() + "halp_sim_" + name) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~Directory() { std::filesystem::remove_all(path); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream{path + "/" + name, std::ios::binary} << text;
        return path + "/" + name;
    }
    std::string path;
};

constexpr const char* small =
    "about: small\nnodes: 12\nphases:\n  grow: {do: grow, for: 3s}\n  news: {do: announce, for: 3s}\n"
    "  boom: {do: kill, share: 50%, for: 4s}\n";

TEST(HalpSim, PlaysSeveralSeedsForBandsTheSameOverAnyNumberOfThreads) {
    const Directory d{"seeds"};
    const std::string file = d.write("s.yaml", small), one = d.path + "/one", two = d.path + "/two";
    ASSERT_EQ(run({"run", file.c_str(), "--seeds", "4", "-j", "1", "-o", one.c_str()}).code, exit_done);
    const Outcome got = run({"run", file.c_str(), "--seeds", "4", "-j", "3", "-o", two.c_str()});
    ASSERT_EQ(got.code, exit_done) << got.err;
    EXPECT_THAT(got.out, HasSubstr("over the seeds"));
    for (const char* name : {"/summary.json", "/report.html", "/runs.csv", "/run.yaml", "/run_seed_4.yaml"})
        EXPECT_EQ(content(one + name), content(two + name)) << name;
    const auto json = nlohmann::json::parse(content(one + "/summary.json"));
    ASSERT_EQ(json["seeds"].size(), 4u);
    EXPECT_EQ(json["seeds"][0]["digest"], json["digest"]);
    EXPECT_NE(json["seeds"][1]["digest"], json["digest"]);
    EXPECT_EQ(json["bands"]["boom.living"]["median"], 6);
    EXPECT_TRUE(json["bands"]["boom.living"]["p5"].is_null()) << "four runs have no 5 % quantile";
    EXPECT_THAT(content(one + "/report.html"), Not(HasSubstr("fill-opacity=\".25\""))) << "nor a band";
    EXPECT_THAT(content(one + "/report.html"), HasSubstr("Each of the 4 seeds is a line of its own"));
    EXPECT_EQ(run({"replay", (one + "/run_seed_3.yaml").c_str()}).code, exit_done);
}

TEST(HalpSim, ReplaysARecordAndNamesTheFirstDifference) {
    const Directory d{"replay"};
    const std::string matrix = d.write("ms.csv", "1,5,9\n5,1,7\n9,7,1\n");
    const std::string file = d.write("s.yaml", std::string{small} + "network: {topology: matrix, file: ms.csv}\n");
    const std::string out = d.path + "/out";
    ASSERT_EQ(run({"run", file.c_str(), "-o", out.c_str()}).code, exit_done);
    std::filesystem::remove(matrix);  // the record has its own
    Outcome got = run({"replay", out.c_str()});
    EXPECT_EQ(got.code, exit_done) << got.err;
    EXPECT_THAT(got.out, HasSubstr("the same run: digest "));

    std::string record = content(out + "/run.yaml");
    const std::size_t at = record.find("\"phases.");
    EXPECT_EQ(at, std::string::npos);
    record.replace(record.find("share: \"0.5\""), 12, "share: \"0.4\"");
    got = run({"replay", d.write("out/changed.yaml", record).c_str()});
    EXPECT_EQ(got.code, exit_failed);
    EXPECT_THAT(got.out, HasSubstr("NOT the same run"));
    EXPECT_THAT(got.out, HasSubstr("the first difference is between 6.000000 s and 7.000000 s, phase boom"));

    got = run({"replay", file.c_str()});
    EXPECT_EQ(got.code, exit_bad_scenario);
    got = run({"replay", d.write("plain.yaml", small).c_str()});
    EXPECT_THAT(got.err, HasSubstr("is a scenario, not a record"));
}

TEST(HalpSim, SweepsEveryCombinationOfAFile) {
    const Directory d{"sweep"};
    d.write("s.yaml", small);
    const std::string plan =
        d.write("plan.yaml",
                "scenario: s.yaml\nabout: what loss does\nseeds: 2\nseed: 5\nset:\n  gossip.period: 500ms\n"
                "vary:\n  nodes: [8, 16]\n  network.loss: [0%, 20%]\n");
    const std::string out = d.path + "/out";
    const Outcome got = run({"sweep", plan.c_str(), "-o", out.c_str()});
    ASSERT_EQ(got.code, exit_done) << got.err;
    EXPECT_THAT(got.out, HasSubstr("4 settings, 2 seeds each"));
    EXPECT_THAT(got.out, HasSubstr("boom.periods_to_clean"));
    const std::string runs = content(out + "/runs.csv");
    EXPECT_EQ(std::ranges::count(runs, '\n'), 9);
    EXPECT_EQ(runs.substr(0, 31), "nodes,network.loss,seed,digest,");
    EXPECT_THAT(runs, HasSubstr("\n8,0%,5,"));
    EXPECT_THAT(runs, HasSubstr("\n16,20%,6,"));
    EXPECT_THAT(content(out + "/sweep.csv"), HasSubstr("\n16,20%,boom.living,nodes,2,8,8,8,,\n"));
    const std::string page = content(out + "/report.html");
    EXPECT_THAT(page, HasSubstr("Rounds until an announcement is known, and theory"));
    EXPECT_THAT(page, HasSubstr("Survival map: nodes cut off at the end"));
    EXPECT_THAT(page, Not(HasSubstr("nan")));
    EXPECT_EQ(run({"replay", (out + "/runs/8.yaml").c_str()}).code, exit_done);
    EXPECT_THAT(content(out + "/runs/8.yaml"), HasSubstr("\"gossip.period\": 500ms"));
}

// A scenario file of this test, and a directory for results beside it.
struct OwnScenario {
    explicit OwnScenario(const std::string& name, const std::string& yaml)
        : directory(testing::TempDir() + "halp_sim_" + name),
          file(directory + "/scenario.yaml"),
          results(directory + "/out") {
        std::filesystem::remove_all(directory);
        std::filesystem::create_directories(directory);
        std::ofstream{file} << yaml;
    }
    std::string directory, file, results;
};

constexpr const char* small_yaml =
    "about: small\nnodes: 20\nphases:\n  grow: {do: grow, for: 5s}\n  say: {do: announce, for: 5s}\n"
    "  boom: {do: kill, share: 20%, for: 5s}\n";

TEST(HalpSim, WritesNumbersOrNullWhereNumbersAreMeant) {
    const OwnScenario own{"numbers", small_yaml};
    ASSERT_EQ(run({"run", own.file.c_str(), "-o", own.results.c_str()}).code, exit_done);
    const auto json = nlohmann::json::parse(content(own.results + "/summary.json"));
    const auto is_figure = [](const nlohmann::json& value) { return value.is_number() || value.is_null(); };
    for (const auto& item : json["items"])
        for (const char* name : {"seconds_to_50", "seconds_to_99", "seconds_to_99_9", "seconds_to_100"})
            EXPECT_TRUE(item.contains(name) && is_figure(item[name])) << name << item;
    EXPECT_TRUE(is_figure(json["phases"][2].at("periods_to_clean")));
    EXPECT_EQ(json["overlay"].at("path_length_sources"), json["overlay"]["nodes"]);
}

// Splits a line of a CSV file by RFC 4180.
std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"')
            cells.back() += line[++i];
        else if (line[i] == '"')
            quoted = !quoted;
        else if (line[i] == ',' && !quoted)
            cells.emplace_back();
        else
            cells.back() += line[i];
    }
    return cells;
}

TEST(HalpSim, NamesOfPhasesMayHaveCommasAndQuotes) {
    const OwnScenario own{"names",
                          "about: names\nnodes: 10\nphases:\n  \"grow, fast\": {do: grow, for: 3s}\n"
                          "  'then \"calm\"': {do: steady, for: 2s}\n"};
    ASSERT_EQ(run({"run", own.file.c_str(), "--seeds", "2", "-o", own.results.c_str()}).code, exit_done);
    for (const char* name : {"/samples.csv", "/runs.csv"}) {
        std::istringstream lines{content(own.results + name)};
        std::string line;
        std::getline(lines, line);
        const std::size_t columns = cells_of(line).size();
        while (std::getline(lines, line)) {
            EXPECT_EQ(cells_of(line).size(), columns) << line;
            if (std::string_view{name} != "/samples.csv") continue;
            EXPECT_THAT(cells_of(line)[1], testing::AnyOf("grow, fast", "then \"calm\""));
        }
    }
    EXPECT_THAT(content(own.results + "/runs.csv"), HasSubstr("\"grow, fast.living\""));
}

TEST(HalpSim, SeedsOfASweepCountWhereverTheyAreGiven) {
    const OwnScenario own{"seeds", std::string{small_yaml} + "seed: 42\n"};
    const auto first_seed = [&](std::vector<const char*> more) {
        std::vector<const char*> arguments{"sweep", own.file.c_str(),    "--vary", "nodes=10,20", "--seeds", "1",
                                           "-o",    own.results.c_str(), "--force"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        EXPECT_EQ(run(arguments).code, exit_done);
        std::istringstream lines{content(own.results + "/runs.csv")};
        std::string line;
        std::getline(lines, line);
        std::getline(lines, line);
        return cells_of(line).at(1);
    };
    EXPECT_EQ(first_seed({}), "42");
    EXPECT_EQ(first_seed({"--set", "seed=7"}), "7");
    EXPECT_EQ(first_seed({"--seed", "8"}), "8");
    EXPECT_EQ(first_seed({"--seed", "7", "--set", "seed=7"}), "7") << "the same thing twice is no contradiction";
}

TEST(HalpSim, AVariedSeedIsTheListOfSeeds) {
    const OwnScenario own{"varied_seed", std::string{small_yaml} + "seed: 42\n"};
    ASSERT_EQ(
        run({"sweep", own.file.c_str(), "--vary", "seed=9,5", "--vary", "nodes=5,8", "-o", own.results.c_str()})
            .code,
        exit_done);
    std::istringstream lines{content(own.results + "/runs.csv")};
    std::string line, played;
    std::getline(lines, line);
    EXPECT_EQ(cells_of(line)[1], "seed") << "it is named once";
    while (std::getline(lines, line)) played += cells_of(line)[0] + ":" + cells_of(line)[1] + " ";
    EXPECT_EQ(played, "5:9 5:5 8:9 8:5 ");
    const std::string alone = own.directory + "/alone";
    EXPECT_EQ(run({"sweep", own.file.c_str(), "--vary", "seed=3,4", "-o", alone.c_str()}).code, exit_done);
}

TEST(HalpSim, NothingThatIsGivenTwiceIsOverriddenSilently) {
    const auto refused = [](std::vector<const char*> words) {
        const Outcome got = run(std::move(words));
        EXPECT_EQ(got.code, exit_bad_scenario);
        return got.err;
    };
    EXPECT_THAT(refused({"sweep", "growth", "--vary", "nodes=5,8", "--seed", "8", "--set", "seed=7"}),
                HasSubstr("--seed: seed is given twice, as 7 by --set and as 8"));
    EXPECT_THAT(refused({"run", "growth", "--nodes", "8", "--set", "nodes=7"}), HasSubstr("nodes is given twice"));
    EXPECT_THAT(refused({"run", "growth", "--set", "gossip.period=1s", "--set", "gossip.period=2s"}),
                HasSubstr("gossip.period is given twice"));
    EXPECT_THAT(refused({"sweep", "growth", "--vary", "nodes=5,8", "--nodes", "9"}),
                HasSubstr("--nodes: nodes is varied; it cannot be set to 9, too"));
    EXPECT_THAT(refused({"sweep", "growth", "--vary", "seed=5,6", "--seeds", "3"}),
                HasSubstr("seed is varied, and --seeds"));
    EXPECT_THAT(refused({"sweep", "growth", "--vary", "seed=5,5"}), HasSubstr("seed 5 is given twice"));
    EXPECT_THAT(refused({"sweep", "growth", "--vary", "nodes=5,8", "--seed", "18446744073709551615"}),
                HasSubstr("the last would be above"));
}

TEST(HalpSim, ADirectoryThatCannotBeMadeIsToldBeforeTheRun) {
    const OwnScenario own{"nowhere", small_yaml};
    const std::string inside_a_file = own.file + "/out";
    const Outcome got = run({"run", own.file.c_str(), "-o", inside_a_file.c_str()});
    EXPECT_EQ(got.code, exit_failed);
    EXPECT_EQ(got.out, "") << "nothing was played";
    EXPECT_THAT(got.err, HasSubstr("cannot make the directory"));
}

TEST(HalpSim, ASecondRunLeavesNothingOfTheFirst) {
    const OwnScenario own{"again", small_yaml};
    ASSERT_EQ(run({"run", own.file.c_str(), "--seeds", "3", "-o", own.results.c_str()}).code, exit_done);
    std::ofstream{own.results + "/notes.txt"} << "mine";
    EXPECT_TRUE(std::filesystem::exists(own.results + "/run_seed_3.yaml"));
    const std::string before = content(own.results + "/summary.json");
    const Outcome refused = run({"run", own.file.c_str(), "-o", own.results.c_str()});
    EXPECT_EQ(refused.code, exit_failed);
    EXPECT_EQ(refused.out, "") << "nothing was played";
    EXPECT_THAT(refused.err, HasSubstr("has results of an earlier run"));
    EXPECT_EQ(content(own.results + "/summary.json"), before);
    ASSERT_EQ(run({"run", own.file.c_str(), "--force", "-o", own.results.c_str()}).code, exit_done);
    EXPECT_FALSE(std::filesystem::exists(own.results + "/run_seed_3.yaml"));
    EXPECT_FALSE(std::filesystem::exists(own.results + "/runs.csv"));
    EXPECT_EQ(content(own.results + "/notes.txt"), "mine");
}

TEST(HalpSim, ASweepSaysWhatIsWrong) {
    const Directory d{"sweep_wrong"};
    d.write("s.yaml", small);
    Outcome got = run({"sweep", "announce"});
    EXPECT_EQ(got.code, exit_bad_scenario);
    EXPECT_THAT(got.err, HasSubstr("nothing is varied"));
    got = run({"sweep", "announce", "--vary", "nodes"});
    EXPECT_THAT(got.err, HasSubstr("--vary nodes: write key=value,value"));
    got = run({"sweep", "announce", "--vary", "nodes=20,many"});
    EXPECT_THAT(got.err, HasSubstr("vary: nodes: \"many\" is not allowed"));
    got = run({"sweep", d.write("p.yaml", "scenario: s.yaml\nseeds: none\nvarry: {nodes: [1]}\n").c_str()});
    EXPECT_THAT(got.err, HasSubstr("p.yaml:2:8: seeds: \"none\" is not allowed; allowed: a number up to 1000"));
    EXPECT_THAT(got.err, HasSubstr("p.yaml:3:9: varry.nodes is not a field; allowed: scenario, about"));
    got = run({"sweep", d.write("q.yaml", "scenario: none.yaml\nvary: {nodes: [1]}\n").c_str()});
    EXPECT_THAT(got.err, HasSubstr("q.yaml:1:11: scenario: no file and no built-in scenario none.yaml"));
    std::string many = "nodes=2";
    for (int i = 0; i < 200; ++i) many += ",2";
    got = run({"sweep", "announce", "--vary", many.c_str(), "--seeds", "100"});
    EXPECT_THAT(got.err, HasSubstr("more than 10000 runs"));
}

TEST(HalpSim, ComparesTwoRunsAndMarksWhatDiffers) {
    const Directory d{"compare"};
    const std::string file = d.write("s.yaml", small), a = d.path + "/a", b = d.path + "/b";
    ASSERT_EQ(run({"run", file.c_str(), "-o", a.c_str()}).code, exit_done);
    ASSERT_EQ(run({"run", file.c_str(), "--set", "network.loss=20%", "-o", b.c_str()}).code, exit_done);
    const std::string page = d.path + "/page";
    Outcome got = run({"compare", a.c_str(), (b + "/summary.json").c_str(), "-o", page.c_str()});
    ASSERT_EQ(got.code, exit_done) << got.err;
    EXPECT_THAT(got.out, HasSubstr("* parameter network.loss"));
    EXPECT_THAT(got.out, testing::ContainsRegex("\n[0-9]+ figures are equal: [^\n]*phases.boom.living,"));
    EXPECT_THAT(got.out, Not(HasSubstr("\n  phases.boom.living"))) << "what is equal has no row";
    EXPECT_THAT(got.out, HasSubstr("* digest"));
    const std::string html = content(page + "/compare.html");
    EXPECT_THAT(html, HasSubstr("<tr class=\"mark\"><td>parameter network.loss</td><td>0</td><td>0.2</td>"));
    EXPECT_THAT(html, HasSubstr("Dead share of the views"));
    got = run({"compare", a.c_str(), a.c_str()});
    EXPECT_THAT(got.out, HasSubstr("0 values differ"));
    got = run({"compare", a.c_str(), d.path.c_str()});
    EXPECT_EQ(got.code, exit_failed);
    got = run({"compare", a.c_str(), d.write("x.json", "{\"parameters\": 1}").c_str()});
    EXPECT_THAT(got.err, HasSubstr("is no summary.json of halp-sim"));
}

TEST(HalpSim, ProgressTellsTimeSpeedAndWhatIsLeft) {
    Progress p{.simulated_s = 35, .total_s = 70, .passed_s = 8, .events = 4'000'000, .living = 300};
    EXPECT_EQ(progress_text(p), "[##########          ] 35.0 of 70 s, 300 nodes, 500 k events/s, about 8 s left");
    p.runs = 10;
    p.runs_done = 4;
    EXPECT_EQ(progress_text(p),
              "[##########          ] 4 of 10 runs, 35.0 of 70 s, 500 k events/s, about 8 s left");
    EXPECT_EQ(progress_text({}), "[                    ] 0.0 of 0 s, 0 nodes, 0 k events/s");
}

TEST(RunMetrics, QuantilesLieBetweenNeighbours) {
    EXPECT_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
    EXPECT_EQ(quantile({4, 1, 3, 2}, 0), 1);
    EXPECT_EQ(quantile({4, 1, 3, 2}, 1), 4);
    EXPECT_EQ(quantile({7}, 0.95), 7);
    EXPECT_EQ(quantile({}, 0.5), 0);
}

// Means of simulated push-pull with uniform partners: 1 000, 10 000 and 100 000 nodes to 50, 99 and 99.9 %. The
// mean field ignores the delay until the second node knows the item.
TEST(RunMetrics, TheTheoryCurveIsNearWhatIsSimulated) {
    const double expected[3][4]{{1'000, 6.6, 8.6, 9.0}, {10'000, 8.7, 10.6, 11.3}, {100'000, 10.8, 12.8, 13.4}};
    for (const auto& row : expected)
        for (const auto& [place, share] : {std::pair{1, 0.5}, {2, 0.99}, {3, 0.999}})
            EXPECT_NEAR(theory_rounds(row[0], share), row[place], 0.8) << row[0] << " " << share;
    EXPECT_LT(theory_rounds(2, 0.999), 3);
}

TEST(HalpSim, SaysWhatIsWrongAndWhatWasMeant) {
    Outcome got = run({"run", "anounce"});
    EXPECT_EQ(got.code, exit_bad_scenario);
    EXPECT_THAT(got.err, HasSubstr("did you mean announce?"));
    got = run({"run", "announce", "--set", "gossip.perod=1s"});
    EXPECT_EQ(got.code, exit_bad_scenario);
    EXPECT_EQ(got.err, "halp-sim: --set: gossip.perod is not a field; did you mean gossip.period?\n");
    got = run({"run", "announce", "--set", "nonsense"});
    EXPECT_EQ(got.code, exit_bad_scenario);
    EXPECT_EQ(run({"fly"}).code, exit_usage);
    EXPECT_EQ(run({"--help"}).code, exit_done);
}

TEST(HalpSim, RefusesNumbersThatAreNoneAndEmptyWords) {
    for (const char* number : {"nan", "inf", "-1", "1e999", ""}) {
        EXPECT_EQ(run({"faults", "--minutes", number}).code, exit_usage) << number;
        EXPECT_EQ(run({"faults", "--heal", number}).code, exit_usage) << number;
    }
    for (const char* setting : {"network.loss=nan", "network.loss=nan%", "network.loss=inf"})
        EXPECT_EQ(run({"run", "announce", "--nodes", "4", "--set", setting}).code, exit_bad_scenario) << setting;
    EXPECT_THAT(run({"faults", "--minutes", "nan"}).out,
                HasSubstr("--minutes: `nan` is not a number from 0.02 to 1440."));
    struct Case {
        std::vector<const char*> words;
        const char* name;
    };
    for (const Case& one : {Case{{"run", ""}, "scenario"},
                            {{"run", "announce", "--seed", ""}, "--seed"},
                            {{"run", "announce", "--set", ""}, "--set"},
                            {{"run", "announce", "-o", ""}, "--output"},
                            {{"run", "announce", "--output="}, "--output"},
                            {{"sweep", "announce", "--vary", ""}, "--vary"},
                            {{"compare", "a", ""}, "b"},
                            {{"faults", "--jobs", ""}, "--jobs"},
                            {{"replay", ""}, "record"},
                            {{"views", "--nodes", ""}, "--nodes"},
                            {{"check", "--only", ""}, "--only"},
                            {{"goals", "--only", ""}, "--only"}}) {
        const Outcome got = run(one.words);
        EXPECT_EQ(got.code, exit_usage) << one.name;
        EXPECT_THAT(got.out, HasSubstr(std::string{one.name} + ": it is empty.")) << got.out;
    }
}

TEST(SvgPlot, SharesAreSteps) {
    using Points = std::vector<std::pair<double, double>>;
    EXPECT_EQ(share_up_to({3, 1, 1, 2}), (Points{{1, 0.5}, {2, 0.75}, {3, 1}}));
    EXPECT_EQ(share_from({3, 1, 1, 2}), (Points{{1, 1}, {2, 0.5}, {3, 0.25}}));
}

TEST(SvgPlot, LogarithmicAxesHaveRoundTicks) {
    Plot plot{"t", "x", "y", {{"one", {{50, 1}, {400, 2}}}}, false, 0, {}, true, {}};
    std::string text = svg(plot);
    for (const char* tick : {">50<", ">100<", ">200<"}) EXPECT_THAT(text, HasSubstr(tick));
    plot.x_values = {50, 400};
    text = svg(plot);
    EXPECT_THAT(text, HasSubstr(">400<"));
    EXPECT_THAT(text, Not(HasSubstr(">100<")));
}

TEST(SvgPlot, AMapJoinsEqualCellsAndWritesIntoThem) {
    const Map map{.title = "m",
                  .x_axis = "x",
                  .y_axis = "y",
                  .row_names = {"first"},
                  .column_names = {"a", "b", "c"},
                  .rows = {{{0, 1}, {0, 1}, {1, 0.5}}},
                  .texts = {{"", "", "7"}},
                  .kinds = {{"good", 2}, {"bad", 1}}};
    const std::string text = svg(map);
    std::size_t cells = 0;
    for (std::size_t at = text.find("fill-opacity"); at != std::string::npos;
         at = text.find("fill-opacity", at + 1))
        ++cells;
    EXPECT_EQ(cells, 2u);
    for (const char* word : {">first<", ">b<", ">7<", ">bad<"}) EXPECT_THAT(text, HasSubstr(word));
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

// ---- faults, replay ----

TEST(HalpSim, TriesTheGoalsOfAGroup) {
    const Outcome got = run({"goals", "--quick", "--only", "join"});
    EXPECT_EQ(got.code, exit_done) << got.out;
    EXPECT_THAT(got.out, HasSubstr("newcomers have a usable list"));
    EXPECT_THAT(got.out, HasSubstr("everybody joined through one bootstrap"));
    EXPECT_THAT(got.out, HasSubstr("2 of 2 met"));
    EXPECT_THAT(got.out, Not(HasSubstr("MISSED")));
}

// Everybody dies in the first phase after the growth. A swarm without nodes has no dead entries, and is not clean.
TEST(HalpSim, ASwarmOfTheDeadIsNotClean) {
    const std::string directory = testing::TempDir() + "halp_sim_dead";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    std::ofstream{directory + "/dead.yaml"}
        << "about: all die\nnodes: 5\nphases:\n  grow: {do: grow, for: 3s}\n  say: {do: announce, for: 1s}\n"
           "  end: {do: kill, share: 100%, for: 5s}\n";
    const std::string scenario = directory + "/dead.yaml", results = directory + "/out";
    const Outcome got = run({"run", scenario.c_str(), "--seeds", "2", "-o", results.c_str()});
    ASSERT_EQ(got.code, exit_done);
    EXPECT_THAT(got.out, HasSubstr("overlay: no living nodes\n"));
    const auto summary = nlohmann::json::parse(content(results + "/summary.json"));
    const auto& end = summary["phases"][2];
    EXPECT_EQ(end["living"], 0);
    for (const char* share : {"joined_share", "dead_share", "coverage", "periods_to_clean"})
        EXPECT_TRUE(end[share].is_null()) << share << ": " << end[share];
    EXPECT_FALSE(end.contains("dead_forgotten_s")) << "nobody was there to forget";
    for (const char* figure : {"path_length", "clustering", "in_degree_mean"})
        EXPECT_TRUE(summary["overlay"][figure].is_null()) << figure;
    EXPECT_FALSE(summary["bands"].contains("end.dead_share"));
    EXPECT_THAT(content(results + "/samples.csv"), HasSubstr(",end,0,,,,"));
    EXPECT_THAT(content(results + "/samples.csv"), Not(HasSubstr("nan")));
    EXPECT_THAT(content(results + "/report.html"), Not(HasSubstr("nan")));
}

TEST(HalpSim, SparesTheFileThatItPlays) {
    const std::string directory = testing::TempDir() + "halp_sim_spares";
    std::filesystem::remove_all(directory);
    ASSERT_EQ(run({"run", "announce", "--nodes", "4", "-o", directory.c_str()}).code, exit_done);
    const std::string record = directory + "/run.yaml", before = content(record);
    for (const char* verb : {"run", "replay"}) {
        const Outcome got = run({verb, record.c_str(), "-o", directory.c_str()});
        EXPECT_EQ(got.code, exit_usage) << verb;
        EXPECT_THAT(got.err, HasSubstr("the results would replace " + record));
    }
    EXPECT_EQ(content(record), before);
}

TEST(HalpSim, ALaterRunLeavesNothingOfAnEarlierOne) {
    const std::string directory = testing::TempDir() + "halp_sim_again";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    for (const char* name : {"latency_0123456789abcdef.csv", "compare.html", "run_seed_9.yaml", "spread.csv"})
        std::ofstream{directory + "/" + name} << "old";
    for (const char* name : {"latency_mine.csv", "notes.txt"}) std::ofstream{directory + "/" + name} << "mine";
    ASSERT_EQ(run({"run", "growth", "--nodes", "4", "--force", "-o", directory.c_str()}).code, exit_done);
    for (const char* name : {"latency_0123456789abcdef.csv", "compare.html", "run_seed_9.yaml", "spread.csv"})
        EXPECT_FALSE(std::filesystem::exists(directory + "/" + name)) << name;
    for (const char* name : {"latency_mine.csv", "notes.txt"})
        EXPECT_EQ(content(directory + "/" + name), "mine") << name;
}

TEST(HalpSim, SuggestsNothingThatWasGiven) {
    EXPECT_EQ(run({"run", "growth", "--set", "phases=3"}).err,
              "halp-sim: --set: phases is a section: give one of its fields, such as phases.NAME.share\n");
    EXPECT_THAT(run({"run", "growth", "--set", "gossip=3"}).err,
                HasSubstr("gossip is a section: give one of its fields, such as gossip."));
    EXPECT_THAT(run({"run", "growth", "--nodes", "x"}).out,
                HasSubstr("--nodes: `x` is not a whole number from 2 to 100000."));
    EXPECT_THAT(run({"views", "--nodes", "10"}).err,
                HasSubstr("--nodes: `10` is not more than the view holds, 20."));
    EXPECT_THAT(run({"rnu"}).out, HasSubstr("did you mean `halp-sim run`?"));
}

TEST(HalpSim, SaysWhatGoalsThereAre) {
    const Outcome got = run({"goals", "--only", "speed"});
    EXPECT_EQ(got.code, exit_usage);
    EXPECT_THAT(got.out, HasSubstr("--only: `speed` is not one of spread, healing"));
    EXPECT_THAT(got.out, HasSubstr("false alarms"));
}

TEST(HalpSim, PlaysRandomFaultsAndTellsTheSeeds) {
    const Outcome got =
        run({"faults", "--seeds", "3", "--seed", "21", "--nodes", "6", "--minutes", "0.5", "-j", "2"});
    EXPECT_EQ(got.code, exit_done) << got.out;
    EXPECT_THAT(got.out, HasSubstr("seeds 21 to 23, 6 nodes"));
    EXPECT_THAT(got.out, HasSubstr("3 of 3 good"));
}

TEST(HalpSim, RecordsTheSmallestFailureAndReplaysIt) {
    const std::string directory = testing::TempDir() + "halp_sim_faults";
    std::filesystem::remove_all(directory);
    // Without time to heal the effects of the last faults remain.
    const Outcome got =
        run({"faults", "--seed", "5", "--nodes", "8", "--minutes", "0.5", "--heal", "0", "-o", directory.c_str()});
    ASSERT_EQ(got.code, exit_failed) << got.out;
    EXPECT_THAT(got.out, HasSubstr("again: halp-sim faults --seed 5 --nodes 8 --minutes 0.5"));
    const std::string file = directory + "/faults-seed-5.txt";
    EXPECT_THAT(got.out, HasSubstr("replay: halp-sim replay " + file));
    const std::string record = content(file);
    const std::size_t digest = record.find("# digest ");
    ASSERT_NE(digest, std::string::npos) << record;
    const Outcome again = run({"replay", file.c_str()});
    EXPECT_EQ(again.code, exit_failed);
    EXPECT_THAT(again.out, HasSubstr(record.substr(digest + 2, 23)));
    EXPECT_THAT(again.out, HasSubstr("convergence: "));
    EXPECT_THAT(again.out, HasSubstr("FAILED"));
}

TEST(HalpSim, SaysWhatIsNoRecord) {
    const std::string file = testing::TempDir() + "no_record.txt";
    std::ofstream{file} << "halp-sim-faults 1\nnodes many\n";
    Outcome got = run({"replay", file.c_str()});
    EXPECT_EQ(got.code, exit_bad_scenario);
    EXPECT_THAT(got.err, HasSubstr("line 2"));
    std::ofstream{file} << "something else\n";
    got = run({"replay", file.c_str()});
    EXPECT_EQ(got.code, exit_bad_scenario);
    got = run({"replay", "/nowhere/at/all"});
    EXPECT_EQ(got.code, exit_bad_scenario);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
