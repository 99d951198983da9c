#include "tools/halpd/json_text.h"

#include <cstddef>
#include <cstdio>

namespace halp {
namespace {

// Length of the well-formed UTF-8 sequence at the front of `text`, 0 when there is none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool allowed = (first != 0xe0 || second >= 0xa0) && (first != 0xed || second <= 0x9f);
        return allowed && continues(1) && continues(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool allowed = (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second <= 0x8f);
        return allowed && continues(1) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

std::string escaped_control(unsigned char byte) {
    if (byte == '\n') return "\\n";
    if (byte == '\t') return "\\t";
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(byte));
    return escaped;
}

}  // namespace

std::string json_quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        const std::size_t length = sequence_length(text);
        if (length == 0) {
            out += "\\ufffd";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += escaped_control(byte);
        } else {
            if (byte == '"' || byte == '\\') out += '\\';
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out + "\"";
}

JsonObject& JsonObject::seconds(std::string_view key, double value) {
    char digits[64];
    std::snprintf(digits, sizeof digits, "%.3f", value);
    return raw(key, digits);
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
    if (out_.size() > 1) out_ += ',';
    out_ += json_quoted(key);
    out_ += ':';
    out_ += json;
    return *this;
}

void JsonArray::add(std::string_view json) {
    if (out_.size() > 1) out_ += ',';
    out_ += json;
}

}  // namespace halp
