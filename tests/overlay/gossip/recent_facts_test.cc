#include "overlay/gossip/recent_facts.h"

#include <gtest/gtest.h>

#include <chrono>

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

constexpr Instant begin{std::chrono::hours{1000}};

TEST(RecentFacts, AFactIsNewOnce) {
    RecentFacts facts{100, 1min};
    EXPECT_TRUE(facts.first(1, begin));
    EXPECT_FALSE(facts.first(1, begin + 59s));
    EXPECT_FALSE(facts.first(1, begin + 118s)) << "heard again meanwhile";
    EXPECT_TRUE(facts.first(1, begin + 118s + 61s)) << "long past";
    facts.forget(1);
    EXPECT_TRUE(facts.first(1, begin + 180s));
}

TEST(RecentFacts, RemembersTheLastFactsAndNeverHoldsMoreThanItsLimit) {
    RecentFacts facts{100, 1min};
    for (std::uint64_t i = 0; i < 5000; ++i) {
        ASSERT_TRUE(facts.first(1000 + i, begin)) << i;
        ASSERT_LE(facts.size(), 100U);
        if (i >= 20) {
            ASSERT_FALSE(facts.first(1000 + i - 20, begin)) << i;
        }
    }
    EXPECT_TRUE(facts.first(1000, begin)) << "too much else was heard";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
