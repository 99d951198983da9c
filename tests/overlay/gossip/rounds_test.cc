#include "overlay/gossip/rounds.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

std::size_t count(const std::vector<GossipCall>& calls, gossip::Kind kind) {
    return static_cast<std::size_t>(
        std::ranges::count_if(calls, [&](const GossipCall& call) { return call.first.kind == kind; }));
}

TEST(Rounds, ComeOnceAPeriodTheFirstWithinAPeriod) {
    GossipParts node;
    node.rounds.start(start);
    node.rounds.call_unproved(start);  // there is nobody to call
    EXPECT_GE(node.rounds.next_deadline(), start);
    EXPECT_LT(node.rounds.next_deadline(), start + 1s);
    for (int i = 0; i < 100; ++i) {
        const Instant now = node.rounds.next_deadline();
        node.rounds.start_round(now);
        EXPECT_GE(node.rounds.next_deadline(), now + 800ms);
        EXPECT_LE(node.rounds.next_deadline(), now + 1200ms);
    }
}

TEST(Rounds, ExchangeWithOnePartner) {
    GossipParts node;
    node.prove_peers(20);
    node.rounds.start_round(start);
    EXPECT_EQ(count(node.take_calls(), gossip::Kind::exchange), 1u);
}

TEST(Rounds, ReplaceAPartnerThatFailsAtMostTwice) {
    GossipParts node;
    node.prove_peers(20);
    node.rounds.start_round(start);
    std::size_t exchanges = 0;
    for (std::vector<GossipCall> made = node.take_calls(); !made.empty(); made = node.take_calls()) {
        exchanges += count(made, gossip::Kind::exchange);
        const std::optional<Call> call = node.calls.finish(made.front().conversation);
        ASSERT_TRUE(call);
        node.view.fail(call->to, start, 2s);
        node.rounds.partner_failed(*call, start);
    }
    EXPECT_LE(exchanges, 3u);
    EXPECT_GE(exchanges, 2u) << "the same partner may be drawn again, which ends the round";
    EXPECT_EQ(node.rounds.failed(), exchanges);
    EXPECT_EQ(node.events.count<RoundDone>(), exchanges);
}

TEST(Rounds, ASlowNodeWaitsLongerBetweenThem) {
    GossipParts node;
    for (int i = 0; i < 3; ++i) node.health.worsen();
    node.rounds.start_round(start);
    EXPECT_GE(node.rounds.next_deadline(), start + 4 * 800ms);
}

TEST(Rounds, ANewcomerCallsSeveralUnprovedNodesUntilItsListIsUsable) {
    GossipParts node;
    for (int i = 1; i <= 30; ++i)
        node.view.merge({.endpoint = node.peer(i), .incarnation = 1, .seen = start}, start);
    node.view.merge_arrivals();
    node.rounds.join_by(start);
    node.rounds.call_unproved(start);
    EXPECT_GE(node.take_calls().size(), 2u);
    EXPECT_EQ(node.rounds.next_deadline(), start + 250ms);
    node.prove_peers(8);
    node.rounds.call_unproved(start + 250ms);
    EXPECT_TRUE(node.take_calls().empty());
    EXPECT_EQ(node.rounds.next_deadline(), no_deadline);
}

