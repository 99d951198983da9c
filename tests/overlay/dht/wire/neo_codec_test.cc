#include "overlay/dht/wire/neo_codec.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "store/hash.h"
#include "tests/overlay/dht/neo_bytes.h"

namespace halp::neo {
namespace HALP_TEST_FILE {

constexpr std::uint64_t example_key = 0x1122334455667788;

template <class Encode>
std::string encoded(Encode encode) {
    std::string out;
    encode(out);
    return out;
}

template <class T>
T value_of(const Decoded<T>& decoded) {
    EXPECT_TRUE(std::holds_alternative<T>(decoded)) << name(std::get<DecodeError>(decoded));
    return std::holds_alternative<T>(decoded) ? std::get<T>(decoded) : T{};
}
template <class T>
DecodeError error_of(const Decoded<T>& decoded) {
    EXPECT_TRUE(std::holds_alternative<DecodeError>(decoded)) << "decoded although it is malformed";
    return std::holds_alternative<DecodeError>(decoded) ? std::get<DecodeError>(decoded) : DecodeError::need_more;
}

// The payload after the header and the request id.
Bytes payload(const std::string& frame) { return Bytes(frame).substr(header_bytes + request_id_bytes); }
// The parameters after code and version.
Bytes parameters(const std::string& frame) { return payload(frame).substr(2); }

constexpr std::string_view put_frame =
    "01 2b 00*7 2a | 02 00*7 | 02 00 | 04 00*7 63 68 61 6e | 88 77 66 55 44 33 22 11 | 05 00*7 68 65 6c 6c 6f";
constexpr std::string_view get_frame =
    "01 1e 00*7 1f | 03 00*7 | 03 00 | 04 00*7 63 68 61 6e | 88 77 66 55 44 33 22 11";
constexpr std::string_view get_all_frame = "01 29 00*7 28 07 00*7 05 00 00 04 00*7 63 68 61 6e 00 00*8 00 00*8";

TEST(NeoCodec, WritesAPutAsTheOriginalClient) {
    const std::string frame = encoded([](std::string& out) { encode_put(out, 2, {"chan", example_key, "hello"}); });
    EXPECT_EQ(hex(frame), hex(bytes(put_frame)));
    EXPECT_EQ(value_of(decode_put(parameters(frame))), (PutRequest{"chan", example_key, "hello"}));
}

TEST(NeoCodec, WritesAGetAsTheOriginalClient) {
    const std::string frame = encoded([](std::string& out) {
        encode_record_key(out, 3, RequestCode::get, {"chan", example_key});
    });
    EXPECT_EQ(hex(frame), hex(bytes(get_frame)));
    EXPECT_EQ(value_of(decode_record_key(parameters(frame), Parsing::lenient)),
              (RecordAddress{"chan", example_key}));
}

TEST(NeoCodec, WritesAGetAllAsTheOriginalClient) {
    GetAllRequest request;
    request.channel = "chan";
    const std::string frame = encoded([&](std::string& out) { encode_get_all(out, 7, request); });
    EXPECT_EQ(hex(frame), hex(bytes(get_all_frame)));
    EXPECT_EQ(value_of(decode_get_all(parameters(frame))), request);
}

TEST(NeoCodec, WritesSupportAndOneByteAnswersAsTheOriginalNode) {
    EXPECT_EQ(hex(encoded([](std::string& out) { encode_support(out, 2, Support::supported); })),
              hex(bytes("01 09 00*7 08 | 02 00*7 | fd")));
    EXPECT_EQ(hex(encoded([](std::string& out) { encode_code(out, 2, PutAnswer::put); })),
              hex(bytes("01 09 00*7 08 | 02 00*7 | 01")));
    EXPECT_EQ(hex(encoded([](std::string& out) {
                  encode_get_all_answer(out, 7, {GetAllCode::finished, {}});
              })),
              hex(bytes("01 09 00*7 08 07 00*7 08")));
}

TEST(NeoCodec, WritesTheValueOfAGetAsTheOriginalNode) {
    EXPECT_EQ(hex(encoded([](std::string& out) { encode_value(out, 3, "hello"); })),
              hex(bytes("01 15 00*7 14 | 03 00*7 | 05 00*7 68 65 6c 6c 6f")));
}

TEST(NeoCodec, WritesARecordBatchAsTheOriginalNode) {
    const std::string batch = bytes("1d 00*7 2e 08 00*7 88 77 66 55 44 33 22 11 05 00*7 68 65 6c 6c 6f 11 00 00");
    const std::string frame = encoded([&](std::string& out) {
        encode_get_all_answer(out, 7, {GetAllCode::record_batch, batch});
    });
    EXPECT_EQ(hex(frame), hex(bytes("01 3a 00*7 3b 07 00*7 07 29 00*7") + batch));
    EXPECT_EQ(value_of(decode_get_all_answer(payload(frame))).batch, batch);
}

TEST(NeoCodec, WritesMirrorMessagesAsTheOriginalNode) {
    const auto message = [](const MirrorAnswer& answer) {
        const std::string frame = encoded([&](std::string& out) { encode_mirror_answer(out, 10, answer); });
        EXPECT_EQ(value_of(decode_mirror_answer(payload(frame))), answer);
        return hex(payload(frame));
    };
    EXPECT_EQ(message({MirrorCode::record_changed, 2, "xy"}), hex(bytes("07 | 02 00*7 | 02 00*7 78 79")));
    EXPECT_EQ(message({MirrorCode::record_deleted, 2, {}}), hex(bytes("08 | 02 00*7")));
    EXPECT_EQ(message({MirrorCode::channel_removed, 0, {}}), "0a");
    EXPECT_EQ(message({MirrorCode::update_overflow, 0, {}}), "0b");
}

TEST(NeoCodec, WritesUpdateMessagesAsSeenOnTheWire) {
    const std::string value = encoded([](std::string& out) {
        encode_update_answer(out, 1, {UpdateCode::record_value, "hello"});
    });
    EXPECT_EQ(hex(payload(value)), hex(bytes("05 | 05 00*7 68 65 6c 6c 6f")));
    const UpdateDecision decision{UpdateAsk::update_record, 0xa430d84680aabd0b, "world"};
    const std::string said = encoded([&](std::string& out) { encode_update_decision(out, 1, decision); });
    EXPECT_EQ(hex(payload(said)), hex(bytes("02 | 0b bd aa 80 46 d8 30 a4 | 05 00*7 77 6f 72 6c 64")));
    EXPECT_EQ(value_of(decode_update_decision(payload(said))), decision);
}

TEST(NeoCodec, HashesValuesAsTheOriginals) {
    EXPECT_EQ(fnv1a("hello"), 0xa430d84680aabd0b);
    EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325);
    EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8c);
}

