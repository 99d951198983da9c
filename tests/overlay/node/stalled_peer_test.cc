// A node that stands still while its kernel still takes connections (SIGSTOP, a machine without memory): it is not
// dead, but nobody should be sent to it.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

class StalledPeer {
public:
    StalledPeer(std::uint64_t seed, std::size_t nodes) : swarm(seed) {
        swarm.add(nodes, 0);
        EXPECT_TRUE(swarm.within(20s, [&] { return swarm.all_know_all(); }));
        swarm.world.run_for(20s + std::chrono::milliseconds{seed * 137 % 1000});
    }
    template <class Holds>
    bool at_all_others(std::size_t stalled, Holds holds) {
        for (std::size_t i = 0; i < swarm.size(); ++i)
            if (i != stalled && !holds(i)) return false;
        return true;
    }
    // Last at every other node.
    bool is_last(std::size_t stalled) {
        return at_all_others(stalled, [&](std::size_t i) {
            const auto hosts = swarm.node(i).hosts(Label::halp(), 0, 1000);
            return hosts.size() == swarm.size() && hosts.back().endpoint == swarm.at(stalled);
        });
    }
    bool is_listed_nowhere(std::size_t stalled) {
        return at_all_others(stalled,
                             [&](std::size_t i) { return !swarm.lists(i, Label::halp(), swarm.at(stalled)); });
    }
    bool is_shown_as_stalled(std::size_t stalled) {
        return at_all_others(stalled, [&](std::size_t i) {
            const auto peers = swarm.node(i).peers();
            const auto at = std::ranges::find(peers, swarm.at(stalled), &PeerStatus::endpoint);
            return at != peers.end() && at->stalled && at->role != PeerRole::grave;
        });
    }
    std::size_t buried() {
        return static_cast<std::size_t>(std::ranges::count_if(
            swarm.world.noted(),
            [](const SimWorld::Noted& noted) { return std::holds_alternative<PeerBuried>(noted.event); }));
    }

    Swarm swarm;
};

double seconds(Duration d) { return static_cast<double>(d.count()) / 1e6; }

// All of it for one size of a swarm; three times, for three nodes.
void stall_one_of(std::size_t nodes, std::uint64_t seed) {
    SCOPED_TRACE(std::to_string(nodes) + " nodes, seed " + std::to_string(seed));
    StalledPeer test{seed, nodes};
    for (const std::size_t stalled : {nodes - 1, nodes / 2, std::size_t{0}}) {
        SCOPED_TRACE("node " + std::to_string(stalled));
        const Instant stop = test.swarm.world.now();
        test.swarm.world.stall(test.swarm.host(stalled), 25s);
        EXPECT_TRUE(test.swarm.within(3s, [&] { return test.is_last(stalled); }));
        std::cout << nodes << " nodes: last everywhere after " << seconds(test.swarm.world.now() - stop) << " s\n";
        test.swarm.world.run_for(stop + 15s - test.swarm.world.now());
        EXPECT_TRUE(test.swarm.within(3s, [&] { return test.is_listed_nowhere(stalled); }));
        test.swarm.world.run_for(stop + 24900ms - test.swarm.world.now());
        EXPECT_TRUE(test.is_listed_nowhere(stalled));
        EXPECT_TRUE(test.is_shown_as_stalled(stalled));
        EXPECT_EQ(test.swarm.node(stalled == 0 ? 1 : 0).status().peers_listed, nodes - 2);
        EXPECT_TRUE(test.swarm.within(1100ms, [&] { return test.swarm.all_know_all(); })) << "it answers again";
        EXPECT_EQ(test.buried(), 0u);
        test.swarm.world.run_for(10s);
    }
}

TEST(StalledPeer, GoesToTheEndOfEveryListAtOnceAndLeavesThemLater) {
    for (const std::size_t nodes : {std::size_t{3}, std::size_t{5}, std::size_t{20}}) stall_one_of(nodes, nodes);
}

TEST(StalledPeer, GoesToTheEndOfEveryListOfAHundredNodesToo) { stall_one_of(100, 100); }

TEST(StalledPeer, ThatStallsForShortAndOftenIsNeverUnlisted) {
    StalledPeer test{9, 20};
    for (int i = 0; i < 10; ++i) {
        test.swarm.world.stall(test.swarm.host(7), 4s);
        for (int k = 0; k < 50; ++k) {
            test.swarm.world.run_for(100ms);
            ASSERT_EQ(test.swarm.listing(Label::halp(), test.swarm.at(7)), 20u);
        }
    }
    EXPECT_EQ(test.buried(), 0u);
}

TEST(StalledPeer, AQuarterOfASwarmCanStallAtOnce) {
    StalledPeer test{10, 40};
    for (std::size_t i = 30; i < 40; ++i) test.swarm.world.stall(test.swarm.host(i), 30s);
    test.swarm.world.run_for(6s);
    for (std::size_t i = 0; i < 30; ++i) {
        const auto hosts = test.swarm.node(i).hosts(Label::halp(), 0, 30);
        for (const ListedHost& host : hosts)
            for (std::size_t k = 30; k < 40; ++k) EXPECT_NE(host.endpoint, test.swarm.at(k));
    }
    test.swarm.world.run_for(30s);
    EXPECT_TRUE(test.swarm.all_know_all());
    EXPECT_EQ(test.buried(), 0u);
}

TEST(StalledPeer, TakesTheHostsOfItsMachineToTheEndOfTheirLists) {
    StalledPeer test{11, 5};
    const Label chat = *Label::parse("chat");
    const std::string machine = test.swarm.at(3).host;
    ASSERT_TRUE(test.swarm.node(1).announce(chat, {"10.9.9.9", 80}));
    ASSERT_TRUE(test.swarm.node(2).announce(chat, {"10.9.9.8", 80}));
    test.swarm.world.run_for(3s);
    ASSERT_TRUE(test.swarm.node(3).announce(chat, {machine, 5222}));
    test.swarm.world.run_for(1s);
    ASSERT_EQ(test.swarm.node(4).hosts(chat, 0, 1)[0].endpoint.host, machine) << "it is the newest";
    test.swarm.world.stall(test.swarm.host(3), 20s);
    test.swarm.world.run_for(3s);
    EXPECT_EQ(test.swarm.node(4).hosts(chat, 2, 1).at(0).endpoint.host, machine);
    EXPECT_EQ(test.swarm.node(4).hosts(chat, 0, 10).size(), 3u);
    EXPECT_EQ(test.swarm.node(4).hosts(chat, 1, 1).size(), 1u);
    test.swarm.world.run_for(19s);
    EXPECT_EQ(test.swarm.node(4).hosts(chat, 0, 1)[0].endpoint.host, machine);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
