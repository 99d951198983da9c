#include "tools/halp-sim/verbs.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <utility>

#include "config/yaml_reader.h"
#include "simulations/faults/fault_plan.h"
#include "simulations/swarm/built_in_scenarios.h"
#include "simulations/swarm/scenario_reader.h"
#include "simulations/swarm/swarm_run.h"
#include "tools/halp-sim/compare.h"
#include "tools/halp-sim/faults.h"
#include "tools/halp-sim/many_runs.h"
#include "tools/halp-sim/memory_need.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/html_report.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/halp-sim/report/publications.h"
#include "tools/halp-sim/report/run_files.h"
#include "tools/halp-sim/report/views_report.h"
#include "tools/halp-sim/scenario_source.h"
#include "tools/halp-sim/sweep_verb.h"
#include "tools/halp-sim/views_verb.h"
#include "tools/program/durations.h"
#include "tools/program/harmless.h"
#include "tools/program/on_interrupt.h"
#include "tools/program/progress_line.h"

namespace halp::sim {

int complain(const Streams& streams, const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) streams.err << "halp-sim: " << problem << "\n";
    return exit_bad_scenario;
}

int failed(const Streams& streams, const Error& error) {
    streams.err << "halp-sim: " << error.message << "\n";
    return exit_failed;
}

RunCrew crew_of(const CommandLine& command, const Streams& streams) { return {command.jobs, streams.progress}; }

int prepare_directory(const CommandLine& command, const std::string& input, const Streams& streams) {
    if (command.directory.empty()) return exit_done;
    if (auto spared = spares_input(command.directory, input); !spared) {
        streams.err << "halp-sim: " << spared.error().message << "\n";
        return exit_usage;
    }
    if (auto made = make_directory(command.directory); !made) return failed(streams, made.error());
    if (command.force) return exit_done;
    std::vector<std::string> old = results_in(command.directory);
    if (command.verb == Verb::compare)
        old = std::ranges::find(old, "compare.html") == old.end() ? std::vector<std::string>{}
                                                                  : std::vector<std::string>{"compare.html"};
    if (old.empty()) return exit_done;
    return failed(streams, Error{ErrorCode::refused, command.directory + " has results of an earlier run (" +
                                                         old.front() + (old.size() > 1 ? ", ..." : "") +
                                                         "): --force replaces them, or name another directory"});
}

namespace {

int list(const Streams& streams) {
    std::vector<std::vector<std::string>> rows;
    for (const BuiltInScenario& one : built_in_scenarios()) {
        const Scenario scenario = read_scenario(std::string{one.name} + ".yaml", one.yaml, {}).scenario;
        rows.push_back({harmless(scenario.name), harmless(scenario.about)});
    }
    streams.out << table(rows);
    return exit_done;
}

void print_heading(const Scenario& scenario, const std::vector<RunResult>& runs, const Streams& streams) {
    streams.out << harmless(scenario.name) << ": " << harmless(scenario.about) << "\n\n"
                << harmless(headline_of(scenario, runs)) << "\n\n";
}

void print_result(const Scenario& scenario, const RunResult& r, double cpu, const Streams& streams) {
    streams.out << table(phase_rows(r)) << "\n";
    if (!r.items.empty()) streams.out << table(item_rows(r)) << "\n";
    if (const auto rows = figure_rows(r); !rows.empty()) streams.out << table(rows) << "\n";
    if (const auto rows = publication_rows(scenario, r); !rows.empty()) streams.out << table(rows) << "\n";
    const Spread degrees = spread_of(r.in_degrees);
    if (r.overlay.views.empty()) {
        streams.out << "overlay: no living nodes\n";
    } else {
        streams.out << "overlay: " << r.overlay.views.size() << " nodes, " << r.figures.components.count
                    << " component(s), clustering " << number(r.figures.clustering, 4) << ", path length "
                    << path_text(r.figures, r.overlay.views.size()) << ", in-degree " << number(degrees.mean, 1)
                    << " (sd " << number(degrees.deviation, 2) << ", max " << number(degrees.max, 0) << ")\n";
    }
    streams.out << "seed " << r.seed << ", digest " << digest_text(r.digest) << ", " << r.events << " events, "
                << number(seconds_of(r.simulated), 1) << " s simulated in " << number(cpu, 1) << " s of CPU\n";
}

int write_and_tell(const CommandLine& command, const Scenario& scenario, const std::vector<RunResult>& runs,
                   std::size_t planned, const Streams& streams) {
    if (command.directory.empty()) return exit_done;
    if (auto done = write_run_files(command.directory, scenario, runs, planned); !done)
        return failed(streams, done.error());
    streams.out
        << "written to " << command.directory
        << ": report.html, summary.json, figures/*.svg, CSV, GraphML, DOT and run.yaml (for `halp-sim replay`)\n";
    return exit_done;
}

int show(const CommandLine& command, const Streams& streams) {
    if (const BuiltInScenario* built_in = find_built_in(command.scenario)) {
        streams.out << built_in->yaml;
        return exit_done;
    }
    const std::string nearest = nearest_built_in(command.scenario);
    return complain(streams, {"no built-in scenario " + command.scenario + "; " +
                              (nearest.empty() ? "`halp-sim list` shows them" : "did you mean " + nearest + "?")});
}

// The runs of one scenario with several seeds: which of them are done, and what is told of those.
class SeededRuns {
public:
    SeededRuns(const CommandLine& command, const Scenario& scenario, const Streams& streams)
        : command_(command), streams_(streams), scenarios_(command.seeds.value_or(1), scenario) {
        for (std::size_t i = 0; i < scenarios_.size(); ++i) scenarios_[i].seed += i;
        done_.resize(scenarios_.size());
    }

