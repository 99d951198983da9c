// The rules of overlay/gossip/rules.md as scenarios: real nodes in the virtual world.
#include "overlay/node/overlay_node.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

Label label(const char* text) { return *Label::parse(text); }

std::string seconds_of(Duration d) { return std::to_string(static_cast<double>(d.count()) / 1e6) + " s"; }

TEST(OverlayNode, TwoNodesKnowEachOtherWithinAPeriod) {
    Swarm swarm{1};
    swarm.add(2, 0);
    EXPECT_TRUE(swarm.within(1s, [&] { return swarm.all_know_all(); }));
}

TEST(OverlayNode, FiftyNodesOfOneBootstrapAllKnowAllWithinASecond) {
    Swarm swarm{2, OverlayOptions::for_profile(Profile::local)};
    swarm.add(50, 0);
    const Instant start = swarm.world.now();
    EXPECT_TRUE(swarm.within(1s, [&] { return swarm.all_know_all(); }));
    std::cout << "all know all after " << seconds_of(swarm.world.now() - start) << "\n";
}

// Nodes that start at once, and their seed a little later than some of them.
TEST(OverlayNode, TenNodesThatStartAtOnceAllKnowAllAtOnceAndForFewCalls) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        Swarm swarm{seed, OverlayOptions::for_profile(Profile::local)};
        swarm.add();
        swarm.crash(0);
        for (int i = 0; i < 9; ++i) {
            swarm.world.run_for(2ms);
            swarm.add();
            if (i == 5) swarm.restart(0);
        }
        EXPECT_TRUE(swarm.within(35ms, [&] { return swarm.all_know_all(); }));
        EXPECT_LE(swarm.world.total().connects, 60u);
        std::cout << "connections " << swarm.world.total().connects << "\n";
    }
}

TEST(OverlayNode, AHundredNodesOfOneBootstrapAllKnowAllWithinTwoSeconds) {
    Swarm swarm{3, OverlayOptions::for_profile(Profile::local)};
    swarm.add(100, 0);
    const Instant start = swarm.world.now();
    EXPECT_TRUE(swarm.within(2s, [&] { return swarm.all_know_all(); }));
    std::cout << "all know all after " << seconds_of(swarm.world.now() - start) << ", connections "
              << swarm.world.total().connects << "\n";
}

