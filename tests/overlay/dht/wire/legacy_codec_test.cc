// The bytes of the legacy protocol. The golden ones are captures of the originals (overlay/dht/wire/legacy.md).
#include "overlay/dht/wire/legacy_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "overlay/dht/wire/record_batch.h"
#include "tests/overlay/dht/neo_bytes.h"

namespace halp::legacy {
namespace HALP_TEST_FILE {

using neo::bytes;
using neo::hex;
using Kind = ReadRequest::Kind;

const std::string put_bytes = bytes(
    "01 00 00 00 | 04 00*7 63 68 61 6e | 10 00*7 31 31 32 32 33 33 34 34 35 35 36 36 37 37 38 38 "
    "| 05 00*7 68 65 6c 6c 6f");
constexpr std::string_view key = "1122334455667788";
constexpr std::uint64_t value_max = 65504;

Request request(Command command) {
    Request all;
    all.command = command;
    all.channel = "chan";
    all.key = key;
    all.value = "hello";
    all.min = 1;
    all.max = 0xff00000000000000;
    all.takeovers = {{"10.0.0.1", 10000, 0, 7}, {"10.0.0.2", 10000, 8, 9}};
    return all;
}

TEST(LegacyCodec, ReadsThePutOfTheOriginals) {
    const ReadRequest read = read_request(put_bytes, value_max);
    ASSERT_EQ(read.kind, Kind::request);
    EXPECT_EQ(read.bytes, put_bytes.size());
    EXPECT_EQ(read.request.command, Command::put);
    EXPECT_EQ(read.request.channel, "chan");
    EXPECT_EQ(read.request.key, key);
    EXPECT_EQ(read.request.value, "hello");
    std::string again;
    encode_request(again, read.request);
    EXPECT_EQ(hex(again), hex(put_bytes));
}

TEST(LegacyCodec, WritesEveryRequestAsItReadsIt) {
    for (std::uint32_t code = 0; code < 40; ++code) {
        std::string out;
        encode_request(out, request(Command{code}));
        const ReadRequest read = read_request(out, value_max);
        if (name(Command{code}) == "?") {
            EXPECT_EQ(read.kind, Kind::unknown) << code;
            continue;
        }
        ASSERT_EQ(read.kind, Kind::request) << code;
        EXPECT_EQ(read.bytes, out.size()) << code;
        std::string again;
        encode_request(again, read.request);
        EXPECT_EQ(hex(again), hex(out)) << code;
        for (std::size_t part = 0; part < out.size(); ++part)
            EXPECT_EQ(read_request(Bytes(out).substr(0, part), value_max).kind, Kind::need_more) << code;
    }
}

TEST(LegacyCodec, HasTheBytesOfEachRequest) {
    const auto of = [](Command command) {
        std::string out;
        encode_request(out, request(command));
        return hex(out);
    };
    const std::string chan = " 04 00*7 63 68 61 6e",
                      digits = " 10 00*7 31 31 32 32 33 33 34 34 35 35 36 36 37 37 38 38";
    EXPECT_EQ(of(Command::get), hex(bytes("07 00*3" + chan + digits)));
    EXPECT_EQ(of(Command::exists), hex(bytes("0b 00*3" + chan + digits)));
    EXPECT_EQ(of(Command::remove), hex(bytes("0c 00*3" + chan + digits)));
    EXPECT_EQ(of(Command::get_channels), hex(bytes("11 00*3")));
    EXPECT_EQ(of(Command::get_channel_size), hex(bytes("12 00*3" + chan)));
    EXPECT_EQ(of(Command::get_size), hex(bytes("13 00*3")));
    EXPECT_EQ(of(Command::get_responsible_range), hex(bytes("14 00*3")));
    EXPECT_EQ(of(Command::remove_channel), hex(bytes("16 00*3" + chan)));
    EXPECT_EQ(of(Command::get_num_connections), hex(bytes("17 00*3")));
    EXPECT_EQ(of(Command::get_version), hex(bytes("18 00*3")));
    EXPECT_EQ(of(Command::listen), hex(bytes("19 00*3" + chan)));
    EXPECT_EQ(of(Command::get_all), hex(bytes("1d 00*3" + chan)));
    EXPECT_EQ(of(Command::get_all_keys), hex(bytes("1e 00*3" + chan)));
    EXPECT_EQ(of(Command::get_all_filter), hex(bytes("1f 00*3" + chan + " 05 00*7 68 65 6c 6c 6f")));
    EXPECT_EQ(of(Command::put_batch), hex(bytes("22 00*3" + chan + " 05 00*7 68 65 6c 6c 6f")));
    EXPECT_EQ(of(Command::redistribute),
              hex(bytes("21 00*3 | 01 00*7 00*7 ff | 08 00*7 31 30 2e 30 2e 30 2e 31 10 27 00*8 07 00*7 | "
                        "08 00*7 31 30 2e 30 2e 30 2e 32 10 27 08 00*7 09 00*7 | 00*8")));
}

TEST(LegacyCodec, TakesTheHeadOfAValueThatIsTooLongForThePut) {
    const ReadRequest read = read_request(put_bytes, 4);
    EXPECT_EQ(read.kind, Kind::request);
    EXPECT_TRUE(read.request.value_left_out);
    EXPECT_EQ(read.bytes, put_bytes.size() - 5);
    EXPECT_EQ(read.skip, 5U);
}

TEST(LegacyCodec, KnowsAnArrayThatIsTooLongByItsLength) {
    const std::string just_long = bytes("12 00*3 | 00 00 a0 00*5"), longer = bytes("12 00*3 | 01 00 a0 00*5");
    EXPECT_EQ(read_request(just_long, value_max).kind, Kind::need_more);
    const ReadRequest read = read_request(longer, value_max);
    EXPECT_EQ(read.kind, Kind::too_long);
    EXPECT_EQ(read.bytes, longer.size());
    EXPECT_EQ(read.skip, array_bytes_max + 1);
    EXPECT_EQ(read_answer(Command::get, bytes("c8 00*3 | ff*8")).kind, ReadAnswer::Kind::too_long);
    EXPECT_EQ(read_item(Command::get_channels, bytes("ff*8")).kind, ReadItem::Kind::too_long);
}

TEST(LegacyCodec, EndsAListOfNodesThatNeverEnds) {
    Request endless = request(Command::redistribute);
    endless.takeovers.assign(takeovers_max + 1, {"a", 1, 0, 1});
    std::string out;
    encode_request(out, endless);
    EXPECT_EQ(read_request(out, value_max).kind, Kind::too_long);
}

TEST(LegacyCodec, AllowsTheChannelNamesOfTheOriginals) {
    for (const char* good : {"a", "A-Z_09", "test_channel"}) EXPECT_TRUE(valid_channel(good)) << good;
    for (const char* bad : {"", "a.b", "a b", "../evil", "\xc3\xa4"}) EXPECT_FALSE(valid_channel(bad)) << bad;
}

TEST(LegacyCodec, ReadsTheAnswersOfTheOriginals) {
    const std::string version = bytes("c8 00*3 | 08 00*7 | 32 30 31 31 30 34 30 31");
    const ReadAnswer said = read_answer(Command::get_version, version);
    EXPECT_EQ(said.kind, ReadAnswer::Kind::answer);
    EXPECT_EQ(said.value, version_text);
    EXPECT_EQ(said.bytes, version.size());
    const std::string size = bytes("c8 00*3 | 00*8 | 00 00 | 01 00*7 | 05 00*7");
    const ReadAnswer sized = read_answer(Command::get_channel_size, size);
    EXPECT_EQ(sized.count, 1U);
    EXPECT_EQ(sized.value_bytes, 5U);
    for (std::size_t part = 0; part < size.size(); ++part)
        EXPECT_EQ(read_answer(Command::get_channel_size, Bytes(size).substr(0, part)).kind,
                  ReadAnswer::Kind::need_more);
    EXPECT_EQ(read_answer(Command::get, bytes("99 01 00 00")).status, 409U) << "nothing follows an error";
    EXPECT_TRUE(read_answer(Command::exists, bytes("c8 00*3 07")).exists);
    const std::string told = bytes("10 00*7 30*15 39 | 03 00*7 76 61 6c");
    const ReadItem change = read_item(Command::listen, told);
    EXPECT_EQ(change.kind, ReadItem::Kind::item);
    EXPECT_EQ(change.first, "0000000000000009");
    EXPECT_EQ(change.second, "val");
    EXPECT_EQ(read_item(Command::listen, bytes("00*16")).kind, ReadItem::Kind::end);
    EXPECT_EQ(read_item(Command::get_channels, bytes("00*8")).bytes, 8U);
}

TEST(LegacyBatch, IsThatOfTheOriginals) {
    neo::RecordBatch batch(neo::KeyForm::digits);
    EXPECT_EQ(batch.add(Key{0x1122334455667788}, "hello"), neo::RecordBatch::Fit::added);
    const std::string captured =
        bytes("25 00*7 36 10 00*7 31 31 32 32 33 33 34 34 35 35 36 36 37 37 38 38 05 00*7 68 65 6c 6c 6f 11 00 00");
    std::string plain;
    ASSERT_TRUE(neo::unpack(captured, 100, plain));
    EXPECT_EQ(hex(batch.plain()), hex(plain));
    neo::RecordBatchReader read(plain, false, neo::KeyForm::digits);
    const auto record = read.next();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->key, Key{0x1122334455667788});
    EXPECT_EQ(record->value, "hello");
    EXPECT_FALSE(read.next());
    EXPECT_FALSE(read.failed());
    neo::RecordBatchReader wrong(plain, false, neo::KeyForm::raw);
    EXPECT_FALSE(wrong.next());
    EXPECT_TRUE(wrong.failed());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::legacy
