// Program by program and verb by verb: names that would control a terminal are shown, and do nothing. Each program
// has a terminal of its own for stdout and stderr.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::Not;

// CSI as a C1 control, a direction override, the first byte of a sequence that never ends, and ESC.
const std::string csi = "\xc2\x9b", override_direction = "\xe2\x80\xae", half = "\xe2\x80", escape = "\x1b[2J";
const std::string quiet_host =
    "a" + csi + "2J" + override_direction + "b" + half + ".example";  // as HALP text takes it
const std::string loud = "x" + escape + csi + override_direction + "\a\xff";

// Both ends of a pseudo-terminal.
class Terminal {
public:
    Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        EXPECT_EQ(::grantpt(master_), 0);
        EXPECT_EQ(::unlockpt(master_), 0);
        slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    ~Terminal() {
        ::close(slave_);
        ::close(master_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    [[nodiscard]] std::string path() const { return ::ptsname(master_); }
    // What has been written so far.
    void read_into(std::string& out) const {
        char part[4096];
        for (pollfd waiting{master_, POLLIN, 0}; ::poll(&waiting, 1, 5) > 0 && (waiting.revents & POLLIN) != 0;) {
            const ssize_t got = ::read(master_, part, sizeof part);
            if (got <= 0) return;
            out.append(part, static_cast<std::size_t>(got));
        }
    }

private:
    int master_ = -1, slave_ = -1;
};

std::string shown(const Home& home, std::vector<std::string> argv) {
    const Terminal terminal;
    process::Command command{.argv = std::move(argv), .environment = home.environment()};
    command.environment.emplace_back("TERM", "xterm");
    command.out_file = command.error_file = terminal.path();
    Result<process::ChildProcess> child = process::ChildProcess::start(command);
    EXPECT_TRUE(child);
    std::string out;
    const bool ended = child && eventually([&] {
                           terminal.read_into(out);
                           return !child->running();
                       });
    EXPECT_TRUE(ended);
    terminal.read_into(out);
    return out;
}

class Terminals : public ::testing::Test {
protected:
    // The output has a trace of the name, and nothing of it that a terminal would follow.
    void expect_harmless(const std::vector<std::string>& argv, const std::string& trace) {
        std::string words;
        for (const std::string& word : argv) words += word + " ";
        const std::string out = shown(home, argv);
        EXPECT_THAT(out, HasSubstr(trace)) << words;
        for (const std::string& bad : {csi, override_direction, escape, std::string{"\a"}, std::string{"\xff"}})
            EXPECT_THAT(out, Not(HasSubstr(bad))) << words;
    }
    void halp_shows(std::vector<std::string> words, const std::string& trace = R"(\xc2\x9b)") {
        words.insert(words.begin(), HALP_BINARY);
        words.insert(words.end(), place.begin(), place.end());
        expect_harmless(words, trace);
    }

    Home home;
    std::vector<std::string> place;  // where `halp` looks
};

TEST_F(Terminals, SeeNoControlsFromAHostNameThroughADaemon) {
    Daemon daemon{home, {}};
    place = {"--socket", home.admin()};
    for (const char* label : {"chat", "halp"})
        EXPECT_THAT(daemon.ask(std::string{"insert "} + label + "\n1700000000 " + quiet_host + " 3451"),
                    HasSubstr("success"));

    for (const char* label : {"chat", "halp"}) halp_shows({"get", label});
    halp_shows({"get", "chat", "--json"}, "\\u009b");
    halp_shows({"watch", "chat", "--once"});
    halp_shows({"watch", "chat", "--once", "--json"}, "\\u009b");
    halp_shows({"peers", "--json"}, "");
    halp_shows({"peers"}, "");
    halp_shows({"status"}, "");
    halp_shows({"labels"}, "chat");
    halp_shows({"insert", "chat", quiet_host, "81"});
    halp_shows({"bcast", "chat", quiet_host, "81", "--timeout", "2"}, "");
    halp_shows({"confirm", "chat", quiet_host + ":80", "--worked"}, "");
    halp_shows({"join", quiet_host + ":1", "--timeout", "1"});
    halp_shows({"get", loud}, "");
    halp_shows({"announce", loud, "192.0.2.1", "80"}, "");
    halp_shows({"clear", loud}, "");
    halp_shows({loud}, R"(\x1b[2J)");
    halp_shows({"get", "chat", "--" + loud}, R"(\x1b[2J)");
    halp_shows({"dht", "get", loud, "1"}, "");
    halp_shows({"dht", "status", "--node", quiet_host + ":1", "--timeout", "1"});
    halp_shows({"dht", "get", "users", "1", "--credentials", loud}, R"(\x1b[2J)");
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(Terminals, SeeNoControlsFromAHostNameInTheHostCache) {
    place = {"--cache-dir", home.cache()};
    std::ofstream{home.cache_file("chat")} << "1700000000 " << quiet_host << " 80\nbad " << loud;
    halp_shows({"get", "chat"});
    halp_shows({"get", "chat", "--json"}, "\\u009b");
    halp_shows({"insert", "chat", quiet_host, "81"});
    halp_shows({"bcast", "chat", quiet_host, "81", "--timeout", "1"}, "");
    halp_shows({"get", "chat", "--cache-dir", loud}, "");
    expect_harmless({HALP_BINARY, "store", "check", loud}, R"(\x1b[2J)");
    expect_harmless({HALP_BINARY, "status", "--socket", loud}, R"(\x1b[2J)");
}

TEST_F(Terminals, SeeNoControlsFromWhatHalpdIsGiven) {
    expect_harmless({HALPD_BINARY, "--config", loud}, R"(\x1b[2J)");
    expect_harmless({HALPD_BINARY, "--" + loud}, R"(\x1b[2J)");
    expect_harmless({HALPD_BINARY, "--set", loud + "=1"}, R"(\x1b[2J)");
    expect_harmless({HALPD_BINARY, "--print-config", "--swarm", "x" + override_direction}, R"(\xe2\x80\xae)");
    const std::string config = home.path() + "/halpd.yaml";
    std::ofstream{config} << "\"swar" << override_direction << "m\": x\nprofile: \"l\\x9ban\"\n";
    expect_harmless({HALPD_BINARY, "--check-config", "--config", config}, R"(\xe2\x80\xae)");
    expect_harmless({HALPD_BINARY, "--listen", "127.0.0.1:0", "--state-dir", "/dev/null/" + loud}, R"(\x1b[2J)");
}

TEST_F(Terminals, SeeNoControlsFromAScenario) {
    const std::string scenario = home.path() + "/s" + override_direction + ".yaml";
    std::ofstream{scenario} << "name: \"n" << override_direction
                            << "\"\nabout: \"a\\x9b2J\"\nnodes: 3\nduration: 2s\n";
    expect_harmless({HALP_SIM_BINARY, "run", scenario}, R"(\xe2\x80\xae)");
    expect_harmless({HALP_SIM_BINARY, "run", loud}, R"(\x1b[2J)");
    expect_harmless({HALP_SIM_BINARY, loud}, R"(\x1b[2J)");
    expect_harmless({HALP_SIM_BINARY, "run", scenario, "--set", loud + "=1"}, R"(\x1b[2J)");
    expect_harmless({HALP_SIM_BINARY, "sweep", scenario, "--vary", "name=" + loud + ",b"}, "");
    expect_harmless({HALP_SIM_BINARY, "compare", loud, scenario}, R"(\x1b[2J)");
    expect_harmless({HALP_SIM_BINARY, "faults", "--kinds", loud}, R"(\x1b[2J)");
    expect_harmless({HALP_SIM_BINARY, "replay", scenario}, R"(\xe2\x80\xae)");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
