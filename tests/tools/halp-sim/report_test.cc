// What a reader of results relies on: files that explain themselves, figures that show what happened, pages without
// labels on labels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "simulations/swarm/scenario_reader.h"
#include "tools/halp-sim/compare.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/csv_table.h"
#include "tools/halp-sim/report/run_figures.h"
#include "tools/halp-sim/report/run_files.h"
#include "tools/halp-sim/report/spread_theory.h"
#include "tools/halp-sim/report/svg_plot.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

using testing::HasSubstr;
using testing::Not;

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
    std::vector<std::vector<std::string>> out;
    std::istringstream lines{csv};
    for (std::string line; std::getline(lines, line);) out.push_back(csv_cells(line));
    return out;
}

// Three short runs of a scenario with an announcement, a kill and phases with long names that are close together.
class Reports : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const ReadScenario read = read_scenario(
            "t.yaml",
            "about: a test\nnodes: 30\nphases:\n  \"grow, to thirty nodes\": {do: grow, for: 3s}\n"
            "  an announcement of one: {do: announce, for: 1s}\n  a short calm: {do: steady, for: 500ms}\n"
            "  boom: {do: kill, share: 50%, for: 20s}\n",
            {});
        ASSERT_TRUE(read.problems.empty()) << read.problems.front();
        scenario_ = new Scenario(read.scenario);
        runs_ = new std::vector<RunResult>;
        for (const std::uint64_t seed : {7U, 8U, 9U}) {
            Scenario one = *scenario_;
            one.seed = seed;
            runs_->push_back(play(one));
        }
        directory_ = testing::TempDir() + "halp_report_test";
        std::filesystem::remove_all(directory_);
        ASSERT_TRUE(write_run_files(directory_, *scenario_, *runs_, 3));
    }
    static void TearDownTestSuite() {
        delete scenario_;
        delete runs_;
        std::filesystem::remove_all(directory_);
    }
    static std::string file(const std::string& name) { return content(directory_ + "/" + name); }

    inline static Scenario* scenario_ = nullptr;
    inline static std::vector<RunResult>* runs_ = nullptr;
    inline static std::string directory_;
};

TEST_F(Reports, EveryColumnIsExplained) {
    std::set<std::string> explained;
    for (const auto& row : rows_of(file("columns.csv"))) explained.insert(row[0] + " " + row[1]);
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(".csv") || name == "columns.csv") continue;
        ++files;
        const auto rows = rows_of(file(name));
        for (const std::string& column : rows.front())
            EXPECT_TRUE(explained.contains(name + " " + column) || name == "runs.csv") << name << ": " << column;
    }
    EXPECT_EQ(files, 7u);
}

TEST_F(Reports, ObservationsAreTidy) {
    const auto rows = rows_of(file("observations.csv"));
    EXPECT_EQ(rows.front(),
              (std::vector<std::string>{"run", "seed", "phase", "time_s", "measure", "value", "unit"}));
    std::set<std::string> seeds, measures;
    const std::regex number{"-?[0-9]+(\\.[0-9]*[1-9])?"}, whole{"[0-9]+"};
    for (std::size_t i = 1; i < rows.size(); ++i) {
        ASSERT_EQ(rows[i].size(), 7u) << i;
        seeds.insert(rows[i][1]);
        measures.insert(rows[i][4]);
        EXPECT_TRUE(std::regex_match(rows[i][5], number)) << rows[i][4] << " " << rows[i][5];
        if (rows[i][6] == "nodes" && !rows[i][4].starts_with("in_degree_")) {
            EXPECT_TRUE(std::regex_match(rows[i][5], whole)) << rows[i][4] << " " << rows[i][5];
        }
    }
    EXPECT_EQ(seeds, (std::set<std::string>{"7", "8", "9"}));
    std::set<std::string> moments;  // a series has one value an instant
    for (const auto& row : rows)
        if (row[4] == "living" || row[4] == "dead_share") {
            EXPECT_TRUE(moments.insert(row[0] + " " + row[3] + " " + row[4]).second) << row[3] << " " << row[4];
        }
    for (const char* measure : {"living", "dead_share", "sent_kbit_s", "join_s", "announcement_s", "in_degree",
                                "dead_share_peak", "kbit_s_per_node", "path_length_error"})
        EXPECT_TRUE(measures.contains(measure)) << measure;
}

TEST_F(Reports, NoFileHasZerosBehindAnInteger) {
    for (const char* name : {"observations.csv", "samples.csv", "runs.csv", "report.html", "join.csv"})
        EXPECT_FALSE(std::regex_search(file(name), std::regex{"[^0-9.][0-9]+\\.0000"})) << name;
}

