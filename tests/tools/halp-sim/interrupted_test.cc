// Ctrl-C while halp-sim works: what is done is kept. HALP_SIM_BINARY comes from the build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

// halp-sim with its output in files; interrupted when a condition holds.
struct Interrupted {
    Home home;
    std::string out = home.path() + "/out", error = home.path() + "/error", results = home.path() + "/results";

    int run(std::vector<std::string> words, const std::function<bool()>& far_enough, int signal = SIGINT) {
        words.insert(words.begin(), HALP_SIM_BINARY);
        auto program = process::ChildProcess::start(
            {.argv = words, .environment = home.environment(), .out_file = out, .error_file = error});
        EXPECT_TRUE(program);
        EXPECT_TRUE(eventually([&] { return waits_for_interrupts(program->pid()); }));
        EXPECT_TRUE(eventually(far_enough)) << said();
        EXPECT_TRUE(program->signal(signal)) << "it has ended before: " << said();
        return program->wait(generous).value_or(-1);
    }
    // Its signal mask has SIGINT, which a thread of it waits for.
    static bool waits_for_interrupts(pid_t pid) {
        const std::string status = process::read_whole_file("/proc/" + std::to_string(pid) + "/status");
        const std::size_t at = status.find("SigBlk:");
        if (at == std::string::npos) return false;
        return (std::stoull(status.substr(at + 8, 16), nullptr, 16) & (1U << (SIGINT - 1))) != 0;
    }
    [[nodiscard]] std::string said() const {
        return process::read_whole_file(out) + process::read_whole_file(error);
    }
    // One seed is done in no time, the others last for hours.
    [[nodiscard]] std::string scenario() const {
        std::ofstream{home.path() + "/s.yaml"}
            << "about: short\nnodes: 5\nphases:\n  grow: {do: grow, for: 2s}\n  calm: {do: steady, for: 1s}\n";
        return home.path() + "/s.yaml";
    }
};

TEST(InterruptedSweep, KeepsTheRunsThatAreDone) {
    Interrupted sim;
    const std::string first = sim.results + "/runs/1.yaml";
    const int code = sim.run(
        {"sweep", sim.scenario(), "--vary", "phases.calm.for=1s,30d", "--seeds", "1", "-j", "1", "-o", sim.results},
        [&] { return process::read_whole_file(first).find("digest") != std::string::npos; });
    EXPECT_EQ(code, 130);
    EXPECT_THAT(sim.said(), HasSubstr("interrupted: 1 of 2 runs done, and written"));
    const std::vector<std::string> rows = lines_of(process::read_whole_file(sim.results + "/runs.csv"));
    ASSERT_EQ(rows.size(), 2u) << "a header and the run that was done";
    EXPECT_THAT(rows[1], HasSubstr("1s,1,"));
    EXPECT_TRUE(std::filesystem::exists(sim.results + "/report.html"));
    EXPECT_TRUE(std::filesystem::exists(sim.results + "/sweep.csv"));
}

TEST(InterruptedRun, LeavesEarlierResultsWholeWhenNothingIsDone) {
    Interrupted sim;
    ASSERT_EQ(run(sim.home, {HALP_SIM_BINARY, "run", sim.scenario(), "-o", sim.results}).code, 0);
    const std::string before = process::read_whole_file(sim.results + "/summary.json");
    const int code = sim.run(
        {"run", sim.scenario(), "--set", "phases.calm.for=30d", "--seeds", "2", "--force", "-o", sim.results},
        [] { return true; }, SIGTERM);
    EXPECT_EQ(code, 130);
    EXPECT_THAT(sim.said(), HasSubstr("interrupted: 0 of 2 runs done\n"));
    EXPECT_EQ(process::read_whole_file(sim.results + "/summary.json"), before);
}

TEST(InterruptedRun, KeepsWhatWasPlayedOfARunThatHadNotEnded) {
    Interrupted sim;
    const int code =
        sim.run({"run", sim.scenario(), "--set", "phases.calm.for=30d", "-o", sim.results}, [] { return true; });
    EXPECT_EQ(code, 130);
    EXPECT_THAT(sim.said(), HasSubstr("interrupted: 0 of 1 runs done\n"));
    EXPECT_THAT(sim.said(), HasSubstr(" s of seed 1 are written"));
    EXPECT_THAT(process::read_whole_file(sim.results + "/summary.json"), HasSubstr("\"complete\": false"));
    EXPECT_FALSE(std::filesystem::exists(sim.results + "/run.yaml")) << "it cannot be compared with a whole one";
}

TEST(InterruptedCheck, SaysHowManyFiguresWereMet) {
    Interrupted sim;
    EXPECT_EQ(sim.run({"check", "--json"}, [] { return true; }), 130);
    const std::vector<std::string> lines = lines_of(process::read_whole_file(sim.out));
    ASSERT_FALSE(lines.empty());
    EXPECT_THAT(lines.back(), HasSubstr("\"complete\":false"));
    EXPECT_THAT(sim.said(), HasSubstr("interrupted: these are not all figures"));
}

TEST(InterruptedViews, TellThePeriodsThatWerePlayed) {
    Interrupted sim;
    EXPECT_EQ(sim.run({"views", "--nodes", "2000", "--periods", "2000", "--json"}, [] { return true; }), 130);
    EXPECT_THAT(process::read_whole_file(sim.out), HasSubstr("\"complete\":false"));
    EXPECT_THAT(sim.said(), HasSubstr(" of 2000 periods done"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
