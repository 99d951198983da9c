#include "tools/halp-sim/views_verb.h"

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <string>

#include "simulations/views/overlay_graph.h"
#include "simulations/views/peer_cycles.h"
#include "simulations/views/view_swarm.h"
#include "simulations/world/sim_random.h"
#include "tools/program/progress_line.h"
#include "tools/program/durations.h"

namespace halp::sim {
namespace {

template <class... Values>
std::string text(const char* format, Values... values) {
    char line[256];
    std::snprintf(line, sizeof line, format, values...);
    return line;
}

ViewSwarmOptions options_of(const CommandLine& command) {
    ViewSwarmOptions o;
    o.seed = command.seed.value_or(1);
    o.nodes = static_cast<std::uint32_t>(std::min<std::uint64_t>(command.nodes.value_or(100'000), 0xffffffff));
    o.threads = command.views.threads;
    o.wire = command.views.wire;
    o.queue = command.views.heap ? QueueKind::heap : QueueKind::wheel;
    if (command.views.rule == "hybrid") {
        o.view = hybrid();
        o.feelers = true;
        o.jitter = ticks_per_period / 5;
    } else {
        o.view = newscast(static_cast<std::size_t>(std::min<std::uint64_t>(command.views.view, 1000)));
    }
    return o;
}

void print_figures(const ViewSwarm& swarm, std::uint64_t seed, std::ostream& out) {
    SimRandom random{seed, 0x6d656173757265};
    const ViewGraph graph = swarm.graph();
    const GraphFigures figures = figures_of(graph, 100, random);
    const Spread degrees = spread_of(in_degrees(graph));
    out << text("clustering %.4f, path length %.3f, %zu component(s), in-degree %.1f (sd %.2f, max %.0f)\n",
                figures.clustering, figures.path_length, figures.components.count, degrees.mean, degrees.deviation,
                degrees.max);
}

}  // namespace

int simulate_views(const CommandLine& command, const Streams& streams) {
    const ViewSwarmOptions options = options_of(command);
    if (const std::string fault = options.fault(); !fault.empty()) {
        streams.err << "halp-sim: " << fault << "\n";
        return exit_usage;
    }
    const double began = cpu_seconds();
    ViewSwarm swarm{options};
    ProgressLine progress{streams.progress ? &streams.err : nullptr};
    for (std::uint32_t period = 1; period <= command.views.periods; ++period) {
        swarm.run_periods(1);
        progress.show(text("period %u of %u", period, command.views.periods));
    }
    progress.erase();
    const double cpu = cpu_seconds() - began;
    const ViewSwarmCounters done = swarm.counters();
    streams.out << text("%s: %u nodes, %u periods, seed %llu\n", command.views.rule.c_str(), options.nodes,
                        command.views.periods, static_cast<unsigned long long>(options.seed));
    streams.out << text("digest %016llx, %llu messages in %.1f s of CPU: %.0f messages per CPU second\n",
                        static_cast<unsigned long long>(swarm.digest()),
                        static_cast<unsigned long long>(done.messages), cpu,
                        static_cast<double>(done.messages) / std::max(cpu, 1e-9));
    if (options.wire)
        streams.out << text(
            "%.0f bytes a message\n",
            static_cast<double>(done.wire_bytes) / static_cast<double>(std::max<std::uint64_t>(done.messages, 1)));
    if (command.views.figures) print_figures(swarm, options.seed, streams.out);
    return exit_done;
}

}  // namespace halp::sim
