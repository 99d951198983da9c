#include "overlay/dht/wire/lzo1x.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace halp {
namespace {

// The instructions are drawn in lzo1x.md.
constexpr std::size_t near_distance_max = 2048;  // `01LD DDSS` and `1LLD DDSS`
constexpr std::size_t near_length_max = 8;       // the longest copy of these two instructions
constexpr std::size_t middle_distance_max = 16384;
constexpr std::size_t middle_length_max = 33;  // without a count byte
constexpr std::size_t far_distance_max = 16384 + 32767;
constexpr std::size_t far_length_max = 9;        // without a count byte
constexpr std::size_t run_distance_base = 2049;  // the three-byte copy after a run of literals
constexpr unsigned first_literals_base = 17;

// ---- encoder ----

// How many bytes are equal before the first that differs, of eight.
std::size_t equal_bytes(std::uint64_t difference) {
    const int zeros =
        std::endian::native == std::endian::little ? std::countr_zero(difference) : std::countl_zero(difference);
    return static_cast<std::size_t>(zeros) / 8;
}

class Encoder {
public:
    // `out` has room for lzo1x_encoded_max(in.size()) bytes and `slack` more.
    static constexpr std::size_t slack = 16;
    Encoder(std::string_view in, char* out) : in_(in), out_(out), begin_(out) {}
    // Returns the end of the stream.
    char* encode();

private:
    static constexpr std::size_t first_look = 5;
    static constexpr std::size_t tail_of_literals = 20;
    static constexpr std::size_t match_min = 4;
    static constexpr unsigned table_bits = 13;

    [[nodiscard]] std::uint32_t word_at(std::size_t at) const {
        std::uint32_t word = 0;
        std::memcpy(&word, in_.data() + at, sizeof word);
        return word;
    }
    // The distance to the latest earlier position of these four bytes, or 0 when the table has none near enough.
    [[nodiscard]] std::size_t look_up(std::size_t at);
    [[nodiscard]] std::size_t match_length(std::size_t at, std::size_t distance) const;

    void put(std::size_t byte) { *out_++ = static_cast<char>(byte); }
    void put_count(std::size_t count);
    void put_literals(std::size_t end);
    void put_copy(std::size_t length, std::size_t distance);
    void put_far_copy(std::size_t opening, std::size_t length, std::size_t length_max, std::size_t distance_bits);

