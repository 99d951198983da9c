// Clocks that are wrong, and time that passes while a node stands still (overlay/gossip/rules.md, section 4).
#include <gtest/gtest.h>

#include <cstdlib>

#include "overlay/gossip/clock_steps.h"
#include "overlay/node/overlay_node.h"
#include "store/incarnation.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

constexpr std::int64_t hour = 3600, year = 365 * 24 * hour;

struct Clocks : testing::Test {
    explicit Clocks(std::size_t nodes = 8) : swarm(21) {
        swarm.add(nodes, 0);
        EXPECT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    }
    [[nodiscard]] bool all_list() const { return swarm.listing(chat, service) == swarm.living(); }

    Swarm swarm;
    const Label chat = Label::parse("chat").value();
    const Endpoint service{"10.9.9.9", 80};
};

TEST_F(Clocks, ANodeTwoYearsBehindSeesWhatOthersAnnounceAndIsSeen) {
    swarm.world.set_wall_skew(swarm.host(3), -2 * year);
    swarm.world.set_wall_skew(swarm.host(4), 2 * year);
    ASSERT_TRUE(swarm.node(1).announce(chat, service));
    EXPECT_TRUE(swarm.within(1s, [&] { return all_list(); }));
    const Endpoint late{"10.9.9.8", 80}, early{"10.9.9.7", 80};
    ASSERT_TRUE(swarm.node(3).announce(chat, late));
    ASSERT_TRUE(swarm.node(4).announce(chat, early));
    EXPECT_TRUE(
        swarm.within(1s, [&] { return swarm.listing(chat, late) == 8 && swarm.listing(chat, early) == 8; }));
}

TEST_F(Clocks, ARenewalMadeWithAWrongClockAndThoseAfterItCount) {
    ASSERT_TRUE(swarm.node(1).announce(chat, service));
    ASSERT_TRUE(swarm.within(1s, [&] { return all_list(); }));
    swarm.world.set_wall_skew(swarm.host(1), 2 * year);
    swarm.world.run_for(150s);  // a renewal
    swarm.world.set_wall_skew(swarm.host(1), 0);
    for (int i = 0; i < 40; ++i) {
        swarm.world.run_for(10s);
        ASSERT_TRUE(all_list()) << i;
    }
}

TEST_F(Clocks, ANodeIsBackAtOnceWhenItsClockWasSetBackBeforeItStartedAgain) {
    swarm.world.set_wall_skew(swarm.host(5), hour);
    swarm.crash(5);
    swarm.restart(5);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    ASSERT_TRUE(swarm.node(5).announce(chat, service));
    ASSERT_TRUE(swarm.within(1s, [&] { return all_list(); }));
    swarm.node(5).leave();
    swarm.world.run_for(5s);
    swarm.crash(5);
    EXPECT_EQ(swarm.listing(chat, service), 0u);
    EXPECT_EQ(swarm.listing(Label::halp(), swarm.at(5)), 0u);
    swarm.world.set_wall_skew(swarm.host(5), 0);
    swarm.restart(5);
    ASSERT_TRUE(swarm.node(5).announce(chat, service));
    EXPECT_TRUE(swarm.within(4s, [&] { return swarm.all_know_all(); }));
    EXPECT_TRUE(swarm.within(4s, [&] { return all_list(); }));
    swarm.world.run_for(400s);
    EXPECT_TRUE(all_list());
    EXPECT_TRUE(swarm.all_know_all());
}

TEST_F(Clocks, AnAnnouncementIsWithdrawnByANodeWhoseClockWasSetBack) {
    swarm.world.set_wall_skew(swarm.host(5), 2 * year);
    ASSERT_TRUE(swarm.node(5).announce(chat, service));
    ASSERT_TRUE(swarm.within(1s, [&] { return all_list(); }));
    swarm.crash(5);
    swarm.world.set_wall_skew(swarm.host(5), 0);
    swarm.restart(5);
    ASSERT_TRUE(swarm.node(5).announce(chat, service));
    swarm.world.run_for(10s);  // the others tell what they have
    ASSERT_TRUE(swarm.node(5).withdraw(chat, service));
    EXPECT_TRUE(swarm.within(1s, [&] { return swarm.listing(chat, service) == 0; }));
    swarm.world.run_for(60s);
    EXPECT_EQ(swarm.listing(chat, service), 0u);
}

