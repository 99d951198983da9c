#include "tools/halp/daemon/top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TopSample sample(std::size_t peers) {
    TopSample out;
    out.at = Instant{} + std::chrono::seconds{10};
    out.status.version = "1";
    out.status.swarm = "halp";
    out.status.self = "192.0.2.1:3451";
    out.status.bytes_in = 3072;
    for (std::size_t i = 0; i < peers; ++i) {
        KnownPeer peer;
        peer.endpoint = {"10.0.0." + std::to_string(i), 3451};
        peer.role = "fresh";
        peer.age_s = static_cast<double>(100 - i);
        out.peers.push_back(peer);
    }
    out.labels = {{"chat", 3, UnixSeconds{1'800'000'000}}, {"many\x1b[2J", 30, UnixSeconds{1'799'999'990}}};
    return out;
}

TEST(Top, FitsIntoAPlainTerminal) {
    for (const std::size_t height : {3U, 7U, 24U})
        for (const std::size_t width : {10U, 80U}) {
            TopView view;
            view.width = width;
            view.height = height;
            const auto lines = top_frame(sample(100), std::nullopt, UnixSeconds{1'800'000'000}, view);
            EXPECT_LE(lines.size(), height);
            for (const std::string& line : lines) EXPECT_LE(line.size(), width);
        }
}

TEST(Top, ShowsRatesBetweenTwoSamples) {
    TopSample before = sample(1);
    before.at -= std::chrono::seconds{2};
    before.status.bytes_in = 1024;
    const auto lines = top_frame(sample(1), before, UnixSeconds{1'800'000'000}, {});
    EXPECT_THAT(lines[2], StartsWith("in 1.0 KiB/s"));
    EXPECT_THAT(lines[4], StartsWith("PEER*"));
}

TEST(Top, SortsByTheColumnThatIsChosen) {
    TopView view;
    EXPECT_TRUE(view.press("\x1b[D", 5));
    EXPECT_TRUE(view.press("\x1b[D", 5));
    EXPECT_EQ(view.sorted_by, 3u);
    EXPECT_THAT(top_frame(sample(5), std::nullopt, UnixSeconds{0}, view)[5], StartsWith("10.0.0.4:3451"));
    EXPECT_TRUE(view.press("\t", 5));
    view.sorted_by = 1;
    const auto labels = top_frame(sample(5), std::nullopt, UnixSeconds{1'800'000'000}, view);
    EXPECT_THAT(labels[5], HasSubstr("many"));
    EXPECT_EQ(labels[5].find('\x1b'), std::string::npos) << "a stranger's name commands no terminal";
    EXPECT_THAT(labels[6], HasSubstr("chat"));
}

TEST(Top, ScrollsWithinItsRowsAndEndsByQ) {
    TopView view;
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(view.press("\x1b[B", 30));
    EXPECT_EQ(view.first, 12u) << "18 rows are shown";
    EXPECT_TRUE(view.press("\x1b[A", 30));
    EXPECT_EQ(view.first, 11u);
    EXPECT_TRUE(view.press("x", 3));
    EXPECT_EQ(view.first, 0u);
    EXPECT_FALSE(view.press("q", 30));
    EXPECT_FALSE(view.press("\x1b", 30));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
