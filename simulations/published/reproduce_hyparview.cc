// HyParView after 10 to 95 % of 10 000 nodes failed (Leitao, Pereira, Rodrigues, DSN 2007), and the daemon's rule
// after the same failures. The publication has a table of the calm overlay. The figures after failures are of its
// text and plots, so their tolerances are wider.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "simulations/published/published_figures.h"
#include "simulations/published/reproduction_sections.h"
#include "simulations/views/hybrid_cycles.h"
#include "simulations/views/hyparview_cycles.h"
#include "simulations/views/overlay_graph.h"

namespace halp::sim {
namespace {

constexpr int warm_cycles = 50, healing_cycles_max = 30;
constexpr double failures[]{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " % failed"; }

void check_calm(HyParViewCycles swarm, const Section& section) {
    SimRandom random{section.options.seed, 0x63616c6d};
    const ViewGraph graph = swarm.active_graph();
    const GraphFigures got = figures_of(graph, 100, random);
    const std::vector<std::uint32_t> degrees = in_degrees(graph);
    const auto report = [&](const char* key, double value, double relative, double spare) {
        const PublishedFigure& known = published(key);
        section.report({"HyParView, " + std::string{known.figure}, known.value, value, relative, spare});
    };
    if (!section.options.quick) {  // of another number of nodes these are other figures
        // There are some 30 triangles of neighbours; two standard deviations of their number are 37 %.
        report("hyparview/clustering", got.clustering, 0.4, 0);
        report("hyparview/path_length", got.path_length, 0.02, 0);
        double hops = 0;
        for (int i = 0; i < 100; ++i) hops += swarm.broadcast().last_hops;
        report("hyparview/last_delivery", hops / 100, 0, 1);
    }
    const auto full = static_cast<double>(std::ranges::count(degrees, 5U));
    report("hyparview/full_share", full / static_cast<double>(degrees.size()), 0.1, 0);
}

double mean_reached(HyParViewCycles& swarm, int broadcasts) {
    double sum = 0;
    for (int i = 0; i < broadcasts; ++i) sum += swarm.broadcast().reached;
    return sum / broadcasts;
}

// Broadcasts without a cycle between them. TCP is the failure detector of the publication.
void check_reached(HyParViewCycles swarm, double failed, const Section& section) {
    swarm.kill(failed);
    swarm.break_connections();
    const double got = mean_reached(swarm, section.options.quick ? 100 : 1000);
    const std::string what = "HyParView, " + percent(failed) + ", share reached by a broadcast";
    if (failed > 0.9)
        section.report({what, published("hyparview/reached_95").value, got, 0, 0.05});
    else if (failed > 0.8)  // the publication says that this is where it begins to fall
        section.report({what, published("hyparview/reached_95").value, got, 0, 0, Sense::at_least});
    else
        section.report({what, published("hyparview/reached").value, got, 0, 0.02});
}

// The same if broadcasts alone notice failures.
void show_unnoticed(HyParViewCycles swarm, double failed, const Section& section) {
    swarm.kill(failed);
    section.report({"HyParView, " + percent(failed) + ", share reached, failures noticed by use only",
                    published(failed > 0.9 ? "hyparview/reached_95" : "hyparview/reached").value,
                    mean_reached(swarm, section.options.quick ? 100 : 1000), 0, 0, Sense::beside});
}

// Cycles until ten broadcasts reach everybody, as before the failure.
void check_healing(HyParViewCycles swarm, double failed, const Section& section) {
    swarm.kill(failed);
    int cycles = 0;
    do {
        swarm.cycle();
        ++cycles;
    } while (mean_reached(swarm, 10) < 1 && cycles < healing_cycles_max);
    const std::string what = "HyParView, " + percent(failed) + ", cycles until broadcasts reach all";
    if (failed > 0.9)
        section.report({what, 0, static_cast<double>(cycles), 0, 0, Sense::beside});
    else
        section.report({what, published(failed < 0.8 ? "hyparview/healing" : "hyparview/healing_90").value,
                        static_cast<double>(cycles), 0, 0, Sense::at_most});
}

// How far the views of the living lead: the mean share of them that a walk over the views reaches.
double reach_of(const ViewGraph& graph, int sources, SimRandom& random) {
    double sum = 0;
    for (int i = 0; i < sources; ++i) {
        std::vector<bool> seen(graph.views.size());
        std::vector<std::uint32_t> queue{static_cast<std::uint32_t>(random.below(seen.size()))};
        seen[queue.front()] = true;
        for (std::size_t at = 0; at < queue.size(); ++at)
            for (const std::uint32_t other : graph.views[queue[at]])
                if (!seen[other]) {
                    seen[other] = true;
                    queue.push_back(other);
                }
        sum += static_cast<double>(queue.size()) / static_cast<double>(seen.size());
    }
    return sum / sources;
}

// The daemon does not flood its view, and it may exchange with whom it cannot flood to; so this is no reproduction.
void show_hybrid(double failed, std::size_t nodes, const Section& section) {
    const std::string name = "the daemon's rule, " + percent(failed) + ", ";
    section.working_on(name);
    HybridOptions options;
    options.checks_after_failure = true;
    HybridCycles swarm{section.options.seed, options};
    swarm.start_at_random(nodes, 0, 24);
    for (int i = 0; i < warm_cycles; ++i) swarm.cycle();
    swarm.kill(failed);
    SimRandom random{section.options.seed, 0x726561636865};
    const double known = published(failed > 0.9 ? "hyparview/reached_95" : "hyparview/reached").value;
    section.report(
        {name + "share reached over the views", known, reach_of(swarm.graph(), 200, random), 0, 0, Sense::beside});
    int cycles = 0;
    do {
        swarm.cycle();
        ++cycles;
    } while (reach_of(swarm.graph(), 10, random) < 1 && cycles < healing_cycles_max);
    section.report({name + "cycles until the views reach all",
                    published(failed < 0.8 ? "hyparview/healing" : "hyparview/healing_90").value,
                    static_cast<double>(cycles), 0, 0, Sense::beside});
}

}  // namespace

void reproduce_hyparview(const Section& section) {
    const std::size_t nodes = section.options.quick ? 1'000 : 10'000;
    section.working_on("HyParView, " + std::to_string(warm_cycles) + " cycles");
    HyParViewCycles swarm{section.options.seed, nodes};
    for (int i = 0; i < warm_cycles; ++i) swarm.cycle();
    check_calm(swarm, section);
    for (const double failed : failures) {
        // Of 1000 nodes, 50 to 200 survivors are too few: one of them is a percent.
        if (section.options.quick && failed > 0.7) continue;
        section.working_on("HyParView, " + percent(failed));
        check_reached(swarm, failed, section);
        check_healing(swarm, failed, section);
        if (failed == 0.5 || failed == 0.7 || failed == 0.95) show_unnoticed(swarm, failed, section);
    }
    for (const double failed : {0.5, 0.8, 0.9, 0.95})
        if (!section.options.quick || failed == 0.5) show_hybrid(failed, nodes, section);
}

}  // namespace halp::sim
