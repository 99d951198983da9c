#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/channel.h"
#include "store/records/channel_file.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

HashRange range(std::uint64_t min, std::uint64_t max) { return HashRange::make(min, max).value(); }

TEST(Channel, HasAnyBytesUpToTheLengthThatTheStoreKeeps) {
    for (const std::string_view good :
         {std::string_view{"Ab_9-"}, std::string_view{"a b"}, std::string_view{"../evil"},
          std::string_view{"\xc3\xa4"}, std::string_view{"a\0b", 3}})
        EXPECT_EQ(Channel::parse(good).value().name(), good);
    EXPECT_FALSE(Channel::parse(""));
    EXPECT_TRUE(Channel::well_formed(std::string(Channel::length_max, 'x')));
    EXPECT_FALSE(Channel::well_formed(std::string(Channel::length_max + 1, 'x')));
}

TEST(Channel, IsPlainWithLettersDigitsUnderscoreAndDash) {
    EXPECT_TRUE(Channel::plain("Ab_9-"));
    for (const char* other : {"", "a b", "../evil", "a/b", "a.b", "\xc3\xa4", "a\n"})
        EXPECT_FALSE(Channel::plain(other)) << other;
}

TEST(Channel, IsSafeAsAFileName) {
    const auto file = [](std::string_view name) { return channel_file(Channel::parse(name).value()); };
    EXPECT_EQ(file("users"), "users.tcm");
    EXPECT_EQ(file("my.channel"), "my.channel.tcm");
    EXPECT_EQ(file("a b\xc3\xa4"), "a b\xc3\xa4.tcm");
    EXPECT_EQ(file("../evil"), "%2E.%2Fevil.tcm");
    EXPECT_EQ(file("100%"), "100%25.tcm");
    EXPECT_EQ(file(std::string_view{"\n\0\x7f", 3}), "%0A%00%7F.tcm");
    EXPECT_EQ(file(std::string(300, 'x')), std::string(236, 'x') + "%/" + std::string(64, 'x') + ".tcm");
    EXPECT_EQ(channel_file(Channel::parse("users").value(), 2), "users%.2.tcm");
    for (const char* other : {"users", "users.tcm.1", "users%.2.tcm", "100%.tcm", "%2e.tcm", "%41.tcm",
                              ".hidden.tcm", ".tcm", "%zz.tcm"})
        EXPECT_FALSE(channel_of_file(other)) << other;
}

TEST(Channel, IsFoundFromItsFileWhateverItsName) {
    tests::Seeded random(3);
    for (int i = 0; i < 2000; ++i) {
        std::string name;
        for (std::size_t left = 1 + random.next() % Channel::length_max; left > 0; --left)
            name += i % 2 == 0 ? static_cast<char>(random.next()) : "./%x"[random.next() % 4];
        const Channel channel = Channel::parse(name).value();
        const std::string path = channel_file(channel);
        for (const auto& part : std::filesystem::path(path)) {
            ASSERT_LE(part.string().size() + std::string_view{".XXXXXX.dumping"}.size(), 255U);
            ASSERT_TRUE(part != "." && part != "..");
        }
        ASSERT_EQ(channel_of_file("dumps%/" + path), channel);
    }
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

}  // namespace HALP_TEST_FILE
}  // namespace halp