// The memory of an earlier run: four acquaintances, and many nodes that others named in between.
TEST(Rounds, ARestartedNodeCallsItsLongestKnownNodesAtOnce) {
    GossipParts node;
    for (int i = 1; i <= 84; ++i)
        node.view.merge({.endpoint = node.peer(i),
                         .claim = {wall, wall, start},
                         .met = i <= 12,
                         .known_since = i <= 12 ? start - std::chrono::hours{50 - i} : never},
                        start);
    node.view.merge_arrivals();
    node.rounds.join_by(start);
    node.rounds.call_unproved(start);
    std::set<EndpointId> called;
    for (const GossipCall& call : node.take_calls()) called.insert(call.to);
    for (int i = 1; i <= 8; ++i) EXPECT_TRUE(called.contains(node.peer(i))) << i;
    node.prove_peers(8);
    node.rounds.call_unproved(start + 250ms);
    for (const GossipCall& call : node.take_calls()) called.insert(call.to);
    node.rounds.call_unproved(start + 500ms);
    for (const GossipCall& call : node.take_calls()) called.insert(call.to);
    for (int i = 9; i <= 12; ++i)
        EXPECT_TRUE(called.contains(node.peer(i))) << i << ", although eight nodes are proved";
    EXPECT_EQ(node.rounds.next_deadline(), no_deadline);
}

TEST(Rounds, GoToAnAcquaintanceNowAndThenWhoeverFillsTheView) {
    GossipParts node;
    node.prove_peers(3);
    node.view.make_acquaintances(start, true);
    for (int i = 10; i < 200; ++i)
        node.view.merge({.endpoint = node.peer(i), .incarnation = 1, .seen = start + 1s}, start + 1s);
    node.view.merge_arrivals();
    for (int i = 1; i <= 3; ++i) node.view.fail(node.peer(i), start, 1s);  // no anchors any more
    std::set<EndpointId> called;
    for (int round = 0; round < 80; ++round) {
        node.rounds.start_round(start + 2s);
        for (const GossipCall& call : node.take_calls())
            if (call.first.kind == gossip::Kind::exchange) called.insert(call.to);
    }
    for (int i = 1; i <= 3; ++i) EXPECT_TRUE(called.contains(node.peer(i))) << i;
}

TEST(Seeds, AreCalledAfterGrowingPausesUntilOneAnswers) {
    GossipParts node;
    node.seeds.add({"192.0.2.1", 3451}, SeedOrigin::configured, start);
    Instant now = node.seeds.next_deadline();
    EXPECT_EQ(now, start);
    Duration pause{0};
    for (int i = 0; i < 6; ++i) {
        node.seeds.call_due(now);
        const std::vector<GossipCall> made = node.take_calls();
        ASSERT_EQ(made.size(), 1u);
        node.calls.finish(made.front().conversation);
        EXPECT_GT(node.seeds.next_deadline() - now, pause);
        pause = node.seeds.next_deadline() - now;
        now = node.seeds.next_deadline();
    }
    node.seeds.call_due(now);
    const std::optional<Call> call = node.calls.finish(node.take_calls().front().conversation);
    node.view.prove(node.peer(1), 1, now);
    node.seeds.answered(*call, node.peer(1));
    EXPECT_TRUE(node.seeds.includes(node.peer(1)));
    node.seeds.call_due(node.seeds.next_deadline());
    EXPECT_TRUE(node.take_calls().empty()) << "the node that answered is alive";
}

TEST(Seeds, ThatLeftTheOptionsAreNoLongerCalled) {
    GossipParts node;
    node.seeds.add({"192.0.2.1", 3451}, SeedOrigin::configured, start);
    node.options.seeds = {{"192.0.2.2", 3451}};
    node.seeds.reconfigure(start);
    node.seeds.call_due(start);
    const std::vector<GossipCall> made = node.take_calls();
    ASSERT_EQ(made.size(), 1u);
    EXPECT_EQ(node.endpoints.at(made.front().to).host, "192.0.2.2");
}

TEST(Seeds, ThatSomebodyJoinedStayAfterAReload) {
    GossipParts node;
    node.seeds.add({"192.0.2.1", 3451}, SeedOrigin::joined, start);
    node.seeds.reconfigure(start);
    node.seeds.call_due(start);
    EXPECT_EQ(node.take_calls().size(), 1u);
}

