// How a daemon starts, refuses to start, reloads and ends.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "tests/tools/daemon_process.h"
#include "tests/tools/free_port.h"
#include "tools/bench/blocking_client.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

constexpr int bad_configuration = 78;

std::string write_config(const Home& home, const std::string& text) {
    const std::string path = home.path() + "/halpd.yaml";
    std::ofstream{path} << text;
    return path;
}

TEST(DaemonLife, AnswersOnceItSaysThatItListens) {
    Daemon daemon;

    EXPECT_NE(daemon.endpoint().port, 0);
    EXPECT_EQ(daemon.ask("get nosuch\n"), "");
    EXPECT_EQ(daemon.ask("hello\n"), "Could not parse request");
}

TEST(DaemonLife, EndsWithZeroOnSigtermAndHasWrittenWhatItAcknowledged) {
    Daemon daemon;
    ASSERT_EQ(daemon.ask("insert chat\n1700000000 a.example 80"), "success: chat 1700000000 a.example 80");

    const auto began = std::chrono::steady_clock::now();
    const int code = daemon.stop();
    const auto took = std::chrono::steady_clock::now() - began;

    EXPECT_EQ(code, 0) << daemon.messages();
    EXPECT_LT(took, seconds{10});
    EXPECT_EQ(process::read_whole_file(daemon.home().cache_file("chat")), "1700000000 a.example 80");
    EXPECT_FALSE(process::ClientSocket::connect(daemon.endpoint(), seconds{1}));
}

TEST(DaemonLife, TakesSigintLikeSigterm) {
    Daemon daemon;

    daemon.process().signal(SIGINT);

    EXPECT_EQ(daemon.process().wait(generous).value_or(-1), 0) << daemon.messages();
}

TEST(DaemonLife, RemembersAcrossARestart) {
    Home home;
    Daemon before{home, {}};
    ASSERT_EQ(before.ask("insert chat\n1700000000 a.example 80"), "success: chat 1700000000 a.example 80");
    ASSERT_EQ(before.stop(), 0);

    Daemon after{home, {}};

    EXPECT_EQ(after.ask("get chat\n"), "1700000000 a.example 80");
}

TEST(DaemonLife, RestartsAtOnceOnTheSamePort) {
    Home home;
    Daemon before{home, {}};
    before.ask("get chat\n");
    const std::string address = before.endpoint().text();
    before.process().kill_and_wait();

    Daemon after{home, {.listen = address}};

    EXPECT_EQ(after.endpoint().text(), address);
    EXPECT_EQ(after.ask("get chat\n"), "");
}

TEST(DaemonLife, RefusesAStateDirectoryInUseAndNamesTheOther) {
    Home home;
    Daemon first{home, {}};

    Daemon second{home, {.awaited = false}};
    const int code = second.process().wait(generous).value_or(-1);

    EXPECT_EQ(code, 1);
    EXPECT_NE(second.messages().find("already running"), std::string::npos) << second.messages();
    EXPECT_NE(second.messages().find(std::to_string(first.process().pid())), std::string::npos)
        << second.messages();
    EXPECT_EQ(first.ask("get chat\n"), "");
    EXPECT_EQ(first.admin(cli::Method::get, "/healthz").status, 200);
}

// A daemon with a peer answers its peers for a second after it has said goodbye.
TEST(DaemonLife, AStartWaitsForAPredecessorThatIsLeaving) {
    Daemon peer;
    Home home;
    Daemon first{home, {.join = {peer.endpoint()}}};
    ASSERT_TRUE(eventually([&] { return first.nodes().size() == 2 && peer.nodes().size() == 2; }));
    ASSERT_TRUE(first.process().signal(SIGTERM));

    Daemon second{home, {.join = {peer.endpoint()}}};

    EXPECT_TRUE(second.running()) << second.messages();
    EXPECT_EQ(first.process().wait(generous).value_or(-1), 0);
    EXPECT_TRUE(eventually([&] { return second.nodes().size() == 2; }));
}

TEST(DaemonLife, FindsItsFirstPeerAgainWithoutSeedsAfterAKill) {
    Daemon peer;
    Home home;
    Daemon first{home, {.join = {peer.endpoint()}}};
    const std::string line = peer.endpoint().host + " " + std::to_string(peer.endpoint().port);
    const auto saved = [&] {
        std::ifstream file{home.cache_file("halp")};
        return std::string{std::istreambuf_iterator<char>(file), {}}.find(line) != std::string::npos;
    };
    ASSERT_TRUE(eventually([&] { return first.nodes().size() == 2; }));
    ASSERT_TRUE(eventually(saved, seconds{10})) << "what is not urgent waits for 15 s";
    first.process().kill_and_wait();

    Daemon second{home, {}};

    EXPECT_TRUE(eventually([&] { return second.nodes().size() == 2; }));
}

