// `halp dht conformance` as a user runs it: its messages when there is no node, its early ends, and a node that it
// starts, restarts and ends itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/testing/conformance_suite.h"
#include "tests/tools/dht_daemon.h"
#include "tests/tools/dht_programs.h"
#include "tests/tools/free_port.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Temporary directories are made in `home`.
std::vector<std::string> conformance_words(const Home& home, std::vector<std::string> words) {
    words.insert(words.begin(), {"/usr/bin/env", "TMPDIR=" + home.path(), HALP_BINARY, "dht", "conformance"});
    return words;
}

Finished run_conformance(const Home& home, std::vector<std::string> words) {
    return run(home, conformance_words(home, std::move(words)));
}

std::string at(int port) { return "127.0.0.1:" + std::to_string(port); }

// The same with a halpd on LMDB that accepts `admin` at `port`.
Finished run_with_daemon(const Home& home, int port, std::vector<std::string> words,
                         const std::vector<std::string>& settings = {}) {
    words.insert(words.begin(), at(port));
    words.insert(words.end(), {"--delay", "30", "--start", HALPD_BINARY, "--", "--listen", "127.0.0.1:0",
                               "--dht-listen", at(port), "--dht-test-client"});
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    return run_conformance(home, std::move(words));
}

// The number of temporary directories that are left.
std::size_t directories_in(const std::string& path) {
    const std::filesystem::directory_iterator all(path);
    return static_cast<std::size_t>(std::count_if(begin(all), end(all), [](const auto& each) {
        return each.path().filename().string().starts_with("halp-");
    }));
}

// The directory that --keep has printed.
std::string kept_directory(const Finished& run) {
    const auto told = run.error.find("kept: ");
    return told == std::string::npos ? "" : run.error.substr(told + 6, run.error.find('\n', told) - told - 6);
}

std::size_t lines_beginning_with(const std::string& text, std::string_view word) {
    const std::vector<std::string> lines = lines_of(text);
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(word); }));
}

TEST(HalpDhtConformance, EndsAtOnceWhereNobodyListens) {
    const Home home;
    const std::string nobody = at(free_port()), report = home.path() + "/report.xml";
    const Finished run = run_conformance(home, {nobody, "--junit", report, "--json"});
    EXPECT_EQ(run.code, 4);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.error, "halp: no case was run: nobody can be reached at " + nobody + " (connection refused).\n");
    const std::string xml = process::read_whole_file(report), all = std::to_string(neo::conformance_cases().size());
    EXPECT_THAT(xml, HasSubstr("failures=\"1\" skipped=\"" + all + "\""));
    EXPECT_THAT(xml, HasSubstr("<testcase classname=\"dht.sanity\" name=\"node\""));
    EXPECT_THAT(xml, HasSubstr("<skipped message=\"not run: nobody can be reached at " + nobody));
    EXPECT_EQ(run_conformance(home, {"no-port"}).code, 2);
    EXPECT_EQ(run_conformance(home, {}).code, 2);
}

TEST(HalpDhtConformance, EndsAtOnceWhereItIsTurnedAway) {
    const Home home;
    const FakeProcess fake(home);
    const std::string wrong = written(home, "wrong", credentials_line("admin", '1'));
    const Finished run = run_conformance(home, {fake.node, "--credentials", wrong});
    EXPECT_EQ(run.code, 6);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(lines_of(run.error).size(), 1U) << run.error;
    EXPECT_THAT(run.error, HasSubstr("turns the client `admin` away"));
}

TEST(HalpDhtConformance, EndsAtOnceWhereSomethingElseListens) {
    const Home home;
    const Daemon daemon(home, {});  // a HALP port: it answers unknown input as text
    const Finished run = run_conformance(home, {daemon.endpoint().text(), "--timeout", "0.3"});
    EXPECT_TRUE(run.code == 1 || run.code == 5) << run.code;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.error, HasSubstr("what listens at " + daemon.endpoint().text()));
}

TEST(HalpDhtConformance, RunsWhatFilterAndNumberChoose) {
    const Home home;
    const FakeProcess fake(home);
    const Finished filtered =
        run_conformance(home, {fake.node, "--only", "dhttest", "--filter", "^dhttest\\.update"});
    EXPECT_EQ(filtered.code, 0) << filtered.error;
    EXPECT_EQ(filtered.out, "passed  dhttest.update_no_record\npassed  dhttest.update\n");
    const Finished numbered = run_conformance(home, {fake.node, "--id", "2", "--id", "1"});
    EXPECT_EQ(numbered.out, "passed  handshake.version\npassed  handshake.accepted\n");
    const Finished bad = run_conformance(home, {fake.node, "--filter", "put(get"});
    EXPECT_EQ(bad.code, 2);
    EXPECT_THAT(bad.error, HasSubstr("`put(get` is no regular expression"));
    EXPECT_THAT(bad.error, HasSubstr("at character 4."));
    EXPECT_EQ(run_conformance(home, {"--list", "--id", "9999"}).code, 2);
}