    std::string_view in_;
    char* out_;  // the next byte
    const char* const begin_;
    std::size_t literals_ = 0;  // position of the first literal that is not yet written
    // The lower 16 bits of the latest position of each hashed word. A comparison detects old and colliding
    // entries.
    std::array<std::uint16_t, 1U << table_bits> table_{};
};

char* Encoder::encode() {
    const std::size_t end = in_.size() > tail_of_literals ? in_.size() - tail_of_literals : 0;
    std::size_t at = first_look;
    while (at < end) {
        const std::size_t distance = look_up(at);
        if (distance == 0) {
            at += 1 + (at - literals_) / 32;  // larger steps while the input does not compress
            continue;
        }
        const std::size_t length = match_length(at, distance);
        put_literals(at);
        put_copy(length, distance);
        at += length;
        literals_ = at;
    }
    put_literals(in_.size());
    put(0x11);
    put(0);
    put(0);
    return out_;
}

std::size_t Encoder::look_up(std::size_t at) {
    const std::uint32_t word = word_at(at);
    std::uint16_t& entry = table_[(word * 0x9e3779b1U) >> (32 - table_bits)];
    const std::size_t distance = (at - entry) & 0xffff;
    entry = static_cast<std::uint16_t>(at);
    if (distance == 0 || distance > at || distance > far_distance_max) return 0;
    return word_at(at - distance) == word ? distance : 0;
}

// A copy may run up to the end of the input; only its beginning is limited.
std::size_t Encoder::match_length(std::size_t at, std::size_t distance) const {
    const char* const here = in_.data() + at;
    const char* const there = here - distance;
    std::size_t length = match_min;
    // Compares eight bytes at a time, and single bytes at the end of the input.
    for (; at + length + 8 <= in_.size(); length += 8) {
        std::uint64_t one = 0, other = 0;
        std::memcpy(&one, here + length, 8);
        std::memcpy(&other, there + length, 8);
        if (one != other) return length + equal_bytes(one ^ other);
    }
    while (at + length < in_.size() && here[length] == there[length]) ++length;
    return length;
}

void Encoder::put_count(std::size_t count) {
    for (; count > 255; count -= 255) put(0);
    put(count);
}

void Encoder::put_literals(std::size_t end) {
    const std::size_t count = end - literals_;
    if (count == 0) return;
    if (out_ == begin_ && count <= 255 - first_literals_base) {
        put(first_literals_base + count);
    } else if (count <= 3) {
        char& opening = out_[-2];  // the second last byte written holds S, in either instruction
        opening = static_cast<char>(static_cast<unsigned char>(opening) | count);
    } else if (count <= 18) {
        put(count - 3);
    } else {
        put(0);
        put_count(count - 18);
    }
    // Few literals are the usual case: sixteen bytes at once, whatever their number.
    if (count <= slack && literals_ + slack <= in_.size())
        std::memcpy(out_, in_.data() + literals_, slack);
    else
        std::memcpy(out_, in_.data() + literals_, count);
    out_ += count;
}

void Encoder::put_copy(std::size_t length, std::size_t distance) {
    if (length <= near_length_max && distance <= near_distance_max) {
        put(((length - 1) << 5) | (((distance - 1) & 7) << 2));
        put((distance - 1) >> 3);
    } else if (distance <= middle_distance_max) {
        put_far_copy(0x20, length, middle_length_max, distance - 1);
    } else {
        const std::size_t beyond = distance - 16384;
        put_far_copy(0x10 | ((beyond >> 14) << 3), length, far_length_max, beyond & 0x3fff);
    }
}

void Encoder::put_far_copy(std::size_t opening, std::size_t length, std::size_t length_max,
                           std::size_t distance_bits) {
    if (length <= length_max) {
        put(opening | (length - 2));
    } else {
        put(opening);
        put_count(length - length_max);
    }
    put((distance_bits << 2) & 0xff);
    put(distance_bits >> 6);
}

// ---- decoder ----

class Decoder {
public:
    Decoder(std::string_view in, char* out, std::size_t size) : in_(in), out_(out), size_(size) {}
    LzoFault decode();

private:
    enum class Before : std::uint8_t { none, few, run };  // literals right before an instruction

    [[nodiscard]] bool has(std::size_t bytes) const { return in_.size() - at_ >= bytes; }
    std::size_t take() { return static_cast<unsigned char>(in_[at_++]); }

    bool fail(LzoFault fault) {
        fault_ = fault;
        return false;
    }
    // Returns false after a fault and at the end of the stream.
    bool instruction(std::size_t opening);
    bool low_opening(std::size_t opening);
    bool far_copy(std::size_t opening);
    bool near_copy(std::size_t opening);
    bool count(std::size_t& length, std::size_t base);
    bool literals(std::size_t length);
    bool copy(std::size_t length, std::size_t distance);
    bool trailing(std::size_t few);

