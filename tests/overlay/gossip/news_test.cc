#include "overlay/gossip/news.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "overlay/gossip/entries.h"
#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
const Label chat = Label::parse("chat").value();

// Pushes until nothing is left. Returns how many messages went out.
std::size_t push_all(GossipParts& node) {
    std::size_t sent = 0;
    while (node.news.next_deadline() != no_deadline) {
        node.news.push(node.news.next_deadline(), wall);
        sent += node.take_calls().size();
    }
    return sent;
}

TEST(News, AnItemGoesOutAboutLogarithmicallyOften) {
    GossipParts node;
    node.prove_peers(30);
    node.news.add_peer(node.peer(1), start);
    EXPECT_EQ(node.news.next_deadline(), start) << "the first push does not wait";
    const std::size_t sent = push_all(node);
    EXPECT_GE(sent, 7u);  // log2(30) + 2
    EXPECT_LE(sent, 10u) << "in turns of five";
    EXPECT_EQ(node.news.sent(), sent);
}

TEST(News, OfASmallSwarmAllAreToldOnceAndWhoKnowsItIsNot) {
    GossipParts node;
    node.prove_peers(12);
    node.news.start_period();
    node.news.peer_joined(node.peer(1), 1, News::LearnedBy::call, start);
    node.news.push(start, wall);
    std::set<EndpointId> told;
    for (const GossipCall& call : node.take_calls()) told.insert(call.to);
    EXPECT_EQ(told.size(), 11u) << "once each, and not the node itself";
    EXPECT_FALSE(told.contains(node.peer(1)));
    EXPECT_EQ(push_all(node), 0u);

    node.news.peer_joined(node.peer(2), 1, News::LearnedBy::news, start, node.peer(3));
    node.news.push(node.news.next_deadline(), wall);
    const std::vector<GossipCall> passed_on = node.take_calls();
    EXPECT_EQ(passed_on.size(), 5u) << "who found it tells all";
    for (const GossipCall& call : passed_on) EXPECT_NE(call.to, node.peer(3)) << "it told this node";
    EXPECT_EQ(push_all(node), 0u);
}

TEST(News, ItemsThatWaitTogetherLeaveTogether) {
    GossipParts node;
    node.prove_peers(30);
    ASSERT_TRUE(node.announcements.announce(chat, node.peer(40), start, wall));
    ASSERT_TRUE(node.announcements.announce(chat, node.peer(41), start, wall));
    node.news.add_peer(node.peer(1), start);
    node.news.push(start, wall);
    const std::vector<GossipCall> made = node.take_calls();
    ASSERT_EQ(made.size(), 5u);
    for (const GossipCall& call : made) {
        EXPECT_TRUE(call.hang_up);
        EXPECT_EQ(call.first.peers.size(), 1u);
        ASSERT_EQ(call.first.labels.size(), 1u);
        EXPECT_EQ(call.first.labels.front().entries.size(), 2u);
    }
    EXPECT_EQ(node.news.next_deadline(), start + node.options.gossip.news_interval);
}

TEST(News, LabelsThatFindNoRoomInOneMessageAreInTheNext) {
    GossipParts node;
    node.prove_peers(30);
    for (int i = 0; i < 80; ++i) {
        const Label label = Label::parse("label" + std::to_string(i)).value();
        ASSERT_TRUE(node.announcements.announce(label, node.peer(40), start, wall));
    }
    std::set<std::string> told;
    for (int turn = 0; turn < 10; ++turn) {
        node.news.push(start, wall);
        for (const GossipCall& call : node.take_calls())
            for (const gossip::LabelEntries& label : call.first.labels) told.insert(label.label.text());
    }
    EXPECT_EQ(told.size(), 80u);
}

TEST(News, AJoinIsPassedOnOnceAndAgainAfterTheNodeWasForgotten) {
    GossipParts node;
    node.prove_peers(30);
    node.news.start_period();
    node.news.peer_joined(node.peer(1), 1, News::LearnedBy::news, start);
    EXPECT_GT(push_all(node), 0u);
    node.news.peer_joined(node.peer(1), 1, News::LearnedBy::news, start);
    EXPECT_EQ(push_all(node), 0u);
    node.news.forget_peer(node.peer(1), 1);
    node.news.peer_joined(node.peer(1), 1, News::LearnedBy::news, start);
    EXPECT_GT(push_all(node), 0u);
    EXPECT_EQ(node.events.count<PeerJoined>(), 2u);
}

TEST(News, ADoubtIsToldOnceUntilItIsOver) {
    GossipParts node;
    node.prove_peers(1);
    const auto told = [&](Instant now) {
        node.news.push(now, wall);
        const std::vector<GossipCall> calls = node.take_calls();
        return calls.size() == 1 && calls[0].first.peers.size() == 1 && calls[0].first.peers[0].suspect;
    };
    node.news.start_period();
    node.news.peer_doubted(node.peer(1), 1, News::LearnedBy::news, start);
    EXPECT_TRUE(told(start)) << "as a suspect, although it is none here";
    node.news.peer_doubted(node.peer(1), 1, News::LearnedBy::contact, start + 1s);
    EXPECT_FALSE(told(start + 1s));
    node.news.doubt_over(node.peer(1), 1);
    node.news.peer_doubted(node.peer(1), 1, News::LearnedBy::contact, start + 2s);
    EXPECT_TRUE(told(start + 2s));
}

