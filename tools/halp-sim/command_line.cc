#include "tools/halp-sim/command_line.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <sstream>

#include "simulations/published/reproduction.h"
#include "tools/program/arguments.h"

namespace halp::sim {
namespace {

void add_common(CLI::App* verb, CommandLine& command) {
    verb->add_option("--seed", command.seed, "instead of the scenario's; with --seeds the first of them");
    verb->add_option("--seeds", command.seeds, "play so many seeds, for 5-95 % bands")->check(CLI::Range(1, 1000));
    verb->add_option("--nodes", command.nodes, "instead of the scenario's");
    verb->add_option("--set", command.settings, "key=value over the file, such as gossip.period=2s; repeatable")
        ->allow_extra_args(false);
    verb->add_option("-j,--jobs", command.jobs, "runs at a time; default: one a core")->check(CLI::Range(0, 1024));
}

void add_run(CLI::App& app, CommandLine& command) {
    CLI::App* run = app.add_subcommand("run", "play a scenario");
    run->add_option("scenario", command.scenario, "a YAML file, or a name of `halp-sim list`")->required();
    add_common(run, command);
    run->add_option("-o,--output", command.directory, "where summary.json, CSV, report.html and the graphs go");
    run->callback([&command] { command.verb = Verb::run; });
}

void add_sweep(CLI::App& app, CommandLine& command) {
    CLI::App* sweep = app.add_subcommand("sweep", "play every combination of settings with several seeds");
    sweep->add_option("what", command.scenario, "a sweep file, a scenario file or a name of `halp-sim list`")
        ->required();
    sweep
        ->add_option("--vary", command.varied,
                     "key=value,value,... such as nodes=100,200,400; repeatable, all combinations are played")
        ->allow_extra_args(false);
    add_common(sweep, command);
    sweep->add_option("-o,--output", command.directory,
                      "where runs.csv, sweep.csv, report.html and the records go");
    sweep->callback([&command] { command.verb = Verb::sweep; });
}

void add_compare(CLI::App& app, CommandLine& command) {
    CLI::App* compare = app.add_subcommand("compare", "two runs side by side");
    compare->add_option("a", command.scenario, "a directory of `run -o`, or a summary.json")->required();
    compare->add_option("b", command.other, "another")->required();
    compare->add_option("-o,--output", command.directory, "where compare.html goes");
    compare->callback([&command] { command.verb = Verb::compare; });
}

void add_faults(CLI::App& app, CommandLine& command) {
    CLI::App* faults = app.add_subcommand("faults", "random faults against a swarm, with every checker on");
    faults->add_option("--seeds", command.seeds, "how many runs; default 1")->check(CLI::Range(1, 100'000));
    faults->add_option("--seed", command.seed, "of the first run; default: a fresh one");
    faults->add_option("--nodes", command.nodes, "default 32")->check(CLI::Range(2, 10'000));
    faults->add_option("--minutes", command.minutes, "of faults, virtual; then they end; default 10")
        ->check(arguments::number(0.02, 1440));
    faults->add_option("--heal", command.heal, "virtual seconds by which it must have converged then; default 240")
        ->check(arguments::number(0, 86'400));
    faults->add_option("-j,--jobs", command.jobs, "runs at a time; default: one a core")
        ->check(CLI::Range(0, 1024));
    faults->add_option("-o,--output", command.directory, "where records of failures go; default: here");
    faults->callback([&command] { command.verb = Verb::faults; });
}

void add_replay(CLI::App& app, CommandLine& command) {
    CLI::App* replay = app.add_subcommand("replay", "play a recorded run again and tell whether it is the same");
    replay->add_option("record", command.scenario, "run.yaml, the directory of `run -o`, or what `faults` wrote")
        ->required();
    replay->add_option("-o,--output", command.directory, "where the files of the new run go");
    replay->callback([&command] { command.verb = Verb::replay; });
}

void add_views(CLI::App& app, CommandLine& command) {
    CLI::App* views = app.add_subcommand("views", "up to a million peer views, and nothing else of a node");
    views->add_option("--nodes", command.nodes, "default 100 000");
    views->add_option("--rule", command.views.rule, "newscast, or the hybrid of halpd")
        ->check(CLI::IsMember({"newscast", "hybrid"}))
        ->capture_default_str();
    views->add_option("--view", command.views.view, "size of a Newscast view")->capture_default_str();
    views->add_option("--periods", command.views.periods, "how long")->check(CLI::Range(1, 2000))->capture_default_str();
    views->add_option("--seed", command.seed, "default 1");
    views->add_option("--threads", command.views.threads, "the digest is the same with any number")->capture_default_str();
    views->add_flag("--heap", command.views.heap, "a binary heap instead of the timing wheel: slower, the same digest");
    views->add_flag("--wire", command.views.wire, "every message through the gossip codec: slower, the same digest");
    views->add_flag("--figures", command.views.figures, "also clustering, path length, components, in-degree");
    views->callback([&command] { command.verb = Verb::views; });
}

}  // namespace

Parsed parse_command_line(int argc, const char* const* argv) {
    CommandLine command;
    CLI::App app{"Plays swarms of the real HALP node in virtual time."};
    app.set_version_flag("--version", std::string{"halp-sim "} + HALP_VERSION);
    app.require_subcommand(1);
    app.add_subcommand("list", "the built-in scenarios")->callback([&] { command.verb = Verb::list; });
    add_run(app, command);
    add_sweep(app, command);
    add_compare(app, command);
    add_faults(app, command);
    add_replay(app, command);
    add_views(app, command);
    CLI::App* check = app.add_subcommand("check", "reproduce known results: expected, got, verdict");
    check->add_flag("--quick", command.quick, "N <= 10 000, without the table of rules");
    check->add_flag("--json", command.json, "one JSON object per figure and one at the end");
    std::string names;
    for (const std::string_view name : reproduction_sections())
        names += (names.empty() ? "" : ", ") + std::string{name};
    check->add_option("--only", command.only, "one section: " + names)
        ->check(CLI::IsMember(
            std::vector<std::string>(reproduction_sections().begin(), reproduction_sections().end())));
    check->add_option("--seed", command.seed, "default 1");
    check->callback([&] { command.verb = Verb::check; });
    CLI::App* goals = app.add_subcommand("goals", "where the overlay must end up: limit, got, verdict");
    goals->add_flag("--quick", command.quick, "hundreds of nodes instead of thousands");
    goals->add_option("--only", command.only, "one group, such as healing");
    goals->add_option("--seed", command.seed, "default 1");
    goals->callback([&] { command.verb = Verb::goals; });
    try {
        arguments::parse(app, argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out, err;
        const int code = app.exit(error, out, err) == 0 ? exit_done : exit_usage;
        return {std::nullopt, code == exit_done ? out.str() : err.str(), code};
    }
    return {command, {}, exit_done};
}

}  // namespace halp::sim
