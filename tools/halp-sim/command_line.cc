#include "tools/halp-sim/command_line.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <sstream>

#include "simulations/reproduction.h"

namespace halp::sim {
namespace {

void add_run(CLI::App& app, CommandLine& command) {
    CLI::App* run = app.add_subcommand("run", "play a scenario");
    run->add_option("scenario", command.scenario, "a YAML file, or a name of `halp-sim list`")->required();
    run->add_option("--seed", command.seed, "instead of the scenario's");
    run->add_option("--nodes", command.nodes, "instead of the scenario's");
    run->add_option("--set", command.settings, "key=value over the file, such as gossip.period=2s; repeatable")
        ->allow_extra_args(false);
    run->add_option("-o,--output", command.directory, "where summary.json, CSV, report.html and the graphs go");
    run->callback([&command] { command.verb = Verb::run; });
}

}  // namespace

Parsed parse_command_line(int argc, const char* const* argv) {
    CommandLine command;
    CLI::App app{"Plays swarms of the real HALP node in virtual time."};
    app.set_version_flag("--version", std::string{"halp-sim "} + HALP_VERSION);
    app.require_subcommand(1);
    app.add_subcommand("list", "the built-in scenarios")->callback([&] { command.verb = Verb::list; });
    add_run(app, command);
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
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out, err;
        const int code = app.exit(error, out, err) == 0 ? exit_done : exit_usage;
        return {std::nullopt, code == exit_done ? out.str() : err.str(), code};
    }
    return {command, {}, exit_done};
}

}  // namespace halp::sim
