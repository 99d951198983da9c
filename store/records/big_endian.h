// Big-endian numbers: their bytes sort as the numbers do, as the keys of a sorted file need it.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace halp {

inline std::uint64_t load_big_endian(const char* eight_bytes) {
    std::uint64_t word;
    std::memcpy(&word, eight_bytes, sizeof word);
    return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

inline void store_big_endian(char* eight_bytes, std::uint64_t word) {
    if (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    std::memcpy(eight_bytes, &word, sizeof word);
}

}  // namespace halp
