#include "tools/halp-sim/views_verb.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <string>

#include "simulations/views/overlay_graph.h"
#include "simulations/views/peer_cycles.h"
#include "simulations/views/view_swarm.h"
#include "simulations/world/sim_random.h"
#include "tools/halp-sim/memory_need.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/program/durations.h"
#include "tools/program/json.h"
#include "tools/program/on_interrupt.h"
#include "tools/program/progress_line.h"

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
        o.view = newscast(command.views.view);
    }
    return o;
}

// What a run of views has to tell.
struct ViewsOutcome {
    std::string rule;
    ViewSwarmOptions options;
    std::uint32_t periods = 0;  // played
    std::uint64_t digest = 0;
    ViewSwarmCounters done = {};
    double cpu_s = 0;
    std::optional<GraphFigures> figures = {};
    Spread degrees = {};
};

double messages_per_cpu_s(const ViewsOutcome& o) {
    return static_cast<double>(o.done.messages) / std::max(o.cpu_s, 1e-9);
}
double bytes_per_message(const ViewsOutcome& o) {
    return static_cast<double>(o.done.wire_bytes) /
           static_cast<double>(std::max<std::uint64_t>(o.done.messages, 1));
}

void measure_figures(const ViewSwarm& swarm, ViewsOutcome& o) {
    SimRandom random{o.options.seed, 0x6d656173757265};
    const ViewGraph graph = swarm.graph();
    if (graph.views.empty()) return;  // rank 0 has all nodes
    o.figures = figures_of(graph, 100, random);
    o.degrees = spread_of(in_degrees(graph));
}

void print_outcome(const ViewsOutcome& o, std::ostream& out) {
    out << text("%s: %u nodes, %u periods, seed %llu\n", o.rule.c_str(), o.options.nodes, o.periods,
                static_cast<unsigned long long>(o.options.seed));
    out << text("digest %016llx, %llu messages in %.1f s of CPU: %.0f messages per CPU second\n",
                static_cast<unsigned long long>(o.digest), static_cast<unsigned long long>(o.done.messages),
                o.cpu_s, messages_per_cpu_s(o));
    if (o.options.wire) out << text("%.0f bytes a message\n", bytes_per_message(o));
    if (!o.figures) return;
    out << text("clustering %.4f, path length %s, %zu component(s), in-degree %.1f (sd %.2f, max %.0f)\n",
                o.figures->clustering, path_text(*o.figures, o.options.nodes).c_str(), o.figures->components.count,
                o.degrees.mean, o.degrees.deviation, o.degrees.max);
}

std::string json_of(const ViewsOutcome& o, bool complete) {
    Json out = Json::object({{"schema_version", 2},
                             {"rule", o.rule},
                             {"nodes", o.options.nodes},
                             {"periods", o.periods},
                             {"complete", complete},
                             {"seed", std::to_string(o.options.seed)},
                             {"digest", digest_text(o.digest)},
                             {"messages", o.done.messages},
                             {"cpu_s", o.cpu_s},
                             {"messages_per_cpu_s", messages_per_cpu_s(o)},
                             {"bytes_per_message", o.options.wire ? Json{bytes_per_message(o)} : Json{}}});
    Json overlay;
    if (o.figures) overlay = overlay_json(o.options.nodes, *o.figures, o.degrees);
    return out.set("overlay", overlay).line();
}

// What is wrong with the options together, in the words of the command line.
std::string mistake_in(const ViewSwarmOptions& options) {
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

int simulate_views(const CommandLine& command, const Streams& streams) {
    ViewsOutcome outcome{.rule = command.views.rule, .options = options_of(command)};
    if (const std::string mistake = mistake_in(outcome.options); !mistake.empty()) {
        streams.err << "halp-sim: " << mistake << "\nTry `halp-sim views --help`.\n";
        return exit_usage;
    }
    Ranks* const ranks = command.ranks;
    if (auto fit = fit_into_memory(outcome.options.nodes, command); !fit) return failed(streams, fit.error());
    const double began = cpu_seconds();
    const OnInterrupt interrupt;
    ViewSwarm swarm{outcome.options, ranks};
    ProgressLine progress{streams.progress};
    const auto asked = [&] { return ranks ? ranks->sum(interrupt.asked() ? 1 : 0) > 0 : interrupt.asked(); };
    while (outcome.periods < command.views.periods && !asked()) {
        swarm.run_periods(1);
        progress.show(text("period %u of %u", ++outcome.periods, command.views.periods));
    }
    progress.erase();
    outcome.cpu_s = cpu_seconds() - began;
    if (ranks)
        outcome.cpu_s = static_cast<double>(ranks->sum(static_cast<std::uint64_t>(outcome.cpu_s * 1e6))) / 1e6;
    outcome.done = swarm.counters();
    outcome.digest = swarm.digest();
    const bool complete = outcome.periods == command.views.periods;
    if (command.views.figures && complete) measure_figures(swarm, outcome);
    if (command.json)
        streams.out << json_of(outcome, complete) << "\n";
    else
        print_outcome(outcome, streams.out);
    if (complete) return exit_done;
    tell_how_much(streams, outcome.periods, command.views.periods, "periods", false);
    return exit_interrupted;
}

}  // namespace halp::sim
