#include <gtest/gtest.h>

#include <chrono>

#include "tools/halpd/dns_server.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

int admitted(DnsSourceBudget& budget, std::size_t source, Instant now, int asked) {
    int count = 0;
    for (int i = 0; i < asked; ++i) count += budget.admit(source, now) ? 1 : 0;
    return count;
}

TEST(DnsSourceBudget, GivesEachSourceItsShareOfQuestions) {
    DnsSourceBudget budget;
    const Instant start{};
    EXPECT_EQ(admitted(budget, 1, start + 1s, 1000), 100) << "at once";
    EXPECT_EQ(admitted(budget, 2, start + 1s, 1000), 100) << "another source has its own";
    EXPECT_EQ(admitted(budget, 1, start + 2s, 1000), 50) << "in a second";
    EXPECT_EQ(admitted(budget, 1, start + 1h, 1000), 100) << "it saves no more than that";
    int in_ten_seconds = 0;
    for (int i = 1; i <= 10'000; ++i) in_ten_seconds += budget.admit(3, start + 1h + i * 1ms) ? 1 : 0;
    EXPECT_NEAR(in_ten_seconds, 600, 5) << "one question a millisecond";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
