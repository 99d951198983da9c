#include "overlay/gossip/failure_detector.h"

#include <gtest/gtest.h>

#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

std::vector<GossipCall> of_kind(std::vector<GossipCall> calls, gossip::Kind kind) {
    std::erase_if(calls, [&](const GossipCall& call) { return call.first.kind != kind; });
    return calls;
}

TEST(FailureDetector, TwoFailuresMakeASuspectThatTwoAnchorsAreAskedToProbe) {
    GossipParts node;
    node.prove_peers(10);
    node.failures.contact_failed(node.peer(1), ConnectFailure::refused, start);
    EXPECT_EQ(node.events.count<PeerSuspected>(), 0u);
    node.failures.contact_failed(node.peer(1), ConnectFailure::refused, start);
    EXPECT_EQ(node.events.count<PeerSuspected>(), 1u);
    EXPECT_TRUE(node.view.find(node.peer(1))->suspect());
    const std::vector<GossipCall> requests = of_kind(node.take_calls(), gossip::Kind::try_for);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_NE(requests[0].to, requests[1].to);
    for (const GossipCall& request : requests) {
        EXPECT_NE(request.to, node.peer(1));
        EXPECT_EQ(request.first.target, node.peer(1));
    }
}

TEST(FailureDetector, AThirdFailureBuriesANodeThatRefuses) {
    GossipParts node;
    node.prove_peers(10);
    for (int i = 0; i < 3; ++i) node.failures.contact_failed(node.peer(1), ConnectFailure::refused, start);
    EXPECT_TRUE(node.view.find(node.peer(1))->dead());
    EXPECT_EQ(node.events.count<PeerBuried>(), 1u);
}

TEST(FailureDetector, AStalledNodeIsBuriedOnlyAfterItsPatience) {
    GossipParts node;
    node.prove_peers(10);
    Instant now = start;
    for (; now < start + node.options.gossip.stall_patience; now += 5s) {
        node.failures.contact_failed(node.peer(1), ConnectFailure::silent, now);
        node.failures.on_verdict(node.peer(1), false, now);
        EXPECT_FALSE(node.view.find(node.peer(1))->dead());
    }
    node.failures.contact_failed(node.peer(1), ConnectFailure::silent, now);
    EXPECT_TRUE(node.view.find(node.peer(1))->dead());
}

TEST(FailureDetector, TwoVerdictsBuryASuspectAndOneGoodOneClearsIt) {
    GossipParts node;
    node.prove_peers(10);
    for (int i = 1; i <= 2; ++i)
        for (int failure = 0; failure < 2; ++failure)
            node.failures.contact_failed(node.peer(i), ConnectFailure::refused, start);
    node.failures.on_verdict(node.peer(1), false, start);
    EXPECT_FALSE(node.view.find(node.peer(1))->dead());
    node.failures.on_verdict(node.peer(1), false, start);
    EXPECT_TRUE(node.view.find(node.peer(1))->dead());
    node.failures.on_verdict(node.peer(2), true, start);
    EXPECT_FALSE(node.view.find(node.peer(2))->suspect());
}

TEST(FailureDetector, ProbesForOthersAreFewAndOnlyOfListedNodes) {
    GossipParts node;
    node.prove_peers(10);
    for (int i = 0; i < 10; ++i) node.failures.probe_for(node.calls.next_conversation(), node.peer(i + 1), start);
    EXPECT_EQ(node.take_calls().size(), 4u);
    node.failures.start_period();
    node.failures.probe_for(node.calls.next_conversation(), node.peer(99), start);
    EXPECT_TRUE(node.take_calls().empty()) << "not listed";
    node.failures.probe_for(node.calls.next_conversation(), node.peer(1), start);
    EXPECT_EQ(node.take_calls().size(), 1u);
}

TEST(FailureDetector, OnlyASilentAnchorSpeaksAgainstTheOwnHealth) {
    GossipParts node;
    node.prove_peers(1);
    ASSERT_EQ(node.view.find(node.peer(1))->role, PeerRole::anchor);
    const Call call{.to = node.peer(1), .purpose = CallPurpose::round, .started = start};
    node.failures.message_received(start + 1s);  // others get through
    node.failures.call_failed(call, ConnectFailure::timed_out, start + 2s);
    EXPECT_EQ(node.health.multiplier(), 1);
    node.view.prove(node.peer(1), 1, start + 2s);
    node.failures.call_failed(call, ConnectFailure::silent, start + 3s);
    EXPECT_EQ(node.health.multiplier(), 2);
}

TEST(FailureDetector, FailuresMakeItProbeMembersUntilPeriodsPassWithoutOne) {
    GossipParts node;
    node.prove_peers(30);
    const Instant later = start + 1min;
    node.failures.call_failed({.to = node.peer(1), .started = later}, ConnectFailure::refused, later);
    node.take_calls();
    std::size_t probes = 4;
    for (; probes > 0; --probes) {
        node.failures.start_period();
        node.failures.probe_members(later);
        const std::size_t made = node.take_calls().size();
        EXPECT_GE(made, 1u);
        EXPECT_LE(made, 4u);
    }
    node.failures.probe_members(later);
    EXPECT_TRUE(node.take_calls().empty());
}

