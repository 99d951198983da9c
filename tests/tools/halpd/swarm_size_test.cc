// Many daemons at once (label `long`).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>

#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

constexpr std::size_t crowd = 200;

// The nodes that a daemon lists, without itself.
std::size_t others_listed(const Daemon& daemon) {
    const std::vector<std::string> listed = daemon.nodes();
    const std::string self = daemon.endpoint().text();
    return listed.size() - static_cast<std::size_t>(std::count(listed.begin(), listed.end(), self));
}

// Every node lists at least this many others. A label holds fewer than 200 hosts by design (24 fresh, 12 anchors,
// 92 of the pool), so a crowd is whole when the lists are full.
constexpr std::size_t full_list = 100;

TEST(SwarmSize, TwoHundredNodesJoiningOneBootstrapAtOnce) {
    std::deque<Daemon> daemons;
    daemons.emplace_back(DaemonOptions{.profile = "lan"});
    ASSERT_TRUE(daemons.front().running());

    const auto began = std::chrono::steady_clock::now();
    while (daemons.size() < crowd)
        daemons.emplace_back(
            DaemonOptions{.join = {daemons.front().endpoint()}, .profile = "lan", .awaited = false});
    for (std::size_t i = 1; i < crowd; ++i) ASSERT_TRUE(daemons[i].await_listening()) << daemons[i].messages();

    std::size_t satisfied = 0;  // those before it listed enough once, and lists do not shrink in a healthy swarm
    const auto all_full = [&] {
        while (satisfied < crowd && others_listed(daemons[satisfied]) >= full_list) ++satisfied;
        return satisfied == crowd;
    };
    EXPECT_TRUE(eventually(all_full, seconds{90}))
        << "node " << satisfied << " lists " << others_listed(daemons[std::min(satisfied, crowd - 1)]);
    RecordProperty("milliseconds",
                   static_cast<int>(
                       std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began).count()));
    for (Daemon& daemon : daemons) EXPECT_TRUE(daemon.running()) << daemon.messages();
}

TEST(SwarmSize, TheBootstrapMayGoWhileAHundredAreJoining) {
    std::deque<Daemon> daemons;
    daemons.emplace_back();
    Daemon& second = daemons.emplace_back(DaemonOptions{.join = {daemons.front().endpoint()}});
    const std::vector<Endpoint> seeds{daemons.front().endpoint(), second.endpoint()};
    while (daemons.size() < crowd / 2) daemons.emplace_back(DaemonOptions{.join = seeds, .awaited = false});
    daemons.front().process().kill_and_wait();
    daemons.pop_front();
    for (Daemon& daemon : daemons) ASSERT_TRUE(daemon.await_listening()) << daemon.messages();

    const auto all_know_most = [&] {
        return std::all_of(daemons.begin(), daemons.end(),
                           [](const Daemon& daemon) { return others_listed(daemon) >= crowd / 2 - 5; });
    };

    EXPECT_TRUE(eventually(all_know_most, seconds{90}));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
