#include "tools/halp-sim/views_verb.h"

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>

#include "simulations/views/peer_cycles.h"
#include "simulations/views/view_swarm.h"
#include "simulations/world/sim_random.h"
#include "tools/halp-sim/memory_need.h"
#include "tools/halp-sim/report/views_report.h"
#include "tools/program/durations.h"
#include "tools/program/on_interrupt.h"
#include "tools/program/progress_line.h"

namespace halp::sim {
namespace {

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
        o.view = newscast(command.views.view);
    }
    return o;
}

constexpr std::size_t path_sources = 100;

// In several processes the first one gets the graph of all.
void measure_overlay(const ViewSwarm& swarm, ViewsOutcome& o) {
    SimRandom random{o.options.seed, 0x6d656173757265};
    const ViewGraph graph = swarm.graph();
    if (graph.views.empty()) return;  // rank 0 has all nodes
    o.overlay.emplace().figures = figures_of(graph, path_sources, random);
    for (const std::uint32_t degree : in_degrees(graph)) o.overlay->in_degrees.add(degree);
}

// What is wrong with the options together, in the words of the command line.
std::string mistake_in(const ViewSwarmOptions& options, std::uint32_t periods) {
    if (periods > options.periods_max())
        return "--periods: so many nodes are played for " + std::to_string(options.periods_max()) +
               " periods at most.";
    if (options.nodes <= options.view.fresh_max)
        return "--nodes: `" + std::to_string(options.nodes) + "` is not more than the view holds, " +
               std::to_string(options.view.fresh_max) + ".";
    return options.fault();
}

// On each machine the ranks there have a share of the memory. All of them say the same, or some would wait for the
// others for ever.
Result<void> fit_into_memory(std::uint64_t nodes, const CommandLine& command) {
    Ranks* const ranks = command.ranks;
    if (!ranks) return fits(bytes_of_views(nodes, command.views), 1, memory_left());
    const std::uint64_t share = bytes_of_views(nodes / ranks->size() + 1, command.views);
    Result<void> fit = fits(share, ranks->on_this_machine(), memory_left());
    const std::uint64_t short_of = ranks->sum(fit ? 0 : 1);
    if (fit && short_of > 0)
        return Error{ErrorCode::full, std::to_string(short_of) + " ranks do not have the memory for their share"};
    return fit;
}

}  // namespace

namespace {

// Rank 0 writes and speaks; the others end as it does.
int tell(const CommandLine& command, const ViewsOutcome& outcome, const Streams& streams) {
    const bool first = !command.ranks || command.ranks->rank() == 0;
    const bool writes = first && !command.directory.empty();
    if (writes)
        if (auto done = write_views_files(command.directory, outcome); !done) return failed(streams, done.error());
    streams.out << (command.json ? views_json(outcome) + "\n" : views_text(outcome));
    if (writes && !command.json)
        streams.out << "written to " << command.directory << ": report.html, views.json, CSV\n";
    if (outcome.complete) return exit_done;
    tell_how_much(streams, outcome.periods, command.views.periods, "periods", writes);
    return exit_interrupted;
}

}  // namespace

int simulate_views(const CommandLine& command, const Streams& streams) {
    ViewsOutcome outcome{.rule = command.views.rule, .options = options_of(command)};
    if (const std::string mistake = mistake_in(outcome.options, command.views.periods); !mistake.empty()) {
        streams.err << "halp-sim: " << mistake << "\nTry `halp-sim views --help`.\n";
        return exit_usage;
    }
    Ranks* const ranks = command.ranks;
    // One process looks after the directory, and all of them go on or none does.
    const int prepared = !ranks || ranks->rank() == 0 ? prepare_directory(command, {}, streams) : exit_done;
    if (const auto code = ranks ? static_cast<int>(ranks->sum(static_cast<std::uint64_t>(prepared))) : prepared;
        code != exit_done)
        return code;
    if (auto fit = fit_into_memory(outcome.options.nodes, command); !fit) return failed(streams, fit.error());
    const double began = cpu_seconds();
    const OnInterrupt interrupt;
    ViewSwarm swarm{outcome.options, ranks};
    ProgressLine progress{streams.progress};
    const auto asked = [&] { return ranks ? ranks->sum(interrupt.asked() ? 1 : 0) > 0 : interrupt.asked(); };
    while (outcome.periods < command.views.periods && !asked()) {
        swarm.run_periods(1);
        progress.show("period " + std::to_string(++outcome.periods) + " of " +
                      std::to_string(command.views.periods));
    }
    progress.erase();
    outcome.cpu_s = cpu_seconds() - began;
    if (ranks)
        outcome.cpu_s = static_cast<double>(ranks->sum(static_cast<std::uint64_t>(outcome.cpu_s * 1e6))) / 1e6;
    outcome.done = swarm.counters();
    outcome.digest = swarm.digest();
    outcome.complete = outcome.periods == command.views.periods;
    const bool wanted = command.views.figures || !command.directory.empty();
    if (wanted && outcome.complete) measure_overlay(swarm, outcome);
    return tell(command, outcome, streams);
}

}  // namespace halp::sim
