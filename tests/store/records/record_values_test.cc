#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "store/records/channel.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"
#include "tests/store/seeded.h"

namespace halp {
namespace {

constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

HashRange range(std::uint64_t min, std::uint64_t max) { return HashRange::make(min, max).value(); }

TEST(Channel, IsLettersDigitsUnderscoreAndDash) {
    EXPECT_EQ(Channel::parse("Ab_9-").value().name(), "Ab_9-");
    for (const char* bad : {"", "a b", "../evil", "a/b", "a.b", "\xc3\xa4", "a\n"})
        EXPECT_FALSE(Channel::parse(bad)) << bad;
    EXPECT_FALSE(Channel::parse(std::string_view{"a\0b", 3}));
}

TEST(Channel, IsAsLongAsAFileNameAllows) {
    EXPECT_TRUE(Channel::well_formed(std::string(Channel::length_max, 'x')));
    EXPECT_FALSE(Channel::well_formed(std::string(Channel::length_max + 1, 'x')));
    EXPECT_EQ(Channel::length_max + std::string{".tcm.XXXXXX.dumping"}.size(), 255U);
}

TEST(Key, IsWrittenAsSixteenLowerCaseDigits) {
    EXPECT_EQ(key_text(Key{0x1122334455667788}), "1122334455667788");
    EXPECT_EQ(key_text(Key{0xabc}), "0000000000000abc");
}

TEST(Key, IsReadInEitherCaseAndInFull) {
    EXPECT_EQ(parse_key("00000000DEADbeef").value(), Key{0xdeadbeef});
    EXPECT_EQ(parse_key(key_text(Key{last})).value(), Key{last});
    for (const char* bad : {"", "deadbeef", "0000000000000000f", "0x00000000000000", "000000000000000g",
                            "-000000000000001", "+000000000000001", " 000000000000001"})
        EXPECT_FALSE(parse_key(bad)) << bad;
}

TEST(Key, HasItsPlaceByItsBitsReversed) {
    EXPECT_EQ(place_of(Key{1}), std::uint64_t{1} << 63);
    EXPECT_EQ(place_of(Key{0xf0}), std::uint64_t{0x0f} << 56);
    tests::Seeded random(1);
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t bits = random.next();
        EXPECT_EQ(reversed(reversed(bits)), bits);
        for (int bit = 0; bit < 64; ++bit) ASSERT_EQ((reversed(bits) >> bit) & 1, (bits >> (63 - bit)) & 1);
    }
}

TEST(HashRange, ContainsBothItsEndsByReversedKey) {
    const HashRange lower = range(0, 0x7fffffffffffffff);
    EXPECT_TRUE(lower.contains(Key{2}));
    EXPECT_FALSE(lower.contains(Key{3}));  // its last bit becomes the first
    EXPECT_TRUE(lower.contains(Key{reversed(0x7fffffffffffffff)}));
    EXPECT_FALSE(lower.contains(Key{reversed(0x8000000000000000)}));
    EXPECT_TRUE(HashRange::full().contains(Key{0}) && HashRange::full().contains(Key{last}));
}

TEST(HashRange, HasOneRepresentationOfEmptyAndNoWrapAround) {
    EXPECT_EQ(range(last, 0), HashRange{});
    EXPECT_TRUE(HashRange{}.empty());
    EXPECT_FALSE(HashRange{}.contains(Key{0}) || HashRange{}.contains(Key{last}));
    EXPECT_FALSE(HashRange::make(2, 1));
    EXPECT_FALSE(HashRange::make(last, 1));
    EXPECT_TRUE(range(5, 5).contains(Key{reversed(5)}));
}

TEST(HashRange, OverlapsWhereBothAnswer) {
    EXPECT_TRUE(range(1, 5).overlaps(range(5, 9)));
    EXPECT_TRUE(range(1, 9).overlaps(range(3, 4)));
    EXPECT_FALSE(range(1, 4).overlaps(range(5, 9)));
    EXPECT_FALSE(HashRange{}.overlaps(HashRange::full()) || HashRange::full().overlaps(HashRange{}));
}

TEST(HashRange, SplitsIntoNearlyEqualPartsWithoutGaps) {
    for (const HashRange whole : {HashRange::full(), range(10, 10), range(0, 6), range(last - 99, last)}) {
        for (const std::size_t parts : {1U, 2U, 3U, 7U, 64U}) {
            const auto split = whole.split(parts);
            EXPECT_TRUE(tessellates(split, whole));
            EXPECT_LE(split.size(), parts);
            std::uint64_t longest = 0, shortest = last;
            for (const HashRange& part : split) {
                longest = std::max(longest, part.max() - part.min());
                shortest = std::min(shortest, part.max() - part.min());
            }
            EXPECT_LE(longest - shortest, 1U);
        }
    }
    EXPECT_EQ(range(0, 6).split(64).size(), 7U);
    EXPECT_TRUE(HashRange{}.split(3).empty());
    EXPECT_EQ(HashRange::full().split(2)[1], range(0x8000000000000000, last));
}

TEST(HashRange, TessellatesOnlyWithoutGapAndOverlap) {
    EXPECT_TRUE(tessellates({range(5, last), HashRange{}, range(0, 4)}));
    EXPECT_FALSE(tessellates({range(6, last), range(0, 4)}));
    EXPECT_FALSE(tessellates({range(4, last), range(0, 4)}));
    EXPECT_FALSE(tessellates({range(0, 4)}));
    EXPECT_FALSE(tessellates({HashRange::full(), range(7, last)}));
    EXPECT_FALSE(tessellates({}));
}

}  // namespace
}  // namespace halp
