#include "tools/program/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>

namespace halp::process {
namespace HALP_TEST_FILE {

TEST(ChildProcess, EndsWithItsObjectAndTellsHow) {
    const TemporaryDirectory place;
    pid_t pid = -1;
    {
        auto child = ChildProcess::start({.argv = {"/bin/sleep", "60"}, .out_file = place.path() + "/log", .error_file = place.path() + "/log"});
        ASSERT_TRUE(child);
        pid = child->pid();
        EXPECT_TRUE(child->running());
    }
    EXPECT_EQ(::kill(pid, 0), -1);

    auto child = ChildProcess::start({.argv = {"/bin/sh", "-c", "echo one; echo two >&2; exit 3"}, .out_file = place.path() + "/log", .error_file = place.path() + "/log"});
    ASSERT_TRUE(child);
    EXPECT_TRUE(child->wait(std::chrono::seconds{10}));
    EXPECT_EQ(child->how_it_ended(), "exit code 3");
    EXPECT_EQ(tail_of(place.path() + "/log", 1), "  two\n");
}

TEST(ChildProcess, SaysThatAProgramIsNotThere) {
    const auto child = ChildProcess::start({.argv = {"/nowhere/halpd"}});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().message, "/nowhere/halpd is no program that can be run.");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::process
