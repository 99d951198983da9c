// How requests by legacy flow: queues that overflow, nodes that are left alone, lists that are held back.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/client/legacy/legacy_throttle.h"
#include "overlay/dht/client/legacy/node_deactivator.h"
#include "tests/overlay/dht/legacy_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LegacyFlow : public LegacyCluster {
protected:
    struct Room final : legacy::QueueOverflow {
        bool push(NodeNumber node, std::string_view request) override {
            if (full) return false;
            kept[node].emplace_back(request);
            most = std::max(most, kept[node].size());
            return true;
        }
        std::optional<std::string> pop(NodeNumber node) override {
            if (kept[node].empty()) return std::nullopt;
            std::string first = std::move(kept[node].front());
            kept[node].pop_front();
            return lose ? std::nullopt : std::optional(std::move(first));
        }
        std::map<NodeNumber, std::deque<std::string>> kept;
        std::size_t most = 0;
        bool full = false, lose = false;
    };
    static LegacyDhtClientOptions small(legacy::QueueOverflow* overflow) {
        LegacyDhtClientOptions options;
        options.links.connections_max = 1;
        options.links.ahead_max = 1;
        options.links.queue_bytes = 1024;
        options.links.overflow = overflow;
        return options;
    }
    Notes put_many(std::uint64_t count) {
        Notes notes;
        for (std::uint64_t key = 0; key < count; ++key)
            legacy_client->put("chan", Key{key}, std::string(200, 'v'), write_to(notes));
        world.run_for(seconds{5});
        return notes;
    }
    static Notes in_order(Notes notes) {
        std::ranges::sort(notes);
        return notes;
    }
    static auto count(const Notes& notes, const std::string& what) { return std::ranges::count(notes, what); }
    [[nodiscard]] const Endpoint& address(std::size_t node) const { return nodes[node]->address; }
};

TEST_F(LegacyFlow, WhatFindsNoRoomInTheQueueGoesElsewhereAndComesInItsOrder) {
    add_legacy(HashRange::full());
    Room room;
    connect_legacy(small(&room));
    EXPECT_EQ(count(put_many(100), "ok"), 100);
    EXPECT_GT(room.most, 80U);
    EXPECT_EQ(room.kept.begin()->second.size(), 0U);
    Notes last;
    for (int i = 0; i < 50; ++i)
        legacy_client->put("chan", Key{7}, std::string(200, static_cast<char>('a' + i % 26)), write_to(last));
    legacy_client->get("chan", Key{7}, write_to(last));
    world.run_for(seconds{5});
    EXPECT_EQ(count(last, "value " + std::string(200, 'a' + 49 % 26)), 1) << "the last one counts";
}

TEST_F(LegacyFlow, WhatTheOverflowRefusesOrLosesFails) {
    add_legacy(HashRange::full());
    Room room;
    connect_legacy(small(&room));
    room.full = true;
    EXPECT_GT(count(put_many(100), "the queue of the node is full"), 80);
    room.full = false;
    room.lose = true;
    EXPECT_GT(count(put_many(100), "the queue of the node is full: it was lost outside of the queue"), 80);
    room.lose = false;
    EXPECT_EQ(count(put_many(100), "ok"), 100);
}

TEST_F(LegacyFlow, ACancelledRequestLeavesTheOverflowInItsTurn) {
    add_legacy(HashRange::full());
    Room room;
    connect_legacy(small(&room));
    Notes notes;
    std::vector<Id> ids;
    for (std::uint64_t key = 0; key < 60; ++key)
        ids.push_back(legacy_client->put("chan", Key{key}, std::string(200, 'v'), write_to(notes)));
    for (std::size_t i = 0; i < ids.size(); i += 2) EXPECT_TRUE(legacy_client->cancel(ids[i]));
    world.run_for(seconds{5});
    EXPECT_EQ(count(notes, "ok"), 30);
    EXPECT_EQ(room.kept.begin()->second.size(), 0U);
    EXPECT_EQ(legacy_client->queue_level(), 0);
}

TEST_F(LegacyFlow, ADisabledNodeIsLeftAlone) {
    two_halves();
    connect_legacy(small(nullptr));
    legacy_client->suspend_node(address(0));
    Notes waiting;
    legacy_client->put("chan", Key{2}, "v", write_to(waiting));
    EXPECT_TRUE(legacy_client->disable_node(address(0)));
    world.run_for(seconds{1});
    EXPECT_EQ(waiting, Notes{"the node is disabled"});
    EXPECT_TRUE(legacy_client->resume_node(address(0)));
    const std::uint64_t before = nodes[0]->node->status().requests;
    EXPECT_EQ(put(2, "v"), Notes{"the node is disabled"});
    EXPECT_EQ(put(1, "v"), Notes{"ok"});
    EXPECT_EQ(in_order(run([](auto& to, const auto& notify) { return to.get_all("chan", notify); })),
              (Notes{"1=v", "all: no answer for 0x0000000000000000 to 0x7fffffffffffffff", "ok",
                     "the node is disabled"}));
    EXPECT_EQ(nodes[0]->node->status().requests, before);
    EXPECT_TRUE(legacy_client->nodes()[0].disabled);
    EXPECT_FALSE(legacy_client->available(address(0)));
    EXPECT_TRUE(legacy_client->enable_node(address(0)));
    EXPECT_EQ(put(2, "v"), Notes{"ok"});
    EXPECT_FALSE(legacy_client->disable_node({"10.9.9.9", 1})) << "nobody knows it";
}

