// The part of the key space that a node answers for (overlay/dht/wire/neo.md, 1): an interval of bit-reversed
// keys, both ends inclusive, without wrap-around. The empty range has exactly one representation: min = all ones,
// max = 0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "store/records/key.h"
#include "store/result.h"

namespace halp {

class HashRange {
public:
    constexpr HashRange() = default;  // the empty range
    [[nodiscard]] static constexpr HashRange full() { return {0, last_place}; }
    // Requires min <= max, or exactly the pair of the empty range.
    [[nodiscard]] static Result<HashRange> make(std::uint64_t min, std::uint64_t max);
    [[nodiscard]] static constexpr bool valid(std::uint64_t min, std::uint64_t max) {
        return min <= max || (min == last_place && max == 0);
    }

    [[nodiscard]] constexpr std::uint64_t min() const { return min_; }
    [[nodiscard]] constexpr std::uint64_t max() const { return max_; }
    [[nodiscard]] constexpr bool empty() const { return min_ > max_; }
    [[nodiscard]] constexpr bool contains(Key key) const {
        const std::uint64_t place = place_of(key);
        return min_ <= place && place <= max_;
    }
    [[nodiscard]] constexpr bool overlaps(const HashRange& other) const {
        return !empty() && !other.empty() && min_ <= other.max_ && other.min_ <= max_;
    }
    // The part that both contain, possibly empty.
    [[nodiscard]] constexpr HashRange common(const HashRange& other) const {
        if (!overlaps(other)) return {};
        return {std::max(min_, other.min_), std::min(max_, other.max_)};
    }
    // Splits the range into nearly equal parts, in order and without gaps. Returns fewer parts when the range has
    // fewer keys, and none for the empty range.
    [[nodiscard]] std::vector<HashRange> split(std::size_t parts) const;

    bool operator==(const HashRange&) const = default;

private:
    static constexpr std::uint64_t last_place = std::numeric_limits<std::uint64_t>::max();
    constexpr HashRange(std::uint64_t min, std::uint64_t max) : min_(min), max_(max) {}

    std::uint64_t min_ = last_place;
    std::uint64_t max_ = 0;
};

// Whether the ranges cover `whole` without gap or overlap. Their order does not matter, and empty ranges are
// ignored.
[[nodiscard]] bool tessellates(std::vector<HashRange> ranges, const HashRange& whole = HashRange::full());

}  // namespace halp
