#include "overlay/dht/ranges/auto_range.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/overlay/dht/shifting_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

const HashRange& range_of(const ShiftingCluster& cluster, std::size_t node) {
    return cluster.members[node]->node->range();
}
void put(ShiftingCluster& cluster, std::size_t node, Key key, std::string_view value) {
    cluster.members[node]->records->put(Channel::parse("one").value(), key, value, {});
}
std::string value_at(const ShiftingCluster& cluster, std::size_t node, Key key) {
    std::string value;
    return cluster.members[node]->store->get(Channel::parse("one").value(), key, value).value() ? value : "none";
}

TEST(AutoRange, ANodeAloneTakesAllKeysAfterItHasLookedForOthers) {
    ShiftingCluster cluster(1);
    cluster.add_automatic();

    cluster.world.run_for(milliseconds{700});
    EXPECT_TRUE(range_of(cluster, 0).empty()) << "it takes nothing before it has looked";
    ASSERT_TRUE(cluster.settle());
    EXPECT_EQ(range_of(cluster, 0), HashRange::full());
}

TEST(AutoRange, AJoiningNodeTakesHalfOfTheLargestRange) {
    ShiftingCluster cluster(2);
    const auto quarters = HashRange::full().split(4);
    cluster.add(quarters[0]);
    cluster.add(HashRange::make(quarters[1].min(), quarters[3].max()).value());
    cluster.run(milliseconds{600});

    cluster.add_automatic();
    cluster.run(milliseconds{300});
    ASSERT_TRUE(cluster.settle()) << cluster.state();

    EXPECT_EQ(range_of(cluster, 0), quarters[0]);
    EXPECT_EQ(range_of(cluster, 2).max(), quarters[3].max());
    EXPECT_GT(range_of(cluster, 2).min(), quarters[1].max());
    cluster.expect_all_there();
}

TEST(AutoRange, NodesThatJoinAtOnceAreToldApart) {
    ShiftingCluster cluster(3);
    for (int i = 0; i < 5; ++i) cluster.add_automatic();
    ASSERT_TRUE(cluster.settle()) << cluster.state();
    cluster.run(milliseconds{300});

    cluster.expect_all_there();
}

TEST(AutoRange, TheRangeIsKeptOverARestart) {
    ShiftingCluster cluster(4);
    cluster.add_automatic();
    ASSERT_TRUE(cluster.settle());
    cluster.add_automatic();
    ASSERT_TRUE(cluster.settle());
    const HashRange first = range_of(cluster, 0), second = range_of(cluster, 1);

    for (const std::size_t i : {0U, 1U}) cluster.kill(i);
    for (const std::size_t i : {0U, 1U}) cluster.revive(i);

    EXPECT_EQ(range_of(cluster, 0), first);
    EXPECT_EQ(range_of(cluster, 1), second);
}

// Two nodes that could not see each other took all keys, and both were written to.
TEST(AutoRange, NodesThatBothTookAllKeysBecomeOneDhtWithTheRecordsOfBoth) {
    ShiftingCluster cluster(5);
    for (int i = 0; i < 2; ++i) cluster.add_automatic(true);
    ASSERT_TRUE(cluster.settle());
    ASSERT_EQ(range_of(cluster, 1), HashRange::full());
    for (std::uint64_t i = 0; i < 200; ++i)
        put(cluster, i % 2, ShiftingCluster::key_at(i), "v" + std::to_string(i));
    put(cluster, 0, Key{5}, "of the first");
    put(cluster, 1, Key{5}, "of the second");

    for (const auto& member : cluster.members) member->hidden = false;
    cluster.introduce();
    const auto apart = [&] { return cluster.settled() && !range_of(cluster, 0).overlaps(range_of(cluster, 1)); };
    ASSERT_TRUE(cluster.world.run_until(apart, seconds{60})) << cluster.state();

    EXPECT_TRUE(tessellates({range_of(cluster, 0), range_of(cluster, 1)}));
    for (std::uint64_t i = 0; i < 200; ++i) {
        const Key key = ShiftingCluster::key_at(i);
        EXPECT_EQ(value_at(cluster, range_of(cluster, 0).contains(key) ? 0 : 1, key), "v" + std::to_string(i));
    }
    EXPECT_EQ(value_at(cluster, range_of(cluster, 0).contains(Key{5}) ? 0 : 1, Key{5}), "of the first");
    EXPECT_EQ(cluster.members[1]->store->set_aside().records, 1U) << "the other value is not lost";
}

// Somebody has announced the node under another name, too.
TEST(AutoRange, ANodeRecognizesItselfUnderAnotherAddress) {
    ShiftingCluster cluster(9);
    cluster.add_automatic();
    ASSERT_TRUE(cluster.settle());
    put(cluster, 0, Key{5}, "here");
    AutoRange& range = *cluster.members[0]->node->auto_range();
    range.set_nodes({cluster.members[0]->address}, Endpoint{"10.0.7.7", 10000});
    cluster.world.run_for(seconds{20});

    EXPECT_EQ(range_of(cluster, 0), HashRange::full());
    EXPECT_EQ(range.status().nodes, 0U);
    EXPECT_FALSE(range.status().overlapped);
    EXPECT_EQ(value_at(cluster, 0, Key{5}), "here");
}

