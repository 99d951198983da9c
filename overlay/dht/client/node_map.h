// Which node covers which keys, as the nodes have reported. A later report is newer. While records move between
// nodes, several nodes may cover a key; the newest of them is the future owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "store/records/hash_range.h"
#include "store/records/key.h"

namespace halp {

// A node's number within one client, in the order in which the client learned of the nodes.
enum class NodeNumber : std::uint32_t {};

// Nodes in an order. A key has one or two, which need no memory of their own.
class NodeList {
public:
    NodeList() = default;
    explicit NodeList(NodeNumber only) { push_back(only); }
    void push_back(NodeNumber node) {
        if (size_ < few_.size())
            few_[size_] = node;
        else
            more_.push_back(node);
        ++size_;
    }
    void reverse();

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] NodeNumber operator[](std::size_t i) const {
        return i < few_.size() ? few_[i] : more_[i - few_.size()];
    }
    [[nodiscard]] NodeNumber front() const { return few_[0]; }

private:
    std::array<NodeNumber, 2> few_{};
    std::vector<NodeNumber> more_;  // behind them
    std::size_t size_ = 0;
};

class NodeMap {
public:
    // Returns true when the node had no range before.
    bool set(NodeNumber node, const HashRange& range) {
        const bool first = !entries_.contains(node);
        entries_[node] = {range, ++sequence_};
        return first;
    }
    void forget(NodeNumber node) { entries_.erase(node); }

    [[nodiscard]] NodeList newest_first(Key key) const;
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
    // The newest node that covers the key, of those with a lower sequence.
    [[nodiscard]] const std::pair<const NodeNumber, Entry>* newest_below(Key key, std::uint64_t sequence) const;

    std::map<NodeNumber, Entry> entries_;
    std::uint64_t sequence_ = 0;
};

}  // namespace halp
