// Which node is to have which range after a change of their number, and what each of them is to be told.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "overlay/dht/wire/legacy_codec.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"

namespace halp {

struct PlannedNode {
    Endpoint node;  // by the legacy protocol
    HashRange now;
    HashRange then;
    bool operator==(const PlannedNode&) const = default;
};

// Even ranges for all nodes in the order given; `leaving` ones at the end get none.
void plan_even(std::vector<PlannedNode>& nodes, std::size_t leaving = 0);
// The nodes of a host share what that host's nodes have now. An error: the ranges of a host's nodes do not adjoin.
[[nodiscard]] Result<void> plan_within_hosts(std::vector<PlannedNode>& nodes);

// What a node is to be told so that it hands over what leaves it. It keeps what it has of its new range; what it
// gets comes from the others.
struct PlannedStep {
    std::size_t node = 0;  // index
    HashRange own;
    std::vector<legacy::Takeover> takers;
};
[[nodiscard]] std::vector<PlannedStep> steps_of(const std::vector<PlannedNode>& nodes);

// How much of the key space the range has, 0 to 1.
[[nodiscard]] double share_of(const HashRange& range);

}  // namespace halp
