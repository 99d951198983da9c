// Arithmetic of hash ranges for a redistribution: which parts of the node's range leave it, and to whom.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "overlay/dht/wire/legacy_codec.h"
#include "store/records/hash_range.h"

namespace halp {

// The range that contains exactly the keys of both, if there is one.
[[nodiscard]] std::optional<HashRange> joined(const HashRange& one, const HashRange& other);
// The smallest range that contains both.
[[nodiscard]] HashRange hull(const HashRange& one, const HashRange& other);
// The range without a part that contains an end of it (or all of it).
[[nodiscard]] std::optional<HashRange> without(const HashRange& range, const HashRange& part);

// The keys that are in none of the ranges, in order.
[[nodiscard]] std::vector<HashRange> missing_parts(std::vector<HashRange> ranges);

struct LeavingPart {
    HashRange range;
    std::optional<std::size_t> taker;  // index of the node that takes it over; none: no node does
    bool operator==(const LeavingPart&) const = default;
};
// What the range `own` has and `wanted` has not, in order. A key that two nodes want goes to the first of them.
[[nodiscard]] std::vector<LeavingPart> leaving_parts(const HashRange& own, const HashRange& wanted,
                                                     const std::vector<legacy::Takeover>& takers);

}  // namespace halp