TEST(OverlayNode, AnAnnouncementReachesAHundredNodesAtOnce) {
    Swarm swarm{4};
    swarm.add(100, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(10s);
    const Endpoint service{"10.9.9.9", 80};
    ASSERT_TRUE(swarm.node(7).announce(label("chat"), service));
    const Instant start = swarm.world.now();
    EXPECT_TRUE(swarm.within(100ms, [&] { return swarm.listing(label("chat"), service) == 100; }));
    std::cout << "spread after " << seconds_of(swarm.world.now() - start) << "\n";
}

TEST(OverlayNode, WhatItAnnouncesStaysWhenListsAreCleared) {
    Swarm swarm{5};
    swarm.add(2, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    const Endpoint service{"10.9.9.9", 80}, other{"10.9.9.8", 80};
    ASSERT_TRUE(swarm.node(1).announce(label("chat"), service));
    ASSERT_TRUE(swarm.node(1).insert(label("chat"), other, UnixSeconds{1'700'000'000}));
    const auto listed = [&] { return swarm.node(1).hosts(label("chat"), 0, 10); };
    ASSERT_EQ(listed().size(), 2u);

    EXPECT_TRUE(swarm.node(1).clear(label("chat")));
    ASSERT_EQ(listed().size(), 1u);
    EXPECT_EQ(listed().front().endpoint, service);
    EXPECT_TRUE(listed().front().own);

    swarm.node(1).clear_all();
    EXPECT_EQ(listed().size(), 1u);
    EXPECT_EQ(swarm.node(1).announcements().size(), 1u);
    swarm.world.run_for(5s);
    EXPECT_EQ(swarm.listing(label("chat"), service), 2u);
}

TEST(OverlayNode, AWithdrawalReachesEverybodyAndStaysWithdrawn) {
    Swarm swarm{5};
    swarm.add(20, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    const Endpoint service{"10.9.9.9", 80};
    ASSERT_TRUE(swarm.node(7).announce(label("chat"), service));
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.listing(label("chat"), service) == 20; }));
    ASSERT_TRUE(swarm.node(7).withdraw(label("chat"), service));
    EXPECT_TRUE(swarm.within(3s, [&] { return swarm.listing(label("chat"), service) == 0; }));
    for (int i = 0; i < 60; ++i) {
        swarm.world.run_for(1s);
        ASSERT_EQ(swarm.listing(label("chat"), service), 0U) << "resurrected after " << i << " s";
    }
    ASSERT_TRUE(swarm.node(7).announce(label("chat"), service));
    EXPECT_TRUE(swarm.within(3s, [&] { return swarm.listing(label("chat"), service) == 20; }));
}

TEST(OverlayNode, AKilledNodeIsDroppedByAHundredWithinFiveSeconds) {
    Swarm swarm{6};
    swarm.add(100, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(20s);
    swarm.crash(42);
    const Instant start = swarm.world.now();
    EXPECT_TRUE(swarm.within(5s, [&] { return swarm.listing(Label::halp(), swarm.at(42)) == 0; }));
    std::cout << "dropped after " << seconds_of(swarm.world.now() - start) << "\n";
    swarm.world.run_for(60s);
    EXPECT_EQ(swarm.listing(Label::halp(), swarm.at(42)), 0U);
    EXPECT_TRUE(swarm.all_know_all());
}

TEST(OverlayNode, ARestartedNodeIsBackAtOnce) {
    Swarm swarm{7};
    swarm.add(30, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    swarm.crash(11);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    swarm.restart(11);
    EXPECT_TRUE(swarm.within(3s, [&] { return swarm.all_know_all(); }));
}

TEST(OverlayNode, ALeavingNodeIsForgottenWithinASecondAndNotProbedAsDead) {
    Swarm swarm{8};
    swarm.add(30, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(5s);
    swarm.node(11).leave();
    EXPECT_TRUE(swarm.within(1s, [&] { return swarm.listing(Label::halp(), swarm.at(11)) <= 1; }));
    swarm.world.run_for(4s);
    swarm.crash(11);
    swarm.world.run_for(30s);
    EXPECT_TRUE(swarm.all_know_all());
    for (const SimWorld::Noted& noted : swarm.world.noted())
        EXPECT_FALSE(match(
            noted.event, [](const PeerBuried&) { return true; }, [](const auto&) { return false; }));
}

TEST(OverlayNode, APartitionHealsWithoutAnOperator) {
    Swarm swarm{9};
    swarm.add(40, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    std::vector<HostId> island;
    for (std::size_t i = 20; i < 40; ++i) island.push_back(swarm.host(i));
    swarm.world.partition(island);
    const auto apart = [&] {
        for (std::size_t i = 0; i < 40; ++i)
            if (swarm.node(i).host_count(Label::halp()) != 20) return false;
        return true;
    };
    EXPECT_TRUE(swarm.within(60s, apart));
    swarm.world.run_for(600s);
    swarm.world.heal();
    const Instant start = swarm.world.now();
    EXPECT_TRUE(swarm.within(15s, [&] { return swarm.all_know_all(); }));
    std::cout << "healed after " << seconds_of(swarm.world.now() - start) << "\n";
}

TEST(OverlayNode, HalfTheSwarmKilledIsForgotten) {
    Swarm swarm{10};
    swarm.add(100, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    for (std::size_t i = 50; i < 100; ++i) swarm.crash(i);
    const Instant start = swarm.world.now();
    EXPECT_TRUE(swarm.within(15s, [&] { return swarm.all_know_all(); }));
    std::cout << "settled after " << seconds_of(swarm.world.now() - start) << "\n";
}

TEST(OverlayNode, NodesOfAnotherSwarmNeverMix) {
    Swarm swarm{11};
    for (int i = 0; i < 6; ++i) swarm.add(i % 2 == 0 ? "red" : "blue");
    swarm.world.run_for(30s);
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t j = 0; j < 6; ++j)
            if (i % 2 != j % 2) {
                EXPECT_FALSE(swarm.lists(i, Label::halp(), swarm.at(j))) << i << " lists " << j;
            }
}

TEST(OverlayNode, AStalledNodeIsNotBuriedByOthersNorBuriesThem) {
    Swarm swarm{12};
    swarm.add(40, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(10s);
    swarm.world.stall(swarm.host(5), 20s);
    swarm.world.run_for(40s);
    for (const SimWorld::Noted& noted : swarm.world.noted())
        EXPECT_FALSE(match(
            noted.event, [](const PeerBuried&) { return true; }, [](const auto&) { return false; }));
    EXPECT_TRUE(swarm.all_know_all());
}

// After a standstill a node finds its own calls unanswered for as long as it stood still.
TEST(OverlayNode, NodesThatStandStillOneAfterTheOtherBuryNobody) {
    Swarm swarm{14};
    swarm.add(40, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(10s);
    swarm.world.stall(swarm.host(5), 30s);
    swarm.world.run_for(15s);
    for (std::size_t i = 10; i < 30; ++i) swarm.world.stall(swarm.host(i), 30s);
    swarm.world.run_for(60s);
    for (const SimWorld::Noted& noted : swarm.world.noted())
        EXPECT_FALSE(match(
            noted.event, [](const PeerBuried&) { return true; }, [](const auto&) { return false; }));
    EXPECT_TRUE(swarm.all_know_all());
}

TEST(OverlayNode, IdleTrafficDoesNotGrow) {
    Swarm swarm{13};
    swarm.add(50, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(60s);
    const SimCounters before = swarm.world.total();
    swarm.world.run_for(60s);
    const SimCounters after = swarm.world.total();
    const double bytes = static_cast<double>(after.bytes_out - before.bytes_out) / 50 / 60;
    const double calls = static_cast<double>(after.connects - before.connects) / 50 / 60;
    std::cout << bytes << " B/s sent per node, " << calls << " connections per s\n";
    EXPECT_LT(bytes, 700);
    EXPECT_LT(calls, 1.3);
}

TEST(OverlayNode, AnExchangeTeachesBothSides) {
    // With two nodes only, the caller must also learn what the other node has.
    Swarm swarm{16};
    swarm.add(2, 0);
    ASSERT_TRUE(swarm.within(2s, [&] { return swarm.all_know_all(); }));
    swarm.world.cut(swarm.host(0), swarm.host(1));
    ASSERT_TRUE(swarm.node(0).announce(label("chat"), {"10.9.9.9", 80}));
    swarm.world.run_for(1s);  // the news is lost
    swarm.world.heal();
    EXPECT_TRUE(swarm.within(6s, [&] { return swarm.listing(label("chat"), {"10.9.9.9", 80}) == 2; }));
}

TEST(OverlayNode, ASwarmLargerThanTheListSettlesDown) {
    Swarm swarm{15};
    swarm.add(200, 0);
    swarm.world.run_for(30s);
    const SimCounters before = swarm.world.total();
    const std::uint64_t news_before = swarm.node(3).status().news_sent;
    swarm.world.run_for(30s);
    const SimCounters after = swarm.world.total();
    EXPECT_LT(static_cast<double>(after.connects - before.connects) / 200 / 30, 2.2) << "calls per node and second";
    EXPECT_LT(static_cast<double>(after.bytes_out - before.bytes_out) / 200 / 30, 1000.0);
    EXPECT_LT(swarm.node(3).status().news_sent - news_before, 10U) << "nothing happened, so there is no news";
    for (std::size_t i = 0; i < 200; ++i) EXPECT_GE(swarm.node(i).host_count(Label::halp()), 100U);
}

TEST(OverlayNode, TheSameSeedGivesTheSameRun) {
    std::uint64_t digests[2];
    for (std::uint64_t& digest : digests) {
        Swarm swarm{14};
        swarm.add(20, 0);
        swarm.world.run_for(20s);
        swarm.crash(3);
        swarm.world.run_for(20s);
        digest = swarm.world.digest();
    }
    EXPECT_EQ(digests[0], digests[1]);
}

// Found by `halp-sim faults --seed 2034`: a failed anchor went to a fresh part that was full.
TEST(OverlayNode, KeepsTheFreshPartWithinItsBoundWhenAnchorsFail) {
    OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
    options.view.fresh_max = 3;
    options.view.anchors_max = 4;
    Swarm s{5, options};
    s.add(12, 0);
    s.world.run_for(30s);
    for (std::size_t i = 8; i < 12; ++i) s.crash(i);
    std::ptrdiff_t most = 0;
    for (int step = 0; step < 4000; ++step) {
        s.world.run_for(5ms);
        for (std::size_t i = 0; i < 8; ++i)
            most = std::max(most, std::ranges::count(s.node(i).peers(), PeerRole::fresh, &PeerStatus::role));
    }
    EXPECT_EQ(most, 3);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
