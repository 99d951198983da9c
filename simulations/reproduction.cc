#include "simulations/reproduction.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "simulations/overlay_graph.h"
#include "simulations/peer_cycles.h"

namespace halp::sim {
namespace {

using Report = std::function<void(const Check&)>;

constexpr std::size_t nodes = 10'000;
constexpr std::size_t path_sources = 100;
constexpr int removals = 20;

struct Structure {
    double clustering, path;
};
struct Removal {
    double removed, largest, components;
};
// PeerSim 1.0.5's own Newscast under its own observers, cycle-driven, N = 10 000.
struct Newscast {
    std::size_t c;
    Structure at_start, at_50, at_100;
    double degree, deviation;  // of a second, event-driven program at c = 20, which agrees within 3 %; 0: not known
    std::vector<Removal> removals;
};
const std::vector<Newscast>& peersim() {
    static const std::vector<Newscast> all{
        {20,
         {0.00384, 2.843},
         {0.2915, 3.526},
         {0.2911, 3.487},
         33.5,
         8.24,
         {{0.70, 2999.95, 1.05},
          {0.80, 1996.7, 3.95},
          {0.85, 1486.3, 13.1},
          {0.90, 942.6, 46.4},
          {0.95, 177, 150.6}}},
        {30,
         {0.00593, 2.690},
         {0.2060, 2.896},
         {0.2079, 2.903},
         0,
         0,
         {{0.70, 3000, 1}, {0.80, 1999.9, 1.10}, {0.85, 1498.95, 2.05}, {0.90, 992.8, 7.75}, {0.95, 437, 49.7}}}};
    return all;
}

void check_structure(const std::string& name, const ViewGraph& graph, const Structure& expected, double clustering,
                     double path, SimRandom& random, const Report& report) {
    const GraphFigures got = figures_of(graph, path_sources, random);
    report({name + ", clustering", expected.clustering, got.clustering, clustering, 0});
    report({name + ", path length", expected.path, got.path_length, path, 0});
    report({name + ", components", 1, static_cast<double>(got.components.count), 0, 0});
}

// What is left when random nodes are gone: means of twenty draws.
Components without(const ViewGraph& graph, double removed, SimRandom& random) {
    std::vector<std::size_t> order(graph.views.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    random.shuffle(order);
    std::vector<bool> stays(order.size(), true);
    const auto gone = static_cast<std::size_t>(std::llround(removed * static_cast<double>(order.size())));
    for (std::size_t i = 0; i < gone; ++i) stays[order[i]] = false;
    return components_of(induced(graph, stays));
}

void check_removals(const std::string& name, const ViewGraph& graph, const std::vector<Removal>& expected,
                    SimRandom& random, const Report& report) {
    for (const Removal& row : expected) {
        double largest = 0, count = 0;
        for (int i = 0; i < removals; ++i) {
            const Components left = without(graph, row.removed, random);
            largest += static_cast<double>(left.largest) / removals;
            count += static_cast<double>(left.count) / removals;
        }
        const std::string which = name + ", " + std::to_string(std::lround(row.removed * 100)) + " % removed, ";
        report({which + "largest", row.largest, largest, 0.01, 0});
        report({which + "components", row.components, count, 0.05, 0});
    }
}

void check_newscast(const Newscast& row, const ReproductionOptions& options, const Report& report) {
    const std::string name = "Newscast c = " + std::to_string(row.c);
    PeerCycles swarm{options.seed, nodes, newscast(row.c)};
    SimRandom random{options.seed, 0x6d656173757265};
    check_structure(name + ", start", swarm.graph(), row.at_start, 0.03, 0.03, random, report);
    for (int i = 0; i < 50; ++i) swarm.cycle();
    const ViewGraph graph = swarm.graph();
    check_structure(name + ", cycle 50", graph, row.at_50, 0.05, 0.02, random, report);
    if (row.deviation > 0) {
        report({name + ", cycle 50, undirected degree", row.degree, figures_of(graph, 1, random).degree, 0.03, 0});
        report({name + ", cycle 50, in-degree sd", row.deviation, spread_of(in_degrees(graph)).deviation, 0.03, 0});
    }
    check_removals(name, graph, row.removals, random, report);
    if (options.quick) return;
    for (int i = 50; i < 100; ++i) swarm.cycle();
    check_structure(name + ", cycle 100", swarm.graph(), row.at_100, 0.05, 0.02, random, report);
}

// ---- spread of one item: the bare rule, uniform partners, synchronous rounds ----

struct SpreadRow {
    std::size_t n;
    double rounds[4];  // to 50, 99, 99.9 and 100 %
};
constexpr SpreadRow spread_rows[]{
    {100, {4.5, 6.3, 6.6, 6.6}}, {1'000, {6.6, 8.6, 9.0, 9.2}}, {10'000, {8.7, 10.6, 11.3, 11.8}}};

// Rounds until each share knows it, in one run.
void spread_once(std::size_t n, SimRandom& random, double (&rounds)[4]) {
    static constexpr double shares[]{0.5, 0.99, 0.999, 1};
    std::vector<bool> knows(n, false);
    knows[0] = true;
    std::size_t count = 1, reached = 0;
    for (int round = 1; reached < 4; ++round) {
        const std::vector<bool> before = knows;
        for (std::size_t i = 0; i < n; ++i) {
            std::size_t other = random.below(n - 1);
            other += other >= i;
            if (before[i] != before[other]) knows[i] = knows[other] = true;
        }
        count = static_cast<std::size_t>(std::ranges::count(knows, true));
        while (reached < 4 && static_cast<double>(count) >= shares[reached] * static_cast<double>(n) - 1e-6)
            rounds[reached++] += round;
    }
}

void check_spread(const SpreadRow& row, const ReproductionOptions& options, const Report& report) {
    static constexpr const char* names[]{"50 %", "99 %", "99.9 %", "100 %"};
    constexpr int runs = 20;
    double rounds[4]{};
    SimRandom random{options.seed, row.n};
    for (int i = 0; i < runs; ++i) spread_once(row.n, random, rounds);
    for (std::size_t i = 0; i < 4; ++i)
        report({"push-pull, uniform partners, N = " + std::to_string(row.n) + ", rounds to " + names[i],
                row.rounds[i], rounds[i] / runs, 0, 0.5});
}

}  // namespace

bool Check::met() const { return std::abs(got - expected) <= std::abs(expected) * tolerance + spare + 1e-12; }

void reproduce(const ReproductionOptions& options, const Report& report) {
    for (const Newscast& row : peersim()) check_newscast(row, options, report);
    for (const SpreadRow& row : spread_rows) check_spread(row, options, report);
}

}  // namespace halp::sim
