// What an installation has besides the programs: units, pages and completions, tried with the tools that read them.
// A tool that is missing skips its test; tools/check installs systemd and mandoc.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

namespace fs = std::filesystem;

std::string tool(const std::string& name) { return process::find_program(name, "/usr/bin:/bin:/usr/sbin"); }

Finished shell(const Home& home, const std::string& script, const std::vector<std::string>& words = {}) {
    std::vector<std::string> argv{tool("bash"), "-c", script, "bash"};
    argv.insert(argv.end(), words.begin(), words.end());
    return run(home, argv);
}

std::vector<std::string> pages_in(const std::string& folders) {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(HALP_BUILD_DIR "/pages"))
        if (entry.is_regular_file() && entry.path().parent_path().filename().string().starts_with(folders))
            files.push_back(entry.path());
    return files;
}

// ---- cmake --install ----

Finished install_to(const Home& home, const std::string& prefix, const std::string& staging = {}) {
    return shell(home, "DESTDIR=\"$4\" exec \"$1\" --install \"$2\" --prefix \"$3\" --component halpd",
                 {HALP_CMAKE, HALP_BUILD_DIR, prefix, staging});
}

TEST(Installation, UnitsNameTheProgramOfTheirPrefix) {
    const Home home;
    const std::string prefix = home.path() + "/a prefix";

    const Finished installed = install_to(home, prefix);

    ASSERT_EQ(installed.code, 0) << installed.error;
    const std::string unit = process::read_whole_file(prefix + "/lib/systemd/system/halpd.service");
    EXPECT_NE(unit.find("ExecStart=\"" + prefix + "/bin/halpd\"\n"), std::string::npos) << unit;
    EXPECT_TRUE(fs::exists(prefix + "/bin/halpd"));
    EXPECT_TRUE(fs::exists(prefix + "/share/man/man8/halpd.8.gz") ||
                fs::exists(prefix + "/share/man/man8/halpd.8"));
}

TEST(Installation, IsStagedBelowDestdirAndUnitsDoNotNameIt) {
    const Home home;
    const std::string staging = home.path() + "/staging";

    const Finished installed = install_to(home, "/opt/halp", staging);

    ASSERT_EQ(installed.code, 0) << installed.error;
    const std::string unit = process::read_whole_file(staging + "/opt/halp/lib/systemd/system/halpd@.service");
    EXPECT_NE(unit.find("ExecStart=\"/opt/halp/bin/halpd\" --config"), std::string::npos) << unit;
    EXPECT_EQ(unit.find(staging), std::string::npos);
}

// ---- the units ----

TEST(Units, AreHardened) {
    const std::string analyze = tool("systemd-analyze");
    if (analyze.empty()) GTEST_SKIP() << "systemd-analyze is not installed";
    const Home home;
    ASSERT_EQ(install_to(home, home.path() + "/usr").code, 0);

    for (const char* unit : {"halpd.service", "halpd@.service"}) {
        const Finished judged = run(home, {analyze, "security", "--offline=true", "--threshold=20", "--no-pager",
                                           home.path() + "/usr/lib/systemd/system/" + unit});
        EXPECT_EQ(judged.code, 0) << judged.out << judged.error;
    }
}

TEST(Units, AreUnderstoodBySystemd) {
    const std::string analyze = tool("systemd-analyze");
    if (analyze.empty()) GTEST_SKIP() << "systemd-analyze is not installed";
    const Home home;
    ASSERT_EQ(install_to(home, home.path() + "/usr").code, 0);

    const Finished judged = shell(home,
                                  "cd \"$2\" && exec \"$1\" verify --man=no ./halpd.service ./halpd@one.service "
                                  "./halpd.socket ./halpd-admin.socket",
                                  {analyze, home.path() + "/usr/lib/systemd/system"});

    EXPECT_EQ(judged.code, 0) << judged.error;
    EXPECT_EQ(judged.error.find("halpd"), std::string::npos) << judged.error;
}

