#include "overlay/gossip/self/identity.h"

#include <gtest/gtest.h>

#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

TEST(Identity, ALaterStartOutranksAnEarlierOne) {
    EXPECT_EQ(next_incarnation(0, wall), 1'700'000'000u);
    EXPECT_EQ(next_incarnation(1'800'000'000, wall), 1'800'000'001u) << "also when the clock was set back";
}

TEST(Identity, OutranksTheTombstoneOfAnEarlierLifeAndAdoptsANewerVersionThatLives) {
    GossipParts node;
    const std::uint32_t first = node.identity.incarnation();
    gossip::Entry said{.endpoint = node.peer(1), .incarnation = first, .suspect = true};
    EXPECT_FALSE(node.identity.answer_to(said)) << "a suspicion is left to the probes that it causes";
    said = {.endpoint = node.peer(1), .incarnation = first - 5, .withdrawn = true};
    EXPECT_FALSE(node.identity.answer_to(said)) << "it is outranked already";
    said.incarnation = first + 3600;
    EXPECT_TRUE(node.identity.answer_to(said));
    EXPECT_EQ(node.identity.incarnation(), first + 3601);
    said = {.endpoint = node.peer(1), .incarnation = 0xffffffffU};
    EXPECT_FALSE(node.identity.answer_to(said)) << "more than half the circle ahead is behind";
    said.incarnation = first + 0x7fffff00U;
    EXPECT_TRUE(node.identity.answer_to(said));
    said.incarnation = 0xffffffffU;
    EXPECT_TRUE(node.identity.answer_to(said));
    EXPECT_EQ(node.identity.incarnation(), 0xffffffffU);
    said.withdrawn = true;
    EXPECT_TRUE(node.identity.answer_to(said));
    EXPECT_EQ(node.identity.incarnation(), 1u) << "the numbers are a circle";
}

TEST(Identity, TellsItsEndpointOnlyWhenItIsCertain) {
    GossipParts seen;
    EXPECT_TRUE(
        seen.identity.address().witnessed({"192.0.2.1", seen.endpoints.intern({"192.0.2.7", 3451}), start}));
    EXPECT_NE(seen.identity.endpoint(), no_endpoint);
    EXPECT_EQ(seen.identity.message(gossip::Kind::ping).hello.self, no_endpoint);
    OverlayOptions options;
    options.advertise = Endpoint{"node.example", 3451};
    GossipParts node{options};
    EXPECT_EQ(node.endpoints.at(node.identity.message(gossip::Kind::ping).hello.self).host, "node.example");
}

TEST(Identity, ListsASpeakerWhereItAdvertisesUnlessThatCannotBeDialledFromHere) {
    GossipParts node;
    const Endpoint remote{"198.51.100.1", 40000};
    gossip::Hello hello;
    hello.port = 3451;
    const auto host_of = [&] { return node.endpoints.at(node.identity.identify(hello, remote)).text(); };
    EXPECT_EQ(host_of(), "198.51.100.1:3451");
    hello.self = node.endpoints.intern({"node.example", 80});
    EXPECT_EQ(host_of(), "198.51.100.1:3451") << "nobody makes this node ask for a name";
    EXPECT_EQ(node.identity.identify(hello, remote, hello.self), hello.self) << "it was reached by this name";
    hello.self = node.endpoints.intern({"127.0.0.1", 80});
    EXPECT_EQ(host_of(), "198.51.100.1:3451");
    hello.self = node.endpoints.intern({"0.0.0.0", 80});
    EXPECT_EQ(host_of(), "198.51.100.1:3451");
}

TEST(LocalHealth, StaysBetweenOneAndEightAndNotesChanges) {
    GossipParts node;
    node.health.improve();
    EXPECT_EQ(node.health.multiplier(), 1);
    for (int i = 0; i < 20; ++i) node.health.worsen();
    EXPECT_EQ(node.health.multiplier(), 8);
    EXPECT_EQ(node.events.count<HealthChanged>(), 7u);
}

TEST(Calls, AreLateAfterATimeOutThatHealthStretches) {
    GossipParts node;
    node.calls.ping(node.peer(1), CallPurpose::feeler, start);
    node.health.worsen();
    node.calls.ping(node.peer(2), CallPurpose::feeler, start);
    const Duration timeout = node.options.gossip.exchange_timeout;
    EXPECT_EQ(node.calls.next_deadline(), start + timeout);
    EXPECT_TRUE(node.calls.late(start + timeout - 1ms).empty());
    EXPECT_EQ(node.calls.late(start + timeout).size(), 1u);
    EXPECT_EQ(node.calls.late(start + 2 * timeout).size(), 2u);
}

TEST(Calls, EndOnce) {
    GossipParts node;
    const ConversationId id = node.calls.ping(node.peer(1), CallPurpose::feeler, start).id;
    EXPECT_TRUE(node.calls.under_way(id));
    EXPECT_TRUE(node.calls.under_way_to(node.peer(1)));
    EXPECT_TRUE(node.calls.finish(id));
    EXPECT_FALSE(node.calls.finish(id));
    EXPECT_EQ(node.calls.next_deadline(), no_deadline);
}

TEST(Announcements, AreRenewedWithHigherVersionsAndOutrankContradictions) {
    GossipParts node;
    const Label chat = Label::parse("chat").value();
    ASSERT_TRUE(node.announcements.announce(chat, node.peer(1), start, wall));
    const std::uint32_t first = node.announcements.all().front().incarnation;
    const Instant later = node.announcements.next_deadline();
    node.announcements.renew_due(later, wall);
    const std::uint32_t second = node.announcements.all().front().incarnation;
    EXPECT_GT(second, first);
    node.announcements.defend(chat, node.peer(1), second + 500, false, later, wall);
    EXPECT_EQ(node.announcements.all().front().incarnation, second + 500) << "announced by another node, too";
    node.announcements.defend(chat, node.peer(1), second + 1000, true, later, wall);
    EXPECT_LE(node.announcements.next_deadline(), later + node.options.gossip.period / 4);
    node.announcements.renew_due(node.announcements.next_deadline(), wall);
    EXPECT_EQ(node.announcements.all().front().incarnation, second + 1001);
    EXPECT_TRUE(node.announcements.withdraw(chat, node.peer(1), start, wall));
    EXPECT_FALSE(node.announcements.withdraw(chat, node.peer(1), start, wall));
    EXPECT_TRUE(node.labels.find(chat)->find(node.peer(1))->withdrawn);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