TEST(NeoCodec, WritesHashRangesAsTheOriginalNode) {
    const std::string whole = encoded([](std::string& out) { encode_hash_range(out, 1, {0, ~0ULL}); });
    EXPECT_EQ(hex(whole), hex(bytes("01 18 00*7 19 | 01 00*7 | 00*8 | ff*8")));

    const HashRangeNews own{HashRangeCode::change_hash_range, {}, 0, {0, 0x7fffffffffffffff}};
    const std::string changed = encoded([&](std::string& out) { encode_hash_range_news(out, 1, own); });
    EXPECT_EQ(hex(changed), hex(bytes("01 19 00*7 18 | 01 00*7 | 02 | 00*8 | ff*7 7f")));

    const HashRangeNews other{HashRangeCode::new_node, {127, 0, 0, 1}, 11100, {0x8000000000000000, ~0ULL}};
    const std::string news = encoded([&](std::string& out) { encode_hash_range_news(out, 1, other); });
    EXPECT_EQ(hex(news), hex(bytes("01 1f 00*7 1e | 01 00*7 | 01 | 7f 00 00 01 | 2b 5c | 00*7 80 | ff*8")));
    EXPECT_EQ(value_of(decode_hash_range_news(payload(news))), other);
}

TEST(NeoCodec, ChecksTheHeaderBeforeTheBody) {
    const auto check = [](std::string_view header, FrameType expected, std::uint64_t most = 1 << 20) {
        return decode_header(bytes(header), expected, most);
    };
    const FrameHeader good = value_of(check("01 09 00*7 08", FrameType::request));
    EXPECT_EQ(good.body_bytes, 9U);
    EXPECT_EQ(error_of(check("01 09 00*7 09", FrameType::request)), DecodeError::bad_parity);
    EXPECT_EQ(error_of(check("00 09 00*7 09", FrameType::request)), DecodeError::bad_type);
    EXPECT_EQ(error_of(check("03 09 00*7 0a", FrameType::request)), DecodeError::bad_type);
    EXPECT_EQ(error_of(check("02 08 00*7 0a", FrameType::request)), DecodeError::bad_type);
    EXPECT_EQ(error_of(check("01 07 00*7 06", FrameType::request)), DecodeError::bad_length);
    EXPECT_EQ(error_of(check("02 e8 03 00*6 e9", FrameType::authentication)), DecodeError::bad_length);
    EXPECT_EQ(value_of(check("02 e7 03 00*6 e6", FrameType::authentication)).body_bytes, 999U);
}

