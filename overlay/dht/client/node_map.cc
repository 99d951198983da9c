#include "overlay/dht/client/node_map.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace halp {

std::vector<NodeNumber> NodeMap::newest_first(Key key) const {
    std::vector<std::pair<std::uint64_t, NodeNumber>> covering;
    for (const auto& [node, entry] : entries_)
        if (entry.range.contains(key)) covering.emplace_back(entry.sequence, node);
    std::ranges::sort(covering, std::greater{});
    std::vector<NodeNumber> nodes;
    nodes.reserve(covering.size());
    for (const auto& found : covering) nodes.push_back(found.second);
    return nodes;
}

std::optional<NodeNumber> NodeMap::newest(Key key) const {
    const std::pair<const NodeNumber, Entry>* best = nullptr;
    for (const auto& entry : entries_)
        if (entry.second.range.contains(key) && (!best || entry.second.sequence > best->second.sequence))
            best = &entry;
    return best ? std::optional(best->first) : std::nullopt;
}

}  // namespace halp
