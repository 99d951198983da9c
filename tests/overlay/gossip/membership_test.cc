#include "overlay/gossip/membership.h"

#include <gtest/gtest.h>

#include "overlay/gossip/message_context.h"
#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

TEST(Membership, WhoCallsFromItsOwnAddressIsListedAtOnce) {
    GossipParts node;
    node.news.start_period();
    gossip::Hello hello;
    hello.incarnation = 5;
    EXPECT_TRUE(node.membership.called_by({node.peer(1), {"10.0.1.1", 40000}, start}, hello, start));
    EXPECT_TRUE(node.view.find(node.peer(1))->vouched());
    EXPECT_TRUE(node.take_calls().empty());
}

TEST(Membership, WhoCallsFromAnotherAddressIsDialledBeforeItIsListed) {
    GossipParts node;
    node.news.start_period();
    gossip::Hello hello;
    hello.incarnation = 5;
    const Membership::Caller caller{node.peer(1), {"192.0.2.9", 40000}, start};
    EXPECT_FALSE(node.membership.called_by(caller, hello, start));
    EXPECT_FALSE(node.membership.called_by(caller, hello, start));
    EXPECT_FALSE(node.view.find(node.peer(1)));
    const std::vector<GossipCall> calls = node.take_calls();
    ASSERT_EQ(calls.size(), 1u) << "one call is under way";
    EXPECT_EQ(calls[0].to, node.peer(1));
}

// Its port may belong to another program by now.
TEST(Membership, ACallFromElsewhereKeepsNoFailingNodeFresh) {
    GossipParts node;
    node.prove_peers(2);
    node.news.start_period();
    node.failures.contact_failed(node.peer(1), ConnectFailure::not_halp, start + 1s);
    const Instant before = node.view.find(node.peer(1))->newest();
    gossip::Hello hello;
    hello.incarnation = 9;
    static_cast<void>(node.take_calls());
    EXPECT_FALSE(node.membership.called_by({node.peer(1), {"192.0.2.9", 40000}, start + 20s}, hello, start + 20s));
    const Peer known = *node.view.find(node.peer(1));
    EXPECT_EQ(known.newest(), before);
    EXPECT_EQ(known.failures, 1);
    EXPECT_EQ(node.take_calls().size(), 1u);
}

TEST(Membership, WordOfADoubtAboutANodeThatNobodyHasConfirmedHereGoesNoFurther) {
    GossipParts node;
    node.prove_peers(3);
    node.view.merge({.endpoint = node.peer(9), .claim = {wall, wall, start}}, start);
    node.news.start_period();
    gossip::Message news;
    news.kind = gossip::Kind::news;
    gossip::Entry doubted;
    doubted.endpoint = node.peer(9);
    doubted.suspect = true;
    news.peers = {doubted};
    const MessageContext context =
        MessageContext::of(news.kind, node.peer(1), {"10.0.1.1", 3451}, Duration{0}, start, wall);
    static_cast<void>(node.membership.merge(news, context));  // nothing new is learned of a node by a doubt
    EXPECT_EQ(node.news.next_deadline(), no_deadline);
}

TEST(Membership, AVersionThatOnlyOthersNameIsLookedAtOnceInAWhile) {
    GossipParts node;
    node.prove_peers(2);
    gossip::Message sample;
    gossip::Entry said;
    said.endpoint = node.peer(2);
    const auto hear = [&](std::uint32_t version, Instant now) {
        said.incarnation = version;
        sample.peers = {said};
        const MessageContext context =
            MessageContext::of(sample.kind, node.peer(1), {"10.0.1.1", 3451}, Duration{0}, now, wall);
        return node.membership.merge(sample, context);
    };
    const Duration period = node.options.gossip.period;
    EXPECT_FALSE(hear(7, start + period / 2));
    EXPECT_EQ(node.view.next_probe(), no_deadline) << "it was reached within this period";
    EXPECT_FALSE(hear(8, start + 2 * period));
    EXPECT_LE(node.view.next_probe(), start + 3 * period);
    node.view.probe_started(node.peer(2));
    EXPECT_FALSE(hear(9, start + 3 * period));
    EXPECT_EQ(node.view.next_probe(), no_deadline) << "it has been looked at";
    EXPECT_EQ(node.view.find(node.peer(2))->incarnation, 1u);
    EXPECT_EQ(node.membership.versions_unproved(), 3u);
    node.view.prove(node.peer(2), 9, start + 4 * period);
    EXPECT_EQ(node.view.find(node.peer(2))->incarnation, 9u);
}

TEST(Membership, ADeadNodeThatSpeaksFromElsewhereIsLookedAtOnceInAWhile) {
    GossipParts node;
    node.prove_peers(1);
    node.view.leave(node.peer(1), 1, start);
    gossip::Hello hello;
    hello.incarnation = 5;
    const auto call = [&](Instant now) {
        EXPECT_FALSE(node.membership.called_by({node.peer(1), {"192.0.2.9", 40000}, now}, hello, now));
        const bool due = node.view.next_probe() != no_deadline;
        node.view.probe_started(node.peer(1));
        return due;
    };
    EXPECT_TRUE(call(start + 1s));
    EXPECT_FALSE(call(start + 2s));
    EXPECT_TRUE(call(start + 2s + 2 * node.options.gossip.ttl)) << "however often it spoke meanwhile";
}

// Any process of its machine could say that it is the node.
TEST(Membership, ANodeIsProvedOnlyWhereItWasDialled) {
    GossipParts node;
    node.news.start_period();
    const EndpointId dialled = node.endpoints.intern({"10.0.1.1", 9});
    gossip::Hello hello;
    hello.incarnation = 5;
    node.membership.answered({dialled, node.peer(1), {"10.0.1.1", 9}, true}, hello, start);
    EXPECT_FALSE(node.view.find(node.peer(1)));
    const std::vector<GossipCall> calls = node.take_calls();
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].to, node.peer(1));
    const EndpointId by_name = node.endpoints.intern({"node.example", 3451});
    node.membership.answered({by_name, node.peer(1), {"10.0.1.1", 3451}, true}, hello, start);
    EXPECT_NE(node.view.find(node.peer(1))->proved, never);
}

TEST(Membership, WhatANewcomerHoldsIsNotedAtItsFirstCall) {
    GossipParts node;
    node.news.start_period();
    ASSERT_TRUE(node.announcements.announce(*Label::parse("chat"), node.peer(40), start, wall));
    gossip::Hello hello;
    hello.incarnation = 5;
    hello.interests = node.interests.own();
    ASSERT_FALSE(hello.interests.empty());
    EXPECT_TRUE(node.membership.called_by({node.peer(1), {"10.0.1.1", 40000}, start}, hello, start));
    bool is_a_partner = false;
    for (int round = 0; round < 8; ++round) is_a_partner |= node.interests.partner() == node.peer(1);
    EXPECT_TRUE(is_a_partner);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