    std::string_view in_;
    std::size_t at_ = 0;
    char* out_;
    std::size_t size_;
    std::size_t done_ = 0;
    Before before_ = Before::none;
    LzoFault fault_ = LzoFault::none;
};

LzoFault Decoder::decode() {
    if (!has(1)) return LzoFault::truncated;
    bool more = true;
    if (static_cast<unsigned char>(in_[0]) > first_literals_base) {
        const std::size_t length = take() - first_literals_base;
        more = literals(length);
        before_ = length < 4 ? Before::few : Before::run;
    }
    while (more) more = has(1) ? instruction(take()) : fail(LzoFault::truncated);
    if (fault_ != LzoFault::none) return fault_;
    if (done_ < size_) return LzoFault::too_short;
    return at_ < in_.size() ? LzoFault::left_over : LzoFault::none;
}

bool Decoder::instruction(std::size_t opening) {
    if (opening < 16) return low_opening(opening);
    return opening < 64 ? far_copy(opening) : near_copy(opening);
}

bool Decoder::low_opening(std::size_t opening) {
    if (before_ == Before::none) {
        std::size_t length = opening;
        if (!count(length, 15) || !literals(length + 3)) return false;
        before_ = Before::run;
        return true;
    }
    if (!has(1)) return fail(LzoFault::truncated);
    const std::size_t distance = (take() << 2) + (opening >> 2);
    const bool copied = before_ == Before::run ? copy(3, distance + run_distance_base) : copy(2, distance + 1);
    return copied && trailing(opening & 3);
}

bool Decoder::far_copy(std::size_t opening) {
    const bool middle = opening >= 32;
    std::size_t length = opening & (middle ? 31 : 7);
    if (!count(length, middle ? 31 : 7)) return false;
    if (!has(2)) return fail(LzoFault::truncated);
    const std::size_t low = take();
    const std::size_t distance_bits = (low >> 2) | (take() << 6);
    if (middle) return copy(length + 2, distance_bits + 1) && trailing(low & 3);

    const std::size_t beyond = distance_bits + ((opening & 8) << 11);
    if (beyond == 0) return false;  // the end marker
    return copy(length + 2, beyond + 16384) && trailing(low & 3);
}

bool Decoder::near_copy(std::size_t opening) {
    if (!has(1)) return fail(LzoFault::truncated);
    const std::size_t distance = (take() << 3) + ((opening >> 2) & 7) + 1;
    return copy((opening >> 5) + 1, distance) && trailing(opening & 3);
}

// Length 0 means that a count follows. No sum overflows, because each byte of the stream adds at most 255.
bool Decoder::count(std::size_t& length, std::size_t base) {
    if (length != 0) return true;
    length = base;
    for (;;) {
        if (!has(1)) return fail(LzoFault::truncated);
        const std::size_t byte = take();
        length += byte == 0 ? 255 : byte;
        if (byte != 0) return true;
    }
}

bool Decoder::literals(std::size_t length) {
    if (!has(length)) return fail(LzoFault::truncated);
    if (size_ - done_ < length) return fail(LzoFault::too_long);
    std::memcpy(out_ + done_, in_.data() + at_, length);
    at_ += length;
    done_ += length;
    return true;
}

bool Decoder::copy(std::size_t length, std::size_t distance) {
    if (distance > done_) return fail(LzoFault::bad_distance);
    if (size_ - done_ < length) return fail(LzoFault::too_long);
    char* const to = out_ + done_;
    done_ += length;
    if (distance >= length) {
        std::memcpy(to, to - distance, length);
    } else {
        const char* const from = to - distance;
        for (std::size_t i = 0; i < length; ++i) to[i] = from[i];  // the copy may overlap its own output
    }
    return true;
}

bool Decoder::trailing(std::size_t few) {
    before_ = few == 0 ? Before::none : Before::few;
    return few == 0 || literals(few);
}

}  // namespace

void lzo1x_encode(std::string_view bytes, std::string& out) {
    const std::size_t begin = out.size();
    out.resize(begin + lzo1x_encoded_max(bytes.size()) + Encoder::slack);
    const char* const end = Encoder{bytes, out.data() + begin}.encode();
    out.resize(static_cast<std::size_t>(end - out.data()));
}

LzoFault lzo1x_decode(std::string_view stream, std::size_t size, std::string& out) {
    // Each byte of a count stands for at most 255 bytes of output, and other bytes for fewer. A larger announced
    // size is refused before it is allocated.
    if (size / 256 > stream.size()) return LzoFault::too_short;
    const std::size_t begin = out.size();
    out.resize(begin + size);
    const LzoFault fault = Decoder{stream, out.data() + begin, size}.decode();
    if (fault != LzoFault::none) out.resize(begin);
    return fault;
}

}  // namespace halp
