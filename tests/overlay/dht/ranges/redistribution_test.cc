#include "overlay/dht/ranges/redistribution.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/ranges/range_parts.h"
#include "overlay/dht/wire/record_batch.h"
#include "tests/overlay/dht/shifting_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t middle = std::uint64_t{1} << 63;
HashRange lower() { return HashRange::make(0, middle - 1).value(); }
HashRange upper() { return HashRange::make(middle, ~std::uint64_t{0}).value(); }
legacy::Takeover taker(const ShiftingCluster::Member& node, const HashRange& range) {
    return {node.address.host, node.address.port, range.min(), range.max()};
}

TEST(Redistribution, ANodeHandsHalfOfItsRecordsToAnother) {
    ShiftingCluster cluster(1);
    cluster.add(HashRange::full());
    cluster.run(seconds{1});
    cluster.add({});

    cluster.spread();
    cluster.run(milliseconds{400});
    ASSERT_TRUE(cluster.settle());

    EXPECT_EQ(cluster.members[0]->node->range(), lower());
    EXPECT_EQ(cluster.members[1]->node->range(), upper());
    EXPECT_GT(cluster.members[1]->store->total().records, 50U);
    EXPECT_EQ(cluster.members[0]->store->set_aside().records, 0U) << "moved records are not kept twice";
    EXPECT_EQ(cluster.done, 1);
    cluster.expect_all_there();
}

TEST(Redistribution, TheRangeIsKeptOverARestart) {
    ShiftingCluster cluster(2);
    cluster.add(HashRange::full());
    cluster.add({});
    cluster.spread();
    ASSERT_TRUE(cluster.settle());

    for (const std::size_t i : {0U, 1U}) cluster.kill(i);
    for (const std::size_t i : {0U, 1U}) cluster.revive(i);

    EXPECT_EQ(cluster.members[0]->node->range(), lower());
    EXPECT_EQ(cluster.members[1]->node->range(), upper());
}

TEST(Redistribution, ASecondOneIsRefusedWhileOneRuns) {
    ShiftingCluster cluster(3);
    cluster.add(HashRange::full());
    cluster.add({});
    cluster.kill(1);
    cluster.redistribute(0, lower(), {taker(*cluster.members[1], upper())});
    cluster.world.run_for(milliseconds{300});

    cluster.redistribute(0, lower(), {}, 2);
    cluster.world.run_for(milliseconds{300});
    EXPECT_EQ(cluster.refused, 1);
    EXPECT_EQ(cluster.members[0]->node->range(), HashRange::full()) << "it keeps what nobody has taken";

    cluster.revive(1);
    ASSERT_TRUE(cluster.settle());
    EXPECT_EQ(cluster.done, 1) << "the first one goes on when its target is there";
}

TEST(Redistribution, WhatCannotBeIsRefused) {
    ShiftingCluster cluster(4);
    cluster.add(HashRange::full());
    cluster.add({});
    const auto& other = *cluster.members[1];
    cluster.redistribute(0, HashRange{}, {});
    cluster.redistribute(0, HashRange{}, {taker(other, lower())});
    legacy::Takeover bad = taker(other, upper());
    std::swap(bad.min, bad.max);
    cluster.redistribute(0, lower(), {bad});
    cluster.world.run_for(seconds{1});

    EXPECT_EQ(cluster.refused, 3);
    EXPECT_EQ(cluster.members[0]->node->range(), HashRange::full());
}

TEST(Redistribution, ANodeThatLeavesHandsAllOver) {
    ShiftingCluster cluster(5);
    cluster.add(lower());
    cluster.add(upper());
    cluster.run(milliseconds{600});

    cluster.spread(1);
    cluster.run(milliseconds{300});
    ASSERT_TRUE(cluster.settle());

    EXPECT_TRUE(cluster.members[1]->node->range().empty());
    EXPECT_EQ(cluster.members[0]->node->range(), HashRange::full());
    cluster.expect_all_there();
}

// The original's tool starts the new node with its range, so for a moment both nodes have it.
TEST(Redistribution, ANodeWithoutRecordsStepsBackUntilItHasThem) {
    ShiftingCluster cluster(6);
    cluster.add(HashRange::full());
    cluster.run(milliseconds{600});
    cluster.add(upper());

    cluster.redistribute(0, lower(), {taker(*cluster.members[1], upper())});
    ASSERT_TRUE(cluster.settle());

    EXPECT_EQ(cluster.members[1]->node->range(), upper());
    cluster.expect_all_there();
}

