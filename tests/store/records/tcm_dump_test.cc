#include "store/records/tcm_dump.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using Records = std::vector<std::pair<Key, std::string>>;

struct Loaded {
    Records records;
    TcmCounts counts;
    TcmFault fault = TcmFault::none;
};

Loaded load(std::string_view bytes, const TcmRules& rules = {}, std::size_t piece = SIZE_MAX) {
    Loaded loaded;
    TcmReader reader(rules, [&](Key key, std::string_view value) { loaded.records.emplace_back(key, value); });
    for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at))
        (void)reader.feed(bytes.substr(at, piece));
    loaded.fault = reader.finish();
    loaded.counts = reader.counts();
    return loaded;
}

std::string dump(const Records& records) {
    std::string out;
    TcmWriter writer;
    writer.begin(out);
    for (const auto& [key, value] : records) writer.record(key, value, out);
    writer.end(out);
    return out;
}

std::string number(std::uint64_t value) {
    std::string bytes;
    for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>((value >> shift) & 0xff));
    return bytes;
}

std::string item(std::string_view bytes) { return number(bytes.size()) + std::string{bytes}; }

std::string file(const std::string& name) {
    std::ifstream in(std::string{HALP_TEST_DATA} + "/tcm/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(TcmDump, WritesTheBytesOfTheOriginal) {
    const std::string expected = number(0) + number(16) + "0000000000000001" + number(3) + "val" + number(0);
    EXPECT_EQ(dump({{Key{1}, "val"}}), expected + std::string(512 - expected.size(), '\0'));
    EXPECT_EQ(dump({}), std::string(512, '\0'));
}

TEST(TcmDump, ReadsAndWritesRealDumpsByteForByte) {
    for (const auto& [name, records] : {std::pair{"people.tcm", 300U}, std::pair{"edge.tcm", 20U}}) {
        const std::string bytes = file(name);
        ASSERT_EQ(bytes.size() % 512, 0U);
        const Loaded loaded = load(bytes);
        EXPECT_EQ(loaded.fault, TcmFault::none);
        EXPECT_EQ(loaded.records.size(), records);
        EXPECT_EQ(loaded.counts.loaded, records);
        EXPECT_EQ(dump(loaded.records), bytes);
    }
    const Loaded people = load(file("people.tcm"));
    EXPECT_EQ(people.records.front().first, Key{0x9e5651b0ef953636});
    EXPECT_EQ(people.records.front().second, "abcdefghijklmnopqrstuvwxyzabcdefghijklmn");
}

TEST(TcmDump, ReadsPiecesOfAnySize) {
    const std::string bytes = file("people.tcm");
    const Loaded whole = load(bytes);
    for (const std::size_t piece : {1U, 7U, 511U, 4096U}) EXPECT_EQ(load(bytes, {}, piece).records, whole.records);
}

TEST(TcmDump, StopsAtTheEndMarkerWhateverFollows) {
    const Loaded loaded = load(dump({{Key{1}, "val"}}) + "anything at all");
    EXPECT_EQ(loaded.fault, TcmFault::none);
    EXPECT_EQ(loaded.records.size(), 1U);
}

TEST(TcmDump, TellsEveryTruncation) {
    const std::string bytes = number(0) + item("00000000000000aa") + item("value") + number(0);
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_EQ(load(bytes.substr(0, length)).fault, TcmFault::truncated) << length;
    EXPECT_EQ(load(bytes).fault, TcmFault::none);
}

TEST(TcmDump, KnowsOnlyVersionZero) { EXPECT_EQ(load(number(1) + number(0)).fault, TcmFault::unknown_version); }

TEST(TcmDump, SkipsBadRecordsAndCountsThem) {
    const std::string bytes = number(0) + item("\x05" + std::string(7, '\0')) + item("old key format") +
                              item("00000000000000AB") + item("upper case") +  //
                              item("no sixteen digits") + item("x") +          //
                              item("000000000000000z") + item("x") +           //
                              item("00000000000000ac") + item("") +            //
                              item("00000000000000ad") + item(std::string(11, 'x')) + number(0);
    TcmRules rules;
    rules.value_bytes_max = 14;
    rules.range = HashRange::full();
    const Loaded all = load(bytes, rules);
    EXPECT_EQ(all.records,
              (Records{{Key{5}, "old key format"}, {Key{0xab}, "upper case"}, {Key{0xad}, std::string(11, 'x')}}));
    EXPECT_EQ(all.counts, (TcmCounts{.loaded = 3, .invalid = 2, .empty = 1}));
    rules.value_bytes_max = 10;
    EXPECT_EQ(load(bytes, rules).counts, (TcmCounts{.loaded = 1, .invalid = 2, .empty = 1, .too_big = 2}));
}

TEST(TcmDump, TakesNoLengthAtItsWord) {
    const std::string start = number(0);
    EXPECT_EQ(load(start + number(UINT64_MAX) + "x").fault, TcmFault::truncated);
    EXPECT_EQ(load(start + item("00000000000000aa") + number(UINT64_MAX) + "x").fault, TcmFault::truncated);
}

TEST(TcmDump, TreatsWhatIsOutOfRangeAsTheRulesSay) {
    const std::string bytes = dump({{Key{1}, "upper"}, {Key{2}, "lower"}, {Key{3}, "upper"}});
    TcmRules rules;
    rules.range = HashRange::make(0, 0x7fffffffffffffff).value();
    EXPECT_EQ(load(bytes, rules).counts, (TcmCounts{.loaded = 3, .out_of_range = 2}));
    rules.out_of_range = OutOfRange::ignore;
    EXPECT_EQ(load(bytes, rules).records, (Records{{Key{2}, "lower"}}));
    rules.out_of_range = OutOfRange::fatal;
    EXPECT_EQ(load(bytes, rules).fault, TcmFault::out_of_range);
    EXPECT_TRUE(load(bytes, rules).records.empty());
}

TEST(TcmDump, GivesUpWhenNothingAtAllIsInRange) {
    Records records;
    for (std::uint64_t i = 0; i < 20; ++i) records.emplace_back(Key{2 * i + 1}, "x");
    TcmRules rules;
    rules.range = HashRange::make(0, 0x7fffffffffffffff).value();
    rules.abort_after_all_out_of_range = 10;
    EXPECT_EQ(load(dump(records), rules).fault, TcmFault::out_of_range);
    rules.abort_after_all_out_of_range = 20;
    EXPECT_EQ(load(dump(records), rules).fault, TcmFault::none);
    records.insert(records.begin(), {Key{0}, "in range"});
    rules.abort_after_all_out_of_range = 10;
    EXPECT_EQ(load(dump(records), rules).counts.loaded, 21U);
}

TEST(TcmDump, SurvivesAnyBytes) {
    const std::string good = file("edge.tcm").substr(0, 3000);
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        tests::Seeded random(seed);
        std::string bytes = good;
        for (int i = 0; i < 5; ++i)
            bytes[random.below(bytes.size())] = static_cast<char>(random.one_in(2) ? 0xff : random.below(256));
        const Loaded loaded = load(bytes, {}, 1 + random.below(600));
        EXPECT_LE(loaded.records.size(), 200U) << "seed " << seed;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