TEST_F(Clocks, TwoNodesThatAnnounceOneHostDoNotOutbidEachOther) {
    ASSERT_TRUE(swarm.node(1).announce(chat, service));
    swarm.world.run_for(1s);
    ASSERT_TRUE(swarm.node(2).announce(chat, service));
    swarm.world.run_for(10s);
    const std::uint64_t before = swarm.node(1).status().news_sent + swarm.node(2).status().news_sent;
    swarm.world.run_for(60s);
    EXPECT_LE(swarm.node(1).status().news_sent + swarm.node(2).status().news_sent, before + 4);
    ASSERT_TRUE(swarm.node(1).withdraw(chat, service));  // the other one still announces it
    swarm.world.run_for(3s);
    EXPECT_TRUE(all_list());
}

// How old node `i` holds a claim about the service to be, by its own clock; -1 without one.
std::int64_t claimed_age(Swarm& swarm, std::size_t i, const Label& label) {
    const std::int64_t wall = count(swarm.world.env(swarm.host(i)).clock.wall());
    const auto hosts = swarm.node(i).hosts(label, 0, 10);
    return hosts.empty() || !hosts[0].claimed ? -1 : wall - count(hosts[0].seen);
}

TEST(ClockSteps, AClaimDoesNotBecomeYoungerForOthersWhenAClockIsSetBack) {
    for (const std::int64_t set : {-hour, hour}) {
        Swarm swarm{22};
        swarm.add(1, 0);
        const Label chat = Label::parse("chat").value();
        const UnixSeconds stated{count(swarm.world.env(swarm.host(0)).clock.wall()) - 2 * hour};
        ASSERT_TRUE(swarm.node(0).insert(chat, {"10.9.9.9", 80}, stated));
        swarm.world.run_for(30s);
        swarm.world.set_wall_skew(swarm.host(0), set);
        swarm.add(1, 0);
        ASSERT_TRUE(swarm.within(10s, [&] { return claimed_age(swarm, 1, chat) >= 0; })) << set;
        EXPECT_NEAR(static_cast<double>(claimed_age(swarm, 1, chat)), 2.0 * hour + 30, 15) << set;
        // The clock of the hearer is set: the same claim, told again, is not a newer one.
        swarm.world.set_wall_skew(swarm.host(1), set);
        const std::int64_t shown = claimed_age(swarm, 1, chat);
        swarm.world.run_for(60s);
        EXPECT_NEAR(static_cast<double>(claimed_age(swarm, 1, chat)), static_cast<double>(shown) + 60, 15) << set;
    }
}

TEST(ClockSteps, SumsUpWhatCameAfterAnInstant) {
    ClockSteps steps;
    const Instant start = never + 1000s;
    steps.look(start, UnixSeconds{5000});
    for (int i = 1; i <= 100; ++i) steps.look(start + i * 90ms, UnixSeconds{5000 + i * 90 / 1000});
    EXPECT_EQ(steps.since(start), 0);
    steps.look(start + 10s, UnixSeconds{5010 + 3600});
    steps.look(start + 20s, UnixSeconds{5020 + 3600});
    steps.look(start + 21s, UnixSeconds{5021 + 600});
    EXPECT_LE(std::abs(steps.since(start) - 600), 2);
    EXPECT_LE(std::abs(steps.since(start + 15s) + 3000), 2);
    EXPECT_EQ(steps.since(start + 21s), 0);
    for (int i = 0; i < 1000; ++i) steps.look(start + 22s + i * 1s, UnixSeconds{5022 + i + (i % 2 == 0 ? 600 : 0)});
    EXPECT_LE(std::abs(steps.since(start) - 0), 2);
}

bool buries(const SimWorld::Noted& noted) {
    return match(
        noted.event, [](const PeerBuried&) { return true; }, [](const auto&) { return false; });
}

OverlayOptions short_lived() {
    OverlayOptions options = OverlayOptions::for_profile(Profile::local);
    options.gossip.ttl = 12s;
    options.table.fallback.ttl = 8s;
    return options;
}

