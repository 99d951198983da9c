// Services of a real daemon: announced while their checks pass, withdrawn while they fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/tools/daemon_process.h"
#include "tools/program/json.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

class Services : public ::testing::Test {
protected:
    void configure(const std::string& services) const {
        std::ofstream{file()} << "dns: {enabled: false}\nservices:\n" << services;
    }
    [[nodiscard]] std::string file() const { return home_.path() + "/halpd.yaml"; }
    void start() { daemon_.emplace(home_, DaemonOptions{.more = {"--config", file()}}); }
    [[nodiscard]] Json service(std::size_t number) const {
        const Json status = Json::parse(daemon_->admin(cli::Method::get, "/v1/status").body).value_or(Json{});
        const auto& all = status["services"].items();
        return number < all.size() ? all[number] : Json{};
    }
    [[nodiscard]] bool listed(const std::string& label) const {
        return !daemon_->ask("get " + label + "\n").empty();
    }
    [[nodiscard]] bool is(std::size_t number, const std::string& state) const {
        return service(number)["state"].text_or("") == state;
    }

    Home home_;
    std::optional<Daemon> daemon_;
};

TEST_F(Services, FollowTheirChecks) {
    const std::string flag = home_.path() + "/works";
    Daemon checked;
    configure(
        "  - {label: plain, host: 192.0.2.1, port: 1, tags: [v=2]}\n"
        "  - {label: asked, host: 192.0.2.1, port: 2, check: {command: 'echo no such file; test -e " +
        flag +
        "', interval: 100ms}}\n"
        "  - {label: dialled, host: 192.0.2.1, port: 3, check: {tcp: '" +
        checked.endpoint().text() +
        "', interval: 100ms}}\n"
        "  - {label: http, host: 192.0.2.1, port: 4, check: {http: 'http://" +
        checked.endpoint().text() + "/', interval: 100ms}}\n");
    start();
    ASSERT_TRUE(
        eventually([&] { return is(0, "passing") && is(1, "failing") && is(2, "passing") && is(3, "failing"); }));
    EXPECT_TRUE(listed("plain"));
    EXPECT_FALSE(listed("asked"));
    EXPECT_TRUE(listed("dialled"));
    EXPECT_EQ(service(1)["why"].text_or(""), "exit code 1: no such file");
    EXPECT_EQ(service(1)["target"].text_or("missing"), "") << "a command may hold a password";
    EXPECT_THAT(service(3)["why"].text_or(""), HasSubstr("not HTTP"));
    EXPECT_EQ(service(0)["announced"].flag_or(false), true);

    std::ofstream{flag} << "";
    EXPECT_TRUE(eventually([&] { return is(1, "passing") && listed("asked"); }));
    std::filesystem::remove(flag);
    EXPECT_TRUE(eventually([&] { return is(1, "failing") && !listed("asked"); }));
    EXPECT_EQ(checked.stop(), 0);
    EXPECT_TRUE(eventually([&] { return is(2, "failing") && !listed("dialled"); }));

    configure(
        "  - {label: plain, host: 192.0.2.1, port: 1, tags: [v=2]}\n  - {label: fresh, host: 192.0.2.1, port: "
        "9}\n");
    EXPECT_TRUE(daemon_->process().signal(SIGHUP));
    EXPECT_TRUE(eventually([&] { return listed("fresh"); }));
    EXPECT_TRUE(listed("plain"));
}

TEST_F(Services, EndACommandThatTakesTooLongWithAllThatItStarted) {
    const std::string pids = home_.path() + "/pids";
    configure("  - {label: slow, host: 192.0.2.1, port: 1, check: {command: 'sleep 1000 & echo $$ $! >" + pids +
              "; wait', interval: 1h, timeout: 300ms}}\n"
              "  - {label: loud, host: 192.0.2.1, port: 2, check: {command: 'yes', interval: 1h, timeout: 20s}}\n"
              "  - {label: away, host: 192.0.2.1, port: 3, check: {command: 'exec perl -e \"setpgrp(0, "
              "getpgrp(getppid())) or die; sleep 1000\"', interval: 1h, timeout: 300ms}}\n"
              "  - {label: left, host: 192.0.2.1, port: 4, check: {command: 'setsid sh -c \"yes; touch " +
              pids + ".over\" & sleep 0.2; exit 3', interval: 1h, timeout: 20s}}\n");
    start();
    ASSERT_TRUE(
        eventually([&] { return is(0, "failing") && is(1, "failing") && is(2, "failing") && is(3, "failing"); }));
    EXPECT_THAT(service(2)["why"].text_or(""), HasSubstr("did not end in time")) << "it has left its group";
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(pids + ".over"); }))
        << "nobody reads what it writes";
    EXPECT_THAT(service(0)["why"].text_or(""), HasSubstr("did not end in time"));
    EXPECT_THAT(service(1)["why"].text_or(""), HasSubstr("wrote more than 1 MiB"));
    std::ifstream in{pids};
    pid_t shell = 0, child = 0;
    in >> shell >> child;
    ASSERT_GT(child, 0);
    EXPECT_TRUE(eventually([&] { return ::kill(shell, 0) != 0 && ::kill(child, 0) != 0; }));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