TEST(NeoCodec, RefusesWhatWouldNotFitIntoMemory) {
    EXPECT_EQ(error_of(decode_header(bytes("01 00*5 01 00*2 00"), FrameType::request, 64 << 20)),
              DecodeError::too_long);
    EXPECT_EQ(error_of(decode_header(bytes("01 fb ff*7 05"), FrameType::request, 64 << 20)), DecodeError::too_long);
    EXPECT_EQ(error_of(decode_header(bytes("02 fb ff*7 06"), FrameType::authentication, 64 << 20)),
              DecodeError::bad_length);
}

TEST(NeoCodec, WaitsForAWholeHeader) {
    const std::string header = bytes("01 09 00*7 08");
    for (std::size_t n = 0; n < header.size(); ++n)
        EXPECT_EQ(error_of(decode_header(Bytes(header).substr(0, n), FrameType::request, 100)),
                  DecodeError::need_more);
}

TEST(NeoCodec, TakesAnyNonZeroByteForTrue) {
    const GetAllRequest request =
        value_of(decode_get_all(bytes("07 | 04 00*7 63 68 61 6e | ff | 00*8 | 02 | 00*8")));
    EXPECT_TRUE(request.start_suspended && request.continuing && request.keys_only);
}

TEST(NeoCodec, ReadsAnArrayLengthBeyondTheMessageAsTruncation) {
    EXPECT_EQ(error_of(decode_put(bytes("ff*8 63 68 61 6e"))), DecodeError::truncated);
    EXPECT_EQ(error_of(decode_channel(bytes("05 00*7 63 68 61 6e"))), DecodeError::truncated);
    EXPECT_EQ(error_of(decode_value(bytes("00*7 80"))), DecodeError::truncated);
}

// Every message of the protocol with its decoder. The decoder returns 0 for success.
struct Specimen {
    std::string what;
    std::string text;  // the input of the decoder
    std::function<std::variant<bool, DecodeError>(Bytes)> decode;
    bool lenient = false;
};

template <class T>
std::variant<bool, DecodeError> as_verdict(const Decoded<T>& decoded) {
    if (const auto* error = std::get_if<DecodeError>(&decoded)) return *error;
    return true;
}

template <class F>
Specimen of(std::string what, const std::string& text, F decode, bool lenient = false) {
    return {std::move(what), text, [decode](Bytes all) { return as_verdict(decode(all)); }, lenient};
}

std::vector<Specimen> request_specimens() {
    const auto frame = [](auto encode) { return std::string(parameters(encoded(encode))); };
    std::vector<Specimen> all;
    all.push_back(of("Put", frame([](std::string& o) { encode_put(o, 1, {"chan", 5, "v"}); }), decode_put, true));
    all.push_back(of(
        "Get", frame([](std::string& o) {
            encode_record_key(o, 1, RequestCode::get, {"chan", 5});
        }),
        [](Bytes b) { return decode_record_key(b, Parsing::lenient); }, true));
    all.push_back(of("Remove", frame([](std::string& o) {
                         encode_record_key(o, 1, RequestCode::remove, {"chan", 5});
                     }),
                     [](Bytes b) { return decode_record_key(b, Parsing::strict); }));
    all.push_back(of("RemoveChannel", frame([](std::string& o) { encode_remove_channel(o, 1, "chan"); }),
                     decode_channel, true));
    all.push_back(of("GetAll", frame([](std::string& o) {
                         encode_get_all(o, 1, {false, "c", true, 3, true, "f"});
                     }),
                     decode_get_all));
    all.push_back(of("Mirror", frame([](std::string& o) {
                         encode_mirror(o, 1, {true, "c", true, 9});
                     }),
                     decode_mirror));
    all.push_back(of("Update get", frame([](std::string& o) {
                         encode_update(o, 1, {UpdateAsk::get_record, "c", 5, 0, {}});
                     }),
                     decode_update, true));
    all.push_back(of("Update write", frame([](std::string& o) {
                         encode_update(o, 1, {UpdateAsk::update_record, "c", 5, 6, "v"});
                     }),
                     decode_update));
    return all;
}

