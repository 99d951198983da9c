// A daemon that may open 100 files, and clients that hold more connections than that, at each of its ports in turn.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tests/tools/dht_daemon.h"
#include "tools/bench/blocking_client.h"
#include "tools/program/json.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

constexpr int clients = 130;

class FewFiles : public ::testing::Test {
protected:
    FewFiles() {
        DaemonOptions options = dht_options(home_);
        options.prefix = {"/usr/bin/prlimit", "--nofile=100:100"};
        daemon_ = std::make_unique<Daemon>(home_, options);
        other_ = std::make_unique<Daemon>(other_home_, DaemonOptions{.join = {daemon_->endpoint()}});
    }
    ~FewFiles() override {
        for (const int fd : unix_sockets_) ::close(fd);
    }
    void SetUp() override {
        ASSERT_TRUE(eventually([&] { return all_know_all({daemon_.get(), other_.get()}); })) << daemon_->messages();
    }
    void hold_admin_connections() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, home_.admin().c_str(), sizeof address.sun_path - 1);
        for (int i = 0; i < clients; ++i) {
            const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            // Refused when the queue of the kernel is full; then there are enough.
            const bool queued = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
            unix_sockets_.push_back(fd);
            if (!queued) break;
        }
    }
    void hold_connections(const Endpoint& port) {
        for (int i = 0; i < clients; ++i)
            if (auto socket = process::ClientSocket::connect(port, generous))
                sockets_.push_back(std::move(*socket));
    }
    static std::int64_t figure(Daemon& daemon, const std::string& group, const std::string& name) {
        const auto status = Json::parse(daemon.admin(cli::Method::get, "/v1/status").body);
        return status ? static_cast<std::int64_t>((*status)[group][name].whole_or(0)) : 0;
    }
    // It answers its operator, goes on gossiping, is still a member, and has not filled the log.
    void expect_well() {
        const std::int64_t before = figure(*daemon_, "rounds", "done");
        EXPECT_TRUE(eventually([&] { return figure(*daemon_, "rounds", "done") >= before + 3; }))
            << "it misses its rounds";
        for (Daemon* each : {daemon_.get(), other_.get()}) EXPECT_EQ(figure(*each, "peers", "listed"), 1);
        EXPECT_LT(daemon_->messages().size(), 10'000u) << daemon_->messages().substr(0, 2000);
    }

    Home home_, other_home_;
    std::unique_ptr<Daemon> daemon_, other_;
    std::vector<int> unix_sockets_;
    std::vector<process::ClientSocket> sockets_;
};

TEST_F(FewFiles, AreSharedWithClientsOfTheAdminSocket) {
    hold_admin_connections();
    expect_well();
}

TEST_F(FewFiles, AreSharedWithClientsOfHalpText) {
    hold_connections(daemon_->endpoint());
    expect_well();
}

TEST_F(FewFiles, AreSharedWithClientsOfRecords) {
    hold_connections(dht_port(*daemon_));
    expect_well();
    EXPECT_EQ(daemon_->ask("get nosuch\n"), "");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
