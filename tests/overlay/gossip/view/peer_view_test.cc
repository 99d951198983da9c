#include "overlay/gossip/view/peer_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "tests/overlay/gossip/view/peer_view_fixture.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using test::Dice;

TEST_F(PeerViewTest, KeepsTheNewestSightingWhateverTheOrder) {
    PeerView view{endpoints, dice, {}};
    EXPECT_EQ(hear(view, 1, 10s), PeerMerge::added);
    EXPECT_EQ(hear(view, 1, 20s), PeerMerge::stale);
    EXPECT_EQ(hear(view, 1, 5s), PeerMerge::refreshed);
    EXPECT_EQ(view.find(peer(1))->seen, start - 5s);
}

TEST_F(PeerViewTest, AHigherIncarnationClearsOldFailures) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 10s);
    view.fail(peer(1), start, 2s);
    view.fail(peer(1), start, 2s);
    ASSERT_TRUE(view.find(peer(1))->suspect());
    EXPECT_EQ(hear(view, 1, 10s, 2), PeerMerge::refreshed);
    EXPECT_FALSE(view.find(peer(1))->suspect());
}

TEST_F(PeerViewTest, HearsayNeverRevivesTheDead) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 10s);
    view.bury(peer(1), start);
    EXPECT_EQ(hear(view, 1, 1s), PeerMerge::stale) << "older than the burial";
    const PeerReport later{.endpoint = peer(1), .incarnation = 1, .seen = start + 5s};
    EXPECT_EQ(view.merge(later, start + 6s), PeerMerge::disputed);
    EXPECT_TRUE(view.find(peer(1))->dead());
    EXPECT_EQ(view.due_probe(start + 6s), peer(1)) << "but it is worth a look";
    EXPECT_EQ(hear(view, 1, 1s, 2), PeerMerge::disputed) << "nor of another one, which anybody can invent";
    EXPECT_TRUE(view.find(peer(1))->dead());
}

TEST_F(PeerViewTest, OwnContactRevivesTheDead) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 10s);
    view.bury(peer(1), start);
    view.prove(peer(1), 1, start + 1s);
    EXPECT_FALSE(view.find(peer(1))->dead());
    EXPECT_EQ(view.listed_count(), 1U);
}

TEST_F(PeerViewTest, ALeftNodeComesBackOnlyAsANewIncarnation) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 10s, 5);
    view.leave(peer(1), 5, start);
    EXPECT_EQ(view.merge({.endpoint = peer(1), .incarnation = 5, .seen = start + 9s}, start + 9s),
              PeerMerge::stale);
    EXPECT_EQ(view.listed_count(), 0U);
    EXPECT_EQ(hear(view, 1, 0s, 6), PeerMerge::disputed) << "worth a call";
    EXPECT_EQ(view.due_probe(start + 9s), peer(1));
    const PeerReport call{.endpoint = peer(1), .incarnation = 6, .seen = start + 9s, .direct = true};
    EXPECT_EQ(view.merge(call, start + 9s), PeerMerge::revived);
}

TEST_F(PeerViewTest, TheVersionOfANodeThatWasReachedIsItsOwn) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 10s, 9);
    view.prove(peer(1), 5, start);
    EXPECT_EQ(view.find(peer(1))->incarnation, 5U) << "what others named before counts no more";
    view.fail(peer(1), start, 2s);
    view.fail(peer(1), start, 2s);
    EXPECT_EQ(hear(view, 1, 0s, 0x7fffff00), PeerMerge::unproved_version);
    EXPECT_EQ(view.find(peer(1))->incarnation, 5U);
    EXPECT_TRUE(view.find(peer(1))->suspect());
    view.bury(peer(1), start);
    EXPECT_EQ(hear(view, 1, 0s, 6), PeerMerge::unproved_version);
    EXPECT_TRUE(view.find(peer(1))->dead());
    EXPECT_EQ(view.due_probe(start), no_endpoint);
    view.dispute(peer(1), start);
    EXPECT_EQ(view.due_probe(start), peer(1));
    const PeerReport call{.endpoint = peer(1), .incarnation = 6, .seen = start, .direct = true};
    EXPECT_EQ(view.merge(call, start), PeerMerge::revived);
}