TEST(DaemonLife, TakesOverAStateDirectoryWhoseDaemonWasKilled) {
    Home home;
    Daemon first{home, {}};
    first.process().kill_and_wait();

    Daemon second{home, {}};

    EXPECT_EQ(second.ask("get chat\n"), "");
    EXPECT_EQ(second.admin(cli::Method::get, "/healthz").status, 200);
}

TEST(DaemonLife, SaysThatAPortIsInUse) {
    Daemon first;

    Daemon second{{.listen = first.endpoint().text(), .awaited = false}};
    const int code = second.process().wait(generous).value_or(-1);

    EXPECT_EQ(code, 1);
    EXPECT_NE(second.messages().find("in use"), std::string::npos) << second.messages();
    EXPECT_NE(second.messages().find(first.endpoint().text()), std::string::npos) << second.messages();
}

TEST(DaemonLife, RefusesAnUnknownFlagAsAMistakeOfUsage) {
    Home home;

    EXPECT_EQ(run(home, {HALPD_BINARY, "--no-such-flag"}).code, 2);
}

TEST(DaemonLife, ChecksAConfigurationWithoutStarting) {
    Home home;
    const std::string good = write_config(home, "profile: lan\n");

    const Finished checked = run(home, {HALPD_BINARY, "--config", good, "--check-config"});

    EXPECT_EQ(checked.code, 0) << checked.error;
}

TEST(DaemonLife, PointsAtTheLineOfABadSettingAndSuggestsTheRightOne) {
    Home home;
    const std::string bad = write_config(home, "# first\nprofil: lan\n");

    const Finished checked = run(home, {HALPD_BINARY, "--config", bad, "--check-config"});

    EXPECT_EQ(checked.code, bad_configuration);
    EXPECT_NE(checked.error.find("halpd.yaml:2"), std::string::npos) << checked.error;
    EXPECT_NE(checked.error.find("did you mean"), std::string::npos) << checked.error;
    EXPECT_NE(checked.error.find("profile"), std::string::npos) << checked.error;
}

TEST(DaemonLife, DoesNotStartOnABadConfiguration) {
    Home home;
    const std::string bad = write_config(home, "profile: lunar\n");

    const Finished started = run(home, {HALPD_BINARY, "--config", bad, "--listen", "127.0.0.1:0"});

    EXPECT_EQ(started.code, bad_configuration) << started.error;
}

TEST(DaemonLife, KeepsTheOldConfigurationWhenTheNewOneIsBad) {
    Home home;
    const std::string config = write_config(home, "profile: local\n");
    Daemon daemon{home, {.more = {"--config", config}}};
    write_config(home, "profile: [\n");

    daemon.process().signal(SIGHUP);

    EXPECT_TRUE(eventually([&] { return daemon.messages().find("halpd.yaml") != std::string::npos; }));
    EXPECT_EQ(daemon.ask("get chat\n"), "");
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(DaemonLife, GoesOnAfterSighup) {
    Home home;
    const std::string config = write_config(home, "profile: local\n");
    Daemon daemon{home, {.more = {"--config", config}}};
    daemon.ask("insert chat\n1700000000 a.example 80");

    for (int i = 0; i < 3; ++i) daemon.process().signal(SIGHUP);

    EXPECT_EQ(daemon.ask("get chat\n"), "1700000000 a.example 80");
    EXPECT_EQ(daemon.stop(), 0);
}

// Which signals a process holds back, as a mask; 0 when it is gone.
std::uint64_t held_signals(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("SigBlk:")) return std::stoull(line.substr(7), nullptr, 16);
    return 0;
}