std::vector<Specimen> answer_specimens() {
    const auto frame = [](auto encode) { return std::string(payload(encoded(encode))); };
    const auto body = [](auto encode) { return encoded(encode).substr(header_bytes); };
    std::vector<Specimen> all;
    all.push_back(of("timestamp", body([](std::string& o) { encode_timestamp(o, 7); }), decode_timestamp));
    all.push_back(of("nonce", body([](std::string& o) { encode_nonce(o, {1, 2, 3, 4}); }), decode_nonce));
    all.push_back(of("proof", body([](std::string& o) { encode_proof(o, {"me", {}}); }), decode_proof));
    all.push_back(of("verdict", body([](std::string& o) { encode_verdict(o, true); }), decode_verdict));
    all.push_back(
        of("support", frame([](std::string& o) { encode_support(o, 1, Support::supported); }), decode_support));
    all.push_back(of("value", frame([](std::string& o) { encode_value(o, 1, "abc"); }), decode_value));
    all.push_back(of("channel name", frame([](std::string& o) {
                         encode_channels_answer(o, 1, {ChannelsCode::channel_name, "c"});
                     }),
                     decode_channels_answer));
    all.push_back(of("batch", frame([](std::string& o) {
                         encode_get_all_answer(o, 1, {GetAllCode::record_batch, "b"});
                     }),
                     decode_get_all_answer));
    all.push_back(of("changed", frame([](std::string& o) {
                         encode_mirror_answer(o, 1, {MirrorCode::record_changed, 1, "v"});
                     }),
                     decode_mirror_answer));
    all.push_back(of("record value", frame([](std::string& o) {
                         encode_update_answer(o, 1, {UpdateCode::record_value, "v"});
                     }),
                     decode_update_answer));
    all.push_back(of("decision", frame([](std::string& o) {
                         encode_update_decision(o, 1, {UpdateAsk::update_record, 1, "v"});
                     }),
                     decode_update_decision));
    all.push_back(of("range", frame([](std::string& o) { encode_hash_range(o, 1, {1, 2}); }), decode_hash_range));
    all.push_back(of("news", frame([](std::string& o) {
                         encode_hash_range_news(o, 1, {HashRangeCode::new_node, {1, 2, 3, 4}, 5, {6, 7}});
                     }),
                     decode_hash_range_news));
    return all;
}

std::vector<Specimen> specimens() {
    std::vector<Specimen> all = request_specimens();
    for (Specimen& one : answer_specimens()) all.push_back(std::move(one));
    return all;
}

TEST(NeoCodec, RefusesEveryTruncation) {
    for (const Specimen& one : specimens()) {
        EXPECT_TRUE(std::holds_alternative<bool>(one.decode(one.text))) << one.what;
        for (std::size_t n = 0; n < one.text.size(); ++n) {
            const std::string cut = one.text.substr(0, n);
            EXPECT_EQ(error_of(one.decode(cut)), DecodeError::truncated) << one.what << " cut to " << n;
        }
    }
}

TEST(NeoCodec, AcceptsSurplusBytesOnlyWhereTheOriginalsDo) {
    for (const Specimen& one : specimens()) {
        const auto verdict = one.decode(one.text + '\0');
        if (one.lenient) {
            EXPECT_TRUE(std::holds_alternative<bool>(verdict)) << one.what;
        } else {
            EXPECT_EQ(error_of(verdict), DecodeError::surplus) << one.what;
        }
    }
}

TEST(NeoCodec, KnowsNoCodesBesidesThoseOfTheRequest) {
    for (const int code : {0, 4, 255})
        EXPECT_EQ(value_of(decode_code(std::string(1, static_cast<char>(code)))), code);
    EXPECT_EQ(error_of(decode_code(bytes("04 00"))), DecodeError::surplus);
    EXPECT_EQ(error_of(decode_code({})), DecodeError::truncated);
    EXPECT_EQ(error_of(decode_support(bytes("00"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_support(bytes("fc"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_control(bytes("05"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_control(bytes("05 00"))), DecodeError::bad_code);
    EXPECT_EQ(value_of(decode_control(bytes("01 01"))), Control::suspend) << "what is behind it is passed over";
    EXPECT_EQ(error_of(decode_get_all_answer(bytes("01"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_mirror_answer(bytes("0c"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_update_answer(bytes("04"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_channels_answer(bytes("04"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_hash_range_news(bytes("03"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_update(bytes("03 | 01 00*7 63 | 00*8"))), DecodeError::bad_code);
    EXPECT_EQ(error_of(decode_update_decision(bytes("01"))), DecodeError::bad_code);
}

TEST(NeoCodec, ReadsTheTargetOfAnUpdateWhateverIsAsked) {
    const std::string said = bytes("09 | 01 00*7 63 | 05 00*7 | ff");
    const UpdateTarget target = value_of(decode_update_target(said));
    EXPECT_EQ(target.ask, 9);
    EXPECT_EQ(target.channel, "c");
    EXPECT_EQ(target.key, 5U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::neo
