#include "simulations/world/packed_text.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace halp {

namespace {

// Half bytes: these characters, the end of a line, and an escape before a whole byte. Of a length, the escape means
// that a whole byte follows.
constexpr std::string_view packed_letters = "0123456789. -:";
constexpr unsigned line_end = 14, escape = 15;
constexpr std::size_t shared_max = 255;

constexpr std::array<std::uint8_t, 256> letter_numbers() {
    std::array<std::uint8_t, 256> numbers{};
    numbers.fill(escape);
    for (std::size_t i = 0; i < packed_letters.size(); ++i)
        numbers[static_cast<unsigned char>(packed_letters[i])] = static_cast<std::uint8_t>(i);
    return numbers;
}
constexpr std::array<std::uint8_t, 256> number_of_letter = letter_numbers();

class HalfBytesOut {
public:
    explicit HalfBytesOut(std::string& bytes) : bytes_(bytes) {}
    void put(unsigned half) {
        if (full_)
            bytes_.push_back(static_cast<char>(half));
        else
            bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | half << 4);
        full_ = !full_;
    }
    void put_byte(unsigned byte) {
        put(byte & 15U);
        put(byte >> 4);
    }
    void put_length(std::size_t length) {
        if (length < escape) return put(static_cast<unsigned>(length));
        put(escape);
        put_byte(static_cast<unsigned>(length));
    }
    void put_letter(char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        put(number_of_letter[byte]);
        if (number_of_letter[byte] == escape) put_byte(byte);
    }

private:
    std::string& bytes_;
    bool full_ = true;  // the last byte, or there is none
};

class HalfBytesIn {
public:
    explicit HalfBytesIn(std::string_view bytes) : bytes_(bytes) {}
    unsigned take() {
        assert(at_ / 2 < bytes_.size());
        const auto byte = static_cast<unsigned char>(bytes_[at_ / 2]);
        return at_++ % 2 == 0 ? byte & 15U : byte >> 4;
    }
    unsigned take_byte() {
        const unsigned low = take();
        return low | take() << 4;
    }
    std::size_t take_length() {
        const unsigned half = take();
        return half == escape ? take_byte() : half;
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

void pack_line(HalfBytesOut& out, std::string_view line, std::string_view before) {
    const std::size_t most = std::min({line.size(), before.size(), shared_max});
    std::size_t begin = 0, end = 0;
    while (begin < most && line[begin] == before[begin]) ++begin;
    while (end < most - begin && line[line.size() - 1 - end] == before[before.size() - 1 - end]) ++end;
    out.put_length(begin);
    out.put_length(end);
    for (const char letter : line.substr(begin, line.size() - begin - end)) out.put_letter(letter);
    out.put(line_end);
}

}  // namespace

std::string pack_text(std::string_view text) {
    std::string packed;
    packed.reserve(16 + text.size() / 3);
    for (std::size_t size = text.size(), i = 0; i < sizeof size; ++i, size >>= 8)
        packed.push_back(static_cast<char>(size & 255U));
    HalfBytesOut out{packed};
    std::string_view before;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        pack_line(out, line, before);
        before = line;
        at = end + 1;
    }
    packed.shrink_to_fit();
    return packed;
}

std::string unpack_text(std::string_view packed) {
    std::size_t size = 0;
    for (std::size_t i = sizeof size; i-- > 0;) size = size << 8 | static_cast<unsigned char>(packed[i]);
    HalfBytesIn in{packed.substr(sizeof size)};
    std::string text(size, '\n');
    char* to = text.data();
    for (const char *line = to, *line_ends = to; to < text.data() + size;) {
        const char* const before = line;
        const char* const before_ends = line_ends;
        line = to;
        const std::size_t begin = in.take_length(), end = in.take_length();
        to = std::copy_n(before, begin, to);
        for (unsigned half = in.take(); half != line_end; half = in.take())
            *to++ = half == escape ? static_cast<char>(in.take_byte()) : packed_letters[half];
        to = std::copy_n(before_ends - end, end, to);
        line_ends = to++;
    }
    return text;
}

}  // namespace halp
