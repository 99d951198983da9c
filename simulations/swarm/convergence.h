// The liveness check: the swarm converges after the faults. No dead node is listed as confirmed, announced items
// are listed by every living node and ended ones by none, and the living nodes are one component. In a small swarm
// every living node also lists every other. Every node knows its own address.
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
    bool there = false;  // a living node announces it
};

// What is missing for convergence, as sentences; empty: converged. Of each kind the first few, then a count.
std::vector<std::string> missing(const std::vector<SwarmMember>& members, const std::vector<SwarmItem>& items,
                                 const ViewOptions& view);

}  // namespace halp::sim