TEST(Installation, TellsAUserWhoMayNotOpenTheSocketOfTheService) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    const Home home;  // nobody else may look into it
    const std::string as_nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
    if (shell(home, as_nobody + "\"$1\" --version", {HALP_BINARY}).code != 0)
        GTEST_SKIP() << "other users cannot reach " << HALP_BINARY;

    const Finished asked =
        shell(home, "XDG_RUNTIME_DIR=\"$2\" " + as_nobody + "\"$1\" status", {HALP_BINARY, home.path() + "/run"});

    EXPECT_EQ(asked.code, 6) << asked.error;
    EXPECT_NE(asked.error.find("ask for membership in the group"), std::string::npos) << asked.error;
}

// ---- the manual pages ----

TEST(ManualPages, AreCleanForMandoc) {
    if (tool("mandoc").empty()) GTEST_SKIP() << "mandoc is not installed";
    const Home home;
    for (const std::string& page : pages_in("man")) {
        const Finished lint = run(home, {tool("mandoc"), "-T", "lint", "-W", "warning", page});
        EXPECT_EQ(lint.code, 0) << lint.out;
    }
}

TEST(ManualPages, AreCleanForMan) {
    if (tool("man").empty()) GTEST_SKIP() << "man is not installed";
    const Home home;
    for (const std::string& page : pages_in("man")) {
        const Finished read =
            shell(home, "LC_ALL=C.UTF-8 MANWIDTH=100 exec man --warnings -E UTF-8 -l \"$1\" >/dev/null", {page});
        EXPECT_EQ(read.error, "") << page;
    }
}

// ---- completion ----

TEST(Completion, IsReadByEveryShell) {
    const Home home;
    std::string missing;
    for (const char* name : {"bash", "zsh", "fish"}) {
        if (tool(name).empty()) missing += std::string{name} + " ";
        for (const std::string& script : tool(name).empty() ? std::vector<std::string>{} : pages_in(name)) {
            const Finished read = run(home, {tool(name), "-n", script});
            EXPECT_EQ(read.code, 0) << script << read.error;
        }
    }
    if (!missing.empty()) GTEST_SKIP() << "not installed: " << missing;
}

// What bash offers behind `line`, separated by blanks.
std::string completed(const Home& home, const std::string& line) {
    const Finished done = shell(home,
                                "source \"$1/pages/bash/halp\"; COMP_LINE=$2 COMP_POINT=${#2}; _halp; "
                                "printf '%s ' \"${COMPREPLY[@]}\"",
                                {HALP_BUILD_DIR, line});
    EXPECT_EQ(done.error, "") << line;
    return done.out;
}

TEST(Completion, AsksTheRunningDaemon) {
    Daemon daemon, other{{.join = {daemon.endpoint()}}};
    const Home& home = daemon.home();
    const std::string halp = std::string{HALP_BINARY} + " --socket " + daemon.home().admin() + " ";
    const auto announce = [&](const std::string& label, const std::string& host) {
        const std::string body = R"({"host":")" + host + R"(","port":80,"kind":"insert"})";
        EXPECT_EQ(daemon.admin(cli::Method::put, "/v1/labels/" + label, body).status, 200);
    };
    announce("chat", "192.0.2.7");
    announce("games%2Fchess", "2001:db8::7");
    ASSERT_TRUE(eventually([&] { return daemon.nodes().size() > 1 || !other.running(); }));

    EXPECT_EQ(completed(home, halp + "get ch"), "chat ");
    EXPECT_EQ(completed(home, halp + "watch games/"), "games/chess ");
    EXPECT_EQ(completed(home, halp + "confirm chat 1"), "192.0.2.7:80 ");
    EXPECT_EQ(completed(home, halp + "confirm games/chess [2001:"), "db8::7\\]:80 ");
    EXPECT_EQ(completed(home, halp + "join 127"), other.endpoint().text() + " ");
    EXPECT_EQ(completed(home, halp + "dht sc"), "scan ");
    EXPECT_EQ(completed(home, halp + "--color="), "auto always never ");
    EXPECT_EQ(completed(home, halp + "confirm chat --f"), "--failed ");
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
