#include "overlay/gossip/view/place_bits.h"

#include <gtest/gtest.h>

#include <vector>

#include "store/hash.h"

namespace halp {
namespace HALP_TEST_FILE {

TEST(PlaceBits, HoldsThePlacesThatALoopOverTheFlagsFinds) {
    std::uint64_t state = 5;
    const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(mix(++state) % below); };
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::uint8_t> marks(draw(round % 10 == 0 ? 1200 : 100));
        for (std::uint8_t& mark : marks) mark = static_cast<std::uint8_t>(mix(++state));
        const auto mask = static_cast<std::uint8_t>(1 + draw(255));
        const auto want = static_cast<std::uint8_t>(mix(++state) & mask);
        PlaceBits bits = PlaceBits::where(marks, mask, want);
        std::vector<std::size_t> expected, found;
        for (std::size_t at = 0; at < marks.size(); ++at)
            if ((marks[at] & mask) == want) expected.push_back(at);
        bits.each([&](std::size_t at) { found.push_back(at); });
        ASSERT_EQ(found, expected);
        ASSERT_EQ(bits.count(), expected.size());
        for (std::size_t n = 0; n < expected.size(); ++n) ASSERT_EQ(bits.nth(n), expected[n]);
        if (expected.empty()) continue;
        const std::size_t drawn = draw(expected.size());
        bits.remove(expected[drawn]);
        ASSERT_EQ(bits.count(), expected.size() - 1);
        if (drawn + 1 < expected.size()) {
            ASSERT_EQ(bits.nth(drawn), expected[drawn + 1]);
        }
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