TEST(HalpDhtConformance, SaysWhatCasesShowAndHowFarItIs) {
    const Home home;
    const FakeProcess fake(home);
    const Finished run = run_conformance(home, {fake.node, "--id", "1", "--id", "2", "-v", "--progress"});
    EXPECT_THAT(run.out,
                ::testing::ContainsRegex("passed  handshake.accepted  .* [0-9]+\\.[0-9]+ s  name, time and"));
    EXPECT_THAT(run.error, HasSubstr("halp: 1 of 2 handshake.version\nhalp: 2 of 2 handshake.accepted\n"));
    const Finished json = run_conformance(home, {fake.node, "--id", "2", "-v", "--progress", "--json"});
    const auto line = nlohmann::json::parse(json.out, nullptr, false);
    ASSERT_TRUE(line.is_object()) << json.out;
    EXPECT_EQ(line["schema_version"], 1);
    EXPECT_EQ(line["number"], 2);
    EXPECT_EQ(line["name"], "handshake.accepted");
    EXPECT_EQ(line["verdict"], "passed");
    EXPECT_TRUE(line["took_us"].is_number_unsigned());
}

TEST(HalpDhtConformance, StartsANodeOfItsOwnAndRestartsIt) {
    const Home home;
    const Finished run = run_with_daemon(home, free_port(), {"--filter", "^(dhttest\\.put_get|restart\\..*)$"});
    EXPECT_EQ(run.code, 0) << run.out << run.error;
    EXPECT_THAT(run.out, StartsWith("passed  dhttest.put_get\npassed  restart.records\n"));
    EXPECT_THAT(run.error, HasSubstr("6 passed, 0 failed, 0 skipped."));
    EXPECT_EQ(directories_in(home.path()), 0U);
}

TEST(HalpDhtConformance, KeepsItsNodeAwayFromTheRecordsOfOthers) {
    const Home home;
    const Finished run = run_with_daemon(home, free_port(), {"--only", "dhttest.put_get", "--keep"});
    const std::string kept = kept_directory(run);
    ASSERT_FALSE(kept.empty()) << run.error;
    EXPECT_THAT(kept, StartsWith(home.path() + "/halp-"));
    EXPECT_TRUE(std::filesystem::exists(kept + "/dht/records.lmdb"));
    EXPECT_TRUE(std::filesystem::exists(kept + "/lock")) << "its state";
    EXPECT_THAT(process::read_whole_file(kept + "/stderr"), HasSubstr("serving records on"));
}

TEST(HalpDhtConformance, EndsWithTheFirstFailureWhenAsked) {
    const Home home;
    const std::string report = home.path() + "/report.xml";
    const std::vector<std::string> lower_half = {"dht.range_min=0000000000000000",
                                                 "dht.range_max=7fffffffffffffff"};
    const Finished run =
        run_with_daemon(home, free_port(), {"--only", "dhttest", "--fatal", "--junit", report}, lower_half);
    EXPECT_EQ(run.code, 1);
    EXPECT_EQ(lines_of(run.out).size(), 1U) << run.out;
    EXPECT_THAT(run.out, StartsWith("FAILED  dhttest.put_get: "));
    EXPECT_THAT(run.error, HasSubstr("0 passed, 1 failed, 0 skipped, 23 not run: the run ends with the failure of "
                                     "dhttest.put_get."));
    const std::string xml = process::read_whole_file(report);
    EXPECT_THAT(xml, HasSubstr("tests=\"24\" failures=\"1\" skipped=\"23\""));
    EXPECT_THAT(xml, HasSubstr("<skipped message=\"not run: the run ends with"));
    EXPECT_EQ(run_conformance(home, {at(1), "--start"}).code, 2);
}

TEST(HalpDhtConformance, DoesNotRestartWhatKeepsNoRecords) {
    const Home home;
    const int port = free_port();
    const std::vector<std::string> fake = {
        "--start", HALP_BINARY, "--", "dht", "fake", "--port", std::to_string(port - 100)};
    std::vector<std::string> words = {at(port), "--only", "restart", "--no-restart", "--keep"};
    words.insert(words.end(), fake.begin(), fake.end());
    const Finished spared = run_conformance(home, words);
    EXPECT_EQ(spared.code, 0) << spared.error;
    EXPECT_THAT(spared.error, HasSubstr("0 passed, 0 failed, 5 skipped."));
    const std::string kept = kept_directory(spared);
    EXPECT_EQ(process::read_whole_file(kept + "/stdout"), "neo " + at(port) + "\nlegacy " + at(port - 100) + "\n");
    words = {at(port), "--only", "restart.records"};
    words.insert(words.end(), fake.begin(), fake.end());
    EXPECT_EQ(run_conformance(home, words).code, 1) << "a node that forgets is found out";
}