TEST(StandStill, WhatDiedDuringASuspendDoesNotComeBackThroughTheSleeper) {
    Swarm swarm{31, short_lived()};
    swarm.add(3, 0);
    const Label chat = Label::parse("chat").value();
    const Endpoint service{"10.9.9.9", 80};
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    ASSERT_TRUE(swarm.node(2).announce(chat, service));
    ASSERT_TRUE(swarm.within(1s, [&] { return swarm.listing(chat, service) == 3; }));
    swarm.world.suspend(swarm.host(1), 30s);
    swarm.crash(2);
    swarm.world.run_for(30s);
    ASSERT_FALSE(swarm.lists(0, chat, service));
    for (int i = 0; i < 100; ++i) {
        swarm.world.run_for(100ms);
        ASSERT_FALSE(swarm.lists(0, chat, service)) << i;
    }
    EXPECT_FALSE(swarm.lists(1, chat, service));
    EXPECT_EQ(swarm.node(1).status().stood_still, 1u);
    EXPECT_EQ(swarm.node(0).status().stood_still, 0u);
}

TEST(StandStill, WhatASleeperAnnouncesIsListedAgainAtOnce) {
    Swarm swarm{32};
    swarm.add(8, 0);
    const Label chat = Label::parse("chat").value();
    const Endpoint service{"10.9.9.9", 80};
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    ASSERT_TRUE(swarm.node(3).announce(chat, service));
    swarm.world.suspend(swarm.host(3), 400s);
    swarm.world.run_for(399s);
    EXPECT_EQ(swarm.listing(chat, service), 1u);
    EXPECT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    EXPECT_TRUE(swarm.within(1s, [&] { return swarm.listing(chat, service) == 8; }));
}

// Longer than all that it knew lives, and nobody is configured whom it could call.
TEST(StandStill, ASleeperWithoutSeedsFindsItsSwarmAgain) {
    Swarm swarm{33};
    swarm.add(8, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    swarm.world.suspend(swarm.host(0), 400s);
    swarm.world.run_for(400s);
    EXPECT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
}

TEST(StandStill, ASleeperBlamesNobodyUntilItsNetworkIsBack) {
    Swarm swarm{34};
    swarm.add(8, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    swarm.world.suspend(swarm.host(3), 60s);
    swarm.world.run_for(59s);
    swarm.world.partition({swarm.host(3)});
    swarm.world.run_for(16s);
    swarm.world.heal();
    swarm.world.run_for(20s);
    for (const SimWorld::Noted& noted : swarm.world.noted())
        EXPECT_FALSE(buries(noted) && noted.host == swarm.host(3));
    EXPECT_TRUE(swarm.all_know_all());
}

TEST(StandStill, WhatWaitedForAStoppedProcessIsAsOldAsItWaited) {
    Swarm swarm{35};
    swarm.add(3, 0);
    const Label chat = Label::parse("chat").value();
    const Endpoint service{"10.9.9.9", 80};
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    swarm.world.stall(swarm.host(1), 100s);
    ASSERT_TRUE(swarm.node(2).announce(chat, service));
    swarm.world.run_for(2s);  // the news waits in the sockets of the stopped process
    swarm.crash(2);
    swarm.crash(0);
    swarm.world.run_for(99s);
    const auto listed = swarm.node(1).hosts(chat, 0, 10);
    ASSERT_EQ(listed.size(), 1u);
    const UnixSeconds wall = swarm.world.env(swarm.host(1)).clock.wall();
    EXPECT_GE(count(wall) - count(listed[0].seen), 95);
}

TEST(Incarnation, EveryNumberIsOutrankedByTheNext) {
    for (const std::uint32_t n : {1U, 2U, 1'700'000'000U, 0x7fffffffU, 0x80000000U, 0xfffffff0U, 0xffffffffU}) {
        EXPECT_TRUE(newer_incarnation(incarnation_after(n), n)) << n;
        EXPECT_FALSE(newer_incarnation(n, incarnation_after(n))) << n;
        EXPECT_FALSE(newer_incarnation(n, n)) << n;
        EXPECT_TRUE(newer_incarnation(n, 0)) << "nothing is older than no number";
        EXPECT_EQ(newest_incarnation(n, incarnation_after(n)), incarnation_after(n));
    }
    EXPECT_NE(newer_incarnation(1, 0x80000001U), newer_incarnation(0x80000001U, 1))
        << "opposite ones have an order";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
