#include "overlay/dht/wire/record_batch.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/overlay/dht/neo_bytes.h"

namespace halp::neo {
namespace HALP_TEST_FILE {

constexpr Key example_key{0x1122334455667788};
constexpr std::string_view golden_record_batch =
    "1d 00*7 2e 08 00*7 88 77 66 55 44 33 22 11 05 00*7 68 65 6c 6c 6f 11 00 00";

std::string packed(Bytes plain) {
    std::string out;
    pack(plain, out);
    return out;
}

template <class Reader>
std::vector<std::pair<std::uint64_t, std::string>> all_of(Reader& reader) {
    std::vector<std::pair<std::uint64_t, std::string>> all;
    while (const auto record = reader.next()) all.emplace_back(value_of(record->key), record->value);
    return all;
}

TEST(RecordBatch, IsPackedAsTheOriginalDoes) {
    RecordBatch batch;
    EXPECT_EQ(batch.add(example_key, "hello"), RecordBatch::Fit::added);
    EXPECT_EQ(hex(packed(batch.plain())), hex(bytes(golden_record_batch)));
    EXPECT_EQ(hex(packed({})), hex(bytes("00*8 11 00 00")));
}

TEST(RecordBatch, HoldsSixtyFourKibibytesAndNoMore) {
    RecordBatch batch;
    EXPECT_EQ(batch.add(Key{1}, std::string(65513, 'a')), RecordBatch::Fit::too_big);
    EXPECT_EQ(batch.add(Key{1}, std::string(65512, 'a')), RecordBatch::Fit::added);
    EXPECT_EQ(batch.plain().size(), batch_bytes);
    EXPECT_EQ(batch.add(Key{2}), RecordBatch::Fit::full);
    batch.clear();
    EXPECT_EQ(batch.add(Key{2}), RecordBatch::Fit::added);
}

TEST(RecordBatch, ComesBackAsItWas) {
    RecordBatch batch;
    for (std::uint64_t i = 0; i < 50; ++i) batch.add(Key{i * i}, std::string(i, 'x'));
    std::string plain;
    ASSERT_TRUE(unpack(packed(batch.plain()), batch_bytes, plain));
    RecordBatchReader reader(plain, false);
    const auto all = all_of(reader);
    EXPECT_FALSE(reader.failed());
    ASSERT_EQ(all.size(), 50U);
    EXPECT_EQ(all[7], (std::pair<std::uint64_t, std::string>{49, "xxxxxxx"}));
}

TEST(RecordBatch, EveryTruncationIsSeen) {
    RecordBatch batch;
    batch.add(example_key, "hello");
    const std::string whole(batch.plain());
    for (std::size_t n = 1; n < whole.size(); ++n) {
        RecordBatchReader reader(Bytes(whole).substr(0, n), false);
        EXPECT_TRUE(all_of(reader).empty());
        EXPECT_TRUE(reader.failed()) << n;
    }
    const std::string container = packed(whole);
    std::string plain;
    for (std::size_t n = 0; n < container.size(); ++n)
        EXPECT_FALSE(unpack(container.substr(0, n), batch_bytes, plain)) << n;
}

TEST(RecordBatch, AKeyOfAnotherLengthIsNone) {
    const std::string plain = bytes("07 00*7 01 02 03 04 05 06 07 00*8");
    RecordBatchReader reader(plain, false);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.failed());
}

TEST(RecordBatch, AContainerThatPromisesTooMuchIsRefused) {
    std::string plain;
    EXPECT_FALSE(unpack(bytes("ff*8 11 00 00"), batch_bytes, plain));
    EXPECT_FALSE(unpack(bytes("00 00 01 00*5 11 00 00"), batch_bytes, plain));  // 64 KiB out of three bytes
    EXPECT_FALSE(unpack(bytes("01 00*7 11 00 00"), batch_bytes, plain));
    EXPECT_FALSE(unpack("", batch_bytes, plain));
    std::string good;
    ASSERT_TRUE(unpack(bytes(golden_record_batch), batch_bytes, good));
    EXPECT_FALSE(unpack(bytes(golden_record_batch), good.size() - 1, plain));
}

TEST(RefreshBatch, IsFullBehindTheRecordThatFillsIt) {
    RefreshBatch batch;
    EXPECT_FALSE(batch.add(Key{1}, std::string(65521, 'a')));
    std::size_t records = 0;
    for (; !batch.full(); ++records) EXPECT_TRUE(batch.add(Key{records}, std::string(128, 'b')));
    EXPECT_EQ(records, 456U);
    EXPECT_EQ(batch.plain().size(), 65664U);
    RefreshBatchReader reader(batch.plain());
    EXPECT_EQ(all_of(reader).size(), 456U);
    EXPECT_FALSE(reader.failed());
}

TEST(RefreshBatch, EveryTruncationIsSeen) {
    RefreshBatch batch;
    batch.add(example_key, "hello");
    EXPECT_EQ(hex(packed(batch.plain())),
              hex(bytes("15 00*7 | 26 88 77 66 55 44 33 22 11 05 00*7 68 65 6c 6c 6f 11 00 00")));
    for (std::size_t n = 1; n < batch.plain().size(); ++n) {
        RefreshBatchReader reader(batch.plain().substr(0, n));
        EXPECT_TRUE(all_of(reader).empty());
        EXPECT_TRUE(reader.failed()) << n;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::neo
