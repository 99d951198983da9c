// A swarm on two machines whose link is cut and repaired: two network namespaces, a virtual cable, and nftables
// that drops every packet between them. Needs the permission to make namespaces: root, or unprivileged user
// namespaces.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tools/bench/proc_stats.h"

namespace halp::testing {
namespace {

// Keeps a second network namespace alive until it is killed.
class NamespaceHolder {
public:
    NamespaceHolder() {
        int ready[2] = {-1, -1};
        if (::pipe2(ready, O_CLOEXEC) != 0) return;
        pid_ = ::fork();
        if (pid_ == 0) hold(ready[1]);
        char word = 'n';
        usable_ = pid_ > 0 && ::read(ready[0], &word, 1) == 1 && word == 'y';
        ::close(ready[0]);
        ::close(ready[1]);
    }
    ~NamespaceHolder() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    NamespaceHolder(const NamespaceHolder&) = delete;
    NamespaceHolder& operator=(const NamespaceHolder&) = delete;

    [[nodiscard]] bool usable() const { return usable_; }
    [[nodiscard]] std::string pid() const { return std::to_string(pid_); }
    // Runs what follows in the other namespace.
    [[nodiscard]] std::vector<std::string> prefix() const {
        return {"/usr/bin/nsenter", "--net=/proc/" + pid() + "/ns/net"};
    }

private:
    [[noreturn]] static void hold(int ready) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const char word = ::unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
        [[maybe_unused]] const ssize_t told = ::write(ready, &word, 1);
        while (true) ::pause();
    }
    pid_t pid_ = -1;
    bool usable_ = false;
};

std::string program(const std::string& name) {
    for (const std::string directory : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"})
        if (std::filesystem::exists(directory + name)) return directory + name;
    return {};
}

class Partition : public ::testing::Test {
protected:
    void SetUp() override {
        if (program("ip").empty() || program("nft").empty() || program("nsenter").empty())
            GTEST_SKIP() << "ip, nft or nsenter is missing (packages iproute2, nftables, util-linux)";
        if (!bench::enter_own_network()) GTEST_SKIP() << "network namespaces are not permitted here";
        other_.emplace();
        if (!other_->usable()) GTEST_SKIP() << "a second network namespace is not permitted here";
        if (!lay_cable()) GTEST_SKIP() << "no virtual cable between namespaces here: " << last_.error;
    }

    bool command(std::vector<std::string> argv) {
        last_ = run(home_, std::move(argv));
        return last_.code == 0;
    }
    bool there(std::vector<std::string> argv) {
        std::vector<std::string> whole = other_->prefix();
        whole.insert(whole.end(), argv.begin(), argv.end());
        return command(whole);
    }
    bool lay_cable() {
        const std::string ip = program("ip");
        return command({ip, "link", "add", "halp-here", "type", "veth", "peer", "name", "halp-there"}) &&
               command({ip, "link", "set", "halp-there", "netns", other_->pid()}) &&
               command({ip, "addr", "add", "10.77.0.1/24", "dev", "halp-here"}) &&
               command({ip, "link", "set", "halp-here", "up"}) && there({ip, "link", "set", "lo", "up"}) &&
               there({ip, "addr", "add", "10.77.0.2/24", "dev", "halp-there"}) &&
               there({ip, "link", "set", "halp-there", "up"});
    }
    void cut() {
        ASSERT_TRUE(command({program("nft"),
                             "add table inet cut; "
                             "add chain inet cut in { type filter hook input priority 0; }; "
                             "add chain inet cut out { type filter hook output priority 0; }; "
                             "add rule inet cut in iifname halp-here drop; "
                             "add rule inet cut out oifname halp-here drop"}))
            << last_.error;
    }
    void repair() { ASSERT_TRUE(command({program("nft"), "delete table inet cut"})) << last_.error; }

    // One seed for all, here; half of the nodes there. Unix sockets and files reach across namespaces, TCP does
    // not: only the admin socket can ask the nodes of the other side.
    void start(std::size_t each) {
        Daemon& seed = here_.emplace_back(DaemonOptions{.listen = "10.77.0.1:0"});
        while (here_.size() < each)
            here_.emplace_back(DaemonOptions{.listen = "10.77.0.1:0", .join = {seed.endpoint()}});
        while (there_.size() < each)
            there_.emplace_back(
                DaemonOptions{.listen = "10.77.0.2:0", .join = {seed.endpoint()}, .prefix = other_->prefix()});
    }
    // Every daemon of `of` lists each one of `others` (or, for `listed` = false, none of them).
    static bool each_lists(std::deque<Daemon>& of, std::deque<Daemon>& others, bool listed) {
        for (Daemon& daemon : of) {
            const std::string body = daemon.admin(cli::Method::get, "/v1/labels/halp?count=1000").body;
            for (Daemon& other : others) {
                const std::string mark = "\"" + other.endpoint().text() + "\"";
                if (&daemon != &other && (body.find(mark) != std::string::npos) != listed) return false;
            }
        }
        return true;
    }
    // What everybody lists, for a failure's message.
    std::string lists() {
        std::string all;
        for (std::deque<Daemon>* side : {&here_, &there_})
            for (Daemon& daemon : *side)
                all += daemon.endpoint().text() + ": " +
                       daemon.admin(cli::Method::get, "/v1/labels/halp?count=1000").body + daemon.messages() + "\n";
        return all;
    }
    bool whole() {
        return each_lists(here_, here_, true) && each_lists(here_, there_, true) &&
               each_lists(there_, here_, true) && each_lists(there_, there_, true);
    }
    bool in_two() {
        return each_lists(here_, here_, true) && each_lists(here_, there_, false) &&
               each_lists(there_, here_, false) && each_lists(there_, there_, true);
    }

    Home home_;
    std::optional<NamespaceHolder> other_;
    Finished last_;
    std::deque<Daemon> here_, there_;
};

TEST_F(Partition, HealsByItselfOnceTheLinkIsBack) {
    start(4);
    ASSERT_TRUE(eventually([&] { return whole(); })) << lists();

    cut();
    EXPECT_TRUE(eventually([&] { return in_two(); }, seconds{60})) << "the halves still list each other\n"
                                                                   << lists();

    repair();
    EXPECT_TRUE(eventually([&] { return whole(); }, seconds{90})) << "the halves never met again\n" << lists();
}

TEST_F(Partition, WhatWasAnnouncedMeanwhileReachesTheOtherSide) {
    start(3);
    ASSERT_TRUE(eventually([&] { return whole(); })) << lists();
    cut();
    ASSERT_TRUE(eventually([&] { return in_two(); }, seconds{60}));
    const auto put = [](Daemon& by, const std::string& host) {
        return by.admin(cli::Method::put, "/v1/labels/chat", R"({"host":")" + host + R"(","port":80})").status;
    };
    EXPECT_EQ(put(here_[1], "192.0.2.1"), 200);
    EXPECT_EQ(put(there_[1], "192.0.2.2"), 200);

    repair();

    const auto both_listed = [](Daemon& daemon) {
        const std::string body = daemon.admin(cli::Method::get, "/v1/labels/chat").body;
        return body.find("192.0.2.1") != std::string::npos && body.find("192.0.2.2") != std::string::npos;
    };
    EXPECT_TRUE(eventually([&] { return both_listed(here_[2]) && both_listed(there_[2]); }, seconds{90}));
}

}  // namespace
}  // namespace halp::testing
