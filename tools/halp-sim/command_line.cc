#include "tools/halp-sim/command_line.h"

#include <string_view>

#include "simulations/published/reproduction.h"
#include "simulations/swarm/goals.h"
#include "simulations/swarm/scenario_fields.h"
#include "tools/program/arguments.h"

namespace halp::sim {
namespace {

constexpr const char* program_about = "Plays swarms of the real HALP node in virtual time.";
constexpr std::uint64_t view_nodes_max = 1ULL << 27;  // as ViewSwarmOptions::fault()

void add_common(Arguments& verb, CommandLine& command) {
    verb.option("--seed", &command.seed, "instead of the scenario's; with --seeds the first of them");
    verb.option("--seeds", &command.seeds, "play so many seeds; from 20 on with 5-95 % bands")
        .whole_between(1, 1000);
    verb.option("--nodes", &command.nodes, "instead of the scenario's").whole_between(2, scenario_nodes_max);
    verb.option("--set", &command.settings, "key=value over the file, such as gossip.period=2s; repeatable")
        .repeated();
    verb.option("-j,--jobs", &command.jobs, "runs at a time; default: one a core").whole_between(0, 1024);
}

void add_force(Arguments& verb, CommandLine& command) {
    verb.flag("--force", command.force, "replace the results that an earlier run has left in the directory of -o");
}

void add_run(Arguments& arguments, CommandLine& command) {
    Arguments& run = arguments.verb("run", "play a scenario", [&command] { command.verb = Verb::run; });
    run.option("scenario", &command.scenario, "a YAML file, or a name of `halp-sim list`").required();
    add_common(run, command);
    run.option("-o,--output", &command.directory, "where summary.json, CSV, report.html and the graphs go");
    add_force(run, command);
}

void add_show(Arguments& arguments, CommandLine& command) {
    Arguments& show = arguments.verb("show", "print a built-in scenario, to begin one's own from",
                                     [&command] { command.verb = Verb::show; });
    show.option("scenario", &command.scenario, "a name of `halp-sim list`").required();
}

void add_sweep(Arguments& arguments, CommandLine& command) {
    Arguments& sweep = arguments.verb("sweep", "play every combination of settings with several seeds",
                                      [&command] { command.verb = Verb::sweep; });
    sweep.option("what", &command.scenario, "a sweep file, a scenario file or a name of `halp-sim list`")
        .required();
    sweep
        .option("--vary", &command.varied,
                "key=value,value,... such as nodes=100,200,400; repeatable, all combinations are played")
        .repeated();
    add_common(sweep, command);
    sweep.flag("--resume", command.resume, "go on with the sweep that is in the directory of -o");
    add_force(sweep, command);
    sweep.option("--shard", &command.shard,
                 "i/n: the i-th of n parts, for job arrays; each into a directory of its own");
    sweep
        .option("--merge", &command.merged,
                "play nothing: put the shards of such directories together; once for each")
        .repeated();
    sweep.option("-o,--output", &command.directory, "where runs.csv, sweep.csv, report.html and the records go");
}

void add_compare(Arguments& arguments, CommandLine& command) {
    Arguments& compare =
        arguments.verb("compare", "two runs side by side", [&command] { command.verb = Verb::compare; });
    compare.option("a", &command.scenario, "a directory of `run -o`, or a summary.json").required();
    compare.option("b", &command.other, "another").required();
    compare.option("-o,--output", &command.directory, "where compare.html goes");
    add_force(compare, command);
}

void add_faults(Arguments& arguments, CommandLine& command) {
    Arguments& faults = arguments.verb("faults", "random faults against a swarm, with every checker on",
                                       [&command] { command.verb = Verb::faults; });
    faults.option("--seeds", &command.seeds, "how many runs; default 1").whole_between(1, 100'000);
    faults.option("--seed", &command.seed, "of the first run; default: a fresh one");
    faults.option("--nodes", &command.nodes, "default 32").whole_between(2, 10'000);
    faults.option("--minutes", &command.minutes, "of faults, virtual; then they end; default 10")
        .between(0.02, 1440);
    faults.flag("--hostile", command.hostile, "hostile nodes, too, that lie to all others by gossip");
    faults.option("--kinds", &command.kinds, "only such faults, for example move,suspend; default: all kinds");
    faults.option("--heal", &command.heal, "virtual seconds by which it must have converged then; default 240")
        .between(0, 86'400);
    faults.option("-j,--jobs", &command.jobs, "runs at a time; default: one a core").whole_between(0, 1024);
    faults.option("-o,--output", &command.directory, "where records of failures go; default: here");
}

void add_replay(Arguments& arguments, CommandLine& command) {
    Arguments& replay = arguments.verb("replay", "play a recorded run again and tell whether it is the same",
                                       [&command] { command.verb = Verb::replay; });
    replay.option("record", &command.scenario, "run.yaml, the directory of `run -o`, or what `faults` wrote")
        .required();
    replay.option("-o,--output", &command.directory, "where the files of the new run go");
    add_force(replay, command);
}

void add_views(Arguments& arguments, CommandLine& command) {
    Arguments& views = arguments.verb("views", "very many peer views, and nothing else of a node",
                                      [&command] { command.verb = Verb::views; });
    views.option("--nodes", &command.nodes, "more than a view holds; default 100 000")
        .whole_between(2, view_nodes_max);
    views.option("--rule", &command.views.rule, "newscast, or the hybrid of halpd")
        .one_of({"newscast", "hybrid"})
        .shows_default();
    views.option("--view", &command.views.view, "size of a Newscast view").whole_between(1, 255).shows_default();
    views.option("--periods", &command.views.periods, "how long").whole_between(1, 2000).shows_default();
    views.option("--seed", &command.seed, "default 1");
    views.option("--threads", &command.views.threads, "the digest is the same with any number")
        .whole_between(1, 64)
        .shows_default();
    views.flag("--heap", command.views.heap, "a binary heap instead of the timing wheel: slower, the same digest");
    views.flag("--wire", command.views.wire, "every message through the gossip codec: slower, the same digest");
    views.flag("--figures", command.views.figures, "also clustering, path length, components, in-degree");
    views.option("-o,--output", &command.directory, "where report.html, views.json, CSV and figures go");
    add_force(views, command);
    views.flag("--json", command.json, "one JSON object");
}

void add_check(Arguments& arguments, CommandLine& command) {
    Arguments& check = arguments.verb("check", "reproduce known results: expected, got, verdict",
                                      [&command] { command.verb = Verb::check; });
    check.flag("--quick", command.quick, "N <= 10 000, without the table of rules");
    check.flag("--json", command.json, "one JSON object per figure and one at the end");
    std::vector<std::string> sections;
    std::string names;
    for (const std::string_view name : reproduction_sections()) {
        sections.emplace_back(name);
        names += (names.empty() ? "" : ", ") + std::string{name};
    }
    check.option("--only", &command.only, "one section: " + names).one_of(sections);
    check.option("--seed", &command.seed, "default 1");
}

void add_goals(Arguments& arguments, CommandLine& command) {
    Arguments& goals = arguments.verb("goals", "where the overlay must end up: limit, got, verdict",
                                      [&command] { command.verb = Verb::goals; });
    goals.flag("--quick", command.quick, "hundreds of nodes instead of thousands");
    goals.flag("--json", command.json, "one JSON object per goal and one at the end");
    const std::vector<std::string> groups = goal_groups();
    std::string names;
    for (const std::string& group : groups) names += (names.empty() ? "" : ", ") + group;
    goals.option("--only", &command.only, "one group: " + names).one_of(groups);
    goals.option("--seed", &command.seed, "default 1");
}

void add_all(Arguments& arguments, CommandLine& command) {
    arguments.version_flag(std::string{"halp-sim "} + HALP_VERSION);
    arguments.needs_a_verb();
    arguments.verb("list", "the built-in scenarios", [&command] { command.verb = Verb::list; });
    add_show(arguments, command);
    add_run(arguments, command);
    add_sweep(arguments, command);
    add_compare(arguments, command);
    add_faults(arguments, command);
    add_replay(arguments, command);
    add_views(arguments, command);
    add_check(arguments, command);
    add_goals(arguments, command);
}

}  // namespace

ArgumentsText command_line_text() {
    CommandLine command;
    Arguments arguments("halp-sim", program_about);
    add_all(arguments, command);
    return arguments.text();
}

Parsed parse_command_line(int argc, const char* const* argv) {
    CommandLine command;
    Arguments arguments("halp-sim", program_about);
    add_all(arguments, command);
    const auto end = arguments.parse(argc, argv);
    if (!end) return {command, {}, exit_done};
    if (end->mistake) return {std::nullopt, "halp-sim: " + end->text + "\n", exit_usage};
    return {std::nullopt, end->text, exit_done};
}

}  // namespace halp::sim