TEST_F(Reports, EveryFigureIsAFileToo) {
    const std::string page = file("report.html");
    for (const PageFigure& figure : figures_of_runs(*scenario_, *runs_)) {
        EXPECT_THAT(page, HasSubstr(figure.svg)) << figure.file;
        EXPECT_THAT(file("figures/" + figure.file + ".svg"), HasSubstr("xmlns=\"http://www.w3.org/2000/svg\""));
        EXPECT_NE(figure.caption, "") << figure.file;
    }
}

TEST_F(Reports, ThePageBeginsWithWhatHappened) {
    const std::string page = file("report.html");
    const std::size_t lead = page.find("<p class=\"lead\">"), table = page.find("<table>");
    ASSERT_LT(lead, table);
    const std::string sentence = page.substr(lead, page.find("</p>", lead) - lead);
    EXPECT_THAT(sentence, HasSubstr("grew to 30 nodes in 3 s"));
    EXPECT_THAT(sentence, HasSubstr("50 % of the nodes died at once"));
    EXPECT_THAT(sentence, HasSubstr("less than 1 % after"));
    EXPECT_THAT(sentence, HasSubstr("at the end 15 nodes lived"));
}

// ---- figures ----

struct Box {
    double left, right, top, bottom;
    std::string text;
};

// Where the texts of a picture are, about: 6.3 wide and 11 high a letter. Those that are turned are left out.
std::vector<Box> texts_of(const std::string& svg) {
    std::vector<Box> out;
    const std::regex item{
        "<g transform=\"translate\\(0 ([0-9.]+)\\)\">|<text x=\"([0-9.]+)\" y=\"([0-9.]+)\" "
        "text-anchor=\"([a-z]+)\"([^>]*)>([^<]*)<"};
    double moved = 0;
    for (std::sregex_iterator it(svg.begin(), svg.end(), item), end; it != end; ++it) {
        if ((*it)[1].matched) {
            moved = std::stod((*it)[1].str());
            continue;
        }
        if ((*it)[5].str().find("rotate") != std::string::npos) continue;
        const double x = std::stod((*it)[2].str()), y = std::stod((*it)[3].str()) + moved;
        const double wide = 5.6 * static_cast<double>((*it)[6].str().size());
        const std::string anchor = (*it)[4].str();
        const double left = anchor == "start" ? x : anchor == "end" ? x - wide : x - wide / 2;
        out.push_back({left, left + wide, y - 9, y + 1, (*it)[6].str()});
    }
    return out;
}

TEST_F(Reports, NoLabelLiesOnAnother) {
    for (const PageFigure& figure : figures_of_runs(*scenario_, *runs_)) {
        const std::vector<Box> boxes = texts_of(figure.svg);
        EXPECT_GT(boxes.size(), 5u) << figure.file;
        for (std::size_t i = 0; i < boxes.size(); ++i)
            for (std::size_t k = i + 1; k < boxes.size(); ++k) {
                const Box &a = boxes[i], &b = boxes[k];
                const bool apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
                EXPECT_TRUE(apart) << figure.file << ": " << a.text << " / " << b.text;
            }
    }
}

TEST_F(Reports, PhasesAreNamedOnThePlots) {
    for (const PageFigure& figure : figures_of_runs(*scenario_, *runs_)) {
        if (figure.svg.find(">virtual time, s<") == std::string::npos || figure.file == "survival") continue;
        for (const Phase& phase : scenario_->phases)
            EXPECT_THAT(figure.svg, HasSubstr(">" + phase.name + "</text>")) << figure.file;
    }
}

TEST(SvgPlot, EverySeriesIsInTheLegend) {
    Plot plot{"t", "x", "y", {}, false, 0, {}};
    for (int i = 0; i < 12; ++i)
        plot.series.push_back({.name = "a series of number " + std::to_string(i), .points = {{0, i}, {1, i}}});
    const std::string text = svg(plot);
    for (const Series& series : plot.series) EXPECT_THAT(text, HasSubstr(">" + series.name + "</text>"));
    const std::vector<Box> boxes = texts_of(text);
    for (const Box& a : boxes)
        for (const Box& b : boxes)
            EXPECT_TRUE(&a == &b || a.right <= b.left || b.right <= a.left || a.bottom <= b.top ||
                        b.bottom <= a.top)
                << a.text << " / " << b.text;
}

TEST(SvgPlot, AnEventIsAStepAndNoSlopeBeforeIt) {
    const std::string text =
        svg(Plot{"t", "x", "y", {{"living", {{0, 10}, {1, 10}, {2, 5}}, true}}, false, 10, {}});
    // At x = 2 the line comes in level, and falls there.
    EXPECT_TRUE(std::regex_search(text, std::regex{"L622\\.0 50\\.0L622\\.0 162\\.0"})) << text;
}

