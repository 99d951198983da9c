#include "simulations/views/overlay_graph.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphml.hpp>
#include <boost/graph/graphviz.hpp>
#include <cmath>
#include <numeric>
#include <ostream>
#include <span>
#include <utility>

#include "simulations/views/edge_sets.h"

namespace halp::sim {
namespace {

// The undirected graph: the neighbours of node n are `others` from begin[n] to begin[n + 1], in order. It takes
// four bytes for each end of an edge, where lists of edges take forty.
struct Undirected {
    std::vector<std::size_t> begin;
    std::vector<std::uint32_t> others;
    [[nodiscard]] std::size_t size() const { return begin.size() - 1; }
    [[nodiscard]] std::span<const std::uint32_t> of(std::size_t node) const {
        return {others.data() + begin[node], begin[node + 1] - begin[node]};
    }
};
struct Named {
    std::string name;
};
using Directed = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Named>;

Undirected undirected(const ViewGraph& graph) {
    const std::size_t nodes = graph.views.size();
    Undirected out{std::vector<std::size_t>(nodes + 1), {}};
    const auto each_end = [&](auto visit) {
        for (std::uint32_t from = 0; from < nodes; ++from)
            for (const std::uint32_t to : graph.views[from])
                if (to != from) {
                    visit(from, to);
                    visit(to, from);
                }
    };
    each_end([&](std::uint32_t from, std::uint32_t) { ++out.begin[from + 1]; });
    std::partial_sum(out.begin.begin(), out.begin.end(), out.begin.begin());
    out.others.resize(out.begin.back());
    std::vector<std::size_t> next(out.begin.begin(), out.begin.end() - 1);
    each_end([&](std::uint32_t from, std::uint32_t to) { out.others[next[from]++] = to; });
    // An edge that is held from both sides is one edge.
    std::size_t kept = 0;
    for (std::size_t node = 0; node < nodes; ++node) {
        const auto first = out.others.begin() + static_cast<std::ptrdiff_t>(out.begin[node]);
        const auto last = out.others.begin() + static_cast<std::ptrdiff_t>(out.begin[node + 1]);
        std::sort(first, last);
        const auto end = std::unique(first, last);
        out.begin[node] = kept;
        kept = static_cast<std::size_t>(
            std::copy(first, end, out.others.begin() + static_cast<std::ptrdiff_t>(kept)) - out.others.begin());
    }
    out.begin[nodes] = kept;
    out.others.resize(kept);
    return out;
}

Directed directed(const ViewGraph& graph) {
    Directed out(graph.views.size());
    for (std::uint32_t from = 0; from < graph.views.size(); ++from) {
        out[from].name = from < graph.names.size() ? graph.names[from] : std::to_string(from);
        for (const std::uint32_t to : graph.views[from]) boost::add_edge(from, to, out);
    }
    return out;
}

std::vector<std::size_t> some_of(std::size_t total, std::size_t wanted, Random& random) {
    std::vector<std::size_t> all(total);
    for (std::size_t i = 0; i < total; ++i) all[i] = i;
    for (std::size_t i = 0; i < std::min(wanted, total); ++i) std::swap(all[i], all[i + random.below(total - i)]);
    all.resize(std::min(wanted, total));
    return all;
}

// Distances from one source: their sum, and how many nodes it reaches.
struct Reach {
    double sum = 0, nodes = 0;
};

// The mean of a ratio estimator, and its standard error for sources drawn without replacement (Cochran, Sampling
// Techniques, 1977, section 6.3).
void set_path_length(const std::vector<Reach>& sources, std::size_t nodes, GraphFigures& out) {
    double sum = 0, pairs = 0, squares = 0;
    for (const Reach& r : sources) {
        sum += r.sum;
        pairs += r.nodes;
    }
    if (pairs <= 0) return;
    out.path_length = sum / pairs;
    const auto drawn = static_cast<double>(sources.size());
    if (sources.size() < 2 || sources.size() >= nodes) return;
    for (const Reach& r : sources) squares += std::pow(r.sum - out.path_length * r.nodes, 2);
    const double not_drawn = 1 - drawn / static_cast<double>(nodes);
    out.path_error = std::sqrt(not_drawn * squares / (drawn - 1) / drawn) / (pairs / drawn);
}

std::vector<Reach> reaches(const Undirected& graph, std::size_t sources, Random& random) {
    constexpr std::uint32_t unseen = 0xffffffff;
    std::vector<Reach> out;
    std::vector<std::uint32_t> distance(graph.size()), queue;
    queue.reserve(graph.size());
    for (const std::size_t source : some_of(graph.size(), sources, random)) {
        std::ranges::fill(distance, unseen);
        queue.assign(1, static_cast<std::uint32_t>(source));
        distance[source] = 0;
        Reach& reach = out.emplace_back();
        for (std::size_t at = 0; at < queue.size(); ++at) {
            const std::uint32_t node = queue[at];
            for (const std::uint32_t other : graph.of(node)) {
                if (distance[other] != unseen) continue;
                distance[other] = distance[node] + 1;
                queue.push_back(other);
            }
            reach.sum += distance[node];
        }
        reach.nodes = static_cast<double>(queue.size() - 1);
    }
    return out;
}

// The mean of the local coefficients: of the pairs of neighbours of a node, the share that is linked.
double clustering(const Undirected& graph) {
    double sum = 0;
    std::vector<bool> near(graph.size());
    for (std::size_t node = 0; node < graph.size(); ++node) {
        const std::span<const std::uint32_t> others = graph.of(node);
        if (others.size() < 2) continue;
        for (const std::uint32_t other : others) near[other] = true;
        std::size_t linked = 0;  // each pair twice
        for (const std::uint32_t other : others)
            for (const std::uint32_t further : graph.of(other)) linked += near[further];
        for (const std::uint32_t other : others) near[other] = false;
        const std::size_t pairs = others.size() * (others.size() - 1) / 2;
        sum += static_cast<float>(linked / 2) / static_cast<float>(pairs);  // as Boost.Graph counts, in a float
    }
    return graph.size() == 0 ? 0 : sum / static_cast<double>(graph.size());
}

}  // namespace

Components components_of(const ViewGraph& graph, std::vector<bool>* in_largest) {
    EdgeSets sets{graph.views.size()};
    for (std::uint32_t from = 0; from < graph.views.size(); ++from)
        for (const std::uint32_t to : graph.views[from]) sets.join(from, to);
    if (in_largest) in_largest->clear();
    return sets.components(std::vector<bool>(graph.views.size(), true), in_largest);
}

GraphFigures figures_of(const ViewGraph& graph, std::size_t sources, Random& random) {
    const Undirected edges = undirected(graph);
    GraphFigures out;
    out.components = components_of(graph);
    out.clustering = clustering(edges);
    set_path_length(reaches(edges, sources, random), graph.views.size(), out);
    out.path_sources = std::min(sources, graph.views.size());
    if (!graph.views.empty())
        out.degree = static_cast<double>(edges.others.size()) / static_cast<double>(graph.views.size());
    return out;
}

std::vector<std::uint32_t> in_degrees(const ViewGraph& graph) {
    std::vector<std::uint32_t> degrees(graph.views.size());
    for (const auto& view : graph.views)
        for (const std::uint32_t to : view) ++degrees[to];
    return degrees;
}

ViewGraph induced(const ViewGraph& graph, const std::vector<bool>& stays) {
    constexpr std::uint32_t gone = 0xffffffff;
    std::vector<std::uint32_t> number(graph.views.size(), gone);
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < number.size(); ++i)
        if (stays[i]) number[i] = next++;
    ViewGraph out;
    for (std::size_t i = 0; i < number.size(); ++i) {
        if (!stays[i]) continue;
        if (i < graph.names.size()) out.names.push_back(graph.names[i]);
        auto& view = out.views.emplace_back();
        for (const std::uint32_t to : graph.views[i])
            if (stays[to]) view.push_back(number[to]);
    }
    return out;
}

Spread spread_of(const std::vector<std::uint32_t>& values) {
    Spread out;
    if (values.empty()) return out;
    double sum = 0, squares = 0;
    for (const std::uint32_t v : values) {
        sum += v;
        squares += static_cast<double>(v) * v;
        out.max = std::max(out.max, static_cast<double>(v));
    }
    const auto n = static_cast<double>(values.size());
    out.mean = sum / n;
    out.deviation = std::sqrt(std::max(0.0, squares / n - out.mean * out.mean));
    return out;
}

void write_graphml(std::ostream& out, const ViewGraph& graph) {
    Directed edges = directed(graph);
    boost::dynamic_properties properties;
    properties.property("name", boost::get(&Named::name, edges));
    boost::write_graphml(out, edges, properties, true);
}

void write_dot(std::ostream& out, const ViewGraph& graph) {
    const Directed edges = directed(graph);
    boost::write_graphviz(out, edges, boost::make_label_writer(boost::get(&Named::name, edges)));
}

}  // namespace halp::sim