TEST(Redistribution, NodesChangePlaces) {
    ShiftingCluster cluster(7);
    cluster.add(lower());
    cluster.add(upper());
    cluster.run(milliseconds{600});

    cluster.redistribute(0, {}, {taker(*cluster.members[1], lower())});
    cluster.redistribute(1, {}, {taker(*cluster.members[0], upper())});
    cluster.run(milliseconds{600});
    ASSERT_TRUE(cluster.settle());

    EXPECT_EQ(cluster.members[0]->node->range(), upper());
    EXPECT_EQ(cluster.members[1]->node->range(), lower());
    cluster.expect_all_there();
}

// ---- with originals ----

TEST(Redistribution, AnOriginalGetsTheRecordsByPutBatch) {
    ShiftingCluster cluster(8);
    cluster.add(HashRange::full());
    cluster.run(milliseconds{600});
    cluster.add_original(upper());

    cluster.redistribute(0, lower(), {taker(*cluster.members[1], upper())});
    ASSERT_TRUE(cluster.settle()) << cluster.state();

    EXPECT_EQ(cluster.done, 1);
    EXPECT_EQ(cluster.members[0]->node->range(), lower());
    EXPECT_EQ(cluster.members[0]->store->set_aside().records, 0U) << "each was removed when it was acknowledged";
    EXPECT_GT(cluster.members[1]->store->total().records, 50U);
    cluster.expect_all_there();
}

TEST(Redistribution, AnOriginalThatIsAwayGetsTheRecordsWhenItIsBack) {
    ShiftingCluster cluster(9);
    cluster.add(HashRange::full());
    cluster.run(milliseconds{600});
    cluster.add_original(upper());
    cluster.redistribute(0, lower(), {taker(*cluster.members[1], upper())});
    cluster.world.run_for(milliseconds{3});
    cluster.kill(1);
    cluster.kill(0);
    cluster.run(milliseconds{100});
    cluster.revive(0);
    cluster.revive(1);
    ASSERT_TRUE(cluster.settle()) << cluster.state();

    EXPECT_EQ(cluster.members[0]->node->range(), lower());
    cluster.expect_all_there();
}

// Answers what it is sent with the next status, later with the last one again, as an original does, and keeps it.
class ScriptedOriginal final : public EventHandler {
public:
    ScriptedOriginal(Environment& environment, std::vector<std::string> answers)
        : environment_(environment), answers_(std::move(answers)) {}
    std::string received;

private:
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_end(StreamId stream) override { environment_.transport.close(stream); }
    void on_closed(StreamId) override {}
    void on_wakeup() override {}
    void on_bytes(StreamId stream, Bytes bytes) override {
        received += bytes;
        if (answers_.empty()) return;
        environment_.transport.write(stream, answers_[next_]);
        if (next_ + 1 < answers_.size()) ++next_;
    }
    Environment& environment_;
    std::vector<std::string> answers_;
    std::size_t next_ = 0;
};

std::string number(std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
    return out;
}
std::string array(std::string_view bytes) { return number(bytes.size(), 8) + std::string(bytes); }

// The bytes of dht-wire 8.12 and of the batch of its section 2.3: nothing but PutBatch follows the 409.
TEST(Redistribution, SaysToAnOriginalWhatOriginalsSay) {
    ShiftingCluster cluster(10);
    cluster.add(HashRange::full());
    cluster.members[0]->records->put(Channel::parse("chan").value(), Key{1}, "val", {});
    const Endpoint at{"10.0.5.1", 10000};
    const HostId host = cluster.world.add_host(at);
    ScriptedOriginal original(cluster.world.env(host), {number(409, 4), number(200, 4)});
    cluster.world.attach(host, original);

    cluster.redistribute(0, lower(), {{at.host, at.port, upper().min(), upper().max()}});
    ASSERT_TRUE(cluster.settle()) << cluster.state();

    const std::string plain = array("0000000000000001") + array("val");
    std::string batch;
    neo::pack(plain, batch);
    const std::string put_batch = number(34, 4) + array("chan") + array(batch);
    EXPECT_TRUE(original.received.starts_with(number(34, 4)));
    EXPECT_NE(original.received.find("halp handover 1 begin "), std::string::npos);
    EXPECT_TRUE(original.received.ends_with(put_batch));
    EXPECT_EQ(cluster.members[0]->store->total().records, 0U);
    EXPECT_EQ(cluster.members[0]->node->range(), lower());
}

// The other node had the part, and has given it on to a third one meanwhile.
class GivenOn : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(GivenOn, EndsWithTheRecordsSetAsideAndAReason) {
    ShiftingCluster cluster(12);
    cluster.add(HashRange::full());
    const auto& giver = *cluster.members[0];
    for (const std::uint64_t key : {1U, 3U})
        giver.records->put(Channel::parse("chan").value(), Key{key}, "val", {});
    const Endpoint at{"10.0.5.1", 10000};
    const HostId host = cluster.world.add_host(at);
    ScriptedOriginal other(cluster.world.env(host), GetParam());
    cluster.world.attach(host, other);

