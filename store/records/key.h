// The key of a record: 64 bits without further meaning here. Nodes are responsible by the reversed bits of the
// key, so that small and time-like keys spread over all nodes (overlay/dht/wire/neo.md, 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/result.h"

namespace halp {

enum class Key : std::uint64_t {};

inline constexpr std::size_t key_text_length = 16;

constexpr std::uint64_t value_of(Key key) { return static_cast<std::uint64_t>(key); }

// Swaps bit 0 with bit 63, and so on. It is its own inverse.
constexpr std::uint64_t reversed(std::uint64_t bits) {
    bits = ((bits >> 1) & 0x5555555555555555) | ((bits & 0x5555555555555555) << 1);
    bits = ((bits >> 2) & 0x3333333333333333) | ((bits & 0x3333333333333333) << 2);
    bits = ((bits >> 4) & 0x0f0f0f0f0f0f0f0f) | ((bits & 0x0f0f0f0f0f0f0f0f) << 4);
    bits = ((bits >> 8) & 0x00ff00ff00ff00ff) | ((bits & 0x00ff00ff00ff00ff) << 8);
    bits = ((bits >> 16) & 0x0000ffff0000ffff) | ((bits & 0x0000ffff0000ffff) << 16);
    return (bits >> 32) | (bits << 32);
}

// The place of the key in the hash ranges.
constexpr std::uint64_t place_of(Key key) { return reversed(value_of(key)); }

// 16 hexadecimal digits, lower case, the most significant first.
[[nodiscard]] std::string key_text(Key key);
// Accepts exactly 16 hexadecimal digits of either case.
[[nodiscard]] Result<Key> parse_key(std::string_view text);

}  // namespace halp
