#include "overlay/dht/wire/lzo1x.h"

#include <gtest/gtest.h>
#include <lzo/lzo1x.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::Seeded;

std::string from_hex(std::string_view hex) {
    std::string bytes;
    std::string digits{hex};
    std::erase(digits, ' ');
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    return bytes;
}

std::string encoded(std::string_view bytes) {
    std::string stream;
    lzo1x_encode(bytes, stream);
    return stream;
}

std::string decoded(std::string_view stream, std::size_t size) {
    std::string out;
    EXPECT_EQ(lzo1x_decode(stream, size, out), LzoFault::none);
    return out;
}

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

// The stream that liblzo2 makes of the bytes.
std::string encoded_by_liblzo(std::string_view bytes) {
    std::string stream(bytes.size() + bytes.size() / 16 + 67, '\0');
    std::vector<unsigned char> work(LZO1X_1_MEM_COMPRESS);
    lzo_uint length = stream.size();
    EXPECT_EQ(lzo1x_1_compress(raw(bytes), bytes.size(), reinterpret_cast<unsigned char*>(stream.data()), &length,
                               work.data()),
              LZO_E_OK);
    stream.resize(length);
    return stream;
}

// The bytes that liblzo2 reads from a stream of `size` bytes of output; nothing if it refuses or returns fewer.
std::optional<std::string> decoded_by_liblzo(std::string_view stream, std::size_t size) {
    std::string out(size, '\0');
    lzo_uint length = size;
    const int result = lzo1x_decompress_safe(raw(stream), stream.size(),
                                             reinterpret_cast<unsigned char*>(out.data()), &length, nullptr);
    if (result != LZO_E_OK || length != size) return std::nullopt;
    return out;
}

// Samples of several kinds: records as in batches, noise, long repetitions, copies from far back.
std::string sample(Seeded& random) {
    std::string text;
    const std::size_t size = random.one_in(10) ? random.below(200'000) : random.below(3000);
    const std::uint64_t kind = random.below(5);
    while (text.size() < size) {
        const std::size_t length = 1 + random.below(kind == 3 ? 5000 : 60);
        if (kind == 0 || text.empty()) {
            for (std::size_t i = 0; i < length; ++i) text.push_back(static_cast<char>(random.below(256)));
        } else if (kind == 1) {
            text.append(length, static_cast<char>(random.below(4)));
        } else if (kind == 2) {
            text += static_cast<char>(random.below(3) + 'a');
        } else {
            const std::size_t back = 1 + random.below(std::min<std::size_t>(text.size(), 70'000));
            for (std::size_t i = 0; i < length; ++i) text.push_back(text[text.size() - back]);
            if (random.one_in(2)) text.push_back(static_cast<char>(random.below(256)));
        }
    }
    text.resize(size);
    return text;
}

TEST(Lzo1x, GivesTheBytesOfTheWirePage) {
    const std::string record = from_hex("0800000000000000 8877665544332211 0500000000000000 68656c6c6f");
    EXPECT_EQ(encoded(record), from_hex("2e") + record + from_hex("110000"));
    const std::string key = from_hex("0800000000000000 8877665544332211");
    EXPECT_EQ(encoded(key), from_hex("21") + key + from_hex("110000"));
    const std::string refresh = from_hex("8877665544332211 0500000000000000 68656c6c6f");
    EXPECT_EQ(encoded(refresh), from_hex("26") + refresh + from_hex("110000"));
    const std::string legacy =
        from_hex("1000000000000000") + "1122334455667788" + from_hex("0500000000000000") + "hello";
    EXPECT_EQ(encoded(legacy), from_hex("36") + legacy + from_hex("110000"));
    EXPECT_EQ(encoded(""), from_hex("110000"));
    EXPECT_EQ(decoded(from_hex("110000"), 0), "");
}

TEST(Lzo1x, ReadsEveryInstruction) {
    // 4 literals; near copy of 3 from 4 with one literal; end.
    EXPECT_EQ(decoded(from_hex("15 61626364 4d00 78 110000"), 8), "abcdabcx");
    // 1 literal; then 2 bytes from 1.
    EXPECT_EQ(decoded(from_hex("12 61 0000 110000"), 3), "aaa");
    // a copy that repeats a byte 300 times: 31 + 2 and a count of 255 + 12
    EXPECT_EQ(decoded(from_hex("12 61 20000c 0000 110000"), 301), std::string(301, 'a'));
    // 3 bytes from 2049 + 2, after a run of 2100 literals
    const std::string far(2100, 'f');
    EXPECT_EQ(decoded(from_hex("00 0000000000000000 2a") + far + from_hex("0800 110000"), 2103), far + "fff");
    // 17000 bytes back
    std::string text;
    for (int i = 0; i < 17000; ++i) text.push_back(static_cast<char>(i * 7 % 251));
    std::string stream(1, '\0');
    const std::size_t count = text.size() - 18;
    stream.append((count - 1) / 255, '\0');
    stream.push_back(static_cast<char>((count - 1) % 255 + 1));
    const std::size_t beyond = 17000 - 16384;
    stream += text + static_cast<char>(0x10 | 3) + static_cast<char>((beyond << 2) & 0xff) +
              static_cast<char>(beyond >> 6) + from_hex("110000");
    EXPECT_EQ(decoded(stream, 17005), text + text.substr(0, 5));
}

TEST(Lzo1x, ComesBackFromItsOwnStreamAndThroughLiblzo) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Seeded random(seed);
        const std::string text = sample(random);
        const std::string stream = encoded(text);
        ASSERT_LE(stream.size(), lzo1x_encoded_max(text.size()));
        ASSERT_EQ(decoded(stream, text.size()), text);
        ASSERT_EQ(decoded_by_liblzo(stream, text.size()), text);
        ASSERT_EQ(decoded(encoded_by_liblzo(text), text.size()), text);
    }
}

TEST(Lzo1x, IsNotLongerThanLiblzoByMuch) {
    std::size_t ours = 0, theirs = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Seeded random(seed);
        const std::string text = sample(random);
        ours += encoded(text).size();
        theirs += encoded_by_liblzo(text).size();
    }
    EXPECT_LE(ours, theirs + theirs / 20);
}