TEST_F(PeerViewTest, PausesBetweenProbesOfAGraveGrowUpToAnHour) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 10s);
    view.bury(peer(1), start);
    Instant now = start;
    Duration last{0};
    for (int i = 0; i < 60; ++i) {
        now = view.find(peer(1))->retry_at;
        view.probe_started(peer(1));
        view.fail(peer(1), now, 2s);
        const Duration pause = view.find(peer(1))->retry_at - now;
        EXPECT_GE(pause + pause / 4 + 1s, std::min<Duration>(last, 1h)) << i;
        EXPECT_LE(pause, 1h + 15min + 1s);
        last = pause;
    }
    EXPECT_GE(last, 1h);
}

TEST_F(PeerViewTest, AnchorsAreProvedNodesAndNeverMoreThanAllowed) {
    ViewOptions options;
    options.anchors_max = 5;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 200; ++i) {
        hear(view, i, 1s);
        view.prove(peer(i), 1, start + std::chrono::milliseconds{i});
        view.merge_arrivals();
        EXPECT_LE(role(view, PeerRole::anchor), 5U);
    }
    EXPECT_EQ(role(view, PeerRole::anchor), 5U);
    for (const Peer& p : view.all())
        if (p.role == PeerRole::anchor) {
            EXPECT_NE(p.proved, never);
        }
}

TEST_F(PeerViewTest, FirstAnchorsAreReplacedInTime) {
    ViewOptions options;
    options.anchors_max = 5;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 400; ++i) view.prove(peer(i % 100), 1, start + std::chrono::milliseconds{i});
    int early = 0;
    for (int i = 0; i < 5; ++i)
        if (const std::optional<Peer> p = view.find(peer(i)); p && p->role == PeerRole::anchor) ++early;
    EXPECT_LT(early, 4) << "the bootstrap must not stay everybody's anchor";
}

TEST_F(PeerViewTest, PartsKeepTheirLimitsWhateverStrangersSay) {
    ViewOptions options;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 3000; ++i) {
        hear(view, i, std::chrono::milliseconds{dice.below(60'000)});
        if (i % 3 == 0) view.bury(peer(i), start);
        view.merge_arrivals();
        ASSERT_LE(role(view, PeerRole::fresh), options.fresh_max);
        ASSERT_LE(role(view, PeerRole::pool), options.pool_max);
        ASSERT_LE(role(view, PeerRole::grave), options.grave_max);
    }
}

TEST_F(PeerViewTest, AFullPoolLosesMereClaimsBeforeProvedNodes) {
    ViewOptions options;
    options.fresh_max = 4;
    options.pool_max = 10;
    options.anchors_max = 0;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 10; ++i) view.prove(peer(i), 1, start);
    view.merge_arrivals();
    for (int i = 100; i < 200; ++i)
        view.merge({.endpoint = peer(i), .claim = {UnixSeconds{9}, UnixSeconds{9}, start}}, start);
    view.merge_arrivals();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(view.find(peer(i))) << i;
}

TEST_F(PeerViewTest, AnAddressGroupKeepsToItsShareOfTheView) {
    ViewOptions options;
    options.per_group_max = 2;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 100; ++i) {
        const EndpointId sybil = endpoints.intern({"198.51.100." + std::to_string(i), 3451});
        view.merge({.endpoint = sybil, .incarnation = 1, .seen = start}, start);
        view.prove(sybil, 1, start);
    }
    for (int i = 0; i < 20; ++i) hear(view, i * 250, 30s);
    view.merge_arrivals();
    int members = 0;
    for (const Peer& p : view.all())
        members += endpoints.at(p.endpoint).host.starts_with("198.") && p.role != PeerRole::pool;
    EXPECT_EQ(members, 2);
}

TEST_F(PeerViewTest, NoClaimOfFreshnessDisplacesAnAnchorOfTheSameAddressGroup) {
    ViewOptions options;
    options.per_group_max = 2;
    PeerView view{endpoints, dice, options};
    const EndpointId anchor = endpoints.intern({"198.51.100.200", 3451});
    view.prove(anchor, 1, start);
    for (int i = 0; i < 100; ++i) {
        const EndpointId claimed = endpoints.intern({"198.51.100." + std::to_string(i), 3451});
        view.merge({.endpoint = claimed, .incarnation = 1, .seen = start + 10s}, start + 10s);
        view.merge_arrivals();
        view.prove(claimed, 1, start + 10s);  // it exists, but its group is crowded
        ASSERT_EQ(view.find(anchor)->role, PeerRole::anchor) << i;
        ASSERT_EQ(view.count(PeerRole::anchor), 1u) << i;
    }
}