// The configuration is long, so the daemon is in the middle of reading it when the signals come.
TEST(DaemonLife, OutlivesSignalsDuringItsStartAndReloadsAfterwards) {
    Home home;
    std::string text = "profile: local\n";
    while (text.size() < 900'000) text += "# a long comment, so that reading takes a moment\n";
    const std::string config = write_config(home, text);
    Daemon daemon{home, {.more = {"--config", config}, .awaited = false}};
    const pid_t pid = daemon.process().pid();
    constexpr std::uint64_t hup = std::uint64_t{1} << (SIGHUP - 1);
    while (daemon.running() && (held_signals(pid) & hup) == 0 && daemon.messages().empty()) ::sched_yield();
    for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2}) daemon.process().signal(signal);

    ASSERT_TRUE(daemon.await_listening()) << daemon.messages();
    EXPECT_TRUE(eventually([&] { return daemon.messages().find("was read again") != std::string::npos; }))
        << daemon.messages();
    EXPECT_NE(daemon.messages().find("statistics"), std::string::npos);
    EXPECT_NE(daemon.messages().find("debug messages are on"), std::string::npos);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(DaemonLife, DoesNotWaitForAConfigurationThatIsAPipe) {
    Home home;
    const std::string pipe = home.path() + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const Finished refused = run(home, {HALPD_BINARY, "--config", pipe});
    EXPECT_EQ(refused.code, bad_configuration);
    EXPECT_NE(refused.error.find("is a pipe"), std::string::npos) << refused.error;

    const std::string config = write_config(home, "profile: local\n");
    Daemon daemon{home, {.more = {"--config", config}}};
    std::filesystem::remove(config);
    ASSERT_EQ(::mkfifo(config.c_str(), 0600), 0);
    daemon.process().signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon.messages().find("is a pipe") != std::string::npos; }));
    EXPECT_EQ(daemon.ask("get nosuch\n"), "");
    EXPECT_EQ(daemon.stop(), 0);
}

// Whoever may read a directory may lock it.
TEST(DaemonLife, GoesOnSavingWhileAnotherProgramKeepsTheCacheLocked) {
    Home home;
    std::filesystem::permissions(home.cache(), std::filesystem::perms{0755});
    Daemon daemon{home, {}};
    const int directory = ::open(home.cache().c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::flock(directory, LOCK_EX), 0);

    EXPECT_EQ(daemon.ask("insert chat\n1700000000 a.example 80"), "success: chat 1700000000 a.example 80");
    EXPECT_TRUE(eventually([&] {
        return process::read_whole_file(home.cache_file("chat")).find("a.example") != std::string::npos;
    })) << daemon.messages();
    EXPECT_NE(daemon.messages().find("locked for more than a second"), std::string::npos) << daemon.messages();
    EXPECT_EQ(daemon.messages().find("could not save"), std::string::npos) << daemon.messages();
    const std::string status = daemon.admin(cli::Method::get, "/v1/status").body;
    EXPECT_NE(status.find("\"locks\":{\"put_off\":"), std::string::npos) << status;
    EXPECT_EQ(status.find("\"passed_over\":0"), std::string::npos) << status;
    EXPECT_EQ(daemon.stop(), 0);
    ::close(directory);
}

TEST(DaemonLife, KeepsTheOldConfigurationWhenItsFileIsGone) {
    Home home;
    const std::string config = write_config(home, "profile: local\n");
    Daemon daemon{home, {.more = {"--config", config}}};

    std::filesystem::remove(config);
    daemon.process().signal(SIGHUP);

    EXPECT_TRUE(eventually([&] { return daemon.messages().find("old") != std::string::npos; }))
        << daemon.messages();
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(DaemonLife, GoesOnToJoinWhatItWasAskedToAfterAReload) {
    Home home, other_home;
    const std::string config = write_config(home, "profile: local\n");
    Daemon daemon{home, {.more = {"--config", config, "--set", "gossip.seed_retry_max=200ms"}}};
    const std::string port = std::to_string(free_port());
    const std::string later = "127.0.0.1:" + port;
    // Nobody is there yet: the daemon goes on trying.
    static_cast<void>(run(home, {HALP_BINARY, "join", later, "--socket", home.admin(), "--timeout", "2"}));

    daemon.process().signal(SIGHUP);
    ASSERT_TRUE(eventually([&] { return daemon.messages().find("was read again") != std::string::npos; }));
    Daemon other{other_home, {.listen = later}};

    EXPECT_TRUE(
        eventually([&] { return daemon.ask("get halp\n").find("127.0.0.1 " + port) != std::string::npos; }));
    EXPECT_EQ(other.stop(), 0);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(DaemonLife, SaysWhatIsWrongWithADirectoryItCannotMake) {
    Home home;
    std::ofstream{home.path() + "/file"} << "not a directory";

    const Finished started =
        run(home, {HALPD_BINARY, "--listen", "127.0.0.1:0", "--state-dir", home.path() + "/file/state",
                   "--cache-dir", home.cache(), "--admin", home.admin()});

    EXPECT_EQ(started.code, 1);
    EXPECT_NE(started.error.find("file/state"), std::string::npos) << started.error;
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
