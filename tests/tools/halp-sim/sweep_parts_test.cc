// Sweeps that are played in parts: broken off and resumed, split into shards, put together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "tools/halp-sim/verbs.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

struct Said {
    int code;
    std::string out, err;
};

class SweepParts : public ::testing::Test {
protected:
    void SetUp() override {
        std::filesystem::remove_all(top_);
        std::filesystem::create_directories(top_);
        std::ofstream{top_ + "/s.yaml"} << "about: small\nnodes: 8\nphases:\n  grow: {do: grow, for: 3s}\n";
        ASSERT_EQ(sweep({"-o", at("whole").c_str()}).code, exit_done);
    }

    [[nodiscard]] std::string at(const std::string& name) const { return top_ + "/" + name; }
    [[nodiscard]] Said sweep(std::vector<std::string> more) const {
        std::vector<std::string> words{"halp-sim", "sweep", at("s.yaml"), "--vary", "nodes=5,8",
                                       "--seeds",  "3",     "-j",         "1"};
        words.insert(words.end(), more.begin(), more.end());
        std::vector<const char*> argv;
        for (const std::string& word : words) argv.push_back(word.c_str());
        const Parsed parsed = parse_command_line(static_cast<int>(argv.size()), argv.data());
        if (!parsed.command) return {parsed.code, "", parsed.text};
        std::ostringstream out, err;
        const int code = run_command(*parsed.command, {out, err});
        return {code, out.str(), err.str()};
    }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream file(at(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path{at(name)}.parent_path());
        std::ofstream{at(name), std::ios::binary} << text;
    }
    [[nodiscard]] std::string first_lines(const std::string& name, std::size_t count) const {
        std::istringstream lines{content(name)};
        std::string out, line;
        while (count-- > 0 && std::getline(lines, line)) out += line + "\n";
        return out;
    }
    void expect_whole(const std::string& directory) const {
        for (const char* file : {"/runs.csv", "/sweep.csv", "/runs/6.yaml"})
            EXPECT_EQ(content(directory + file), content(std::string{"whole"} + file)) << file;
    }

    std::string top_ = ::testing::TempDir() + "halp_sweep_parts";
};

TEST_F(SweepParts, AResumedSweepPlaysOnlyWhatIsMissing) {
    // As power went away in the middle of the third run's line.
    write("cut/runs.jsonl", first_lines("whole/runs.jsonl", 3) + R"({"run":2,"seed")");
    const Said got = sweep({"--resume", "-o", at("cut")});
    ASSERT_EQ(got.code, exit_done) << got.err;
    EXPECT_FALSE(std::filesystem::exists(at("cut/runs/1.yaml"))) << "it was not played again";
    EXPECT_TRUE(std::filesystem::exists(at("cut/runs/3.yaml")));
    expect_whole("cut");
    EXPECT_EQ(sweep({"--resume", "-o", at("cut")}).code, exit_done) << "when nothing is missing, too";
    expect_whole("cut");
}

TEST_F(SweepParts, FinishedRunsAreNotRemovedUnasked) {
    const Said got = sweep({"-o", at("whole")});
    EXPECT_EQ(got.code, exit_failed);
    EXPECT_THAT(got.err, HasSubstr("has 6 finished runs of a sweep: --resume goes on with it"));
    EXPECT_NE(content("whole/runs.csv"), "");
    EXPECT_EQ(sweep({"--force", "-o", at("whole")}).code, exit_done);
}

TEST_F(SweepParts, ResumeBeginsASweepThatIsNotThere) {
    ASSERT_EQ(sweep({"--resume", "-o", at("new")}).code, exit_done);
    expect_whole("new");
}

TEST_F(SweepParts, AnotherSweepIsNotResumed) {
    const Said got = sweep({"--resume", "--set", "gossip.period=2s", "-o", at("whole")});
    EXPECT_EQ(got.code, exit_failed);
    EXPECT_THAT(got.err, HasSubstr("runs.jsonl:1: the runs there are of another sweep"));
    EXPECT_NE(content("whole/runs.csv"), "") << "and nothing is lost";
}

TEST_F(SweepParts, ALineThatCannotBeReadIsNamed) {
    write("bad/runs.jsonl", first_lines("whole/runs.jsonl", 2) + "{\"run\":99}\n");
    const Said got = sweep({"--resume", "-o", at("bad")});
    EXPECT_EQ(got.code, exit_failed);
    EXPECT_THAT(got.err, HasSubstr("runs.jsonl:3: the sweep has no run of that number"));
}

TEST_F(SweepParts, WhatIsNoJournalIsNotWaitedFor) {
    std::filesystem::create_directories(at("pipe"));
    ASSERT_EQ(::mkfifo((at("pipe") + "/runs.jsonl").c_str(), 0600), 0);
    EXPECT_THAT(sweep({"--merge", at("pipe"), "-o", at("x")}).err, HasSubstr("is no file"));
    write("long/runs.jsonl", first_lines("whole/runs.jsonl", 1) + std::string(100'000, ' ') + "\n");
    EXPECT_THAT(sweep({"--resume", "-o", at("long")}).err, HasSubstr("runs.jsonl:2: it is longer than 64 KiB"));
}

TEST_F(SweepParts, ResultsAreNotWrittenThroughALink) {
    write("victim", "mine");
    std::filesystem::create_directories(at("linked"));
    std::filesystem::create_symlink(at("victim"), at("linked/sweep.csv"));
    ASSERT_EQ(sweep({"--resume", "--force", "-o", at("linked")}).code, exit_done);
    EXPECT_EQ(content("victim"), "mine");
    expect_whole("linked");
}

TEST_F(SweepParts, ShardsPutTogetherAreTheWholeSweep) {
    std::vector<std::string> merge{"-o", at("all")};
    for (const char* part : {"1", "2", "3", "4"}) {
        const Said got = sweep({"--shard", std::string{part} + "/4", "-o", at(part)});
        ASSERT_EQ(got.code, exit_done) << got.err;
        EXPECT_THAT(got.out, HasSubstr(" of 6 runs are here"));
        merge.insert(merge.end(), {"--merge", at(part)});
    }
    const Said got = sweep(merge);
    ASSERT_EQ(got.code, exit_done) << got.err;
    expect_whole("all");
    EXPECT_EQ(sweep({"--resume", "-o", at("all")}).code, exit_done) << "the merged one can be gone on with";

    const Said lacks = sweep({"--merge", at("1"), "--merge", at("3"), "-o", at("half")});
    EXPECT_EQ(lacks.code, exit_failed);
    EXPECT_THAT(lacks.err, HasSubstr("3 of 6 runs are missing, the first of them is run 2"));
    EXPECT_EQ(content("half/runs.csv"), "");
}

TEST_F(SweepParts, OptionsThatDoNotFitAreRefused) {
    EXPECT_THAT(sweep({"--shard", "3/2", "-o", at("x")}).err, HasSubstr("write i/n"));
    EXPECT_THAT(sweep({"--shard", "0/2", "-o", at("x")}).err, HasSubstr("write i/n"));
    EXPECT_THAT(sweep({"--shard", "1/2"}).err, HasSubstr("add -o DIRECTORY"));
    EXPECT_EQ(sweep({"--resume"}).code, exit_usage);
    EXPECT_EQ(sweep({"--resume", "--merge", at("1"), "-o", at("x")}).code, exit_usage);
    EXPECT_EQ(sweep({"--merge", at("whole"), "-o", at("whole")}).code, exit_failed);
    EXPECT_NE(content("whole/runs.csv"), "");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
