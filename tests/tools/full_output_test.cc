// Verb by verb: what a program prints has arrived, or its exit code is 1 and it says so. /dev/full takes every open
// and no byte, as a full disk does.
#include <gtest/gtest.h>

#include <cctype>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tests/tools/dht_daemon.h"
#include "tools/halp/verb_help.h"

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

using Commands = std::vector<std::string>;

const Commands daemon_verbs{"insert chat a.example 80",
                            "get chat",
                            "get chat --json",
                            "labels",
                            "labels --json",
                            "peers",
                            "peers --json",
                            "status",
                            "status --json",
                            "confirm chat a.example 80",
                            "bcast chat b.example 80",
                            "join 127.0.0.1:9 --json",

                            "announce chat c.example:80 --for 0.3",
                            "nuke"};
// They go on until somebody ends them, or end more than themselves.
const Commands daemon_verbs_at_full{"watch chat", "announce chat :80", "demo 2", "clear chat --json",
                                    "leave --json"};
const Commands record_verbs{"put c 7 x",     "get c 7", "exists c 7", "update c 7 y", "scan c",
                            "scan c --json", "keys c",  "channels",   "ranges",       "status"};
const Commands record_verbs_at_full{"mirror c", "remove c 8 --json", "rm-channel c --json"};
const Commands dht_verbs_at_full{"fake", "fake --json", "conformance --list"};
const Commands store_verbs{"check", "compact", "export", "import", "drop-set-aside"};

void expect_lost(const Home& home, const std::string& command) {
    const Finished lost = shell(home, command + " >/dev/full");
    EXPECT_EQ(lost.code, 1) << command << ": " << lost.error;
    EXPECT_NE(lost.error.find("not all of the output could be written"), std::string::npos)
        << command << ": " << lost.error;
}

TEST(FullOutput, IsToldByTheVerbsOfADaemon) {
    Home home;
    Daemon daemon{home, {}};
    const std::string with_socket = " --socket " + home.admin();
    for (const std::string& verb : daemon_verbs) expect_told(home, HALP_BINARY " " + (verb + with_socket));
    ASSERT_EQ(daemon.ask("insert chat\n1700000000 a.example 80"), "success: chat 1700000000 a.example 80");
    for (const std::string& verb : daemon_verbs_at_full)
        expect_lost(home, HALP_BINARY " " + (verb + (verb.starts_with("demo") ? "" : with_socket)));
}

TEST(FullOutput, IsToldByTheVerbsOfRecords) {
    Home home;
    const std::string data = home.state() + "/dht";
    {
        Daemon daemon{home, dht_options(home)};
        const std::string there = " --node " + dht_port(daemon).text();
        for (const std::string& verb : record_verbs) expect_told(home, HALP_BINARY " dht " + (verb + there));
        ASSERT_EQ(shell(home, HALP_BINARY " dht put c 8 x" + there).code, 0);
        for (const std::string& verb : record_verbs_at_full)
            expect_lost(home, HALP_BINARY " dht " + (verb + there));
        ASSERT_EQ(shell(home, HALP_BINARY " dht put c 8 x" + there).code, 0);
        expect_lost(home, HALP_BINARY " dht conformance --id 1 " + dht_port(daemon).text());
        ASSERT_EQ(daemon.stop(), 0) << daemon.messages();
    }
    for (const std::string& verb : dht_verbs_at_full) expect_lost(home, HALP_BINARY " dht " + verb);
    const std::string dump = home.path() + "/records.json";
    ASSERT_EQ(shell(home, HALP_BINARY " store export " + data + " --format json --to " + dump).code, 0);
    for (const std::string& verb : store_verbs)
        expect_told(home, HALP_BINARY " store " + verb + " " + data + (verb == "import" ? " " + dump : "") +
                              (verb == "export" ? " --format json" : ""));
}

// The names in the help of the program: two spaces, a small letter.
std::vector<std::string> verbs_of(const Home& home, const std::string& program) {
    std::vector<std::string> names;
    std::istringstream help{shell(home, program + " --help").out};
    for (std::string line; std::getline(help, line);)
        if (line.size() > 3 && line.starts_with("  ") && std::islower(static_cast<unsigned char>(line[2])))
            names.push_back(line.substr(2, line.find(' ', 2) - 2));
    return names;
}

bool tried(const std::string& verb, const std::vector<Commands>& lists) {
    for (const Commands& list : lists)
        for (const std::string& command : list)
            if (command == verb || command.starts_with(verb + " ")) return true;
    return false;
}

TEST(FullOutput, NoVerbIsForgottenHere) {
    const Home home;
    const std::vector<std::string> records = verbs_of(home, HALP_BINARY " dht"),
                                   files = verbs_of(home, HALP_BINARY " store");
    EXPECT_GE(records.size(), 14u);
    EXPECT_GE(files.size(), 5u);
    for (const std::string& verb : records)
        EXPECT_TRUE(tried(verb, {record_verbs, record_verbs_at_full, dht_verbs_at_full})) << "dht " << verb;
    for (const std::string& verb : files) EXPECT_TRUE(tried(verb, {store_verbs})) << "store " << verb;
    for (const cli::VerbHelp& verb : cli::verbs()) {
        const bool nested = verb.verb == cli::Verb::dht || verb.verb == cli::Verb::store;
        EXPECT_TRUE(nested || tried(verb.name, {daemon_verbs, daemon_verbs_at_full})) << verb.name;
    }
}

// A pipe whose reader has left: a FIFO that was open for both, and is now for writing only.
TEST(FullOutput, AClosedPipeEndsWhatWouldGoOn) {
    Home home;
    Daemon daemon{home, {}};
    const std::string with_socket = " --socket " + home.admin(), fifo = home.path() + "/fifo";
    ASSERT_EQ(shell(home, "mkfifo " + fifo).code, 0);
    for (const std::string& command :
         Commands{HALP_BINARY " watch chat --json" + with_socket, HALP_BINARY " announce chat :80" + with_socket,
                  HALP_BINARY " dht fake"}) {
        const Finished ended =
            shell(home, "/bin/sh -c 'exec 3<>" + fifo + " 4>" + fifo + " 3<&-; exec " + command + " >&4'");
        EXPECT_EQ(ended.code, 1) << command << ": " << ended.error;
    }
}

TEST(FullOutput, IsToldByEveryProgram) {
    const Home home;
    for (const char* command :
         {HALP_BINARY " --help", HALP_BINARY " --version", HALP_BINARY " dht --help", HALP_BINARY " store --help",
          HALPD_BINARY " --help", HALPD_BINARY " --version", HALPD_BINARY " --print-config",
          HALPD_BINARY " --check-config", HALP_SIM_BINARY " --help", HALP_SIM_BINARY " --version",
          HALP_SIM_BINARY " list", HALP_SIM_BINARY " run growth --nodes 3",
          HALP_SIM_BINARY " views --nodes 50 --view 5 --periods 2", HALP_BENCH_BINARY " --help",
          HALP_SIM_BINARY " sweep growth --nodes 3 --vary nodes=3,4",
          HALP_SIM_BINARY " faults --seeds 1 --nodes 3 --minutes 0.2",
          HALP_BENCH_BINARY " micro --benchmark_list_tests"})
        expect_told(home, command);
}

}  // namespace
}  // namespace halp::testing