    int play() {
        const OnInterrupt interrupt;
        RunCrew crew = crew_of(command_, streams_);
        if (auto fit = fit_into_memory(scenarios_, runs_at_once(crew, scenarios_.size())); !fit)
            return failed(streams_, fit.error());
        crew.asked = [&] { return interrupt.asked(); };
        play_all(scenarios_, crew, [&](std::size_t i, RunResult&& result) { done_[i] = std::move(result); });
        std::vector<RunResult> whole, begun;
        for (auto& run : done_)
            if (run) (run->complete ? whole : begun).push_back(std::move(*run));
        if (whole.size() == scenarios_.size()) return tell(whole);
        return tell_interrupted(whole, begun);
    }

private:
    // A figure and a file of what is done, as if nothing else had been asked for.
    int tell(const std::vector<RunResult>& runs) {
        Scenario shown = scenarios_.front();
        shown.seed = runs.front().seed;
        for (auto& [key, value] : shown.parameters)
            if (key == "seed") value = std::to_string(shown.seed);
        print_heading(shown, runs, streams_);
        print_result(shown, runs.front(), cpu_seconds() - cpu_, streams_);
        if (runs.size() > 1) streams_.out << "\n" << table(band_rows(shown, runs));
        return write_and_tell(command_, shown, runs, scenarios_.size(), streams_);
    }
    // Without a whole run, the beginning of one is better than nothing; but it replaces no earlier results.
    int tell_interrupted(const std::vector<RunResult>& whole, std::vector<RunResult>& begun) {
        const bool beginning = whole.empty() && !begun.empty() && results_in(command_.directory).empty();
        begun.resize(std::min<std::size_t>(begun.size(), 1));
        const bool told = (beginning || !whole.empty()) && tell(beginning ? begun : whole) == exit_done;
        const bool kept = told && !command_.directory.empty();
        tell_how_much(streams_, whole.size(), scenarios_.size(), "runs", kept && !beginning);
        if (beginning)
            streams_.err << "halp-sim: the first " << number(seconds_of(begun.front().simulated), 1)
                         << " s of seed " << begun.front().seed << (kept ? " are written" : " are shown")
                         << std::endl;
        return exit_interrupted;
    }