    cluster.redistribute(0, lower(), {{at.host, at.port, upper().min(), upper().max()}});
    cluster.world.run_for(seconds{5});
    EXPECT_FALSE(cluster.settled()) << "the other node may get the part back";
    ASSERT_TRUE(cluster.settle()) << cluster.state();

    EXPECT_EQ(giver.node->range(), lower());
    EXPECT_EQ(giver.store->total().records, 0U);
    EXPECT_EQ(giver.store->set_aside().records, 2U) << "the only copies that this node knows of";
}

// What an original answers to the beginning, to the batch in six rounds, and to each of the two records alone.
std::vector<std::string> refusals_of_an_original() {
    std::vector<std::string> answers(7, number(404, 4));
    answers.front() = number(409, 4);
    answers.push_back(number(404, 4) + number(404, 4));
    return answers;
}
// One of ours (`fill`): to the batch, to each record alone, and to the question who has the keys now.
std::vector<std::string> refusals(const std::string& heir) {
    std::vector<std::string> answers{number(303, 4)};
    for (int round = 1; round <= 6; ++round) {
        answers.push_back(number(303, 4));
        answers.push_back(number(303, 4) + number(303, 4));
        answers.push_back(heir);
    }
    return answers;
}
std::string heir(const std::string& text) { return number(200, 4) + array(text); }
INSTANTIATE_TEST_SUITE_P(Redistribution, GivenOn,
                         testing::Values(refusals_of_an_original(), refusals(number(409, 4)),
                                         refusals(heir("no heir")),  // as no node says it, and one of other keys
                                         refusals(heir("0000000000000001 0000000000000002 10.0.5.2 10000"))));

// As a node that answers for the part and has records of it, which hands half of it on before the first ones come.
class HandedOn : public testing::TestWithParam<bool> {};

TEST_P(HandedOn, FollowsTheKeysToTheirNewOwners) {
    ShiftingCluster cluster(13);
    const std::size_t giver = cluster.add(HashRange::full()), second = cluster.add({});
    const std::size_t third = cluster.add({}), fourth = cluster.add({});
    auto& members = cluster.members;
    const Channel channel = Channel::parse("chan").value();
    const std::vector<HashRange> parts = upper().split(4);
    cluster.run(milliseconds{600});
    cluster.redistribute(giver, lower(), {taker(*members[second], upper())});
    ASSERT_TRUE(cluster.settle()) << cluster.state();
    cluster.redistribute(second, hull(parts[0], parts[1]), {taker(*members[third], hull(parts[2], parts[3]))});
    ASSERT_TRUE(cluster.settle()) << cluster.state();
    cluster.redistribute(third, parts[2], {taker(*members[fourth], parts[3])});
    ASSERT_TRUE(cluster.settle()) << cluster.state();

    // The giver answers for all keys again, as one that was away while its range was given to others.
    RangeState all = members[giver]->journal->state();
    all.own = all.held = HashRange::full();
    ASSERT_TRUE(members[giver]->journal->save(all));
    cluster.kill(giver);
    cluster.revive(giver);
    cluster.world.run_for(seconds{1});
    std::size_t missing = 0, differing = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
        const Key key{reversed(middle + i * (middle / 400))};
        members[giver]->records->put(channel, key, "mine", {});
        if (i % 40 != 7) {
            ++missing;
            continue;
        }
        ++differing;
        for (const std::size_t other : {second, third, fourth})
            if (members[other]->node->range().contains(key))
                members[other]->records->put(channel, key, "theirs", {});
    }
    if (GetParam()) cluster.kill(third);
    cluster.redistribute(giver, lower(), {taker(*members[second], upper())});
    if (GetParam()) {
        cluster.world.run_for(seconds{5});
        EXPECT_FALSE(cluster.settled()) << "it waits for the node that has a quarter of the keys";
        cluster.revive(third);
    }
    ASSERT_TRUE(cluster.settle()) << cluster.state();

    EXPECT_EQ(members[giver]->node->range(), lower());
    EXPECT_EQ(members[giver]->store->count(channel).records, 0U);
    EXPECT_EQ(members[giver]->store->set_aside().records, differing) << "the other nodes keep their own values";
    std::size_t there = 0, kept = 0;
    for (const std::size_t other : {second, third, fourth}) {
        const auto visit = [&](Key key, std::string_view value) {
            EXPECT_TRUE(members[other]->node->range().contains(key));
            ++(value == "mine" ? there : kept);
            return true;
        };
        EXPECT_TRUE(members[other]->store->scan(channel, std::nullopt, visit));
    }
    EXPECT_EQ(there, missing);
    EXPECT_EQ(kept, differing);
}
INSTANTIATE_TEST_SUITE_P(Redistribution, HandedOn, testing::Bool());  // whether one of them is away meanwhile

