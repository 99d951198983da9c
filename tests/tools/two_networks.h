// Two machines with a cable between them: two network namespaces and a pair of virtual interfaces, halp-here and
// halp-there. Needs the permission to make namespaces: root, or unprivileged user namespaces.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tools/bench/proc_stats.h"

namespace halp::testing {

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

inline std::string program(const std::string& name) {
    for (const std::string directory : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"})
        if (std::filesystem::exists(directory + name)) return directory + name;
    return {};
}

class TwoNetworks : public ::testing::Test {
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
    // Both ends are down and have no address.
    bool lay_cable() {
        const std::string ip = program("ip");
        return command({ip, "link", "add", "halp-here", "type", "veth", "peer", "name", "halp-there"}) &&
               command({ip, "link", "set", "halp-there", "netns", other_->pid()}) &&
               there({ip, "link", "set", "lo", "up"});
    }

    Home home_;
    std::optional<NamespaceHolder> other_;
    Finished last_;
};

}  // namespace halp::testing
