// The counts of a client, as numbers and as text.
#include "overlay/dht/client/client_stats.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RequestTimes, FallIntoBucketsOfPowersOfTwo) {
    RequestTimes times;
    for (const int us : {0, 1, 2, 3, 4, 1000}) times.record(microseconds{us});
    EXPECT_EQ(times.count, 6U);
    EXPECT_EQ(times.by_log2_us[0], 2U);
    EXPECT_EQ(times.by_log2_us[1], 2U);
    EXPECT_EQ(times.by_log2_us[2], 1U);
    EXPECT_EQ(times.by_log2_us[9], 1U);
    EXPECT_EQ(times.longest, microseconds{1000});
    EXPECT_EQ(times.mean(), microseconds{1010 / 6});
    times.record(std::chrono::hours{24 * 365});
    EXPECT_EQ(times.by_log2_us[RequestTimes::buckets - 1], 1U);
}

TEST(RequestTimes, QuantilesAreTheEndsOfTheirBuckets) {
    RequestTimes times;
    EXPECT_EQ(times.quantile(0.5), Duration{0});
    EXPECT_EQ(times.mean(), Duration{0});
    for (int i = 0; i < 99; ++i) times.record(microseconds{50});
    times.record(milliseconds{3});
    EXPECT_EQ(times.quantile(0), microseconds{64});
    EXPECT_EQ(times.quantile(0.5), microseconds{64});
    EXPECT_EQ(times.quantile(0.99), microseconds{64});
    EXPECT_EQ(times.quantile(1), milliseconds{3}) << "never above the longest";
}

TEST(DhtClientStats, SayWhatHasOccurredAndNothingElse) {
    DhtClientStats stats;
    stats.nodes = 4;
    stats.nodes_connected = 3;
    stats.nodes_with_range = 2;
    stats.requests_active = 50;
    stats.requests_limit = 5000;
    stats.requests_max = 70;
    stats.links.bytes_out = 10;
    stats.links.bytes_in = 20;
    auto& puts = stats.times[static_cast<std::size_t>(neo::RequestCode::put)];
    puts.record(microseconds{100});
    puts.record(milliseconds{2});
    auto& updates = stats.times[static_cast<std::size_t>(neo::RequestCode::update)];
    updates.record(seconds{1});
    EXPECT_EQ(dht::describe(stats),
              (std::vector<std::string>{"nodes connected: 3 of 4, ranges known: 2; requests active: 50 of 5000, at "
                                        "most 70; bytes sent 10, received 20",
                                        "Put: 2, mean 1.1 ms, half within 128 us, 99 % within 2 ms, longest 2 ms",
                                        "Update: 1, 1 s"}));
    EXPECT_EQ(stats.requests_active_share(), 0.01);
    EXPECT_EQ(stats.nodes_connected_share(), 0.75);
    EXPECT_EQ(stats.nodes_connecting_share(), 0.25);
    EXPECT_EQ(DhtClientStats{}.nodes_connected_share(), 0.0);
    EXPECT_FALSE(DhtClientStats{}.all_connected());
    EXPECT_EQ(dht::describe(neo::RequestCode::get, {}), "Get: 0");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