TEST_F(PeerViewTest, RankedPartnersAreNotTheNodesNamedMost) {
    ViewOptions options;
    options.partner = PartnerRule::ranked;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 60; ++i) hear(view, i, 30s);
    view.merge_arrivals();
    for (int round = 0; round < 100; ++round) {  // 20 nodes are named in every round
        for (int i = 100; i < 120; ++i)
            view.merge({.endpoint = peer(i), .incarnation = 1, .seen = start + round * 1s}, start + round * 1s);
        view.merge_arrivals();
    }
    int loud = 0;
    for (int i = 0; i < 1000; ++i) loud += view.partner() >= peer(100);
    EXPECT_GT(loud, 100);
    EXPECT_LT(loud, 450);  // they are a quarter of the known nodes and all of the fresh part
}

TEST_F(PeerViewTest, ANodeThatFailsLeavesOrIsErasedIsNoRankedPartner) {
    ViewOptions options;
    options.partner = PartnerRule::ranked;
    options.rank_slots = 20;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 4; ++i) hear(view, i, 1s);
    view.merge_arrivals();
    view.fail(peer(0), start, 1s);
    view.leave(peer(1), 1, start);
    view.erase(peer(2));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(view.partner(), peer(3));
    view.prove(peer(0), 1, start);  // proved: it takes slots again
    int revived = 0;
    for (int i = 0; i < 100; ++i) revived += view.partner() == peer(0);
    EXPECT_GT(revived, 0);
    view.clear();
    EXPECT_EQ(view.partner(), no_endpoint);
}

TEST_F(PeerViewTest, ANodeInASlotStaysInAFullPool) {
    ViewOptions options;
    options.partner = PartnerRule::ranked;
    options.fresh_max = 4;
    options.anchors_max = 0;
    options.pool_max = 4;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 50; ++i) hear(view, i, 1s);
    view.merge_arrivals();
    std::set<EndpointId> partners;
    for (int i = 0; i < 2000; ++i) partners.insert(view.partner());
    EXPECT_GT(partners.size(), 30u);  // of 100 slots among 50 nodes
    EXPECT_LE(view.listed_count(), view.capacity());
    for (const EndpointId id : partners) EXPECT_TRUE(view.find(id));
}

TEST_F(PeerViewTest, SuspectsAreNeitherSampledNorChosenButStayListedLast) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 0s);
    hear(view, 2, 100s);
    view.fail(peer(1), start, 2s);
    view.fail(peer(1), start, 2s);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(view.partner(), peer(2));
    EXPECT_EQ(view.sample().size(), 1U);
    EXPECT_EQ(view.listed().back().endpoint, peer(1));
}

TEST_F(PeerViewTest, OnTheRingEachNodeOfASmallSwarmComesNextAfterExactlyOneOther) {
    std::vector<EndpointId> nodes;
    for (int i = 1; i <= 40; ++i) nodes.push_back(endpoints.intern({"10.3." + std::to_string(i) + ".1", 3451}));
    std::set<EndpointId> next;
    for (const EndpointId self : nodes) {
        PeerView view{endpoints, dice, ViewOptions{}};
        for (const EndpointId other : nodes)
            if (other != self) view.merge({.endpoint = other, .incarnation = 1, .seen = start}, start);
        view.merge_arrivals();
        next.insert(view.next_on_ring(self));
    }
    EXPECT_EQ(next.size(), nodes.size());
    EXPECT_FALSE(next.contains(no_endpoint));
}

TEST_F(PeerViewTest, ClaimsAreListedBelowEverythingConfirmed) {
    PeerView view{endpoints, dice, {}};
    view.merge({.endpoint = peer(1), .claim = {UnixSeconds{4'000'000'000}, UnixSeconds{2'000'000'000}, start}},
               start);
    hear(view, 2, 200s);
    EXPECT_EQ(view.listed().front().endpoint, peer(2));
    EXPECT_EQ(view.digest().count, 1U) << "claims are not told";
}

