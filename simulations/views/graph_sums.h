// Measures of a graph as sums of integers, so that their bits do not depend on the order of the nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "overlay/environment.h"
#include "simulations/views/overlay_graph.h"

namespace halp::sim {

// Undirected neighbours, each once and in order: those of the i-th node are `others` from begin[i] to begin[i + 1].
// It takes four bytes for each end of an edge, where lists of edges take forty.
struct NeighbourLists {
    std::vector<std::size_t> begin{0};
    std::vector<std::uint32_t> others{};
    [[nodiscard]] std::size_t size() const { return begin.size() - 1; }
    [[nodiscard]] std::span<const std::uint32_t> of(std::size_t node) const {
        return {others.data() + begin[node], begin[node + 1] - begin[node]};
    }
    void order();  // sorts them, and takes out what is there twice
};

// Distances from one source: their sum, and how many nodes it reaches.
struct Reach {
    std::uint64_t sum = 0, nodes = 0;
};
// The mean of a ratio estimator, and its standard error for sources drawn without replacement (Cochran, Sampling
// Techniques, 1977, section 6.3).
void set_path_length(const std::vector<Reach>& sources, std::size_t nodes, GraphFigures& out);
// `wanted` of so many, drawn at random; at most all.
[[nodiscard]] std::vector<std::size_t> some_of(std::size_t total, std::size_t wanted, Random& random);

// The mean of the local clustering coefficients: of the pairs of neighbours of a node, the share that is linked.
class ClusteringSum {
public:
    void add(std::size_t degree, std::uint64_t linked_pairs);
    // By degree: linked pairs of neighbours of all nodes that have it.
    [[nodiscard]] std::vector<std::uint64_t>& linked() { return linked_; }
    [[nodiscard]] double mean(std::size_t nodes) const;

private:
    std::vector<std::uint64_t> linked_;
};

// How many nodes have each degree.
class DegreeCounts {
public:
    void add(std::uint32_t degree);
    [[nodiscard]] std::vector<std::uint64_t>& nodes_by_degree() { return nodes_; }
    [[nodiscard]] const std::vector<std::uint64_t>& nodes_by_degree() const { return nodes_; }
    [[nodiscard]] Spread spread() const;

private:
    std::vector<std::uint64_t> nodes_;
};

}  // namespace halp::sim
