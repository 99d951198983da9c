#include "store/records/key.h"

#include <charconv>

namespace halp {

std::string key_text(Key key) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(key_text_length, '0');
    std::uint64_t bits = value_of(key);
    for (std::size_t i = key_text_length; i-- > 0; bits >>= 4) text[i] = digits[bits & 15];
    return text;
}

Result<Key> parse_key(std::string_view text) {
    std::uint64_t bits = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, bits, 16);
    // from_chars accepts a sign for signed types only, so 16 accepted characters are 16 digits.
    if (text.size() != key_text_length || read.ec != std::errc{} || read.ptr != end)
        return Error{ErrorCode::invalid, "a key is written as exactly 16 hexadecimal digits"};
    return Key{bits};
}

}  // namespace halp
