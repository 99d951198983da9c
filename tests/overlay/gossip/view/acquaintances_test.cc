// What a node found itself keeps its place, whatever others say.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "overlay/gossip/view/peer_view.h"
#include "tests/overlay/gossip/dice.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using test::Dice;

constexpr Instant start{std::chrono::hours{1000}};

class AcquaintancesTest : public testing::Test {
protected:
    EndpointId at(const std::string& host, int port = 3451) {
        return endpoints.intern({host, static_cast<std::uint16_t>(port)});
    }
    EndpointId honest(int i) { return at("10.0." + std::to_string(i) + ".1"); }
    // Addresses of one group, or of as many groups as there are attackers.
    EndpointId attacker(int i, bool spread = false) {
        return spread ? at(std::to_string(100 + i / 250) + "." + std::to_string(i % 250) + ".0.1")
                      : at("198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    }
    void prove(int first, int last) {
        for (int i = first; i <= last; ++i) view.prove(honest(i), 1, start);
        view.merge_arrivals();
        view.make_acquaintances(start, true);
    }
    // The attackers are named as fresh, answer calls, and name each other again and again.
    void attack(int count, bool spread, Instant now) {
        for (int round = 0; round < 30; ++round) {
            for (int i = 0; i < count; ++i) {
                view.merge({.endpoint = attacker(i, spread), .incarnation = 1, .seen = now}, now);
                if (i % 3 == round % 3) view.prove(attacker(i, spread), 1, now);
                if (i % 40 == 0) view.merge_arrivals();
            }
            view.merge_arrivals();
            view.make_acquaintances(now, true);
            now += 1s;
        }
    }
    bool honest_are_listed(int first, int last) const {
        for (int i = first; i <= last; ++i) {
            const auto peer = view.find(endpoints.find({"10.0." + std::to_string(i) + ".1", 3451}));
            if (!peer || peer->dead()) return false;
        }
        return true;
    }

    EndpointTable endpoints;
    Dice dice{7};
    PeerView view{endpoints, dice, {.fresh_age_max = 10s}};
};

TEST_F(AcquaintancesTest, ANodeThatWasKnownBeforeAnAttackStaysListed) {
    for (const bool spread : {false, true}) {
        view.clear();
        prove(1, 12);
        ASSERT_EQ(view.acquaintance_count(), 12U);
        attack(500, spread, start + 5s);
        EXPECT_TRUE(honest_are_listed(1, 12)) << "in one group or in many: " << spread;
        EXPECT_LE(view.listed_count(), view.capacity());
        const std::vector<EndpointId> known = view.acquaintances();
        for (int i = 1; i <= 12; ++i)
            EXPECT_LT(std::ranges::find(known, honest(i)) - known.begin(), 12) << "the longest known come first";
    }
}

TEST_F(AcquaintancesTest, OneThatFailsStaysBeforeNodesThatWereOnlyHeardOf) {
    prove(1, 4);
    view.prove(honest(30), 1, start);
    view.merge_arrivals();
    for (const int i : {1, 30})
        for (int failure = 0; failure < 2; ++failure) view.fail(honest(i), start, 2s);
    for (int i = 0; i < 1000; ++i) {
        view.merge({.endpoint = attacker(i), .incarnation = 1, .seen = start + 1s}, start + 1s);
        if (i % 40 == 0) view.merge_arrivals();
    }
    view.merge_arrivals();
    EXPECT_TRUE(view.find(honest(1))->suspect());
    EXPECT_TRUE(view.find(honest(30))) << "a proved suspect before one that was only heard of";
}

TEST_F(AcquaintancesTest, AnAddressGroupKeepsHalfOfThePlacesAtMostWhenOthersWantThem) {
    for (int i = 0; i < 24; ++i) view.prove(attacker(i), 1, start);
    view.merge_arrivals();
    view.make_acquaintances(start, true);
    ASSERT_EQ(view.acquaintance_count(), 24U);
    int taken_in = 0;
    for (int period = 1; period < 400; ++period) {
        const Instant now = start + period * 1s;
        for (int i = 1; i <= 20; ++i) view.prove(honest(i), 1, now);
        for (int i = 0; i < 24; ++i) view.prove(attacker(i), 1, now);
        view.merge_arrivals();
        view.make_acquaintances(now, true);
    }
    const std::vector<EndpointId> known = view.acquaintances();
    for (int i = 1; i <= 20; ++i) taken_in += std::ranges::find(known, honest(i)) != known.end();
    EXPECT_EQ(known.size(), 24U);
    EXPECT_EQ(taken_in, 12);
    EXPECT_EQ(known.front(), attacker(0)) << "the longest known of the group stay";
}

TEST_F(AcquaintancesTest, InALargeSwarmTheyComeSlowlyAndAtRandom) {
    for (int i = 1; i <= 100; ++i) view.prove(honest(i), 1, start);
    view.merge_arrivals();
    for (int period = 0; period < 40; ++period) view.make_acquaintances(start, period % 4 == 0);
    EXPECT_GT(view.acquaintance_count(), 3U);
    EXPECT_LE(view.acquaintance_count(), 10U) << "one a turn";
    std::size_t made = view.acquaintances_made();
    view.make_acquaintances(start, false);
    EXPECT_EQ(view.acquaintances_made(), made);
}

TEST_F(AcquaintancesTest, OneThatComesBackFromItsGraveIsOneAgain) {
    prove(1, 4);
    view.bury(honest(1), start + 1s);
    view.leave(honest(2), 1, start + 1s);
    EXPECT_EQ(view.acquaintance_count(), 2U);
    view.prove(honest(1), 1, start + 100s);
    view.merge({.endpoint = honest(2), .incarnation = 2, .seen = start + 100s, .direct = true}, start + 100s);
    view.merge_arrivals();
    EXPECT_EQ(view.acquaintance_count(), 4U);
    EXPECT_EQ(view.find(honest(1))->known_since, start);
    EXPECT_EQ(view.untried_acquaintances(), std::vector{honest(2)});
    view.set_original(honest(1), start);
    EXPECT_EQ(view.acquaintance_count(), 3U) << "another program is there now";
}

// Somebody calls in the name of a dead node. It must not be lost among the nodes that were only heard of.
TEST_F(AcquaintancesTest, AGraveThatAFalseCallOpensIsNotLost) {
    prove(1, 4);
    view.prove(honest(40), 1, start);
    view.merge_arrivals();
    for (const int i : {1, 40}) {
        view.bury(honest(i), start + 1s);
        ASSERT_EQ(
            view.merge({.endpoint = honest(i), .incarnation = 9, .seen = start + 2s, .direct = true}, start + 2s),
            PeerMerge::revived);
    }
    for (int i = 0; i < 1000; ++i) {
        view.merge({.endpoint = attacker(i), .incarnation = 1, .seen = start + 2s}, start + 2s);
        if (i % 40 == 0) view.merge_arrivals();
    }
    view.merge_arrivals();
    EXPECT_TRUE(view.find(honest(1)));
    ASSERT_TRUE(view.find(honest(40)));
    view.bury(honest(40), start + 9s);
    EXPECT_TRUE(view.find(honest(40))->met);
}

TEST_F(AcquaintancesTest, MadeUpGravesNeverPushARealOneOut) {
    prove(1, 4);
    for (int i = 30; i < 60; ++i) view.prove(honest(i), 1, start);
    view.merge_arrivals();
    for (int i = 1; i <= 4; ++i) view.bury(honest(i), start);
    for (int i = 30; i < 60; ++i) view.bury(honest(i), start);
    for (int i = 0; i < 1000; ++i) {
        view.merge({.endpoint = attacker(i, true), .incarnation = 1, .seen = start}, start);
        view.bury(attacker(i, true), start + std::chrono::seconds{i + 1});
    }
    EXPECT_EQ(view.count(PeerRole::grave), ViewOptions{}.grave_max);
    EXPECT_EQ(view.proved_short(), 0U);
    EXPECT_GT(view.graves_short(), 0U);
    for (int i = 30; i < 60; ++i) EXPECT_TRUE(view.find(honest(i))->dead()) << i;
    for (int i = 0; i < 200; ++i) {
        EXPECT_FALSE(view.due_grave(start + 1h) >= attacker(0, true)) << "and real ones are probed first";
        EXPECT_FALSE(view.any_grave() >= attacker(0, true));
    }
}

// Attackers answer until they are proved, and die.
TEST_F(AcquaintancesTest, GravesOfAcquaintancesOutlastThoseOfNodesThatWereHardlyKnown) {
    prove(1, 20);
    for (int i = 1; i <= 20; ++i) view.bury(honest(i), start + 1s);
    for (int i = 0; i < 1000; ++i) {
        view.prove(attacker(i, i % 2 == 0), 1, start + 2s);
        view.bury(attacker(i, i % 2 == 0), start + std::chrono::seconds{i + 3});
    }
    for (int i = 1; i <= 20; ++i) EXPECT_TRUE(view.find(honest(i))) << i;
    EXPECT_GT(view.proved_short(), 0U) << "counted";
}

TEST_F(AcquaintancesTest, AnAddressGroupLosesItsOwnGravesFirst) {
    for (int i = 1; i <= 60; ++i) {
        view.prove(honest(i), 1, start);
        view.bury(honest(i), start);
    }
    for (int i = 0; i < 400; ++i) {
        view.prove(attacker(i), 1, start + 1s);
        view.bury(attacker(i), start + std::chrono::seconds{i + 2});
    }
    for (int i = 1; i <= 60; ++i) EXPECT_TRUE(view.find(honest(i))) << i;
}

TEST_F(AcquaintancesTest, AfterARestartTheLongestKnownAreCalledFirstAndSomeOfEachGroup) {
    // One group that is known longest, and another one.
    for (int i = 0; i < 12; ++i)
        view.merge({.endpoint = attacker(i),
                    .claim = {UnixSeconds{9}, UnixSeconds{9}, start},
                    .met = true,
                    .known_since = start - 100h + std::chrono::seconds{i}},
                   start);
    for (int i = 1; i <= 4; ++i)
        view.merge({.endpoint = honest(i),
                    .claim = {UnixSeconds{9}, UnixSeconds{9}, start},
                    .met = true,
                    .known_since = start - 1h},
                   start);
    view.merge_arrivals();
    const std::vector<EndpointId> order = view.untried_acquaintances();
    ASSERT_EQ(order.size(), 16U);
    EXPECT_EQ(order[0], attacker(0));
    EXPECT_EQ(order[1], honest(1)) << "the first of another group";
    view.prove(order[0], 1, start);
    view.fail(order[1], start, 2s);
    EXPECT_EQ(view.untried_acquaintances().size(), 14U) << "each is tried once";
}

TEST_F(AcquaintancesTest, AFullMemoryKeepsProvedNodesOfTheEarlierRunBeforeOthers) {
    for (int i = 0; i < 300; ++i)
        view.merge({.endpoint = attacker(i), .claim = {UnixSeconds{99}, UnixSeconds{99}, start}}, start);
    for (int i = 1; i <= 40; ++i)
        view.merge({.endpoint = honest(i),
                    .claim = {UnixSeconds{9}, UnixSeconds{9}, start},
                    .met = true,
                    .known_since = i <= 4 ? start - 1h : never},
                   start);
    view.merge_arrivals();
    EXPECT_TRUE(honest_are_listed(1, 40));
    std::set<EndpointId> first;
    for (int i = 0; i < 300; ++i) first.insert(view.feeler(start, 1h));
    EXPECT_EQ(first.size(), 40U) << "and calls them first";
    EXPECT_FALSE(first.contains(attacker(0)));
}

TEST_F(AcquaintancesTest, NewsGoToTheLongestKnownBesidesWhereMostNodesAreNew) {
    prove(1, 6);
    attack(150, true, start + 5s);
    std::set<EndpointId> others;
    for (int run = 0; run < 50; ++run) {
        std::set<EndpointId> told;
        for (std::size_t turn = 0; turn < 2; ++turn) {
            const std::vector<EndpointId> targets = view.news_targets(5, turn, start + 40s);
            EXPECT_LE(targets.size(), 9U);
            EXPECT_EQ(std::set<EndpointId>(targets.begin(), targets.end()).size(), targets.size());
            told.insert(targets.begin(), targets.end());
            for (int i = 1; i <= (turn == 0 ? 4 : 6); ++i) EXPECT_TRUE(told.contains(honest(i))) << i;
        }
        others.insert(told.begin(), told.end());
    }
    EXPECT_GT(others.size(), 100U) << "and to all others by chance";
}

// Five random ones each reach a swarm soonest.
TEST_F(AcquaintancesTest, NewsGoToRandomNodesWhereMostAreKnownAlike) {
    prove(1, 20);
    view.merge({.endpoint = honest(21), .incarnation = 1, .seen = start}, start);
    view.merge_arrivals();
    std::map<EndpointId, int> told;
    for (int run = 0; run < 2000; ++run) {
        const std::vector<EndpointId> targets = view.news_targets(5, 0, start + 40s);
        ASSERT_EQ(targets.size(), 5U);
        for (const EndpointId id : targets) ++told[id];
    }
    ASSERT_EQ(told.size(), 21U);
    for (const auto& [id, times] : told) EXPECT_NEAR(times, 2000 * 5 / 21, 100);
}

TEST_F(AcquaintancesTest, OneIsAPartnerNowAndThen) {
    EXPECT_EQ(view.next_acquaintance(), no_endpoint);
    prove(1, 4);
    attack(150, true, start + 5s);
    std::set<EndpointId> partners;
    for (int i = 0; i < 100; ++i) partners.insert(view.next_acquaintance());
    for (int i = 1; i <= 4; ++i) EXPECT_TRUE(partners.contains(honest(i)));
}

// After any sequence of calls the count is right and in its bounds.
TEST_F(AcquaintancesTest, AreCountedRightAfterAnySequenceOfCalls) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Dice chance{seed};
        ViewOptions options;
        options.fresh_max = 6;
        options.anchors_max = 3;
        options.pool_max = 20;
        options.grave_max = 5;
        PeerView any{endpoints, chance, options};
        Instant now = start;
        for (int step = 0; step < 2000; ++step) {
            now += std::chrono::milliseconds{chance.below(500)};
            const EndpointId id = honest(static_cast<int>(chance.below(60)));
            switch (chance.below(10)) {
                case 0:
                case 1:
                    any.prove(id, 1, now);
                    break;
                case 2:
                    any.fail(id, now, 2s);
                    break;
                case 3:
                    chance.below(2) == 0 ? any.bury(id, now) : any.leave(id, 1, now);
                    break;
                case 4:
                    any.erase(id);
                    break;
                case 5:
                    any.set_original(id, now);
                    break;
                case 6:
                    any.merge({.endpoint = id,
                               .claim = {UnixSeconds{9}, UnixSeconds{9}, now},
                               .met = true,
                               .known_since = chance.below(3) == 0 ? now - 1h : never},
                              now);
                    break;
                case 7:
                    any.expire(now, 60s, 60s, 90s, 70s);
                    break;
                default:
                    any.merge({.endpoint = id,
                               .incarnation = static_cast<std::uint32_t>(1 + chance.below(3)),
                               .seen = now},
                              now);
            }
            any.make_acquaintances(now, chance.below(4) == 0);
            any.merge_arrivals();
            std::size_t counted = 0;
            for (const Peer& p : any.all()) counted += p.known_since != never && !p.dead();
            ASSERT_EQ(any.acquaintance_count(), counted) << "seed " << seed << ", step " << step;
            ASSERT_EQ(any.acquaintances().size(), counted);
            ASSERT_LE(counted, 10U);
            ASSERT_LE(any.count(PeerRole::pool), 20U);
            ASSERT_LE(any.count(PeerRole::grave), 5U);
        }
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