TEST(HalpDhtConformance, TellsTheLastWordsOfANodeThatDidNotStart) {
    const Home home;
    const std::string node = at(free_port());
    const Finished died =
        run_conformance(home, {node, "--start", "sh", "--", "-c", "echo no disk here >&2; exit 7"});
    EXPECT_EQ(died.code, 1);
    EXPECT_THAT(died.error, HasSubstr("the node ended before it took connections: exit code 7"));
    EXPECT_THAT(died.error, HasSubstr("  no disk here\n"));
    const Finished late = run_conformance(home, {node, "--delay", "0.2", "--start", "sleep", "--", "60"});
    EXPECT_EQ(late.code, 5);
    EXPECT_THAT(late.error, HasSubstr("took no connections at " + node + " in time"));
    const Finished none = run_conformance(home, {node, "--start", "no-such-program"});
    EXPECT_EQ(none.code, 2);
    EXPECT_THAT(none.error, HasSubstr("`no-such-program` is no program"));
    const FakeProcess other(home);
    const Finished taken = run_conformance(home, {other.node, "--start", "sleep", "--", "60"});
    EXPECT_EQ(taken.code, 1);
    EXPECT_THAT(taken.error, HasSubstr("somebody takes connections at " + other.node + " already"));
    EXPECT_EQ(directories_in(home.path()), 0U);
}

// It says so even with --quiet. The node is killed as soon as a file appears.
TEST(HalpDhtConformance, EndsWhenItsNodeDies) {
    const Home home;
    const int port = free_port();
    const std::string mark = home.path() + "/now";
    const std::string script = "(for i in $(seq 1000); do sleep 0.03; [ -e " + quoted(mark) +
                               " ] && echo out of fuel >&2 && kill -9 $$ && exit; done) & exec " +
                               quoted(HALP_BINARY) + " dht fake --port " + std::to_string(port - 100);
    Running suite(home, "suite",
                  conformance_words(home, {at(port), "--filter", "handshake.(version$|silent_client)", "--timeout",
                                           "20", "-q", "--start", "sh", "--delay", "30", "--", "-c", script}));
    ASSERT_TRUE(suite.says("passed  handshake.version")) << suite.error();
    written(home, "now", "");
    EXPECT_EQ(suite.end(), 1);
    EXPECT_THAT(suite.error(), HasSubstr("the node ended in the course of handshake."))
        << "which of the two cases that is depends on the moment";
    EXPECT_THAT(suite.error(), HasSubstr(": signal 9."));
    EXPECT_THAT(suite.error(), HasSubstr("  out of fuel"));
    EXPECT_EQ(directories_in(home.path()), 0U);
}

TEST(HalpDhtConformance, EndsWhenTheNodeCannotBeReachedAnyMore) {
    const Home home;
    const int port = free_port();
    Running fake(home, "fake", {HALP_BINARY, "dht", "fake", "--port", std::to_string(port - 100)});
    ASSERT_TRUE(fake.says("\n")) << fake.error();
    Running suite(home, "suite",
                  conformance_words(home, {at(port), "--filter", "handshake.(version$|silent_client)|^records"}));
    ASSERT_TRUE(suite.says("passed  handshake.version")) << suite.error();
    fake.end(SIGKILL);
    EXPECT_EQ(suite.end(), 1);
    EXPECT_THAT(suite.error(), HasSubstr(" not run: the node cannot be reached any more behind "));
    EXPECT_LE(lines_beginning_with(suite.out(), "FAILED"), 1U) << suite.out();
}

TEST(HalpDhtConformance, CleansUpBehindAnInterrupt) {
    const Home home;
    const int port = free_port();
    Running suite(
        home, "suite",
        conformance_words(home, {at(port), "--filter", "handshake.(version$|silent_client)", "-v", "--start",
                                 HALP_BINARY, "--", "dht", "fake", "--port", std::to_string(port - 100)}));
    ASSERT_TRUE(suite.says("passed  handshake.version")) << suite.error();
    EXPECT_EQ(suite.end(SIGINT), 130);
    EXPECT_THAT(suite.error(), HasSubstr("1 passed, 0 failed, 0 skipped, 1 not run: interrupted."));
    EXPECT_EQ(directories_in(home.path()), 0U);
    EXPECT_EQ(run_conformance(home, {at(port), "--id", "1"}).code, 4) << "the node has ended";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
