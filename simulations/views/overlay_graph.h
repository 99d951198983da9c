// The graph of views, with the measures of the literature: components, path length and clustering coefficient of
// the undirected graph, in-degree of the directed graph. Only this file and world/router_graph.cc include
// Boost.Graph.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "overlay/environment.h"

namespace halp::sim {

struct ViewGraph {
    std::vector<std::string> names;  // by node; may be empty
    std::vector<std::vector<std::uint32_t>>
        views;  // by node: the nodes in its view, all < views.size(), no duplicates
};

struct Components {
    std::size_t count = 0, largest = 0;
};

struct GraphFigures {
    Components components;
    double clustering = 0;         // mean over all nodes of the local coefficient
    double path_length = 0;        // mean over the pairs (sampled source, node it reaches)
    std::size_t path_sources = 0;  // how many sources; fewer than there are nodes: path_length is an estimate
    double path_error = 0;         // of the estimate: its standard error; 0 when all nodes are sources
    double degree = 0;             // mean, undirected
};

// Components of the undirected graph, which has an edge where one of two nodes has the other in its view.
// `in_largest` receives one mark a node.
Components components_of(const ViewGraph& graph, std::vector<bool>* in_largest = nullptr);
// Path lengths are measured from `sources` nodes drawn at random, at most all.
GraphFigures figures_of(const ViewGraph& graph, std::size_t sources, Random& random);
std::vector<std::uint32_t> in_degrees(const ViewGraph& graph);
// The subgraph of the marked nodes.
ViewGraph induced(const ViewGraph& graph, const std::vector<bool>& stays);

struct Spread {
    double mean = 0, deviation = 0, max = 0;
};
Spread spread_of(const std::vector<std::uint32_t>& values);

void write_graphml(std::ostream& out, const ViewGraph& graph);
void write_dot(std::ostream& out, const ViewGraph& graph);

}  // namespace halp::sim
