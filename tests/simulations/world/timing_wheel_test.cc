#include "simulations/world/timing_wheel.h"

#include <gtest/gtest.h>

#include <compare>
#include <cstdint>
#include <set>

#include "simulations/world/sim_random.h"

namespace halp {
namespace HALP_TEST_FILE {

struct Event {
    std::uint64_t at;
    std::uint64_t number;
    [[nodiscard]] std::uint64_t tick() const { return at; }
    auto operator<=>(const Event&) const = default;
};

// Random pushes and pops; each push is at or after the last popped event. The model is a sorted set.
template <class Queue>
void agrees_with_a_set(Queue queue, std::uint64_t seed, std::uint64_t reach) {
    SimRandom random{seed, reach};
    std::set<Event> model;
    std::uint64_t now = 0;
    for (std::uint64_t number = 0; number < 30'000; ++number) {
        // Pushes come in waves, so that the queue also becomes empty.
        if (random.below(1000) < (number / 3000 % 2 == 0 ? 700U : 300U)) {
            const std::uint64_t at = now + (random.below(20) == 0 ? 0 : random.below(reach));
            queue.push({at, number});
            model.insert({at, number});
        } else {
            const Event* next = queue.front();
            ASSERT_EQ(next == nullptr, model.empty()) << "seed " << seed;
            if (!next) continue;
            ASSERT_EQ(*next, *model.begin()) << "seed " << seed << ", event " << number;
            now = next->at;
            queue.pop();
            model.erase(model.begin());
        }
    }
    for (; !model.empty(); model.erase(model.begin())) {
        ASSERT_NE(queue.front(), nullptr);
        ASSERT_EQ(*queue.front(), *model.begin()) << "seed " << seed;
        queue.pop();
    }
    EXPECT_EQ(queue.front(), nullptr);
}

TEST(TimingWheel, GivesTheOrderOfASortedSetWhateverTheReach) {
    for (const std::uint64_t reach : {3ULL, 500ULL, 20'000ULL, 3'000'000ULL, 500'000'000ULL})
        for (const unsigned width : {0U, 6U, 11U, 16U})
            agrees_with_a_set(TimingWheel<Event>{width}, width + 1, reach);
}

TEST(TimingWheel, SortsCrowdedBucketsByCounting) {
    agrees_with_a_set(TimingWheel<Event>{6}, 9, 40);
    TimingWheel<Event> wheel{8};
    for (std::uint64_t i = 0; i < 10'000; ++i) wheel.push({5000 + i * 7919 % 1000, i});
    for (Event last{0, 0}; const Event* next = wheel.front(); wheel.pop()) {
        ASSERT_LT(last, *next);
        last = *next;
    }
}

TEST(TimingWheel, KnowsWhatComesBehindTheNextOfItsBucket) {
    TimingWheel<Event> wheel{11};
    wheel.push({2050, 1});
    wheel.push({2060, 2});
    wheel.push({9000, 3});
    ASSERT_EQ(wheel.front()->number, 1U);
    EXPECT_EQ(wheel.ahead(1)->number, 2U);
    EXPECT_EQ(wheel.ahead(2), nullptr) << "another bucket";
}

TEST(HeapQueue, GivesTheOrderOfASortedSet) {
    agrees_with_a_set(HeapQueue<Event>{}, 1, 20'000);
    EXPECT_EQ(HeapQueue<Event>{}.front(), nullptr);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