TEST_F(LegacyFlow, ANodeIsUnavailableForAWhileAfterAnError) {
    two_halves();
    connect_legacy();
    EXPECT_TRUE(legacy_client->available(address(1)));
    crash(1);
    EXPECT_NE(put(1, "v"), Notes{"ok"});
    EXPECT_FALSE(legacy_client->available(address(1)));
    EXPECT_TRUE(legacy_client->available(address(0)));
    world.run_for(seconds{4});
    EXPECT_TRUE(legacy_client->available(address(1)));
}

TEST_F(LegacyFlow, ANodeWithManyErrorsIsDisabledForAWhile) {
    const std::vector<std::uint64_t> quarters = {0, 1, 2, 3};
    for (const std::uint64_t quarter : quarters)
        add_legacy(HashRange::make(quarter << 62, (quarter << 62) + (std::uint64_t{1} << 62) - 1).value());
    LegacyDhtClientOptions options;
    options.deactivate.errors_per_s = 1;
    connect_legacy(options);
    crash(3);
    const auto failures = [&] {
        Notes notes;
        legacy_client->put("chan", Key{3}, "v", write_to(notes));  // 3 backwards: the last quarter
        world.run_for(milliseconds{200});
        return notes;
    };
    for (int i = 0; i < 5; ++i) failures();
    EXPECT_EQ(failures(), Notes{"the node is disabled"});
    restart(3);
    world.run_for(seconds{61});
    EXPECT_EQ(failures(), Notes{"ok"});
}

TEST(NodeDeactivatorAlone, DisablesNoMoreThanItsPartOfTheNodes) {
    legacy::NodeDeactivator none{{}};
    legacy::NodeDeactivator some{{.errors_per_s = 2, .part_max = 0.5, .retry_after = seconds{10}}};
    const auto at = [](int ms) { return Instant{} + seconds{100} + milliseconds{ms}; };
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(none.note_error(NodeNumber{0}, at(i), 4));
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(some.note_error(NodeNumber{0}, at(i * 600), 4)) << "1.7 a second";
    const auto disable = [&](std::uint32_t node, int ms) {
        bool disabled = false;
        for (int i = 0; i < 3; ++i) disabled = some.note_error(NodeNumber{node}, at(ms), 4);
        return disabled;
    };
    EXPECT_TRUE(disable(1, 20'000));
    EXPECT_TRUE(disable(2, 20'000));
    EXPECT_FALSE(disable(3, 20'000)) << "half of them are disabled";
    EXPECT_EQ(some.next_deadline(), at(30'000));
    EXPECT_TRUE(some.take_due(at(29'999)).empty());
    EXPECT_EQ(some.take_due(at(30'000)), (std::vector<NodeNumber>{NodeNumber{1}, NodeNumber{2}}));
    EXPECT_EQ(some.next_deadline(), no_deadline);
    EXPECT_TRUE(disable(3, 40'000));
}

// A program that puts every record of a list into another channel. It works with everything at once.
TEST_F(LegacyFlow, AListIsHeldBackWhileTheQueueThatItFillsIsFull) {
    add_legacy(HashRange::full());
    Room room;
    LegacyDhtClientOptions options = small(&room);
    options.links.connections_max = 2;
    options.deactivate.errors_per_s = 1;
    connect_legacy(options);
    EXPECT_EQ(count(put_many(300), "ok"), 300);
    room.most = 0;
    Throttle throttle;
    CountThrottle counted{500, 100};
    std::size_t copied = 0, held = 0;
    std::optional<SuspendableList> flow;
    const auto copy = [&](const legacy::About&, const legacy::Note& note) {
        const auto* record = std::get_if<legacy::GotRecord>(&note);
        if (!record) return;
        held += throttle.holding() ? 1U : 0U;
        counted.begin_one();
        const auto done = [&](const legacy::About&, const legacy::Note& how) {
            if (!std::holds_alternative<legacy::Finished>(how)) return;
            ++copied;
            counted.end_one();
        };
        legacy_client->put("copy", record->key, record->value, throttled(*legacy_client, throttle, done));
        throttle.level(legacy_client->queue_level());
    };
    flow.emplace(*legacy_client, legacy_client->get_all("chan", copy));
    throttle.add(*flow);
    counted.add(*flow);
    world.run_for(seconds{60});
    EXPECT_EQ(copied, 300U);
    EXPECT_EQ(held, 0U) << "nothing is told while it is held";
    EXPECT_EQ(room.most, 0U) << "the queue never overflowed";
    EXPECT_EQ(counted.under_way(), 0U);
}

TEST(CountThrottleAlone, HoldsFromSoManyDownToFewer) {
    CountThrottle throttle{4, 1};
    for (int i = 0; i < 3; ++i) throttle.begin_one();
    EXPECT_FALSE(throttle.holding());
    throttle.begin_one();
    EXPECT_TRUE(throttle.holding());
    throttle.end_one();
    throttle.end_one();
    EXPECT_TRUE(throttle.holding());
    throttle.end_one();
    EXPECT_FALSE(throttle.holding());
}

TEST_F(LegacyFlow, FlushSendsWithoutWaitingForATurn) {
    add_legacy(HashRange::full());
    connect_legacy();
    EXPECT_EQ(put(1, "v"), Notes{"ok"});
    const std::uint64_t before = legacy_client->stats().total().bytes_out;
    legacy_client->put("chan", Key{1}, "w", {});
    EXPECT_EQ(legacy_client->stats().total().bytes_out, before);
    legacy_client->flush();
    EXPECT_GT(legacy_client->stats().total().bytes_out, before);
    EXPECT_EQ(get(1), (Notes{"value w", "ok"}));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
