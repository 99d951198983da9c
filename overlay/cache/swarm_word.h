// The name of a swarm as one word of a line: blanks, control bytes and "%" become %XX.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace halp {

inline std::string word_of_swarm(std::string_view swarm) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string word;
    for (const char c : swarm) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte != 0x7f && c != '%') {
            word += c;
        } else {
            word += '%';
            word += digits[byte >> 4];
            word += digits[byte & 15];
        }
    }
    return word;
}

inline std::optional<std::string> swarm_of_word(std::string_view word) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string swarm;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] != '%') {
            swarm += word[i];
            continue;
        }
        const std::size_t high = i + 1 < word.size() ? digits.find(word[i + 1]) : digits.npos;
        const std::size_t low = i + 2 < word.size() ? digits.find(word[i + 2]) : digits.npos;
        if (high == digits.npos || low == digits.npos) return std::nullopt;
        swarm += static_cast<char>(high << 4 | low);
        i += 2;
    }
    return swarm;
}

}  // namespace halp
