// Verb by verb: what a program prints has arrived, or its exit code is 1 and it says so. /dev/full takes every open
// and no byte, as a full disk does.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tests/tools/dht_daemon.h"

namespace halp::testing {
namespace {

Finished shell(const Home& home, const std::string& command) {
    return run(home, {"/bin/sh", "-c", "exec " + command});
}

// A verb that prints something must fail when that is lost. What it does, it does either way.
void expect_told(const Home& home, const std::string& command) {
    const Finished printed = shell(home, command);
    const Finished lost = shell(home, command + " >/dev/full");
    if (printed.code == 0 && !printed.out.empty()) {
        EXPECT_EQ(lost.code, 1) << command;
        EXPECT_NE(lost.error.find("not all of the output could be written"), std::string::npos)
            << command << ": " << lost.error;
    } else {
        EXPECT_EQ(lost.code, printed.code) << command << ": " << printed.error;
    }
}

TEST(FullOutput, IsToldByTheVerbsOfADaemon) {
    Home home;
    Daemon daemon{home, {}};
    const std::string with_socket = " --socket " + home.admin();
    for (const char* verb : {"insert chat a.example 80", "get chat", "get chat --json", "labels", "labels --json",
                             "peers", "peers --json", "status", "status --json", "confirm chat a.example 80",
                             "bcast chat b.example 80", "nuke"})
        expect_told(home, HALP_BINARY " " + (verb + with_socket));
    ASSERT_EQ(daemon.ask("insert chat\n1700000000 a.example 80"), "success: chat 1700000000 a.example 80");
    const Finished lost = shell(home, HALP_BINARY " watch chat" + with_socket + " >/dev/full");
    EXPECT_EQ(lost.code, 1) << "it goes on without a reader: " << lost.error;
}

TEST(FullOutput, IsToldByTheVerbsOfRecords) {
    Home home;
    const std::string data = home.state() + "/dht";
    {
        Daemon daemon{home, dht_options(home)};
        const std::string there = " --node " + dht_port(daemon).text();
        for (const char* verb : {"put c 7 x", "get c 7", "exists c 7", "update c 7 y", "scan c", "scan c --json",
                                 "keys c", "channels", "ranges", "status"})
            expect_told(home, HALP_BINARY " dht " + (verb + there));
        ASSERT_EQ(shell(home, HALP_BINARY " dht put c 8 x" + there).code, 0);
        EXPECT_EQ(shell(home, HALP_BINARY " dht mirror c" + there + " >/dev/full").code, 1);
        ASSERT_EQ(daemon.stop(), 0) << daemon.messages();
    }
    for (const std::string& verb : {"check " + data, "compact " + data, "export " + data + " --json"})
        expect_told(home, HALP_BINARY " store " + verb);
}

TEST(FullOutput, IsToldByEveryProgram) {
    const Home home;
    for (const char* command :
         {HALP_BINARY " --help", HALP_BINARY " --version", HALP_BINARY " dht --help", HALP_BINARY " store --help",
          HALPD_BINARY " --help", HALPD_BINARY " --version", HALPD_BINARY " --print-config",
          HALPD_BINARY " --check-config", HALP_SIM_BINARY " --help", HALP_SIM_BINARY " --version",
          HALP_SIM_BINARY " list", HALP_SIM_BINARY " run growth --nodes 3",
          HALP_SIM_BINARY " views --nodes 50 --view 5 --periods 2", HALP_BENCH_BINARY " --help",
          HALP_BENCH_BINARY " micro --benchmark_list_tests"})
        expect_told(home, command);
}

}  // namespace
}  // namespace halp::testing
