#include "overlay/gossip/disputes.h"

#include <gtest/gtest.h>

#include "overlay/gossip/message_context.h"
#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using Verdict = Disputes::Verdict;

struct DisputesTest : testing::Test {
    Verdict hear(std::uint32_t version, Instant now, EndpointId at = EndpointId{1}, SourceId from = SourceId{9}) {
        gossip::Entry entry;
        entry.endpoint = at;
        entry.incarnation = version;
        entry.withdrawn = true;
        return disputes.withdrawn(chat, entry, &listed, from, now);
    }
    std::vector<Disputes::Due> taken(Instant now) {
        std::vector<Disputes::Due> due = disputes.take_due(now);
        std::erase_if(due, [](const Disputes::Due& each) { return !each.taken; });
        return due;
    }

    const Label chat = *Label::parse("chat");
    const EndpointId host{1};
    GossipOptions options;
    Disputes disputes{options};
    HostEntry listed{.endpoint = EndpointId{1}, .incarnation = 1000};
    const Duration period = options.period;
};

TEST_F(DisputesTest, AWithdrawalIsTakenAtOnceUntilAnAnnouncementOutranksOne) {
    EXPECT_EQ(hear(1000, start), Verdict::taken);
    disputes.announced(chat, host, 1001, start + period);
    EXPECT_EQ(disputes.refuted(), 1u);
    listed.incarnation = 1001;
    EXPECT_EQ(hear(1001, start + 60s), Verdict::waits);
    disputes.announced(chat, host, 1001, start + 60s);
    EXPECT_EQ(disputes.waiting_count(), 1u) << "within one version the withdrawal wins";
    disputes.announced(chat, host, 1002, start + 61s);
    EXPECT_EQ(disputes.waiting_count(), 0u);
    EXPECT_EQ(disputes.next_deadline(), no_deadline);
    EXPECT_EQ(hear(1002, start + 61s + options.ttl), Verdict::taken) << "the argument is over";
}

TEST_F(DisputesTest, AnAnnouncementLongAfterTheWithdrawalDisputesNothing) {
    EXPECT_EQ(hear(1000, start), Verdict::taken);
    disputes.announced(chat, host, 1001, start + 10 * period);
    EXPECT_EQ(hear(1001, start + 20 * period), Verdict::taken);
}

TEST_F(DisputesTest, AWithdrawalFarAheadWaitsAndIsTakenWhenNobodyOutranksIt) {
    EXPECT_EQ(hear(1064, start, EndpointId{2}), Verdict::taken);
    EXPECT_EQ(hear(1065, start), Verdict::waits);
    EXPECT_EQ(disputes.waiting(chat, host, start)->incarnation, 1065u);
    EXPECT_TRUE(taken(start).empty());
    EXPECT_TRUE(taken(start + period).empty());
    EXPECT_LE(disputes.next_deadline(), start + 2 * period);
    const std::vector<Disputes::Due> due = taken(disputes.next_deadline());
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].entry.incarnation, 1065u);
    EXPECT_EQ(due[0].heard, start);
    EXPECT_FALSE(disputes.waiting(chat, host, start + 2 * period));
}

TEST_F(DisputesTest, OneThatWaitsIsToldAtOnceAndNewerOnesFourTimesAPeriodAtMost) {
    std::size_t told = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
        EXPECT_EQ(hear(5000 + i, start + i * period / 50), Verdict::waits);
        for (const Disputes::Due& due : disputes.take_due(start + i * period / 50)) {
            EXPECT_FALSE(due.taken);
            EXPECT_EQ(due.entry.incarnation, 5000 + i);
            EXPECT_GE(due.entry.age_ms, 1u) << "0 is the announcer's own word";
            told += 1;
        }
    }
    EXPECT_GE(told, 7u);
    EXPECT_LE(told, 9u);
}

