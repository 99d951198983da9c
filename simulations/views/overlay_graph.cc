#include "simulations/views/overlay_graph.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/clustering_coefficient.hpp>
#include <boost/graph/graphml.hpp>
#include <boost/graph/graphviz.hpp>
#include <cmath>
#include <ostream>
#include <utility>

#include "simulations/views/edge_sets.h"

namespace halp::sim {
namespace {

using Undirected = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
struct Named {
    std::string name;
};
using Directed = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Named>;

Undirected undirected(const ViewGraph& graph) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
    for (std::uint32_t from = 0; from < graph.views.size(); ++from)
        for (const std::uint32_t to : graph.views[from])
            if (to != from) edges.emplace_back(std::minmax(from, to));
    std::ranges::sort(edges);
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    return {edges.begin(), edges.end(), graph.views.size()};
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
    std::vector<Reach> out;
    std::vector<std::size_t> distance(boost::num_vertices(graph));
    for (const std::size_t source : some_of(distance.size(), sources, random)) {
        std::ranges::fill(distance, 0);
        const auto record =
            boost::make_bfs_visitor(boost::record_distances(distance.data(), boost::on_tree_edge{}));
        boost::breadth_first_search(graph, source, boost::visitor(record));
        Reach& reach = out.emplace_back();
        for (const std::size_t d : distance) {
            reach.sum += static_cast<double>(d);
            reach.nodes += d > 0 ? 1 : 0;
        }
    }
    return out;
}

double clustering(const Undirected& graph) {
    double sum = 0;
    const auto [begin, end] = boost::vertices(graph);
    for (auto v = begin; v != end; ++v) sum += boost::clustering_coefficient(graph, *v);
    return begin == end ? 0 : sum / static_cast<double>(boost::num_vertices(graph));
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
        out.degree = 2.0 * static_cast<double>(boost::num_edges(edges)) / static_cast<double>(graph.views.size());
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