TEST(AutoRange, ALeavingNodeHandsItsRangeToANeighbour) {
    ShiftingCluster cluster(6);
    cluster.add_automatic();
    ASSERT_TRUE(cluster.settle());
    cluster.run(milliseconds{500});
    for (int i = 0; i < 3; ++i) cluster.add_automatic();
    ASSERT_TRUE(cluster.settle());

    EXPECT_TRUE(cluster.leave(2));
    EXPECT_TRUE(cluster.leave(0));
    ASSERT_TRUE(cluster.settle()) << cluster.state();

    cluster.expect_all_there();
}

TEST(AutoRange, WhatNobodyTakesIsKept) {
    ShiftingCluster cluster(7);
    for (int i = 0; i < 2; ++i) cluster.add_automatic();
    ASSERT_TRUE(cluster.settle());
    cluster.run(milliseconds{500});
    const HashRange first = range_of(cluster, 0), second = range_of(cluster, 1);

    for (const auto& member : cluster.members) member->node->auto_range()->leave(seconds{30});
    const Instant begin = cluster.world.now();
    const auto left = [&] {
        return cluster.members[0]->node->auto_range()->left() && cluster.members[1]->node->auto_range()->left();
    };
    ASSERT_TRUE(cluster.world.run_until(left, seconds{60})) << cluster.state();
    EXPECT_LT(cluster.world.now() - begin, seconds{5}) << "nobody can take it: there is nothing to wait for";
    EXPECT_NE(cluster.members[0]->node->auto_range()->status().trouble, "");
    for (const std::size_t i : {0U, 1U}) EXPECT_FALSE(cluster.end(i));
    for (const std::size_t i : {0U, 1U}) cluster.revive(i);

    ASSERT_TRUE(cluster.settle()) << cluster.state();
    EXPECT_EQ(range_of(cluster, 0), first);
    EXPECT_EQ(range_of(cluster, 1), second);
    cluster.expect_all_there();
}

// The neighbour is listed and does not answer.
TEST(AutoRange, LeavingEndsWhenItsTimeIsOver) {
    ShiftingCluster cluster(8);
    for (int i = 0; i < 2; ++i) cluster.add_automatic();
    ASSERT_TRUE(cluster.settle());
    cluster.run(milliseconds{500});
    cluster.kill(1);

    EXPECT_FALSE(cluster.leave(0, seconds{20}));
    cluster.revive(0);
    cluster.revive(1);
    ASSERT_TRUE(cluster.settle()) << cluster.state();
    cluster.expect_all_there();
}

// Nodes join and leave under load, and some are killed meanwhile.
class ComingAndGoing {
public:
    ComingAndGoing(std::uint64_t seed, bool slow_disks) : cluster(seed, slow_disks), pick_(seed) {}

    void run() {
        cluster.add_automatic();
        EXPECT_TRUE(cluster.settle());
        cluster.run(milliseconds{400});
        for (int step = 0; step < 5; ++step) {
            if (pick(3) > 0 || present() < 2)
                come();
            else
                go();
            ASSERT_TRUE(cluster.settle()) << cluster.state();
        }
        while (present() > 2) go();
        ASSERT_TRUE(cluster.settle()) << cluster.state();
        cluster.expect_all_there();
    }

    ShiftingCluster cluster;

private:
    [[nodiscard]] std::uint64_t pick(std::uint64_t below) {
        pick_ = pick_ * 6364136223846793005U + 1442695040888963407U;
        return (pick_ >> 33) % below;
    }
    [[nodiscard]] std::size_t present() const {
        std::size_t up = 0;
        for (const auto& member : cluster.members) up += member->up() ? 1 : 0;
        return up;
    }
    // One or two nodes come, perhaps one that had left.
    void come() {
        for (std::uint64_t i = 0; i <= pick(2); ++i) {
            if (pick(3) == 0 && cluster.members.back()->gone)
                cluster.revive(cluster.members.size() - 1);
            else
                cluster.add_automatic();
        }
        cluster.run(milliseconds{pick(400)});
        if (pick(2) == 0) kill_one();
        cluster.run(milliseconds{40});
    }
    void go() {
        std::size_t one = pick(cluster.members.size());
        while (!cluster.members[one]->up()) one = (one + 1) % cluster.members.size();
        if (!cluster.leave(one)) cluster.revive(one);
    }
    void kill_one() {
        const std::size_t one = pick(cluster.members.size());
        if (!cluster.members[one]->up()) return;
        cluster.kill(one);
        cluster.run(milliseconds{pick(100)}, milliseconds{1});
        cluster.revive(one);
    }

    std::uint64_t pick_;
};

// HALP_SHIFTING_SEEDS=5000 is the soak; HALP_SHIFTING_FIRST=1008 begins with that seed.
std::uint64_t given(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(AutoRange, NodesComeAndGoAndNoRecordIsLost) {
    const std::uint64_t first = given("HALP_SHIFTING_FIRST", 1);
    for (std::uint64_t seed = first; seed < first + given("HALP_SHIFTING_SEEDS", 4); ++seed) {
        ComingAndGoing story(seed, seed % 2 == 0);
        story.run();
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
        EXPECT_GT(story.cluster.acknowledged, 100);
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
