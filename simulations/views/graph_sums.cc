#include "simulations/views/graph_sums.h"

#include <algorithm>
#include <cmath>

namespace halp::sim {

void NeighbourLists::order() {
    std::size_t kept = 0;
    for (std::size_t node = 0; node < size(); ++node) {
        const auto first = others.begin() + static_cast<std::ptrdiff_t>(begin[node]);
        const auto last = others.begin() + static_cast<std::ptrdiff_t>(begin[node + 1]);
        std::sort(first, last);
        const auto end = std::unique(first, last);
        begin[node] = kept;
        kept = static_cast<std::size_t>(std::copy(first, end, others.begin() + static_cast<std::ptrdiff_t>(kept)) -
                                        others.begin());
    }
    begin.back() = kept;
    others.resize(kept);
}

void set_path_length(const std::vector<Reach>& sources, std::size_t nodes, GraphFigures& out) {
    std::uint64_t sum = 0, pairs = 0;
    for (const Reach& r : sources) {
        sum += r.sum;
        pairs += r.nodes;
    }
    if (pairs == 0) return;
    out.path_length = static_cast<double>(sum) / static_cast<double>(pairs);
    const auto drawn = static_cast<double>(sources.size());
    if (sources.size() < 2 || sources.size() >= nodes) return;
    double squares = 0;
    for (const Reach& r : sources)
        squares += std::pow(static_cast<double>(r.sum) - out.path_length * static_cast<double>(r.nodes), 2);
    const double not_drawn = 1 - drawn / static_cast<double>(nodes);
    out.path_error = std::sqrt(not_drawn * squares / (drawn - 1) / drawn) / (static_cast<double>(pairs) / drawn);
}

std::vector<std::size_t> some_of(std::size_t total, std::size_t wanted, Random& random) {
    std::vector<std::size_t> all(total);
    for (std::size_t i = 0; i < total; ++i) all[i] = i;
    for (std::size_t i = 0; i < std::min(wanted, total); ++i) std::swap(all[i], all[i + random.below(total - i)]);
    all.resize(std::min(wanted, total));
    return all;
}

void ClusteringSum::add(std::size_t degree, std::uint64_t linked_pairs) {
    if (linked_.size() <= degree) linked_.resize(degree + 1);
    linked_[degree] += linked_pairs;
}

double ClusteringSum::mean(std::size_t nodes) const {
    double sum = 0;
    for (std::size_t degree = 2; degree < linked_.size(); ++degree)
        sum += static_cast<double>(linked_[degree]) /
               (static_cast<double>(degree) * (static_cast<double>(degree) - 1) / 2);
    return nodes == 0 ? 0 : sum / static_cast<double>(nodes);
}

void DegreeCounts::add(std::uint32_t degree) {
    if (nodes_.size() <= degree) nodes_.resize(degree + 1);
    ++nodes_[degree];
}

Spread DegreeCounts::spread() const {
    std::uint64_t nodes = 0, sum = 0, squares = 0;
    Spread out;
    for (std::uint64_t degree = 0; degree < nodes_.size(); ++degree) {
        nodes += nodes_[degree];
        sum += nodes_[degree] * degree;
        squares += nodes_[degree] * degree * degree;
        if (nodes_[degree] > 0) out.max = static_cast<double>(degree);
    }
    if (nodes == 0) return out;
    const auto n = static_cast<double>(nodes);
    out.mean = static_cast<double>(sum) / n;
    out.deviation = std::sqrt(std::max(0.0, static_cast<double>(squares) / n - out.mean * out.mean));
    return out;
}

}  // namespace halp::sim
