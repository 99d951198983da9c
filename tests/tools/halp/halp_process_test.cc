// The behaviour on which scripts rely: exit codes, streams, signals. HALP_PROGRAM is the built `halp`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "tests/tools/halp/halp_support.h"
#include "tests/tools/halp/scripted_server.h"

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using testing::ScriptedServer;

struct Ran {
    int code = -1;
    std::string data, messages;
};

// Runs a program to its end.
Ran run_program(const std::string& shell_command) {
    const testing::TemporaryDirectory place;
    const std::string redirected = shell_command + " >" + place.path() + "/data 2>" + place.path() + "/messages";
    const int status = std::system(redirected.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, place.file("data"), place.file("messages")};
}

class HalpProgram : public ::testing::Test {
protected:
    [[nodiscard]] std::string halp(const std::string& words) const {
        return "HOME=" + home.path() + " XDG_RUNTIME_DIR= XDG_STATE_HOME= TERM=dumb " HALP_PROGRAM " " + words;
    }
    testing::TemporaryDirectory home;
};

TEST_F(HalpProgram, CreatesTheCacheDirectoryAndUsesIt) {
    const auto inserted = run_program(halp("insert chat a.example 80 -s 0 --cache-dir " + home.path() + "/c/d"));
    EXPECT_EQ(inserted.code, 0) << inserted.messages;
    EXPECT_EQ(inserted.data.find("'a.example 80' inserted to local cache under label 'chat'\nTimestamp "), 0u);
    const auto got = run_program(halp("get chat --cache-dir " + home.path() + "/c/d"));
    EXPECT_EQ(got.code, 0);
    EXPECT_THAT(got.data, HasSubstr(" a.example 80\n"));
}

// /dev/full takes every open and no byte.
TEST_F(HalpProgram, FailsWhenItsOutputCannotBeWritten) {
    const std::string cache = " --cache-dir " + home.path() + "/c";
    ASSERT_EQ(run_program(halp("insert chat a.example 80" + cache)).code, 0);
    for (const std::string& words : {std::string{"--help"}, std::string{"dht --help"}, std::string{"--version"},
                                     "get chat" + cache, "get chat --json" + cache, "labels" + cache}) {
        const auto full = run_program("(" + halp(words) + " >/dev/full)");
        EXPECT_EQ(full.code, 1) << words;
        EXPECT_THAT(full.messages, HasSubstr("not all of the output could be written")) << words;
    }
    EXPECT_EQ(run_program("(" + halp("get other" + cache) + " >/dev/full)").code, 3) << "nothing was to be written";
}

TEST_F(HalpProgram, EndsWithTheCodesItPromises) {
    EXPECT_EQ(run_program(halp("--help")).code, 0);
    EXPECT_EQ(run_program(halp("frobnicate")).code, 2);
    EXPECT_EQ(run_program(halp("get chat --cache-dir " + home.path() + "/c")).code, 3);
    EXPECT_EQ(run_program(halp("status --socket " + home.path() + "/none.sock")).code, 4);
    EXPECT_EQ(run_program(halp("get chat --socket " + home.path() + "/none.sock")).code, 4);
    EXPECT_EQ(run_program(halp("get chat --cache-dir /proc/none")).code, 1);
    const ScriptedServer hung{home.path() + "/hung.sock", [](const std::string&) {
                                  return ScriptedServer::Reply{"", true, false};
                              }};
    EXPECT_EQ(run_program(halp("status --timeout 0.3 --socket " + home.path() + "/hung.sock")).code, 5);
}

TEST_F(HalpProgram, WatchEndsByTimeAndByInterrupt) {
    const ScriptedServer quiet{home.path() + "/q.sock", [](const std::string&) {
                                   return ScriptedServer::Reply{
                                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                                       ": alive\n\n",
                                       true, false};
                               }};
    const std::string watch = "watch chat --socket " + home.path() + "/q.sock";
    EXPECT_EQ(run_program(halp(watch + " --for 0.2")).code, 0);
    EXPECT_EQ(run_program("timeout -s INT 0.5 env " + halp(watch) + "; test $? -eq 124 || exit 9; exit 0").code, 0);
    EXPECT_EQ(run_program("timeout --preserve-status -s INT 0.5 env " + halp(watch)).code, 130);
}

TEST_F(HalpProgram, AnnounceHoldsItsConnectionAndEndsWellOnTerm) {
    const ScriptedServer keeps{home.path() + "/k.sock", [](const std::string&) {
                                   return ScriptedServer::Reply{
                                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                                       "event: announced\ndata: {\"label\":\"chat\",\"host\":\"h\",\"port\":1}\n\n",
                                       true, false};
                               }};
    const auto ran = run_program("timeout --preserve-status -s TERM 0.5 env " +
                                 halp("announce chat h:1 --socket " + home.path() + "/k.sock"));
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.data, "Announced h:1 under 'chat'\n");
    EXPECT_THAT(ran.messages, HasSubstr("withdrawn."));
}

TEST_F(HalpProgram, DemoEndsByItselfAndLeavesNothing) {
    if (run_program("test -x $(dirname " HALP_PROGRAM ")/halpd").code != 0)
        GTEST_SKIP() << "halpd is not built here";
    const auto ran = run_program("TMPDIR=" + home.path() + " " + halp("demo 3"));
    EXPECT_EQ(ran.code, 0) << ran.data << ran.messages;
    EXPECT_THAT(ran.data, HasSubstr("Every other node has forgotten it"));
    EXPECT_THAT(ran.data, HasSubstr("halp announce chat"));
    EXPECT_EQ(run_program("ls -A " + home.path()).data, "");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
