// The part of the key space a node answers for: both ends inclusive, over bit-reversed keys. One representation of
// empty (min = all ones, max = 0), no wrap-around (overlay/dht/wire/neo.md, "Values").
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "store/records/key.h"
#include "store/result.h"

namespace halp {

class HashRange {
public:
    constexpr HashRange() = default;  // empty
    [[nodiscard]] static constexpr HashRange full() { return {0, last_place}; }
    // min <= max, or exactly the empty pair.
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
    // n nearly equal parts in order, without gaps, the last ending where this one ends. As many as there are places
    // when those are fewer; none of an empty range.
    [[nodiscard]] std::vector<HashRange> split(std::size_t parts) const;

    bool operator==(const HashRange&) const = default;

private:
    static constexpr std::uint64_t last_place = std::numeric_limits<std::uint64_t>::max();
    constexpr HashRange(std::uint64_t min, std::uint64_t max) : min_(min), max_(max) {}

    std::uint64_t min_ = last_place;
    std::uint64_t max_ = 0;
};

// True when the ranges cover this one without gap or overlap. Their order does not matter; empty ones count for
// nothing.
[[nodiscard]] bool tessellates(std::vector<HashRange> ranges, const HashRange& whole = HashRange::full());

}  // namespace halp
