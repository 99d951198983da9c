// Which places of the key space have been answered for, seen over several nodes: the gaps between their ranges, and
// the places that more than one of them answers for.
#pragma once

#include <string>
#include <vector>

#include "store/records/hash_range.h"

namespace halp::dht {

struct RangeCover {
    std::vector<HashRange> missing;      // nobody has answered; in order, never adjacent
    std::vector<HashRange> overlapping;  // more than one node has answered; in order
    // Whether any node has answered for any place.
    [[nodiscard]] bool nothing() const { return missing == std::vector{HashRange::full()}; }
    bool operator==(const RangeCover&) const = default;
};

// Their order does not matter, and empty ranges are ignored.
[[nodiscard]] RangeCover cover_of(std::vector<HashRange> ranges);

// "no answer for 0x8000000000000000 to 0xffffffffffffffff; more than one node answers for ...", or nothing when
// every place has been answered for once. The places are keys with their bits reversed.
[[nodiscard]] std::string describe(const RangeCover& cover);

}  // namespace halp::dht
