// Verb by verb: what a program prints has arrived, or its exit code is 1 and it says so. /dev/full takes every open
// and no byte, as a full disk does.
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tests/tools/dht_daemon.h"
#include "tools/halp/verb_help.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

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
                            "top --once",
                            "doctor",
                            "doctor --json",
                            "announce chat c.example:80 --for 0.3",
                            "nuke"};
// They go on until somebody ends them, or end more than themselves.
const Commands daemon_verbs_at_full{"watch chat", "announce chat :80", "demo 2", "clear chat --json",
                                    "leave --json"};
const Commands record_verbs{"put c 7 x",
                            "get c 7",
                            "exists c 7",
                            "update c 7 y",
                            "scan c",
                            "scan c --json",
                            "keys c",
                            "channels",
                            "ranges",
                            "status",
                            "size",
                            "size c --json",
                            "listen c --for 0.1 --json",
                            "dump $HOME/dumps",
                            "load $HOME/dumps"};
// By the port of legacy.
const Commands legacy_verbs{"redistribute --dry-run", "redistribute --dry-run --json"};
// By the daemon of this machine, or by nobody. $$ is another number each time.
const Commands operator_verbs{"keygen app --file $HOME/key-$$",
                              "keygen app --json --file $HOME/key-$$",
                              "credentials",
                              "credentials --json",
                              "stats",
                              "stats --json",
                              "import-config $HOME/config.ini"};
const Commands record_verbs_at_full{"mirror c", "remove c 8 --json", "rm-channel c --json"};
const Commands dht_verbs_at_full{"fake", "fake --json", "conformance --list"};
const Commands store_verbs{"check", "compact", "export", "import", "drop-set-aside"};
const Commands sim_verbs{"list",
                         "show growth",
                         "run growth --nodes 3 -o run --force",
                         "compare run run -o compared --force",
                         "replay run",
                         "views --nodes 50 --view 5 --periods 2",
                         "sweep growth --nodes 3 --vary nodes=3,4",
                         "faults --seeds 1 --nodes 3 --minutes 0.2",
                         "check --quick --only rules"};
const Commands sim_verbs_at_full{"goals --quick --only 'false alarms'"};
const Commands bench_verbs{"text --queries 20 --repeat 1 --clients 1", "dns --queries 20 --repeat 1",
                           "micro --benchmark_list_tests"};
const Commands bench_verbs_at_full{"dht --only memory --records 50 --repeat 1",
                                   "swarm --nodes 2 --repeat 1 --idle 0 --settle 0 --no-failures",
                                   "hostile --only insert-rate --seconds 1"};
// Half a minute at least; a server that prints nothing.
const Commands bench_verbs_left_out{"sim", "bare-server"};

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
        Daemon daemon{home, dht_options(home, {"dht.legacy_listen=127.0.0.1:0"})};
        const std::string there = " --node " + dht_port(daemon).text();
        for (const std::string& verb : record_verbs) expect_told(home, HALP_BINARY " dht " + (verb + there));
        const std::string by_legacy = " --node " + legacy_port(daemon).text();
        for (const std::string& verb : legacy_verbs) expect_told(home, HALP_BINARY " dht " + (verb + by_legacy));
        std::ofstream{home.path() + "/config.ini"} << "[Server]\naddress = 127.0.0.1\nport = 1\n";
        for (const std::string& verb : operator_verbs)
            expect_told(home, HALP_BINARY " dht " + verb + " --socket " + home.admin());
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
    struct Program {
        std::string path;
        std::size_t verbs_min;
        std::vector<Commands> tried;
    };
    const Program programs[] = {
        {HALP_BINARY " dht",
         14,
         {record_verbs, record_verbs_at_full, legacy_verbs, operator_verbs, dht_verbs_at_full}},
        {HALP_BINARY " store", 5, {store_verbs}},
        {HALP_SIM_BINARY, 9, {sim_verbs, sim_verbs_at_full}},
        {HALP_BENCH_BINARY, 6, {bench_verbs, bench_verbs_at_full, bench_verbs_left_out}},
    };
    for (const Program& program : programs) {
        const std::vector<std::string> verbs = verbs_of(home, program.path);
        EXPECT_GE(verbs.size(), program.verbs_min) << program.path;
        for (const std::string& verb : verbs) {
            EXPECT_TRUE(tried(verb, program.tried)) << program.path << " " << verb;
            if (verb != "micro") expect_lost(home, program.path + " " + verb + " --help");  // which passes it on
        }
    }
    for (const cli::VerbHelp& verb : cli::verbs()) {
        const bool nested = verb.verb == cli::Verb::dht || verb.verb == cli::Verb::store;
        EXPECT_TRUE(nested || tried(verb.name, {daemon_verbs, daemon_verbs_at_full})) << verb.name;
    }
}

// A pipe whose reader has left: a FIFO that was open for both, and is now for writing only.
TEST(FullOutput, AClosedPipeEndsWhatWouldGoOn) {
    Home home;
    Daemon daemon{home, dht_options(home)};
    const std::string records = " --node " + dht_port(daemon).text();
    ASSERT_EQ(shell(home, HALP_BINARY " dht put c 7 x" + records).code, 0);
    const std::string with_socket = " --socket " + home.admin(), fifo = home.path() + "/fifo";
    ASSERT_EQ(shell(home, "mkfifo " + fifo).code, 0);
    for (const std::string& command :
         Commands{HALP_BINARY " watch chat --json" + with_socket, HALP_BINARY " announce chat :80" + with_socket,
                  HALP_BINARY " demo 2", HALP_BINARY " dht mirror c" + records, HALP_BINARY " dht fake"}) {
        const Finished ended =
            shell(home, "/bin/sh -c 'exec 3<>" + fifo + " 4>" + fifo + " 3<&-; exec " + command + " >&4'");
        EXPECT_EQ(ended.code, 1) << command << ": " << ended.error;
    }
}

TEST(FullOutput, IsToldByTheVerbsOfTheSimulatorAndTheBench) {
    const Home home;
    const std::string inside = "cd " + home.path() + " && exec ";
    const auto command = [&](const char* program, const std::string& verb) {
        return "/bin/sh -c \"" + inside + program + " " + verb + "\"";
    };
    for (const std::string& verb : sim_verbs) expect_told(home, command(HALP_SIM_BINARY, verb));
    for (const std::string& verb : sim_verbs_at_full) expect_lost(home, command(HALP_SIM_BINARY, verb));
    for (const std::string& verb : bench_verbs) expect_told(home, command(HALP_BENCH_BINARY, verb));
    for (const std::string& verb : bench_verbs_at_full) expect_lost(home, command(HALP_BENCH_BINARY, verb));
}

TEST(FullOutput, IsToldByEveryProgram) {
    const Home home;
    for (const char* command :
         {HALP_BINARY " --help", HALP_BINARY " --version", HALP_BINARY " dht --help", HALP_BINARY " store --help",
          HALPD_BINARY " --help", HALPD_BINARY " --version", HALPD_BINARY " --print-config",
          HALPD_BINARY " --check-config", HALP_SIM_BINARY " --help", HALP_SIM_BINARY " --version",
          HALP_BENCH_BINARY " --help"})
        expect_told(home, command);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
