// The daemon's rule at N = 5 000. The expected figures come from one run of another program. Figures for which less
// is better may be at most 25 % above them.
#include <string>

#include "simulations/published/reproduction_sections.h"
#include "simulations/views/hybrid_cycles.h"

namespace halp::sim {
namespace {

constexpr std::size_t hybrid_nodes = 5'000;

double in_degree_of_first(const HybridCycles& swarm) { return in_degrees(swarm.graph()).front(); }

void check_steady(HybridCycles& swarm, const Section& section) {
    SimRandom random{section.options.seed, 0x737465616479};
    const ViewGraph graph = swarm.graph();
    const GraphFigures figures = figures_of(graph, 20, random);
    section.report(
        {"hybrid, steady, in-degree sd", 7.4, spread_of(in_degrees(graph)).deviation, 0.25, 0, Sense::at_most});
    section.report({"hybrid, steady, clustering", 0.062, figures.clustering, 0.25, 0, Sense::at_most});
    section.report({"hybrid, steady, components", 1, static_cast<double>(figures.components.count)});
}

void check_kill(double share, double dead_at_20, bool checks, const Section& section) {
    const std::string name = "hybrid, " + std::to_string(static_cast<int>(share * 100 + 0.5)) + " % killed, " +
                             (checks ? "view checked after failures, " : "");
    section.working_on(name);
    HybridOptions options;
    options.checks_after_failure = checks;
    HybridCycles swarm{section.options.seed, options};
    swarm.start_at_random(hybrid_nodes, 0, 24);
    for (int i = 0; i < (section.options.quick ? 20 : 100); ++i) swarm.cycle();
    if (share == 0.5 && !checks) check_steady(swarm, section);
    swarm.kill(share);
    for (int i = 0; i < 20; ++i) swarm.cycle();
    const ViewGraph graph = swarm.graph();
    section.report({name + "cut off", 0, static_cast<double>(graph.views.size() - components_of(graph).largest)});
    section.report({name + "dead % at cycle 20", dead_at_20, 100 * swarm.dead_share(), 0.25, 0, Sense::at_most});
}

void check_growth(const Section& section) {
    constexpr std::size_t joins = 50;
    section.working_on("hybrid, growth from one bootstrap");
    HybridCycles swarm{section.options.seed, {}};
    swarm.add_alone();
    while (swarm.size() < hybrid_nodes) {
        for (std::size_t i = 0; i < joins && swarm.size() < hybrid_nodes; ++i) swarm.join(0);
        swarm.cycle();
    }
    const std::string name = "hybrid, 50 joins a cycle, bootstrap's in-degree ";
    section.report({name + "at the end", 550, in_degree_of_first(swarm), 0.25, 0, Sense::at_most});
    for (int i = 0; i < 20; ++i) swarm.cycle();
    section.report({name + "20 cycles later", 200, in_degree_of_first(swarm), 0.25, 0, Sense::at_most});
    for (int i = 20; i < 80; ++i) swarm.cycle();
    section.report({name + "80 cycles later", 77, in_degree_of_first(swarm), 0.25, 0, Sense::at_most});
}

}  // namespace

void reproduce_hybrid(const Section& section) {
    check_kill(0.5, 4.3, false, section);
    if (section.options.quick) return;
    check_kill(0.7, 5.9, false, section);
    check_kill(0.9, 5.0, false, section);
    check_kill(0.9, 5.0, true, section);
    check_growth(section);
}

}  // namespace halp::sim
