// Who has whom in its view, as a graph, and the figures the literature measures on it: components, path length and
// clustering of the undirected graph, in-degree of the directed one. The door to Boost.Graph, beside
// router_graph.cc.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "overlay/environment.h"

namespace halp::sim {

struct ViewGraph {
    std::vector<std::string> names;                 // of the nodes; may be empty
    std::vector<std::vector<std::uint32_t>> views;  // by node: those in its view, all < views.size(), no duplicates
};

struct Components {
    std::size_t count = 0, largest = 0;
};

struct GraphFigures {
    Components components;
    double clustering = 0;   // mean over all nodes of the local coefficient
    double path_length = 0;  // mean over the pairs (sampled source, node it reaches)
    double degree = 0;       // mean, undirected
};

// Of the undirected graph: an edge where one of two nodes has the other.
// `in_largest`, when given, becomes one mark a node.
Components components_of(const ViewGraph& graph, std::vector<bool>* in_largest = nullptr);
// Path lengths from `sources` nodes drawn at random; all of them when there are no more.
GraphFigures figures_of(const ViewGraph& graph, std::size_t sources, Random& random);
std::vector<std::uint32_t> in_degrees(const ViewGraph& graph);
// What is left when only the marked nodes stay.
ViewGraph induced(const ViewGraph& graph, const std::vector<bool>& stays);

struct Spread {
    double mean = 0, deviation = 0, max = 0;
};
Spread spread_of(const std::vector<std::uint32_t>& values);

void write_graphml(std::ostream& out, const ViewGraph& graph);
void write_dot(std::ostream& out, const ViewGraph& graph);

}  // namespace halp::sim
