#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "tests/tools/halp/halp_support.h"
#include "tools/halp/demo.h"
#include "tools/halp/demo_swarm.h"
#include "tools/program/child_process.h"

namespace halp::cli {
namespace {

using ::testing::HasSubstr;

TEST(ListeningLine, IsFoundInALog) {
    EXPECT_EQ(listening_endpoint("[info] listening on 127.0.0.1:4711\n")->port, 4711);
    EXPECT_EQ(listening_endpoint("admin listening on /run/x.sock\nlistening on [::1]:9, ready\n")->text(),
              "[::1]:9");
    EXPECT_FALSE(listening_endpoint("listening on 127.0.0.1:47"));  // perhaps half a line
    EXPECT_FALSE(listening_endpoint(""));
}

TEST(FindHalpd, LooksBesideTheProgramThenInThePath) {
    const testing::TemporaryDirectory place;
    std::filesystem::create_directories(place.path() + "/a");
    place.write("halpd", "#!/bin/sh\n");
    EXPECT_FALSE(find_halpd("", "/nowhere/halp", place.path()));  // not executable
    std::filesystem::permissions(place.path() + "/halpd", std::filesystem::perms::owner_all);
    EXPECT_EQ(find_halpd("", place.path() + "/halp", "").value(), place.path() + "/halpd");
    EXPECT_EQ(find_halpd("", "/nowhere/halp", "/none::" + place.path()).value(), place.path() + "/halpd");
    EXPECT_FALSE(find_halpd("/nowhere/halpd", place.path() + "/halp", place.path()));
}

TEST(ChildProcess, EndsWithItsObjectAndTellsHow) {
    const testing::TemporaryDirectory place;
    pid_t pid = -1;
    {
        auto child = process::ChildProcess::start({.argv = {"/bin/sleep", "60"}, .out_file = place.path() + "/log", .error_file = place.path() + "/log"});
        ASSERT_TRUE(child);
        pid = child->pid();
        EXPECT_TRUE(child->running());
    }
    EXPECT_EQ(::kill(pid, 0), -1);

    auto child = process::ChildProcess::start({.argv = {"/bin/sh", "-c", "echo one; echo two >&2; exit 3"}, .out_file = place.path() + "/log", .error_file = place.path() + "/log"});
    ASSERT_TRUE(child);
    EXPECT_TRUE(child->wait(std::chrono::seconds{10}));
    EXPECT_EQ(child->how_it_ended(), "exit code 3");
    EXPECT_EQ(process::tail_of(place.path() + "/log", 1), "  two\n");
}

TEST(ChildProcess, SaysThatAProgramIsNotThere) {
    const auto child = process::ChildProcess::start({.argv = {"/nowhere/halpd"}});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().message, "/nowhere/halpd is no program that can be run.");
}

TEST(Demo, FailsWithTheReasonAndTheLogOfTheNodeThatFailed) {
    const testing::TemporaryDirectory place;
    place.write("halpd", "#!/bin/sh\necho 'halpd: the sky is falling' >&2\nexit 78\n");
    std::filesystem::permissions(place.path() + "/halpd", std::filesystem::perms::owner_all);
    const testing::TestClock clock;
    testing::RecordedConsole recorded{{.json = true}};
    CommandLine command;
    command.verb = Verb::demo;
    command.json = true;
    EXPECT_EQ(run_demo({command, recorded.console, clock, place.path() + "/halp", ""}), ExitCode::failed);
    EXPECT_THAT(recorded.messages.str(), HasSubstr("node 1 ended by itself (exit code 78)"));
    EXPECT_THAT(recorded.messages.str(), HasSubstr("  halpd: the sky is falling\n"));
    EXPECT_THAT(recorded.data.str(), HasSubstr("\"ok\":false"));
}

}  // namespace
}  // namespace halp::cli
