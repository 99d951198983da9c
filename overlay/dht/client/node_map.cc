#include "overlay/dht/client/node_map.h"

#include <limits>

namespace halp {

void NodeList::reverse() {
    NodeList other;
    for (std::size_t i = size_; i-- > 0;) other.push_back((*this)[i]);
    *this = std::move(other);
}

const std::pair<const NodeNumber, NodeMap::Entry>* NodeMap::newest_below(Key key, std::uint64_t sequence) const {
    const std::pair<const NodeNumber, Entry>* best = nullptr;
    for (const auto& entry : entries_)
        if (entry.second.sequence < sequence && entry.second.range.contains(key) &&
            (!best || entry.second.sequence > best->second.sequence))
            best = &entry;
    return best;
}

NodeList NodeMap::newest_first(Key key) const {
    NodeList nodes;
    std::uint64_t below = std::numeric_limits<std::uint64_t>::max();
    while (const auto* next = newest_below(key, below)) {
        nodes.push_back(next->first);
        below = next->second.sequence;
    }
    return nodes;
}

std::optional<NodeNumber> NodeMap::newest(Key key) const {
    const auto* best = newest_below(key, std::numeric_limits<std::uint64_t>::max());
    return best ? std::optional(best->first) : std::nullopt;
}

}  // namespace halp
