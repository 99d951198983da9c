// Components of an undirected graph whose edges come one by one (union-find, halving paths). It keeps four bytes a
// node and no edges.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "simulations/views/overlay_graph.h"

namespace halp::sim {

class EdgeSets {
public:
    explicit EdgeSets(std::size_t nodes = 0) : parent_(nodes) { std::iota(parent_.begin(), parent_.end(), 0U); }

    void join(std::uint32_t a, std::uint32_t b) {
        std::uint32_t low = root(a), high = root(b);
        if (low > high) std::swap(low, high);
        parent_[high] = low;
    }
    // Of the marked nodes; no edge leads to another one. `in_largest` receives one mark for each of them. Of
    // equally large components the one with the lowest node counts.
    Components components(const std::vector<bool>& marks, std::vector<bool>* in_largest = nullptr) {
        std::vector<std::uint32_t> sizes(parent_.size());
        Components out;
        for (std::uint32_t node = 0; node < parent_.size(); ++node)
            if (marks[node]) out.count += sizes[root(node)]++ == 0;
        if (out.count == 0) return out;
        const auto largest = std::max_element(sizes.begin(), sizes.end());
        out.largest = *largest;
        if (!in_largest) return out;
        const auto wanted = static_cast<std::uint32_t>(largest - sizes.begin());
        for (std::uint32_t node = 0; node < parent_.size(); ++node)
            if (marks[node]) in_largest->push_back(root(node) == wanted);
        return out;
    }

private:
    std::uint32_t root(std::uint32_t node) {
        while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
        return node;
    }

    std::vector<std::uint32_t> parent_;  // never a higher node
};

}  // namespace halp::sim