TEST(FailureDetector, ALateAnswerMakesADoubtThatIsNoFailureAndThatAProofEnds) {
    GossipParts node;
    node.prove_peers(5);
    node.failures.call_quiet(node.peer(1), start + 1s);
    const Peer doubted = *node.view.find(node.peer(1));
    EXPECT_TRUE(doubted.stalled());
    EXPECT_FALSE(doubted.presentable());
    EXPECT_EQ(doubted.failures, 0);
    EXPECT_EQ(node.view.listed().back().endpoint, node.peer(1));
    EXPECT_EQ(node.events.count<PeerSuspected>(), 0u);
    EXPECT_FALSE(doubted.unanswering(start + 15s, 15s));
    EXPECT_TRUE(doubted.unanswering(start + 16s, 15s));
    node.view.prove(node.peer(1), 1, start + 2s);
    EXPECT_TRUE(node.view.find(node.peer(1))->presentable());
}

TEST(FailureDetector, ACallThatSaysNothingOfASuspectIsMadeAgain) {
    GossipParts node;
    node.prove_peers(5);
    node.failures.look_again(node.peer(1), start);
    EXPECT_EQ(node.view.next_probe(), no_deadline) << "it is no suspect";
    for (int i = 0; i < 2; ++i) node.failures.contact_failed(node.peer(1), ConnectFailure::timed_out, start);
    node.view.probe_started(node.peer(1));
    ASSERT_EQ(node.view.next_probe(), no_deadline);
    node.failures.look_again(node.peer(1), start);
    EXPECT_LE(node.view.next_probe(), start + node.options.gossip.period);
}

TEST(Calls, AreQuietOnceAfterTheUsualTimeAndLaterWhereAnswersAreSlow) {
    GossipParts node;
    node.calls.connected(node.calls.ping(node.peer(1), CallPurpose::feeler, start).id, start);
    EXPECT_EQ(node.calls.next_deadline(), start + 250ms);
    EXPECT_TRUE(node.calls.take_quiet(start + 249ms).empty());
    EXPECT_EQ(node.calls.take_quiet(start + 250ms), std::vector{node.peer(1)});
    EXPECT_TRUE(node.calls.take_quiet(start + 300ms).empty());
    Call answered{.to = node.peer(2), .connected = true, .connected_at = start};
    node.calls.answered(answered, start + 900ms);
    node.calls.connected(node.calls.ping(node.peer(2), CallPurpose::feeler, start).id, start);
    EXPECT_TRUE(node.calls.take_quiet(start + 1700ms).empty()) << "twice its last answer";
}

TEST(Calls, AreNotQuietBecauseThisNodeStoodStill) {
    GossipParts node;
    node.calls.connected(node.calls.ping(node.peer(1), CallPurpose::feeler, start).id, start);
    EXPECT_TRUE(node.calls.take_quiet(start + 5s).empty());
    EXPECT_EQ(node.calls.take_quiet(start + 5250ms).size(), 1u);
}

TEST(FailureDetector, ALeaveFromAnotherAddressIsAReasonToProbe) {
    GossipParts node;
    node.prove_peers(3);
    node.failures.leave_received(node.peer(1), {"198.51.100.9", 40000}, start);
    EXPECT_FALSE(node.view.find(node.peer(1))->left);
    EXPECT_EQ(node.view.next_probe(), start);
    EXPECT_TRUE(node.take_calls().empty());
}

// Other processes of the machine can say it, too.
TEST(FailureDetector, ALeaveFromItsOwnAddressIsJudgedByACall) {
    GossipParts node;
    node.prove_peers(4);
    for (int i = 1; i <= 4; ++i)
        for (int again = 0; again < 3; ++again)
            node.failures.leave_received(node.peer(i), {"10.0." + std::to_string(i) + ".1", 40000}, start);
    EXPECT_EQ(node.take_calls().size(), 4u) << "one call for each";
    EXPECT_EQ(node.events.count<PeerLeft>(), 0u);
    node.failures.answered(node.peer(1));
    node.failures.left(node.peer(2), 1, start);
    node.failures.contact_failed(node.peer(3), ConnectFailure::refused, start);
    node.failures.contact_failed(node.peer(4), ConnectFailure::silent, start);
    EXPECT_FALSE(node.view.find(node.peer(1))->dead());
    EXPECT_TRUE(node.view.find(node.peer(2))->left);
    EXPECT_TRUE(node.view.find(node.peer(3))->left);
    EXPECT_FALSE(node.view.find(node.peer(4))->dead()) << "it takes calls";
    EXPECT_EQ(node.failures.leaves_refuted(), 1u);
    node.failures.contact_failed(node.peer(1), ConnectFailure::refused, start);
    EXPECT_FALSE(node.view.find(node.peer(1))->dead()) << "a failure later is one failure";
}

TEST(FailureDetector, LeavesOfNodesThatAreNotListedCauseFewCalls) {
    GossipParts node;
    for (int i = 1; i <= 100; ++i)
        node.failures.leave_received(node.peer(i), {"10.0." + std::to_string(i) + ".1", 40000}, start);
    EXPECT_EQ(node.take_calls().size(), 16u);
    EXPECT_EQ(node.failures.leaves_short(), 84u);
    node.failures.left(node.peer(1), 1, start);
    EXPECT_TRUE(node.view.find(node.peer(1))->left) << "so that hearsay does not list it";
}

TEST(FailureDetector, TwoStandstillsExcuseCallsToAPeerUntilItAnswers) {
    GossipParts node;
    node.prove_peers(1);
    const EndpointId peer = node.peer(1);
    EXPECT_TRUE(node.failures.excuse(peer, 1, start));
    EXPECT_TRUE(node.failures.excuse(peer, 1, start)) << "the same standstill";
    EXPECT_TRUE(node.failures.excuse(peer, 2, start));
    EXPECT_FALSE(node.failures.excuse(peer, 3, start));
    node.view.prove(peer, 1, start + 1s);
    EXPECT_TRUE(node.failures.excuse(peer, 4, start + 1s));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
