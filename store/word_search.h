// Looks for one 64-bit word in a short unsorted row. Eight words are compared without a branch between them, which
// compilers turn into vector instructions: half a thousand words cost about as much as a look into a hash table
// that is not in the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace halp {

// The first place of the word from `from` on; words.size() when it is not there.
[[nodiscard]] inline std::size_t place_of_word(std::span<const std::uint64_t> words, std::uint64_t wanted,
                                               std::size_t from = 0) {
    constexpr std::size_t block = 8;
    std::size_t at = from;
    for (; at + block <= words.size(); at += block) {
        std::uint64_t found = 0;
        for (std::size_t i = 0; i < block; ++i) found |= static_cast<std::uint64_t>(words[at + i] == wanted);
        if (found != 0) break;
    }
    while (at < words.size() && words[at] != wanted) ++at;
    return at;
}

}  // namespace halp