TEST(Lzo1x, RefusesWhatLiblzoRefusesAndNothingElse) {
    std::size_t accepted = 0;
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        Seeded random(seed);
        std::string stream;
        std::size_t size = random.below(400);
        if (random.one_in(3)) {
            for (std::size_t n = random.below(40); n > 0; --n)
                stream.push_back(static_cast<char>(random.below(random.one_in(2) ? 256 : 32)));
        } else {
            const std::string text = sample(random).substr(0, size);
            size = text.size();
            stream = random.one_in(2) ? encoded(text) : encoded_by_liblzo(text);
            for (std::uint64_t n = random.below(3); n > 0; --n)
                stream[random.below(stream.size())] = static_cast<char>(random.below(256));
        }
        std::string out = "before";
        const LzoFault fault = lzo1x_decode(stream, size, out);
        const auto oracle = decoded_by_liblzo(stream, size);
        ASSERT_EQ(fault == LzoFault::none, oracle.has_value()) << "seed " << seed;
        ASSERT_EQ(out, "before" + oracle.value_or("")) << "seed " << seed;
        accepted += oracle ? 1 : 0;
    }
    EXPECT_GT(accepted, 1000U);
}

TEST(Lzo1x, TellsEveryTruncation) {
    const std::string text =
        std::string(100, 'a') + "bcdefgh" + std::string(400, 'x') + "the tail of it all, literal";
    const std::string stream = encoded(text);
    for (std::size_t length = 0; length < stream.size(); ++length) {
        std::string out;
        EXPECT_NE(lzo1x_decode(stream.substr(0, length), text.size(), out), LzoFault::none) << length;
        EXPECT_TRUE(out.empty());
    }
}

TEST(Lzo1x, NamesTheFault) {
    std::string out;
    const std::string four = from_hex("15 61626364 110000");
    EXPECT_EQ(lzo1x_decode(four, 3, out), LzoFault::too_long);
    EXPECT_EQ(lzo1x_decode(four, 5, out), LzoFault::too_short);
    EXPECT_EQ(lzo1x_decode(four + "x", 4, out), LzoFault::left_over);
    EXPECT_EQ(lzo1x_decode(from_hex("12 61 0400 110000"), 3, out), LzoFault::bad_distance);
    EXPECT_EQ(lzo1x_decode("", 0, out), LzoFault::truncated);
    EXPECT_TRUE(out.empty());
}

TEST(Lzo1x, DoesNotAllocateWhatTheStreamCannotFill) {
    std::string out;
    EXPECT_EQ(lzo1x_decode(from_hex("110000"), std::size_t{1} << 40, out), LzoFault::too_short);
    EXPECT_EQ(out.capacity(), std::string{}.capacity());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
