// Newscast of PeerSim 1.0.5, measured by its own observers, and a second, event-driven program of Newscast.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "simulations/published/published_figures.h"
#include "simulations/published/reproduction_sections.h"
#include "simulations/views/overlay_graph.h"
#include "simulations/views/peer_cycles.h"

namespace halp::sim {
namespace {

constexpr std::size_t newscast_nodes = 10'000;
constexpr std::size_t path_sources = 100;
constexpr const char* path_length_name = ", path length (from 100 nodes)";  // an estimate
constexpr int oracle_removals = 20;  // PeerSim's figures are means of so many removals
constexpr int own_removals = 200;

struct Structure {
    double clustering, path;
};
struct Removal {
    double removed, largest, components;
};
struct Newscast {
    std::size_t c;
    Structure at_start, at_50, at_100;
    std::vector<Removal> removals;
};
const std::vector<Newscast>& peersim() {
    static const std::vector<Newscast> all{
        {20,
         {0.00384, 2.843},
         {0.2915, 3.526},
         {published("newscast/clustering").value, published("newscast/path_length").value},
         {{0.70, 2999.95, 1.05},
          {0.80, 1996.7, 3.95},
          {0.85, 1486.3, 13.1},
          {0.90, 942.6, 46.4},
          {0.95, 177, 150.6}}},
        {30,
         {0.00593, 2.690},
         {0.2060, 2.896},
         {0.2079, 2.903},
         {{0.70, 3000, 1}, {0.80, 1999.9, 1.10}, {0.85, 1498.95, 2.05}, {0.90, 992.8, 7.75}, {0.95, 437, 49.7}}}};
    return all;
}

void check_structure(const std::string& name, const ViewGraph& graph, const Structure& expected, double clustering,
                     double path, SimRandom& random, const Section& section) {
    const GraphFigures got = figures_of(graph, path_sources, random);
    section.report({name + ", clustering", expected.clustering, got.clustering, clustering});
    section.report({name + path_length_name, expected.path, got.path_length, path});
    section.report({name + ", components", 1, static_cast<double>(got.components.count)});
}

// The largest component and the number of components after random nodes are removed. It runs thousands of times, so
// it builds no graph.
Components without(const ViewGraph& graph, double removed, SimRandom& random) {
    const std::size_t n = graph.views.size();
    std::vector<std::uint32_t> order(n), root(n), size(n, 1);
    std::iota(order.begin(), order.end(), 0U);
    root = order;
    random.shuffle(order);
    std::vector<bool> stays(n, true);
    const auto gone = static_cast<std::size_t>(std::llround(removed * static_cast<double>(n)));
    for (std::size_t i = 0; i < gone; ++i) stays[order[i]] = false;
    const auto root_of = [&](std::uint32_t i) {
        while (root[i] != i) i = root[i] = root[root[i]];
        return i;
    };
    Components out{n - gone, 1};
    for (std::uint32_t i = 0; i < n; ++i) {
        if (!stays[i]) continue;
        for (const std::uint32_t other : graph.views[i]) {
            if (!stays[other]) continue;
            std::uint32_t a = root_of(i), b = root_of(other);
            if (a == b) continue;
            if (size[a] < size[b]) std::swap(a, b);
            root[b] = a;
            size[a] += size[b];
            --out.count;
            out.largest = std::max<std::size_t>(out.largest, size[a]);
        }
    }
    return out;
}

struct Mean {
    double sum = 0, squares = 0, n = 0;
    void add(double x) {
        sum += x;
        squares += x * x;
        ++n;
    }
    [[nodiscard]] double mean() const { return sum / n; }
    // Two standard errors of the difference between this mean and a mean of `others` draws.
    [[nodiscard]] double two_errors(double others) const {
        return 2 * std::sqrt(std::max(0.0, squares / n - mean() * mean()) * (1 / n + 1 / others));
    }
};

// PeerSim's means of twenty draws have a sampling error, which is estimated from our draws and added to the
// tolerance.
void check_removals(const std::string& name, const ViewGraph& graph, const std::vector<Removal>& expected,
                    SimRandom& random, const Section& section) {
    for (const Removal& row : expected) {
        Mean largest, count;
        for (int i = 0; i < own_removals; ++i) {
            const Components left = without(graph, row.removed, random);
            largest.add(static_cast<double>(left.largest));
            count.add(static_cast<double>(left.count));
        }
        const std::string which = name + ", " + std::to_string(std::lround(row.removed * 100)) + " % removed, ";
        section.report({which + "largest", row.largest, largest.mean(), 0.01, largest.two_errors(oracle_removals)});
        section.report(
            {which + "components", row.components, count.mean(), 0.05, count.two_errors(oracle_removals)});
    }
}

void check_peersim(const Newscast& row, const Section& section) {
    const std::string name = "Newscast c = " + std::to_string(row.c);
    section.working_on(name + ", N = 10 000, as PeerSim");
    PeerCycles swarm{section.options.seed, newscast_nodes, newscast(row.c), CycleTime::peersim};
    SimRandom random{section.options.seed, 0x6d656173757265};
    check_structure(name + ", start", swarm.graph(), row.at_start, 0.03, 0.03, random, section);
    for (int i = 0; i < 50; ++i) swarm.cycle();
    const ViewGraph graph = swarm.graph();
    check_structure(name + ", cycle 50", graph, row.at_50, 0.05, 0.02, random, section);
    check_removals(name, graph, row.removals, random, section);
    if (section.options.quick) return;
    for (int i = 50; i < 100; ++i) swarm.cycle();
    check_structure(name + ", cycle 100", swarm.graph(), row.at_100, 0.05, 0.02, random, section);
}

// The second program. Its figures are documented to agree with PeerSim within 3 %.
void check_event_driven(const Section& section) {
    const std::string name = "Newscast c = 20, event-driven";
    SimRandom random{section.options.seed, 0x6576656e7473};
    section.working_on(name + ", N = 10 000");
    {
        PeerCycles swarm{section.options.seed, newscast_nodes, newscast(20), CycleTime::delayed};
        for (int i = 0; i < 50; ++i) swarm.cycle();
        const ViewGraph graph = swarm.graph();
        section.report(
            {name + ", degree", published("newscast/degree").value, figures_of(graph, 1, random).degree, 0.03});
        section.report({name + ", in-degree sd", published("newscast/in_degree_sd").value,
                        spread_of(in_degrees(graph)).deviation, 0.03});
    }
    if (section.options.quick) return;
    PeerCycles swarm{section.options.seed, 100'000, newscast(20), CycleTime::delayed};
    for (int i = 0; i < 60; ++i) {
        section.working_on(name + ", N = 100 000, cycle " + std::to_string(i + 1) + " of 60");
        swarm.cycle();
    }
    const ViewGraph graph = swarm.graph();
    const GraphFigures got = figures_of(graph, path_sources, random);
    section.report(
        {name + ", N = 100 000, clustering", published("newscast_large/clustering").value, got.clustering, 0.05});
    section.report({name + ", N = 100 000" + path_length_name, published("newscast_large/path_length").value,
                    got.path_length, 0.02});
    section.report({name + ", N = 100 000, in-degree sd", published("newscast_large/in_degree_sd").value,
                    spread_of(in_degrees(graph)).deviation, 0.03});
}

}  // namespace

void reproduce_newscast(const Section& section) {
    for (const Newscast& row : peersim()) check_peersim(row, section);
    check_event_driven(section);
}

}  // namespace halp::sim