// Told with its own age it would be told as fresh.
TEST(News, ANodeThatNobodyHasConfirmedIsNotTold) {
    GossipParts node;
    node.prove_peers(1);
    node.view.merge({.endpoint = node.peer(2), .claim = {wall, wall, start}}, start);
    node.news.start_period();
    node.news.peer_doubted(node.peer(2), 1, News::LearnedBy::news, start);
    node.news.push(start, wall);
    EXPECT_TRUE(node.take_calls().empty());
    EXPECT_EQ(peer_entry(*node.view.find(node.peer(2)), start).age_ms, std::numeric_limits<std::uint32_t>::max());
}

TEST(News, WhatASampleBringsIsNotPassedOn) {
    GossipParts node;
    node.prove_peers(30);
    node.news.start_period();
    node.news.peer_joined(node.peer(1), 1, News::LearnedBy::sample, start);
    EXPECT_EQ(push_all(node), 0u);
    EXPECT_EQ(node.events.count<PeerJoined>(), 1u);
}

TEST(News, OneStrangerCannotMakeANodePassOnMoreJoinsThanItsShareOfAPeriod) {
    OverlayOptions options;
    options.gossip.news_fanout = 1;
    GossipParts node{options};
    node.prove_peers(10);
    node.news.start_period();
    std::set<EndpointId> told;
    for (int i = 0; i < 1000; ++i) {
        const EndpointId stranger = node.endpoints.intern({"stranger" + std::to_string(i) + ".example", 80});
        node.view.merge({.endpoint = stranger, .incarnation = 1, .seen = start}, start);
        node.news.peer_joined(stranger, 1, News::LearnedBy::news, start);
        node.view.erase(stranger);  // so that the list is never full
        if (node.news.next_deadline() != no_deadline) told.insert(stranger);
        push_all(node);
    }
    EXPECT_EQ(told.size(), 64 + 2 * node.view.capacity());
}

// Others named hundreds of nodes and hosts a moment ago.
TEST(News, WhatTheNodeSaysItselfNeitherWaitsForHearsayNorLosesItsRoom) {
    GossipParts node;
    node.prove_peers(30);
    node.news.start_period();
    for (int i = 0; i < 400; ++i) {
        const EndpointId stranger = node.endpoints.intern({"a" + std::to_string(i) + ".example", 4000});
        const auto how = i % 2 == 0 ? News::LearnedBy::news : News::LearnedBy::call;
        node.news.peer_joined(stranger, 1, how, start);
    }
    EXPECT_GT(node.news.dropped(), 0u);
    ASSERT_TRUE(node.announcements.announce(chat, node.peer(40), start, wall));
    node.news.peer_joined(node.peer(1), 1, News::LearnedBy::contact, start);
    node.news.push(start, wall);
    const std::vector<GossipCall> made = node.take_calls();
    ASSERT_EQ(made.size(), 5u);
    ASSERT_EQ(made.front().first.labels.size(), 1u);
    EXPECT_EQ(made.front().first.labels.front().label, chat);
    EXPECT_EQ(made.front().first.peers.front().endpoint, node.peer(1));
}

TEST(News, AHostThatWasOnlyHeardOfGoesBeforeNodesThatWereOnlyHeardOf) {
    GossipParts node;
    node.prove_peers(30);
    node.news.start_period();
    for (int i = 0; i < 300; ++i) {
        const EndpointId stranger = node.endpoints.intern({"20." + std::to_string(i) + ".example", 80});
        node.news.peer_joined(stranger, 1, News::LearnedBy::news, start);
    }
    HostEntry entry;
    entry.endpoint = node.peer(50);
    entry.incarnation = 3;
    entry.confirmed = start;
    ASSERT_EQ(node.labels.merge(chat, entry, local_source, start, wall, LearnedFrom::gossip).merge, Merge::added);
    EXPECT_TRUE(node.news.add_heard_host(chat, entry.endpoint, start));
    node.news.push(start, wall);
    EXPECT_EQ(node.take_calls().front().first.labels.size(), 1u);
}

TEST(Announcements, EveryOneOfManyIsWithdrawnAtTheEnd) {
    GossipParts node;
    for (int i = 0; i < 400; ++i) {
        const Label label = *Label::parse("svc" + std::to_string(i));
        ASSERT_TRUE(node.announcements.announce(label, node.peer(40), start, wall));
    }
    std::size_t told = 0;
    for (const auto& part : node.announcements.withdraw_all(start, wall)) {
        EXPECT_LE(part.size(), gossip::labels_per_message_max);
        for (const gossip::LabelEntries& label : part) told += label.entries.size();
    }
    EXPECT_EQ(told, 400u);
}

TEST(Announcements, WithdrawalsThatAreForgottenEarlyAreCounted) {
    GossipParts node;
    const Label label = *Label::parse("svc");
    const auto host = [&](int i) {
        return node.endpoints.intern({"10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1), 80});
    };
    for (int i = 0; i < 4100; ++i) {
        ASSERT_TRUE(node.announcements.announce(label, host(i), start, wall));
        ASSERT_TRUE(node.announcements.withdraw(label, host(i), start, wall));
    }
    EXPECT_EQ(node.announcements.ended_short(), 4u);
}

TEST(Announcements, OnesWithoutRoomAreRefusedAndNotKept) {
    OverlayOptions options;
    options.table.labels_max = 16;
    GossipParts node{options};
    std::size_t taken = 0;
    for (int i = 0; i < 30; ++i)
        taken += node.announcements.announce(*Label::parse("svc" + std::to_string(i)), node.peer(40), start, wall);
    EXPECT_GE(taken, 10u);
    EXPECT_LT(taken, 30u);
    EXPECT_EQ(node.announcements.all().size(), taken);
    for (const Announcement& own : node.announcements.all())
        EXPECT_TRUE(node.labels.find(own.label)->find(own.endpoint)->own) << own.label.text();
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