TEST_F(PeerViewTest, DigestsAgreeOnMachinesThatLearnedInAnotherOrder) {
    PeerView one{endpoints, dice, {}};
    EndpointTable elsewhere;
    PeerView two{elsewhere, dice, {}};
    for (int i = 0; i < 50; ++i) hear(one, i, std::chrono::seconds{i});
    for (int i = 49; i >= 0; --i)
        two.merge({.endpoint = elsewhere.intern(endpoints.at(peer(i))), .incarnation = 1, .seen = start - 3s},
                  start);
    EXPECT_EQ(one.digest(), two.digest());
    hear(one, 7, 0s, 2);
    EXPECT_NE(one.digest(), two.digest()) << "another incarnation is another fact";
}

TEST_F(PeerViewTest, ExpiryForgetsNodesThatNobodyConfirms) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 10s);
    hear(view, 2, 400s);
    const PeerView::Expired gone = view.expire(start, 300s, 300s, 24h, 24h);
    ASSERT_EQ(gone.listed.size(), 1U);
    EXPECT_EQ(gone.listed[0], peer(2));
    EXPECT_EQ(view.listed_count(), 1U);
}

TEST_F(PeerViewTest, ARandomOneOfSeveralOldestIsThePartner) {
    PeerView view{endpoints, dice, {.partner = PartnerRule::oldest, .anchors_max = 0, .pool_max = 0}};
    for (int i = 1; i <= 10; ++i) hear(view, i, i <= 4 ? 9s : 1s);
    view.merge_arrivals();
    std::map<EndpointId, int> drawn;
    for (int i = 0; i < 400; ++i) ++drawn[view.partner()];
    EXPECT_EQ(drawn.size(), 4u);
    for (int i = 1; i <= 4; ++i) EXPECT_NEAR(drawn[peer(i)], 100, 40);
}

TEST_F(PeerViewTest, ASeedBecomesNoAnchor) {
    PeerView view{endpoints, dice, {}};
    view.prove(peer(1), 1, start, false);
    view.prove(peer(2), 1, start);
    EXPECT_EQ(view.find(peer(1))->role, PeerRole::fresh);
    EXPECT_EQ(view.find(peer(2))->role, PeerRole::anchor);
}

TEST_F(PeerViewTest, ASuspectLosesItsPlaceInTheViewUntilItAnswers) {
    PeerView view{endpoints, dice, {}};
    hear(view, 1, 1s);
    view.fail(peer(1), start, 2s);
    EXPECT_EQ(view.find(peer(1))->role, PeerRole::fresh);
    view.fail(peer(1), start, 2s);
    EXPECT_EQ(view.find(peer(1))->role, PeerRole::pool);
    EXPECT_EQ(hear(view, 1, 0s), PeerMerge::refreshed);
    EXPECT_EQ(view.find(peer(1))->role, PeerRole::pool) << "hearsay is no answer";
    view.prove(peer(1), 1, start);
    EXPECT_EQ(view.find(peer(1))->role, PeerRole::anchor);
}

TEST_F(PeerViewTest, ANodeKnownByOldHearsayIsNoPartner) {
    PeerView view{endpoints, dice, {.fresh_age_max = 10s}};
    hear(view, 1, 11s);
    hear(view, 2, 9s);
    EXPECT_EQ(view.find(peer(1))->role, PeerRole::pool);
    EXPECT_EQ(view.find(peer(2))->role, PeerRole::fresh);
    EXPECT_EQ(hear(view, 1, 3s), PeerMerge::refreshed);
    EXPECT_EQ(view.find(peer(1))->role, PeerRole::fresh);
}

TEST_F(PeerViewTest, NodesNotProvedForLongAreFoundMembersOfTheViewFirst) {
    PeerView view{endpoints, dice, {.fresh_age_max = 10s}};
    hear(view, 1, 1s);
    hear(view, 2, 60s);  // pool
    hear(view, 3, 1s);
    view.prove(peer(3), 1, start);
    EXPECT_EQ(view.unproved_since(start), peer(1));
    view.prove(peer(1), 1, start);
    EXPECT_EQ(view.unproved_since(start), peer(2));
    view.fail(peer(2), start, 2s);
    EXPECT_EQ(view.unproved_since(start), no_endpoint) << "who fails is retried by a plan of its own";
}