    const CommandLine& command_;
    const Streams& streams_;
    double cpu_ = cpu_seconds();
    std::vector<Scenario> scenarios_;
    std::vector<std::optional<RunResult>> done_;
};

int run(const CommandLine& command, const Streams& streams) {
    std::vector<std::string> problems;
    const std::vector<Override> overrides = overrides_of(command, problems);
    if (!problems.empty()) return complain(streams, problems);
    const Result<Source> source = find_scenario(command.scenario);
    if (!source) return complain(streams, {source.error().message});
    const ReadScenario read = read_scenario(source->file, source->content, overrides);
    if (!read.problems.empty()) return complain(streams, read.problems);
    if (const int code = prepare_directory(command, source->file, streams); code != exit_done) return code;
    return SeededRuns{command, read.scenario, streams}.play();
}

int compare_verb(const CommandLine& command, const Streams& streams) {
    if (const int code = prepare_directory(command, {}, streams); code != exit_done) return code;
    const Result<Comparison> comparison = compare(command.scenario, command.other);
    if (!comparison) return failed(streams, comparison.error());
    std::vector<std::vector<std::string>> rows = comparison_rows(*comparison);
    for (auto& row : rows) {
        const bool differs = row.front().starts_with('!');
        row.front() = (differs ? "* " : "  ") + row.front().substr(differs ? 1 : 0);
    }
    streams.out << comparison_headline(*comparison) << "\n\n" << table(rows) << equal_line(*comparison) << "\n";
    if (command.directory.empty()) return exit_done;
    const std::string page = command.directory + "/compare.html";
    if (auto done = write_file(page, comparison_html(*comparison)); !done) return failed(streams, done.error());
    streams.out << "written to " << page << "\n";
    return exit_done;
}

class ReplayProgress final : public RunListener {
public:
    explicit ReplayProgress(std::ostream* terminal) : line_(terminal) {}
    bool on_progress(Duration simulated, Duration total, std::uint64_t events, std::size_t living) override {
        const auto now = std::chrono::steady_clock::now();
        if (now - shown_ < std::chrono::milliseconds{200}) return true;
        shown_ = now;
        Progress p{
            .simulated_s = seconds_of(simulated), .total_s = seconds_of(total), .events = events, .living = living};
        p.passed_s = std::chrono::duration<double>(now - began_).count();
        line_.show(progress_text(p));
        return true;
    }

private:
    ProgressLine line_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), shown_{};
};

int replay_verb(const CommandLine& command, const Streams& streams) {
    auto content = config::read_config_file(command.scenario, config::yaml_bytes_max, Pipes::awaited);
    std::string file = command.scenario;
    if (!content) {
        const std::string inside = file + "/run.yaml";
        if (auto found = config::read_config_file(inside); found || found.error().code != ErrorCode::not_found) {
            content = found;
            file = inside;
        }
    }
    if (!content) return complain(streams, {content.error().message});
    if (is_fault_record(*content)) return replay_faults(*content, streams);
    const ReadScenario read = read_scenario(file, *content, {});
    if (!read.problems.empty()) return complain(streams, read.problems);
    if (!read.record)
        return complain(streams,
                        {file + " is a scenario, not a record: it has no `record`; `halp-sim run` plays it"});
    if (auto fit = fit_into_memory({read.scenario}, 1); !fit) return failed(streams, fit.error());
    if (const int code = prepare_directory(command, file, streams); code != exit_done) return code;
    std::optional<ReplayProgress> progress{std::in_place, streams.progress};
    const double cpu = cpu_seconds();
    const Replay again = replay(read.scenario, *read.record, &*progress);
    progress.reset();
    print_heading(read.scenario, {again.result}, streams);
    print_result(read.scenario, again.result, cpu_seconds() - cpu, streams);
    if (const int code = write_and_tell(command, read.scenario, {again.result}, 1, streams); code != exit_done)
        return code;
    const std::string program = std::string{"halp-sim "} + HALP_VERSION;
    if (again.same) {
        streams.out << "the same run: digest " << digest_text(read.record->digest) << "\n";
        return exit_done;
    }
    streams.out << "NOT the same run: digest " << digest_text(again.result.digest) << ", recorded "
                << digest_text(read.record->digest) << " by " << read.record->program
                << (read.record->program == program ? "" : " (this is " + program + ")") << "; " << again.difference
                << "\n";
    return exit_failed;
}

}  // namespace

void tell_how_much(const Streams& streams, std::size_t done, std::size_t planned, const std::string& what,
                   bool written) {
    streams.err << "halp-sim: interrupted: " << done << " of " << planned << " " << what << " done"
                << (written ? ", and written" : "") << std::endl;
}

int run_command(const CommandLine& command, const Streams& streams) {
    if (command.ranks && command.verb != Verb::views) {
        streams.err
            << "halp-sim: only `views` is played by several processes. Start this verb without mpirun; runs of a "
               "sweep go to several machines by `sweep --shard`.\n";
        return exit_usage;
    }
    switch (command.verb) {
        case Verb::list:
            return list(streams);
        case Verb::show:
            return show(command, streams);
        case Verb::run:
            return run(command, streams);
        case Verb::sweep:
            return sweep_verb(command, streams);
        case Verb::compare:
            return compare_verb(command, streams);
        case Verb::faults:
            return run_faults(command, streams);
        case Verb::replay:
            return replay_verb(command, streams);
        case Verb::check:
            return check_verb(command, streams);
        case Verb::goals:
            return goals_verb(command, streams);
        case Verb::views:
            return simulate_views(command, streams);
    }
    return exit_usage;
}

}  // namespace halp::sim
