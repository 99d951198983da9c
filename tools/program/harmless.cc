#include "tools/program/harmless.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "store/markup.h"

namespace halp {
namespace {

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t length = 0;
};

// Length and value of the well-formed UTF-8 sequence at the start of `text`; no overlong forms, no surrogates.
std::optional<CodePoint> decode(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
    };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return CodePoint{lead, 1};
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return std::nullopt;
    std::uint32_t value = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
        value = (value << 6) | (byte(i) & 0x3f);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    if (overlong || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return std::nullopt;
    return CodePoint{value, length};
}

// Controls, marks and overrides of the direction of writing, and the separators of lines and paragraphs.
bool drives_terminal(std::uint32_t c) {
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    const bool turns_direction =
        c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    return control || turns_direction;
}

void append_escaped(std::string& out, std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : bytes) {
        const auto value = static_cast<unsigned char>(c);
        out += "\\x";
        out += digits[value >> 4];
        out += digits[value & 15];
    }
}

}  // namespace

std::string harmless(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::optional<CodePoint> point = decode(text);
        const std::size_t length = point ? point->length : 1;
        if (!point || drives_terminal(point->value)) {
            append_escaped(out, text.substr(0, length));
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out;
}

std::string harmless_lines(std::string_view text) {
    std::string out;
    while (true) {
        const std::size_t end = text.find('\n');
        out += harmless(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        out += '\n';
        text.remove_prefix(end + 1);
    }
}

std::string harmless_json(std::string_view json) {
    const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x7f; };
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        const auto first = std::ranges::find_if_not(json, plain);
        out.append(json.begin(), first);
        json.remove_prefix(static_cast<std::size_t>(first - json.begin()));
        if (json.empty()) return out;
        const std::optional<CodePoint> point = decode(json);
        const std::size_t length = point ? point->length : 1;
        if (point && drives_terminal(point->value)) {  // none is above U+FFFF
            char text[8];
            std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(point->value & 0xffff));
            out += text;
        } else {
            out += json.substr(0, length);
        }
        json.remove_prefix(length);
    }
    return out;
}

std::string harmless_markup(std::string_view text) { return markup_escaped(harmless(text)); }

}  // namespace halp
