#include "tools/halp-sim/verbs.h"

#include <chrono>
#include <ctime>
#include <ostream>
#include <utility>

#include "config/yaml_reader.h"
#include "simulations/reproduction.h"
#include "simulations/scenario_reader.h"
#include "simulations/swarm_run.h"
#include "tools/halp-sim/console_table.h"
#include "tools/halp-sim/html_report.h"
#include "tools/halp-sim/json_report.h"
#include "tools/halp-sim/run_files.h"

namespace halp::sim {
namespace {

using Wall = std::chrono::steady_clock;

double seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// One line that is written over, at most five times a second.
class ProgressLine final : public RunListener {
public:
    explicit ProgressLine(std::ostream& out) : out_(out) {}
    void on_progress(Duration simulated, Duration total, std::uint64_t events, std::size_t living) override {
        const Wall::time_point now = Wall::now();
        if (now - shown_ < std::chrono::milliseconds{200}) return;
        shown_ = now;
        const double passed = std::chrono::duration<double>(now - began_).count();
        const double done = seconds(simulated) / seconds(total);
        std::string text = number(seconds(simulated), 1) + " of " + number(seconds(total), 0) + " s, " +
                           std::to_string(living) + " nodes, " +
                           number(static_cast<double>(events) / passed / 1000, 0) + " k events/s";
        // What is left by the share of virtual time; growth makes this a low guess.
        if (done > 0) text += ", about " + number(passed / done - passed, 0) + " s left";
        out_ << "\r\x1b[K" << text << std::flush;
        dirty_ = true;
    }
    void clear() {
        if (dirty_) out_ << "\r\x1b[K" << std::flush;
    }

private:
    std::ostream& out_;
    Wall::time_point began_ = Wall::now(), shown_{};
    bool dirty_ = false;
};

int list(const Streams& streams) {
    std::vector<std::vector<std::string>> rows;
    for (const BuiltInScenario& one : built_in_scenarios()) {
        const Scenario scenario = read_scenario(std::string{one.name} + ".yaml", one.yaml, {}).scenario;
        rows.push_back({scenario.name, scenario.about});
    }
    streams.out << table(rows);
    return exit_done;
}

std::vector<Override> overrides_of(const CommandLine& command, std::vector<std::string>& problems) {
    std::vector<Override> out;
    for (const std::string& text : command.settings) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            problems.push_back("--set " + text + ": write key=value, such as gossip.period=2s");
            continue;
        }
        out.push_back({"--set", text.substr(0, equals), text.substr(equals + 1)});
    }
    if (command.seed) out.push_back({"--seed", "seed", std::to_string(*command.seed)});
    if (command.nodes) out.push_back({"--nodes", "nodes", std::to_string(*command.nodes)});
    return out;
}

struct Source {
    std::string file, content;
};

// A file when there is one of that name, else a built-in scenario.
Result<Source> find_scenario(const std::string& name) {
    auto content = config::read_config_file(name);
    if (content) return Source{name, *content};
    if (const BuiltInScenario* built_in = find_built_in(name))
        return Source{name + ".yaml", std::string{built_in->yaml}};
    std::string message = content.error().message;
    if (content.error().code == ErrorCode::not_found) {
        const std::string nearest = nearest_built_in(name);
        message = "no file and no built-in scenario " + name + "; " +
                  (nearest.empty() ? "`halp-sim list` shows them" : "did you mean " + nearest + "?");
    }
    return Error{content.error().code, message};
}

int complain(const Streams& streams, const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) streams.err << "halp-sim: " << problem << "\n";
    return exit_bad_scenario;
}

void print_result(const Scenario& scenario, const RunResult& r, double cpu, const Streams& streams) {
    streams.out << scenario.name << ": " << scenario.about << "\n\n" << table(phase_rows(r)) << "\n";
    if (!r.items.empty()) streams.out << table(item_rows(r)) << "\n";
    const Spread degrees = spread_of(r.in_degrees);
    streams.out << "overlay: " << r.overlay.views.size() << " nodes, " << r.figures.components.count
                << " component(s), clustering " << number(r.figures.clustering, 4) << ", path length "
                << number(r.figures.path_length, 3) << ", in-degree " << number(degrees.mean, 1) << " (sd "
                << number(degrees.deviation, 2) << ", max " << number(degrees.max, 0) << ")\n"
                << "seed " << scenario.seed << ", digest " << digest_text(r.digest) << ", " << r.events
                << " events, " << number(seconds(r.simulated), 1) << " s simulated in " << number(cpu, 1)
                << " s of CPU\n";
}

