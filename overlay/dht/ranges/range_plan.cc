#include "overlay/dht/ranges/range_plan.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "overlay/dht/ranges/range_parts.h"

namespace halp {

void plan_even(std::vector<PlannedNode>& nodes, std::size_t leaving) {
    const std::size_t staying = nodes.size() - std::min(leaving, nodes.size());
    const std::vector<HashRange> parts = HashRange::full().split(staying);
    for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].then = i < parts.size() ? parts[i] : HashRange{};
}

Result<void> plan_within_hosts(std::vector<PlannedNode>& nodes) {
    std::map<std::string, std::vector<PlannedNode*>> hosts;
    for (PlannedNode& node : nodes) hosts[node.node.host].push_back(&node);
    for (auto& [host, own] : hosts) {
        std::vector<HashRange> ranges;
        HashRange whole;
        for (const PlannedNode* node : own) {
            ranges.push_back(node->now);
            whole = hull(whole, node->now);
        }
        if (!whole.empty() && !tessellates(ranges, whole))
            return Error{ErrorCode::invalid, "the ranges of the nodes of " + host + " do not adjoin"};
        const std::vector<HashRange> parts = whole.split(own.size());
        // Nodes that have a range keep their order; those without follow.
        std::ranges::stable_sort(own, {}, [](const PlannedNode* node) { return node->now.min(); });
        for (std::size_t i = 0; i < own.size(); ++i) own[i]->then = i < parts.size() ? parts[i] : HashRange{};
    }
    return {};
}

std::vector<PlannedStep> steps_of(const std::vector<PlannedNode>& nodes) {
    std::vector<PlannedStep> steps;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        PlannedStep step{i, nodes[i].now.common(nodes[i].then), {}};
        if (step.own == nodes[i].now) continue;
        for (std::size_t j = 0; j < nodes.size(); ++j) {
            if (j == i || !nodes[j].then.overlaps(nodes[i].now)) continue;
            step.takers.push_back(
                {nodes[j].node.host, nodes[j].node.port, nodes[j].then.min(), nodes[j].then.max()});
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

double share_of(const HashRange& range) {
    return range.empty() ? 0 : std::ldexp(static_cast<double>(range.max() - range.min()) + 1, -64);
}

}  // namespace halp
