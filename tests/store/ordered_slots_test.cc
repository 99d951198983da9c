#include "store/ordered_slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::Seeded;

struct Counting {
    const std::vector<std::uint64_t>* keys;
    std::size_t* comparisons;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
        ++*comparisons;
        return (*keys)[a] != (*keys)[b] ? (*keys)[a] < (*keys)[b] : a < b;
    }
};

std::vector<std::uint32_t> in_order(const OrderedSlots<Counting>& slots) {
    std::vector<std::uint32_t> seen;
    slots.walk(0, [&](std::uint32_t slot) {
        seen.push_back(slot);
        return true;
    });
    return seen;
}

TEST(OrderedSlots, AgreesWithAnOrderedSet) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE(seed);
        Seeded random(seed);
        std::vector<std::uint64_t> keys(3000);
        for (auto& key : keys) key = random.below(500);
        std::size_t comparisons = 0;
        const Counting before{&keys, &comparisons};
        OrderedSlots<Counting> slots(before);
        std::set<std::uint32_t, Counting> model(before);

        for (int step = 0; step < 20000; ++step) {
            const auto slot = static_cast<std::uint32_t>(random.below(keys.size()));
            const bool grow = random.below(10) < (step < 10000 ? 7U : 3U);
            if (grow && model.insert(slot).second) slots.insert(slot);
            if (!grow && model.erase(slot) == 1) slots.erase(slot);
            ASSERT_EQ(slots.size(), model.size());
            if (!model.empty()) {
                ASSERT_EQ(slots.front(), *model.begin());
                ASSERT_EQ(slots.back(), *model.rbegin());
            }
            if (step % 1000 == 0) {
                ASSERT_EQ(in_order(slots), std::vector<std::uint32_t>(model.begin(), model.end()));
            }
        }
        ASSERT_EQ(in_order(slots), std::vector<std::uint32_t>(model.begin(), model.end()));
    }
}

TEST(OrderedSlots, WalksFromAnyPlaceAndStopsWhenTold) {
    std::vector<std::uint64_t> keys(2000);
    std::iota(keys.begin(), keys.end(), std::uint64_t{0});
    std::size_t comparisons = 0;
    OrderedSlots<Counting> slots({&keys, &comparisons});
    for (std::uint32_t i = 0; i < keys.size(); ++i) slots.insert(i);

    for (const std::size_t first : {std::size_t{0}, std::size_t{511}, std::size_t{512}, std::size_t{1999}}) {
        std::vector<std::uint32_t> seen;
        slots.walk(first, [&](std::uint32_t slot) {
            seen.push_back(slot);
            return seen.size() < 3;
        });
        ASSERT_EQ(seen.size(), std::min(std::size_t{3}, keys.size() - first));
        EXPECT_EQ(seen.front(), first);
    }
    EXPECT_EQ(slots.first_not([&](std::uint32_t slot) { return keys[slot] < 777; }), 777U);
    EXPECT_EQ(slots.first_not([](std::uint32_t) { return true; }), std::nullopt);
}

// Comparisons are counted instead of timed: 2 log2(100 000) is 34.
TEST(OrderedSlots, ComparesLogarithmicallyOftenAtAHundredThousand) {
    constexpr std::uint32_t slots_max = 100'000;
    for (const bool ascending : {true, false}) {
        Seeded random(7);
        std::vector<std::uint64_t> keys(slots_max);
        for (std::uint32_t i = 0; i < slots_max; ++i) keys[i] = ascending ? i : random.next();
        std::size_t comparisons = 0;
        OrderedSlots<Counting> slots({&keys, &comparisons});
        for (std::uint32_t i = 0; i < slots_max; ++i) {
            comparisons = 0;
            slots.insert(i);
            ASSERT_LE(comparisons, 34U);
        }
        for (std::uint32_t i = 0; i < slots_max; i += 3) {
            comparisons = 0;
            slots.erase(i);
            ASSERT_LE(comparisons, 34U);
        }
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