TEST(SvgPlot, OneFarValueDoesNotFlattenTheOthers) {
    Plot plot{"t", "x", "y", {{"one", {}}}, false, 0, {}};
    for (int i = 0; i < 100; ++i) plot.series[0].points.emplace_back(i, i == 50 ? 10'000 : 10 + i % 3);
    plot.y_robust = true;
    const std::string text = svg(plot);
    EXPECT_THAT(text, HasSubstr("1 point beyond the axis, up to 10000"));
    EXPECT_THAT(text, HasSubstr("class=\"outlier\""));
    EXPECT_THAT(text, Not(HasSubstr(">5000<")));
}

// WCAG 2.1, 1.4.11: what carries meaning has 3 : 1 against its ground.
TEST(SvgPlot, ColoursAreReadOnWhiteAndOnDark) {
    const auto luminance = [](const std::string& colour) {
        double sum = 0;
        for (const auto& [at, weight] : {std::pair{1, 0.2126}, {3, 0.7152}, {5, 0.0722}}) {
            const double c = std::stoi(colour.substr(static_cast<std::size_t>(at), 2), nullptr, 16) / 255.0;
            sum += weight * (c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
        }
        return sum;
    };
    for (std::size_t i = 0; i < 6; ++i)
        for (const char* ground : {"#ffffff", "#17191d"}) {
            const double a = luminance(svg_colour(i)), b = luminance(ground);
            EXPECT_GE((std::max(a, b) + 0.05) / (std::min(a, b) + 0.05), 3) << svg_colour(i) << " on " << ground;
        }
}

TEST(SpreadTheory, EverybodyKnowsInTheEndAndFanoutHelps) {
    ReadScenario read = read_scenario("t.yaml", "about: x\nnodes: 100\nphases: {grow: {do: grow, for: 3s}}\n", {});
    ASSERT_TRUE(read.problems.empty());
    const auto ms_to_99 = [&](std::size_t fanout) {
        read.scenario.node.gossip.news_fanout = fanout;
        const SpreadTheory theory = spread_theory(read.scenario, 100);
        EXPECT_GT(theory.points.back().second, 0.99);
        for (std::size_t i = 1; i < theory.points.size(); ++i)
            EXPECT_GE(theory.points[i].second, theory.points[i - 1].second);
        return std::ranges::find_if(theory.points, [](const auto& p) { return p.second >= 0.99; })->first;
    };
    EXPECT_LT(ms_to_99(5), ms_to_99(2));
    EXPECT_GT(ms_to_99(0), 1000) << "without news it takes periods";
}

// ---- compare ----

TEST_F(Reports, CompareTellsEffectsAndTheirUncertainty) {
    const std::string other = testing::TempDir() + "halp_report_test_other";
    std::filesystem::remove_all(other);
    Scenario slow = *scenario_;
    slow.network.loss = 0.3;
    std::vector<RunResult> runs;
    for (const std::uint64_t seed : {7U, 8U, 9U}) {
        slow.seed = seed;
        runs.push_back(play(slow));
    }
    ASSERT_TRUE(write_run_files(other, slow, runs, 3));
    const Result<Comparison> got = compare(directory_, other);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_TRUE(got->several);
    const auto row = std::ranges::find(got->results, "events", &Comparison::Row::key);
    ASSERT_NE(row, got->results.end());
    EXPECT_TRUE(std::regex_match(row->change, std::regex{"\\+[0-9]+ \\[-?[0-9]+\\.\\.[0-9]+\\].*"})) << row->change;
    EXPECT_THAT(comparison_headline(*got), HasSubstr("95 % interval"));
    EXPECT_THAT(equal_line(*got), HasSubstr("figures are equal: "));
    EXPECT_EQ(comparison_rows(*compare(directory_, directory_)).size(), 1u) << "the header: nothing differs";
    std::filesystem::remove_all(other);
    ASSERT_TRUE(write_run_files(other, *scenario_, {runs_->begin(), runs_->begin() + 2}, 2));
    const Result<Comparison> fewer = compare(directory_, other);
    const auto living = std::ranges::find(fewer->results, "boom.living", &Comparison::Row::key);
    EXPECT_FALSE(living->differs) << "15 in three runs and in two is equal";
    std::filesystem::remove_all(other);
}

TEST(ConsoleTable, TidyNumbersHaveNoZerosBehind) {
    EXPECT_EQ(tidy(60), "60");
    EXPECT_EQ(tidy(0.5), "0.5");
    EXPECT_EQ(tidy(1234.56), "1235");
    EXPECT_EQ(tidy(2.418), "2.42");
    EXPECT_EQ(tidy(0.00123), "0.00123");
    EXPECT_EQ(tidy(std::nan("")), "-");
    EXPECT_EQ(plain_number(8), "8");
    EXPECT_EQ(plain_number(0.125), "0.125");
    EXPECT_EQ(plain_number(-0.0000001), "0");
    EXPECT_EQ(plain_number(std::nan("")), "");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