int run(const CommandLine& command, const Streams& streams) {
    std::vector<std::string> problems;
    const std::vector<Override> overrides = overrides_of(command, problems);
    if (!problems.empty()) return complain(streams, problems);
    const Result<Source> source = find_scenario(command.scenario);
    if (!source) return complain(streams, {source.error().message});
    const ReadScenario read = read_scenario(source->file, source->content, overrides);
    if (!read.problems.empty()) return complain(streams, read.problems);
    const double cpu = cpu_seconds();
    ProgressLine progress{streams.err};
    const RunResult result = play(read.scenario, streams.progress ? &progress : nullptr);
    progress.clear();
    print_result(read.scenario, result, cpu_seconds() - cpu, streams);
    if (command.directory.empty()) return exit_done;
    if (auto done = write_run_files(command.directory, read.scenario, result); !done) {
        streams.err << "halp-sim: " << done.error().message << "\n";
        return exit_failed;
    }
    streams.out << "written to " << command.directory << ": report.html, summary.json, CSV, GraphML, DOT\n";
    return exit_done;
}

std::string allowed_text(const Check& c) {
    std::string text = c.sense == Sense::at_most ? "<=" : c.sense == Sense::at_least ? ">=" : "";
    const std::string sign = text.empty() ? "+-" : c.sense == Sense::at_most ? " +" : " -";
    if (c.tolerance == 0 && c.spare == 0) return text.empty() ? "exact" : text;
    if (c.tolerance > 0) text += sign + number(c.tolerance * 100, 0) + " %";
    if (c.spare > 0) text += (c.tolerance > 0 ? " +" : sign) + number(c.spare, 2);
    return text;
}

const char* verdict_text(const Check& c) { return c.met() ? "met" : c.missed() ? "MISSED" : "explained"; }

// What is being worked on, on one line that is written over.
class WorkLine {
public:
    explicit WorkLine(std::ostream* out) : out_(out) {}
    void show(const std::string& what) {
        if (out_) *out_ << "\r\x1b[K" << what << std::flush;
    }
    void clear() { show(""); }

private:
    std::ostream* out_;
};

void print_row(std::ostream& out, const std::string& what, const std::vector<std::string>& cells,
               const std::string& verdict) {
    std::string text = what + std::string(what.size() < 64 ? 64 - what.size() : 1, ' ');
    for (const std::string& cell : cells) text += std::string(cell.size() < 10 ? 10 - cell.size() : 1, ' ') + cell;
    out << text << "  " << verdict << std::endl;
}

int check(const CommandLine& command, const Streams& streams) {
    WorkLine work{streams.progress ? &streams.err : nullptr};
    ReproductionOptions options{.quick = command.quick,
                                .only = command.only,
                                .progress = [&](const std::string& what) { work.show(what); }};
    if (command.seed) options.seed = *command.seed;
    const double cpu = cpu_seconds();
    if (!command.json) print_row(streams.out, "figure", {"expected", "got", "allowed"}, "verdict");
    std::size_t met = 0, missed = 0, all = 0;
    reproduce(options, [&](const Check& c) {
        ++all;
        met += c.met();
        missed += c.missed();
        work.clear();
        const int digits = c.expected < 1 ? 5 : 3;
        if (command.json)
            streams.out << check_json(c) << std::endl;
        else
            print_row(streams.out, c.what, {number(c.expected, digits), number(c.got, digits), allowed_text(c)},
                      verdict_text(c) + (c.met() || c.why.empty() ? std::string{} : ": " + c.why));
    });
    work.clear();
    const double seconds_used = cpu_seconds() - cpu;
    if (command.json)
        streams.out << check_summary_json(all, met, missed, seconds_used) << std::endl;
    else
        streams.out << met << " of " << all << " met, " << missed << " missed, " << all - met - missed
                    << " differ for a known reason, in " << number(seconds_used, 1) << " s of CPU\n";
    return missed == 0 ? exit_done : exit_failed;
}

}  // namespace

int run_command(const CommandLine& command, const Streams& streams) {
    switch (command.verb) {
        case Verb::list:
            return list(streams);
        case Verb::run:
            return run(command, streams);
        case Verb::check:
            return check(command, streams);
    }
    return exit_usage;
}

}  // namespace halp::sim
