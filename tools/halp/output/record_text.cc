#include "tools/halp/output/record_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "tools/halp/output/printed_text.h"
#include "tools/program/hex.h"

namespace halp::cli {
namespace {

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

std::string shown_key(Key key) { return "0x" + key_text(key); }

Result<Key> parse_shown_key(std::string_view text) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = hex ? text.substr(2) : text;
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, wrong] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
    if (wrong != std::errc{} || stop != end || digits.empty())
        return Error{ErrorCode::invalid, "`" + std::string{text} +
                                             "` is not a key: a number from 0 to 18446744073709551615, or up to 16 "
                                             "hexadecimal digits behind 0x."};
    return Key{value};
}

std::string base64_of(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t word = 0;
        for (std::size_t j = 0; j < 3; ++j)
            word = word << 8 | (j < here ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j) out += j <= here ? base64_digits[word >> (18 - 6 * j) & 63] : '=';
    }
    return out;
}

std::optional<std::string> bytes_of_base64(std::string_view text) {
    static const std::array<std::uint8_t, 256> values = [] {
        std::array<std::uint8_t, 256> table{};
        table.fill(64);
        for (std::size_t i = 0; i < base64_digits.size(); ++i)
            table[static_cast<unsigned char>(base64_digits[i])] = static_cast<std::uint8_t>(i);
        return table;
    }();
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t word = 0;
    int bits = 0;
    for (const char c : text) {
        const std::uint8_t value = values[static_cast<unsigned char>(c)];
        if (value > 63) return std::nullopt;
        word = (word << 6 | value) & 0xffffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(word >> bits & 0xff);
    }
    return bytes;
}

std::string written_value(std::string_view bytes, ValueForm form) {
    switch (form) {
        case ValueForm::hex:
            return hex_of(bytes);
        case ValueForm::escape:
            return escaped(bytes);
        case ValueForm::base64:
            return base64_of(bytes);
        case ValueForm::automatic:
        case ValueForm::raw:
            break;
    }
    return std::string{bytes};
}

Result<std::string> read_value(std::string_view text, ValueForm form) {
    if (form == ValueForm::automatic || form == ValueForm::raw) return std::string{text};
    text = trimmed(text);
    if (form == ValueForm::escape) return unescaped(text);
    auto bytes = form == ValueForm::hex ? bytes_of_hex(text) : bytes_of_base64(text);
    if (bytes) return *std::move(bytes);
    return Error{ErrorCode::invalid, form == ValueForm::hex
                                         ? "The value is not hexadecimal: pairs of digits, no blanks."
                                         : "The value is not base64."};
}

}  // namespace halp::cli
