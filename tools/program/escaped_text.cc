#include "tools/program/escaped_text.h"

#include <cstddef>

#include "tools/program/harmless.h"
#include "tools/program/hex.h"

namespace halp {
namespace {

std::string_view letter_for(char c) {
    switch (c) {
        case '\\':
            return "\\\\";
        case '\n':
            return "\\n";
        case '\t':
            return "\\t";
        case '\r':
            return "\\r";
        default:
            return {};
    }
}

// The byte that an escape stands for, and the number of characters behind the backslash; 0 for an unknown escape.
std::size_t escape_at(std::string_view behind, char& byte) {
    if (behind.empty()) return 0;
    constexpr std::string_view letters = "\\ntr", bytes = "\\\n\t\r";
    if (const std::size_t at = letters.find(behind[0]); at != std::string_view::npos) {
        byte = bytes[at];
        return 1;
    }
    if (behind[0] != 'x' || behind.size() < 3) return 0;
    const auto decoded = bytes_of_hex(behind.substr(1, 2));
    if (!decoded) return 0;
    byte = decoded->front();
    return 3;
}

}  // namespace

std::string escaped(std::string_view bytes) {
    std::string marked;
    marked.reserve(bytes.size());
    for (const char c : bytes) {
        const std::string_view letter = letter_for(c);
        if (letter.empty())
            marked += c;
        else
            marked += letter;
    }
    return harmless(marked);
}

Result<std::string> unescaped(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            bytes += text[at];
            continue;
        }
        char byte = 0;
        const std::size_t taken = escape_at(text.substr(at + 1), byte);
        if (taken == 0)
            return Error{ErrorCode::invalid, "Behind \\ stands one of \\ n t r or xNN, unlike at byte " +
                                                 std::to_string(at) + " of the value."};
        bytes += byte;
        at += taken;
    }
    return bytes;
}

}  // namespace halp