TEST_F(DisputesTest, ANewerVersionOfWhatWasJustTakenWaits) {
    EXPECT_EQ(hear(1000, start), Verdict::taken);
    listed = {.endpoint = host, .incarnation = 1000, .withdrawn = true};
    EXPECT_EQ(hear(1001, start + 10ms), Verdict::waits);
    disputes.announced(chat, host, 1001, start + 20ms);  // answers the first one
    EXPECT_EQ(disputes.waiting_count(), 1u);
    disputes.announced(chat, host, 1002, start + period);
    EXPECT_EQ(disputes.waiting_count(), 0u);
}

TEST_F(DisputesTest, WhoArguesMostLosesItsPlacesFirst) {
    EXPECT_EQ(hear(5000, start, EndpointId{7}, SourceId{1000}), Verdict::waits);
    for (std::uint32_t i = 0; i < 1000; ++i)
        EXPECT_EQ(hear(5000, start, EndpointId{100 + i}, SourceId{2000}), Verdict::waits);
    EXPECT_TRUE(disputes.waiting(chat, EndpointId{7}, start));
    EXPECT_EQ(disputes.waiting_count(), 256u);
    EXPECT_EQ(disputes.dropped(), 1001u - 256u);
    for (const Disputes::Due& due : taken(start + 2 * period)) EXPECT_EQ(due.entry.incarnation, 5000u);
    disputes.start_period(start + 10 * period);
    EXPECT_EQ(disputes.waiting_count(), 0u);
}

// Its announcer must hear of it, wherever it is.
TEST(LabelExchange, AWithdrawalThatWaitsIsToldAndChangesNothingHere) {
    GossipParts node;
    node.prove_peers(5);
    const Label chat = *Label::parse("chat");
    const MessageContext context =
        MessageContext::of(gossip::Kind::news, node.peer(1), {"10.0.1.1", 3451}, Duration{0}, start, wall);
    gossip::Message news;
    gossip::Entry said;
    said.endpoint = node.peer(40);
    said.incarnation = 1000;
    news.labels = {{chat, {said}}};
    node.label_exchange.merge(news, context);
    while (node.news.next_deadline() != no_deadline) node.news.push(node.news.next_deadline(), wall);
    static_cast<void>(node.take_calls());  // the announcement has been passed on
    news.labels[0].entries[0].withdrawn = true;
    news.labels[0].entries[0].incarnation = 2'000'000;
    node.label_exchange.merge(news, context);
    EXPECT_FALSE(node.labels.find(chat)->find(node.peer(40))->withdrawn);
    ASSERT_LE(node.disputes.next_deadline(), start);
    node.label_exchange.settle_disputes(start, wall);
    node.news.push(start + 1s, wall);
    const std::vector<GossipCall> calls = node.take_calls();
    ASSERT_FALSE(calls.empty());
    const gossip::Entry& told = calls[0].first.labels.at(0).entries.at(0);
    EXPECT_TRUE(told.withdrawn);
    EXPECT_EQ(told.incarnation, 2'000'000u);
    node.label_exchange.settle_disputes(start + 2 * node.options.gossip.period, wall);
    EXPECT_TRUE(node.labels.find(chat)->find(node.peer(40))->withdrawn);
}

TEST(Announcements, InsistOnTheirEndAgainstWordsFromBefore) {
    GossipParts node;
    const Label chat = *Label::parse("chat");
    ASSERT_TRUE(node.announcements.announce(chat, node.peer(40), start, wall));
    const std::uint32_t version = node.announcements.all().front().incarnation;
    ASSERT_TRUE(node.announcements.withdraw(chat, node.peer(40), start + 10s, wall));
    const auto insist = [&](std::uint32_t said, Instant said_at) {
        return node.announcements.insist(chat, node.peer(40), said, said_at, start + 11s, wall);
    };
    EXPECT_FALSE(insist(version + 9, start + 11s)) << "another node announces it, too";
    EXPECT_FALSE(insist(version, start)) << "outranked already";
    EXPECT_TRUE(insist(version + 9, start + 9s));
    const HostEntry ended = *node.labels.find(chat)->find(node.peer(40));
    EXPECT_TRUE(ended.withdrawn);
    EXPECT_EQ(ended.incarnation, version + 10);
    EXPECT_FALSE(insist(version + 10, start + 9s));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