TEST_F(PeerViewTest, AnyGraveIsProbedButNoNodeThatLeft) {
    PeerView view{endpoints, dice, {}};
    EXPECT_EQ(view.any_grave(), no_endpoint);
    hear(view, 1, 1s);
    hear(view, 2, 1s);
    view.leave(peer(1), 1, start);
    EXPECT_EQ(view.any_grave(), no_endpoint);
    view.bury(peer(2), start);
    EXPECT_EQ(view.any_grave(), peer(2));
}

TEST_F(PeerViewTest, KeepsAgesRightWhenANodeRunsForMonths) {
    PeerView view{endpoints, dice, {}};
    for (int day = 0; day < 120; ++day) {
        const Instant now = start + day * 24h;
        for (int i = 0; i < 30; ++i)
            view.merge({.endpoint = peer(day * 7 + i), .incarnation = 1, .seen = now - std::chrono::seconds{i}},
                       now);
        view.prove(peer(day * 7), 1, now);
        view.merge_arrivals();
        EXPECT_EQ(view.find(peer(day * 7))->proved, now);
        EXPECT_EQ(view.listed().front().endpoint, peer(day * 7)) << "day " << day;
        EXPECT_EQ(view.sample().front().newest(), now);
        view.expire(now, 72h, 72h, 168h, 24h);
        for (const Peer& p : view.all()) EXPECT_LE(now - p.newest(), 72h);
    }
}

// After any sequence of calls the counts are right, no node is in the view twice, and no dead node is sampled.
TEST_F(PeerViewTest, KeepsItsPartsApartAfterAnySequenceOfCalls) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Dice chance{seed};
        ViewOptions options;
        options.fresh_max = 6;
        options.anchors_max = 3;
        options.pool_max = 10;
        options.grave_max = 5;
        options.ties = seed % 2 ? TieRule::hash : TieRule::random;
        PeerView view{endpoints, chance, options};
        Instant now = start;
        for (int step = 0; step < 2000; ++step) {
            now += std::chrono::milliseconds{chance.below(500)};
            const EndpointId id = peer(static_cast<int>(chance.below(40)));
            switch (chance.below(10)) {
                case 0:
                    view.prove(id, 1, now);
                    break;
                case 1:
                    view.fail(id, now, 2s, chance.below(2) == 0);
                    break;
                case 2:
                    view.bury(id, now);
                    break;
                case 3:
                    view.leave(id, 1, now);
                    break;
                case 4:
                    view.erase(id);
                    break;
                case 5:
                    view.set_original(id, now);
                    break;
                case 6:
                    view.merge({.endpoint = id, .claim = {UnixSeconds{9}, UnixSeconds{9}, now}}, now);
                    break;
                case 7:
                    view.expire(now, 60s, 60s, 90s, 70s);
                    break;
                default:
                    view.merge({.endpoint = id,
                                .incarnation = static_cast<std::uint32_t>(1 + chance.below(2)),
                                .seen = now - std::chrono::milliseconds{chance.below(9000)},
                                .direct = chance.below(4) == 0},
                               now);
            }
            if (chance.below(3) > 0) continue;
            view.merge_arrivals(seed);
            std::array<std::size_t, 4> counted{};
            for (const Peer& p : view.all()) {
                ++counted[static_cast<std::size_t>(p.role)];
                ASSERT_EQ(view.find(p.endpoint)->role, p.role);
            }
            for (const PeerRole r : {PeerRole::fresh, PeerRole::anchor, PeerRole::pool, PeerRole::grave})
                ASSERT_EQ(view.count(r), counted[static_cast<std::size_t>(r)])
                    << "seed " << seed << ", step " << step;
            ASSERT_LE(counted[0], 6U);
            ASSERT_LE(counted[1], 3U);
            ASSERT_LE(counted[2], 10U);
            ASSERT_LE(counted[3], 5U);
            std::set<EndpointId> told;
            for (const Peer& p : view.sample()) {
                ASSERT_TRUE(p.presentable());
                ASSERT_TRUE(told.insert(p.endpoint).second);
            }
            const EndpointId partner = view.partner();
            if (partner != no_endpoint) {
                ASSERT_TRUE(view.find(partner)->presentable());
            }
            ASSERT_EQ(view.presentable_count(), view.everybody().size());
        }
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
