// The only hash of the project that leaves the process, in digests on the wire (store/README.md, "Hashes"). It is
// the same on every machine and in every version. It has no key, so an index by it must survive crafted collisions.
#pragma once

#include <cstdint>
#include <string_view>

namespace halp {

inline constexpr std::uint64_t fnv_start = 0xcbf29ce484222325;

// FNV-1a, 64 bits. Pass an earlier result as `state` to go on.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t state = fnv_start) {
    for (const char byte : bytes) {
        state ^= static_cast<std::uint8_t>(byte);
        state *= 0x100000001b3;
    }
    return state;
}

// A bijection that spreads every input bit over all output bits. FNV alone leaves the high bits of short texts
// alike, and digests XOR their parts.
constexpr std::uint64_t mix(std::uint64_t bits) {
    bits ^= bits >> 33;
    bits *= 0xff51afd7ed558ccd;
    bits ^= bits >> 33;
    bits *= 0xc4ceb9fe1a85ec53;
    return bits ^ (bits >> 33);
}

}  // namespace halp
