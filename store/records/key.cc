#include "store/records/key.h"

#include <array>
#include <cstdint>

namespace halp {
namespace {

constexpr std::uint8_t no_digit = 0xff;

// Of each byte the value of the digit that it is.
constexpr std::array<std::uint8_t, 256> hex_digits = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::uint8_t i = 0; i < 10; ++i) values[std::size_t{'0'} + i] = i;
    for (std::uint8_t i = 0; i < 6; ++i)
        values[std::size_t{'a'} + i] = values[std::size_t{'A'} + i] = static_cast<std::uint8_t>(10 + i);
    return values;
}();

}  // namespace

std::string key_text(Key key) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(key_text_length, '0');
    std::uint64_t bits = value_of(key);
    for (std::size_t i = key_text_length; i-- > 0; bits >>= 4) text[i] = digits[bits & 15];
    return text;
}

// Each request of legacy has a key of this form. Of a wrong one all bytes are read, too.
Result<Key> parse_key(std::string_view text) {
    std::uint64_t bits = 0;
    std::uint8_t wrong = 0;
    if (text.size() == key_text_length) {
        for (const char byte : text) {
            const std::uint8_t digit = hex_digits[static_cast<std::uint8_t>(byte)];
            wrong |= static_cast<std::uint8_t>(digit & 0x80);
            bits = bits << 4 | (digit & 0xf);
        }
    }
    if (text.size() != key_text_length || wrong != 0)
        return Error{ErrorCode::invalid, "a key is written as exactly 16 hexadecimal digits"};
    return Key{bits};
}

}  // namespace halp
