// Liveness: when the faults are over a swarm comes to rest. In a small one every living node lists every living
// node; in any, no dead node is listed as confirmed, what is announced is listed everywhere, what is gone is not,
// and the living are one component.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "overlay/node/overlay_node.h"

namespace halp::sim {

struct SwarmMember {
    Endpoint endpoint;
    const OverlayNode* node = nullptr;  // nullptr: dead
};
struct SwarmItem {
    OwnAnnouncement item;
    bool there = false;  // announced by a living node
};

// What is missing, in sentences; empty: converged. At most `lines_max` of each sort, then how many more.
std::vector<std::string> missing(const std::vector<SwarmMember>& members, const std::vector<SwarmItem>& items,
                                 const ViewOptions& view);

}  // namespace halp::sim
