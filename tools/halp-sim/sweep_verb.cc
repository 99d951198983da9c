#include "tools/halp-sim/sweep_verb.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string_view>
#include <system_error>
#include <utility>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/csv_table.h"
#include "tools/halp-sim/sweep_journal.h"
#include "tools/halp-sim/sweep_report.h"
#include "tools/program/durations.h"
#include "tools/program/on_interrupt.h"

namespace halp::sim {
namespace {

// "2/5" is the second of five parts.
std::optional<Shard> shard_of(const std::string& text) {
    if (text.empty()) return Shard{};
    std::size_t numbers[2] = {0, 0};
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    for (int i = 0; i < 2; ++i) {
        const auto [rest, wrong] = std::from_chars(at, end, numbers[i]);
        if (wrong != std::errc{} || (i == 0 && (rest == end || *rest != '/')) || (i == 1 && rest != end))
            return std::nullopt;
        at = rest + (i == 0 ? 1 : 0);
    }
    if (numbers[0] < 1 || numbers[0] > numbers[1] || numbers[1] > sweep_runs_max) return std::nullopt;
    return Shard{numbers[0] - 1, numbers[1]};
}

// What is wrong with the options together.
std::optional<std::string> mistake(const CommandLine& command) {
    if (!shard_of(command.shard))
        return "--shard " + command.shard + ": write i/n, such as 2/5 for the second of five parts";
    const bool parts = command.resume || !command.shard.empty() || !command.merged.empty();
    if (parts && command.directory.empty())
        return "--resume, --shard and --merge need a directory: add -o DIRECTORY";
    if (!command.merged.empty() && (command.resume || !command.shard.empty()))
        return "--merge plays nothing: it goes neither with --resume nor with --shard";
    return std::nullopt;
}

int write_sweep(const CommandLine& command, const SweepPlan& plan, const SweepResults& results,
                const Streams& streams) {
    streams.out << table(sweep_rows(plan, results));
    std::size_t least = plan.seeds, runs = 0;
    for (const auto& point : results) {
        least = std::min(least, point.size());
        runs += point.size();
    }
    streams.out << plan.points.size() << " settings, "
                << (least == plan.seeds
                        ? std::to_string(plan.seeds) + " seeds each"
                        : std::to_string(runs) + " runs of " + std::to_string(plan.seeds) + " seeds each")
                << (plan.seeds >= band_runs_min ? "; median [5 %..95 %], in " : "; median [smallest..largest], in ")
                << number(cpu_seconds(), 1) << " s of CPU\n";
    if (command.directory.empty()) return exit_done;
    const std::vector<PageFigure> figures = sweep_figures(plan, results);
    for (const auto& [name, content] : {std::pair<std::string, std::string>{"runs.csv", sweep_runs_csv(results)},
                                        {"sweep.csv", sweep_csv(plan, results)},
                                        {"observations.csv", sweep_observations_csv(plan, results)},
                                        {"columns.csv", columns_csv({"runs.csv", "sweep.csv", "observations.csv"})},
                                        {"report.html", sweep_html(plan, results, figures)}})
        if (auto done = write_file(command.directory + "/" + name, content); !done)
            return failed(streams, done.error());
    if (auto done = write_figures(command.directory, figures); !done) return failed(streams, done.error());
    streams.out
        << "written to " << command.directory
        << ": report.html, figures/*.svg, runs.csv, sweep.csv, observations.csv, runs.jsonl and runs/*.yaml "
           "(for `halp-sim replay`)\n";
    return exit_done;
}

// The results that are there, and how many a part of the sweep lacks.
int tell_part(const CommandLine& command, const SweepPlan& plan, const SweepResults& results,
              const Streams& streams) {
    const FinishedSweep done = finished_part(plan, results);
    if (done.runs == 0) {
        streams.out << "this shard has no run: the sweep has " << plan.points.size() * plan.seeds << "\n";
        return exit_done;
    }
    const int code = write_sweep(command, done.plan, done.results, streams);
    if (const std::size_t all = plan.points.size() * plan.seeds; done.runs < all)
        streams.out << done.runs << " of " << all
                    << " runs are here; `halp-sim sweep ... --merge` puts shards together\n";
    return code;
}

Result<void> copy_records(const std::string& from, const std::string& to, const FinishedRuns& runs) {
    std::error_code wrong;
    for (const auto& file : std::filesystem::directory_iterator(from + "/runs", wrong)) {
        const std::string name = file.path().filename().string();
        if (name.ends_with(".yaml") || name.ends_with(".csv"))
            std::filesystem::copy_file(file.path(), to + "/runs/" + name,
                                       std::filesystem::copy_options::overwrite_existing, wrong);
        if (wrong) return Error{ErrorCode::io, "cannot copy " + file.path().string() + ": " + wrong.message()};
    }
    if (wrong && !runs.empty()) return Error{ErrorCode::io, "cannot read " + from + "/runs: " + wrong.message()};
    return {};
}

// Every run of the plan from one of the directories.
Result<FinishedRuns> merged_runs(const CommandLine& command, const SweepPlan& plan) {
    FinishedRuns out;
    for (const std::string& directory : command.merged) {
        const auto runs = SweepJournal::read(directory, plan);
        if (!runs) return runs.error();
        for (const auto& [run, finished] : *runs) {
            const auto [there, added] = out.emplace(run, finished);
            if (!added && there->second.digest != finished.digest)
                return Error{ErrorCode::refused,
                             directory + ": run " + std::to_string(run + 1) +
                                 " differs from the one of another directory: their digests do. "
                                 "They were not played by the same program."};
        }
    }
    const std::size_t all = plan.points.size() * plan.seeds;
    if (out.size() == all) return out;
    std::size_t missing = 0;
    while (out.contains(missing)) ++missing;
    return Error{ErrorCode::not_found, std::to_string(all - out.size()) + " of " + std::to_string(all) +
                                           " runs are missing, the first of them is run " +
                                           std::to_string(missing + 1) +
                                           ". Name the directories of all shards; --resume finishes one."};
}

int merge(const CommandLine& command, const SweepPlan& plan, const Streams& streams) {
    for (const std::string& directory : command.merged) {
        std::error_code wrong;
        if (std::filesystem::equivalent(directory, command.directory, wrong))
            return failed(streams,
                          Error{ErrorCode::invalid,
                                "-o " + command.directory + " is one of the merged directories; name another"});
    }
    const auto runs = merged_runs(command, plan);
    if (!runs) return failed(streams, runs.error());
    if (auto made = make_directory(command.directory + "/runs"); !made) return failed(streams, made.error());
    if (auto removed = remove_results(command.directory); !removed) return failed(streams, removed.error());
    for (const std::string& directory : command.merged)
        if (auto copied = copy_records(directory, command.directory, *runs); !copied)
            return failed(streams, copied.error());
    auto journal = SweepJournal::open(command.directory, plan);
    if (!journal) return failed(streams, journal.error());
    SweepResults results = nothing_played(plan);
    for (const auto& [run, finished] : *runs) {
        if (auto added = journal->add(run, finished); !added) return failed(streams, added.error());
        keep(plan, run, finished, results);
    }
    return write_sweep(command, plan, results, streams);
}

}  // namespace

int sweep_verb(const CommandLine& command, const Streams& streams) {
    if (const auto wrong = mistake(command)) {
        streams.err << "halp-sim: " << *wrong << "\n";
        return exit_usage;
    }
    const SweepPlan plan = plan_sweep(command);
    if (!plan.problems.empty()) return complain(streams, plan.problems);
    if (const std::size_t runs = finished_runs_in(command.directory); runs > 0 && !command.resume && !command.force)
        return failed(streams,
                      Error{ErrorCode::refused,
                            command.directory + " has " + std::to_string(runs) +
                                " finished runs of a sweep: --resume goes on with it, --force removes them, "
                                "or name another directory"});
    CommandLine asked = command;  // what --resume goes on with is no earlier sweep
    asked.force |= command.resume && has_journal(command.directory);
    if (const int code = prepare_directory(asked, command.scenario, streams); code != exit_done) return code;
    if (!command.merged.empty()) return merge(command, plan, streams);
    SweepResults results = nothing_played(plan);
    OnInterrupt interrupt{[&] {
        const FinishedSweep done = finished_part(plan, results);
        const bool kept = done.runs > 0 && write_sweep(command, done.plan, done.results, streams) == exit_done;
        tell_how_much(streams, done.runs, plan.points.size() * plan.seeds, "runs",
                      kept && !command.directory.empty());
    }};
    const SweepPart part{command.directory, command.resume, *shard_of(command.shard)};
    const Result<void> played = play_sweep(plan, part, crew_of(command, streams), interrupt.results(), results);
    if (!played) return failed(streams, played.error());
    const std::lock_guard whole{interrupt.results()};
    return tell_part(command, plan, results, streams);
}

}  // namespace halp::sim
