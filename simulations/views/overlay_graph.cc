#include "simulations/views/overlay_graph.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphml.hpp>
#include <boost/graph/graphviz.hpp>
#include <numeric>
#include <ostream>
#include <span>
#include <utility>

#include "simulations/views/edge_sets.h"
#include "simulations/views/graph_sums.h"

namespace halp::sim {
namespace {

struct Named {
    std::string name;
};
using Directed = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Named>;

NeighbourLists undirected(const ViewGraph& graph) {
    const std::size_t nodes = graph.views.size();
    NeighbourLists out{std::vector<std::size_t>(nodes + 1), {}};
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
    out.order();  // an edge that is held from both sides is one edge
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

std::vector<Reach> reaches(const NeighbourLists& graph, std::size_t sources, Random& random) {
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
        reach.nodes = queue.size() - 1;
    }
    return out;
}

double clustering(const NeighbourLists& graph) {
    ClusteringSum sum;
    std::vector<bool> near(graph.size());
    for (std::size_t node = 0; node < graph.size(); ++node) {
        const std::span<const std::uint32_t> others = graph.of(node);
        for (const std::uint32_t other : others) near[other] = true;
        std::uint64_t linked = 0;  // each pair twice
        for (const std::uint32_t other : others)
            for (const std::uint32_t further : graph.of(other)) linked += near[further] ? 1 : 0;
        for (const std::uint32_t other : others) near[other] = false;
        sum.add(others.size(), linked / 2);
    }
    return sum.mean(graph.size());
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
    const NeighbourLists edges = undirected(graph);
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
    DegreeCounts counts;
    for (const std::uint32_t value : values) counts.add(value);
    return counts.spread();
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
