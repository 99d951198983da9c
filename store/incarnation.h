// Versions of announcements and of nodes, chosen by whoever they speak of (overlay/gossip/rules.md, section 4).
// They are serial numbers as in RFC 1982: of two numbers the one that is less than half the circle ahead is the
// newer one. So every number, also one that was invented or that a wrong clock gave, can be outranked by the next
// one.
#pragma once

#include <cstdint>

namespace halp {

// 0 stands for "none" and is older than every other number. Of two numbers exactly opposite on the circle the
// greater one is the newer one.
[[nodiscard]] constexpr bool newer_incarnation(std::uint32_t a, std::uint32_t b) {
    if (a == 0 || b == 0) return a != 0 && b == 0;
    constexpr std::uint32_t half = 0x80000000U;
    const std::uint32_t ahead = a - b;
    return ahead != 0 && (ahead < half || (ahead == half && a > b));
}

[[nodiscard]] constexpr std::uint32_t newest_incarnation(std::uint32_t a, std::uint32_t b) {
    return newer_incarnation(b, a) ? b : a;
}

// The smallest number that is newer than `last`.
[[nodiscard]] constexpr std::uint32_t incarnation_after(std::uint32_t last) { return last + 1 != 0 ? last + 1 : 1; }

}  // namespace halp
