#include "store/source_quota.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::minutes;

constexpr Instant start{std::chrono::hours{10}};

TEST(SourceQuota, CountsEachSourceInItsOwnHour) {
    SourceQuota quota;
    quota.use(SourceId{1}, 60, start);
    quota.use(SourceId{2}, 1, start + minutes{30});
    EXPECT_EQ(quota.left(SourceId{1}, 64, start + minutes{59}), 4U);
    EXPECT_EQ(quota.left(SourceId{1}, 50, start + minutes{59}), 0U);
    EXPECT_EQ(quota.left(SourceId{1}, 64, start + minutes{60}), 64U);
    EXPECT_EQ(quota.left(SourceId{2}, 64, start + minutes{60}), 63U);
    EXPECT_EQ(quota.left(SourceId{3}, 64, start), 64U);
    quota.use(SourceId{1}, 5, start + minutes{61});
    EXPECT_EQ(quota.left(SourceId{1}, 64, start + minutes{62}), 59U);
}

TEST(SourceQuota, DoesNotLimitTheLocalUser) {
    SourceQuota quota;
    quota.use(local_source, 1000000, start);
    EXPECT_GT(quota.left(local_source, 64, start), 1000000U);
    EXPECT_EQ(quota.sources(), 0U);
}

TEST(SourceQuota, ForgetsTheSourceWhoseHourBeganFirst) {
    SourceQuota quota;
    const auto source = [](std::size_t i) { return SourceId{static_cast<std::uint32_t>(i + 1)}; };
    for (std::size_t i = 0; i < SourceQuota::sources_max; ++i)
        quota.use(source(i), 64, start + minutes{i == 0 ? 0 : 1});
    quota.use(source(0), 64, start + minutes{61});  // a new hour: not the earliest any more
    quota.use(source(SourceQuota::sources_max), 64, start + minutes{61});
    EXPECT_EQ(quota.sources(), SourceQuota::sources_max);
    EXPECT_EQ(quota.left(source(0), 64, start + minutes{62}), 0U);
    EXPECT_EQ(quota.left(source(1), 64, start + minutes{2}), 64U) << "forgotten";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
