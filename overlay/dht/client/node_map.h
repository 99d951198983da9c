// Which node covers which keys, as the nodes have reported. A later report is newer. While records move between
// nodes, several nodes may cover a key; the newest of them is the future owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "store/records/hash_range.h"
#include "store/records/key.h"

namespace halp {

// A node's number within one client, in the order in which the client learned of the nodes.
enum class NodeNumber : std::uint32_t {};

class NodeMap {
public:
    // Returns true when the node had no range before.
    bool set(NodeNumber node, const HashRange& range) {
        const bool first = !entries_.contains(node);
        entries_[node] = {range, ++sequence_};
        return first;
    }
    void forget(NodeNumber node) { entries_.erase(node); }

    [[nodiscard]] std::vector<NodeNumber> newest_first(Key key) const;
    [[nodiscard]] std::optional<NodeNumber> newest(Key key) const;
    [[nodiscard]] std::optional<HashRange> range(NodeNumber node) const {
        const auto at = entries_.find(node);
        return at == entries_.end() ? std::nullopt : std::optional(at->second.range);
    }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        HashRange range;
        std::uint64_t sequence = 0;
    };
    std::map<NodeNumber, Entry> entries_;
    std::uint64_t sequence_ = 0;
};

}  // namespace halp