// The other direction: an original has given the part up and sends its records; this node got its new range before.
TEST(Redistribution, TakesTheRecordsOfAnOriginal) {
    ShiftingCluster cluster(11);
    cluster.add(lower());
    cluster.redistribute(0, HashRange::full(), {});  // as dhtredist tells every node its new range
    ASSERT_TRUE(cluster.settle()) << cluster.state();
    EXPECT_EQ(cluster.members[0]->node->range(), HashRange::full());

    const HostId host = cluster.world.add_host({"10.0.5.2", 1});
    ScriptedOriginal original(cluster.world.env(host), {});
    cluster.world.attach(host, original);
    std::string batch;
    neo::pack(array("0000000000000001") + array("val"), batch);
    Environment& there = cluster.world.env(host);
    const StreamId stream = there.transport.connect(cluster.members[0]->address);
    there.transport.write(stream, number(34, 4) + array("chan") + array(batch));
    cluster.world.run_for(seconds{1});

    EXPECT_EQ(original.received, number(200, 4));
    std::string value;
    EXPECT_TRUE(cluster.members[0]->store->get(Channel::parse("chan").value(), Key{1}, value).value());
    EXPECT_EQ(value, "val");
}

// 1 -> 2 -> 4 -> 2 nodes, with kills in the middle, under load.
class Shifting {
public:
    Shifting(std::uint64_t seed, bool slow_disks, bool kills)
        : cluster(seed, slow_disks), kills_(kills), pick_(seed) {
        cluster.add(HashRange::full());
        cluster.run(milliseconds{700});
        cluster.add({});
        change(0);
        cluster.add({});
        cluster.add({});
        change(0);
        change(2);
        cluster.run(milliseconds{50});
        EXPECT_TRUE(cluster.settle());
        cluster.expect_all_there();
    }

    ShiftingCluster cluster;

private:
    [[nodiscard]] std::uint64_t pick(std::uint64_t below) {
        pick_ = pick_ * 6364136223846793005U + 1442695040888963407U;
        return (pick_ >> 33) % below;
    }
    void change(std::size_t leaving) {
        for (int attempt = 0; attempt < 8 && !changed(leaving); ++attempt) {
            cluster.spread(leaving);
            if (kills_) kill_some();
            cluster.run(milliseconds{40});
            ASSERT_TRUE(cluster.settle()) << cluster.state();
        }
        EXPECT_TRUE(changed(leaving)) << cluster.state();
    }
    void kill_some() {
        cluster.run(milliseconds{pick(60)}, milliseconds{1});
        const std::size_t nodes = cluster.members.size();
        const std::size_t first = pick(nodes), second = pick(3) == 0 ? pick(nodes) : first;
        cluster.kill(first);
        cluster.run(milliseconds{pick(30)}, milliseconds{1});
        cluster.kill(second);
        cluster.run(milliseconds{pick(200)});
        for (std::size_t i = 0; i < nodes; ++i) cluster.revive(i);
    }
    [[nodiscard]] bool changed(std::size_t leaving) const {
        const auto parts = HashRange::full().split(cluster.members.size() - leaving);
        for (std::size_t i = 0; i < cluster.members.size(); ++i) {
            const HashRange wanted = i < parts.size() ? parts[i] : HashRange{};
            if (cluster.members[i]->node->range() != wanted) return false;
        }
        return true;
    }

    bool kills_;
    std::uint64_t pick_;
};

// HALP_SHIFTING_SEEDS=5000 is the soak; HALP_SHIFTING_FIRST=1008 begins with that seed.
std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
    const char* given = std::getenv(name);
    return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}
std::uint64_t seeds() { return number_in("HALP_SHIFTING_SEEDS", 6); }

TEST(Redistribution, GrowsAndShrinksUnderLoad) {
    for (std::uint64_t seed = 1; seed <= seeds() / 3; ++seed) {
        Shifting run(seed, seed % 2 == 0, false);
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
        EXPECT_GT(run.cluster.acknowledged, 200);
        EXPECT_GT(run.cluster.read, 100);
    }
}

TEST(Redistribution, KilledNodesLoseNoRecordAndOwnNoneTwice) {
    const std::uint64_t first = number_in("HALP_SHIFTING_FIRST", 1);
    for (std::uint64_t seed = first; seed < first + seeds(); ++seed) {
        Shifting run(seed, seed % 2 == 0, true);
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
