// What came between two looks at the counters of a DHT node.
#include <gtest/gtest.h>

#include "tools/halpd/dht_statistics.h"

namespace halp {
namespace {

TEST(DhtTotals, OfAPeriodAreWhatCameInIt) {
    RequestCount early, late;
    early.handled = 5;
    early.active = 2;
    early.active_max = 9;
    early.time(std::chrono::microseconds{50});
    late = early;
    late.handled = 12;
    late.active = 4;
    late.active_max = 7;
    late.time(std::chrono::microseconds{60});
    late.time(std::chrono::seconds{1});
    const DhtTotals before{100, 1000, {{1, 10}, {2, 20}, {3, 30}, {4, 40}}, {5, 50}, {{"Put", early}}, {}};
    const DhtTotals now{
        101, 1002, {{4, 14}, {7, 25}, {10, 36}, {13, 47}}, {13, 58}, {{"Put", late}}, {{"Get", late}}};

    const DhtTotals period = between(before, now);

    EXPECT_EQ(period.bytes_in, 1U);
    EXPECT_EQ(period.bytes_out, 2U);
    const auto expect = [](const ActionCount& count, std::uint64_t records, std::uint64_t bytes) {
        EXPECT_EQ(count.records, records);
        EXPECT_EQ(count.bytes, bytes);
    };
    expect(period.actions.written, 3, 4);
    expect(period.actions.read, 5, 5);
    expect(period.actions.forwarded, 7, 6);
    expect(period.actions.iterated, 9, 7);
    EXPECT_EQ(period.deleted, (RecordCount{8, 8}));
    const RequestCount& put = period.neo.at(0).count;
    EXPECT_EQ(put.handled, 7U);
    EXPECT_EQ(put.timed, 2U);
    EXPECT_EQ(put.total, Duration{std::chrono::seconds{1}} + std::chrono::microseconds{60});
    EXPECT_EQ(put.took[1], 1U) << "within 100 us";
    EXPECT_EQ(put.took.back(), 1U);
    EXPECT_EQ(put.active, 4U) << "what is active is of now";
    EXPECT_EQ(put.active_max, 7U);
    EXPECT_EQ(period.legacy.at(0).count.handled, 12U) << "there were none before";
}

}  // namespace
}  // namespace halp
