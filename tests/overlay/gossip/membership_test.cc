#include "overlay/gossip/membership.h"

#include <gtest/gtest.h>

#include "overlay/gossip/message_context.h"
#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace {

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

}  // namespace
}  // namespace halp::test