TEST(Seeds, ANameThatLedToThisNodeIsCalledAgain) {
    GossipParts node;
    const Endpoint name{"seeds.example.net", 3451};
    node.seeds.add(name, SeedOrigin::configured, start);
    node.identity.address().met(node.endpoints.intern(name), start);
    node.seeds.call_due(start);
    EXPECT_EQ(node.take_calls().size(), 1u);

    const Endpoint address{"192.0.2.7", 3451};
    node.seeds.add(address, SeedOrigin::configured, start);
    node.identity.address().met(node.endpoints.intern(address), start);
    node.seeds.call_due(start);
    EXPECT_TRUE(node.take_calls().empty()) << "an address of this node is not called";
    EXPECT_EQ(node.seeds.status().back().outcome, SeedOutcome::itself);
    EXPECT_EQ(node.events.count<SeedIsSelf>(), 1u);

    const Instant later = start + std::chrono::hours{1};
    node.identity.address().expire(later);
    node.seeds.call_due(later);
    EXPECT_EQ(node.take_calls().size(), 2u) << "another machine may have it by now";
}

TEST(Seeds, AJoinedOneCanBeTakenBackAndAConfiguredOneCannot) {
    OverlayOptions options;
    options.seeds = {{"192.0.2.1", 3451}};
    GossipParts node{options};
    node.seeds.reconfigure(start);
    node.seeds.add({"192.0.2.2", 3451}, SeedOrigin::joined, start);
    node.seeds.add({"192.0.2.1", 3451}, SeedOrigin::joined, start);
    EXPECT_EQ(node.seeds.remove({"192.0.2.9", 3451}), SeedRemoval::unknown);
    EXPECT_EQ(node.seeds.remove({"192.0.2.2", 3451}), SeedRemoval::removed);
    EXPECT_EQ(node.seeds.remove({"192.0.2.1", 3451}), SeedRemoval::removed);
    EXPECT_EQ(node.seeds.remove({"192.0.2.1", 3451}), SeedRemoval::configured);
    ASSERT_EQ(node.seeds.status().size(), 1u);
    EXPECT_EQ(node.seeds.status().front().origin, SeedOrigin::configured);
}

// All nodes of a machine start at once, and one of them is the seed.
TEST(Seeds, OneThatRefusesIsCalledAgainSoonAFewTimes) {
    GossipParts node;
    node.seeds.add({"192.0.2.1", 3451}, SeedOrigin::configured, start);
    std::vector<Duration> pauses;
    for (Instant now = start; pauses.size() < 6; now = node.seeds.next_deadline()) {
        node.seeds.call_due(now);
        const Call call = *node.calls.finish(node.take_calls().front().conversation);
        node.seeds.refused(call, now);
        pauses.push_back(node.seeds.next_deadline() - now);
    }
    EXPECT_EQ(std::vector<Duration>(pauses.begin(), pauses.begin() + 3), (std::vector<Duration>{10ms, 20ms, 40ms}));
    EXPECT_GT(pauses[3], 500ms) << "as without that";
}

TEST(Seeds, SayWhatCameOfTheLastCall) {
    GossipParts node;
    node.seeds.add({"192.0.2.1", 3451}, SeedOrigin::joined, start);
    node.seeds.call_due(start);
    EXPECT_EQ(node.seeds.status().front().outcome, SeedOutcome::untried);
    const Call call = *node.calls.finish(node.take_calls().front().conversation);
    node.seeds.failed(call, SeedOutcome::unreached, ConnectFailure::name_unknown);
    EXPECT_EQ(node.seeds.status().front().outcome, SeedOutcome::unreached);
    EXPECT_EQ(node.seeds.status().front().why, ConnectFailure::name_unknown);
    EXPECT_EQ(node.seeds.status().front().tries, 1u);
    node.seeds.answered(call, node.peer(1));
    EXPECT_EQ(node.seeds.status().front().outcome, SeedOutcome::answered);
    EXPECT_EQ(node.seeds.status().front().node->text(), "10.0.1.1:3451");
    EXPECT_FALSE(node.seeds.status().front().reached) << "not proved yet";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
