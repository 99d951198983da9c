// Hex in the notation of overlay/dht/wire/neo.md, for golden bytes: "01 2b | 00*7". Blanks and bars are ignored,
// and xx*n repeats a byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace halp::neo {

inline std::string bytes(std::string_view hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i < hex.size();) {
        if (hex[i] == ' ' || hex[i] == '|' || hex[i] == '\n') {
            ++i;
            continue;
        }
        out.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
        i += 2;
        if (i >= hex.size() || hex[i] != '*') continue;
        std::size_t times = 0;
        for (++i; i < hex.size() && hex[i] >= '0' && hex[i] <= '9'; ++i)
            times = 10 * times + static_cast<std::size_t>(hex[i] - '0');
        out.append(times - 1, out.back());
    }
    return out;
}

inline std::string hex(std::string_view raw) {
    std::string out;
    for (const char byte : raw) {
        out += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
        out += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
    }
    return out;
}

}  // namespace halp::neo
