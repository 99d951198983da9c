#include "tools/halp-sim/report/run_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "store/hash.h"
#include "tools/halp-sim/report/csv_table.h"
#include "tools/halp-sim/report/html_report.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/halp-sim/report/observations.h"
#include "tools/halp-sim/report/run_figures.h"
#include "tools/halp-sim/report/svg_plot.h"
#include "tools/program/durations.h"

namespace halp::sim {
namespace {

// The first two cells of rows about one of several runs.
std::vector<std::string> run_cells(const std::vector<RunResult>& runs, const RunResult& run) {
    return {std::to_string(&run - runs.data() + 1), std::to_string(run.seed)};
}

std::string row(std::vector<std::string> cells, std::initializer_list<std::string> more) {
    cells.insert(cells.end(), more.begin(), more.end());
    return csv_row(cells);
}

std::string in_degree_csv(const std::vector<RunResult>& runs) {
    std::string out = csv_header("in_degree.csv");
    for (const RunResult& r : runs)
        for (std::size_t i = 0; i < r.in_degrees.size(); ++i)
            out += row(run_cells(runs, r), {r.overlay.names[i], std::to_string(r.in_degrees[i])});
    return out;
}

std::string traffic_csv(const std::vector<RunResult>& runs) {
    std::string out = csv_header("traffic.csv");
    for (const RunResult& r : runs)
        for (std::size_t i = 0; i < r.sent_kbit_s.size(); ++i)
            out += row(run_cells(runs, r), {r.overlay.names[i], plain_number(r.sent_kbit_s[i])});
    return out;
}

std::string join_csv(const std::vector<RunResult>& runs) {
    std::string out = csv_header("join.csv");
    for (const RunResult& r : runs)
        for (const JoinTime& join : r.joins)
            out += row(run_cells(runs, r), {join.node, plain_number(seconds_of(join.started)),
                                            join.took < Duration{0} ? "" : plain_number(seconds_of(join.took))});
    return out;
}

std::string spread_csv(const std::vector<RunResult>& runs) {
    std::string out = csv_header("spread.csv");
    for (const RunResult& r : runs)
        for (const ItemSpread& item : r.items)
            for (std::size_t i = 0; i < item.reached.size(); ++i)
                out += row(run_cells(runs, r),
                           {item.endpoint, std::to_string(i + 1), plain_number(seconds_of(item.reached[i]))});
    return out;
}

template <class Write>
std::string written(Write write, const ViewGraph& graph) {
    std::ostringstream out;
    write(out, graph);
    return out.str();
}

std::vector<RunRow> rows_of(const Scenario& scenario, const std::vector<RunResult>& runs) {
    std::vector<RunRow> out;
    for (const RunResult& run : runs) out.push_back({{}, run.seed, run.digest, metrics_of(scenario, run)});
    return out;
}

}  // namespace

std::string samples_csv(const std::vector<RunResult>& runs) {
    std::string out = csv_header("samples.csv");
    for (const RunResult& r : runs)
        for (const Sample& s : r.samples) {
            const bool any = s.living > 0;
            const auto of_living = [&](double value) { return any ? plain_number(value) : ""; };
            std::vector<std::string> cells{plain_number(seconds_of(s.at)),
                                           r.phases[s.phase].name,
                                           std::to_string(s.living),
                                           plain_number(s.joined),
                                           plain_number(s.coverage),
                                           plain_number(s.dead_share),
                                           plain_number(s.crossing),
                                           of_living(s.in_degree.mean),
                                           of_living(s.in_degree.deviation),
                                           of_living(s.in_degree.max),
                                           of_living(s.bootstrap_in_degree),
                                           std::to_string(s.components.count),
                                           std::to_string(s.components.largest),
                                           plain_number(s.sent_kbit_s),
                                           plain_number(s.attackers)};
            // Run and seed stand behind, so that readers by position go on to find time and phase in front.
            for (const std::string& cell : run_cells(runs, r)) cells.push_back(cell);
            out += csv_row(cells);
        }
    return out;
}

std::string runs_csv(const std::vector<RunRow>& rows) {
    std::vector<std::string> names, settings;
    for (const RunRow& run : rows)
        for (const auto& [name, value] : run.metrics)
            if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    if (!rows.empty())
        for (const auto& [key, value] : rows.front().settings) settings.push_back(key);
    std::vector<std::string> header = settings;
    header.insert(header.end(), {"seed", "digest"});
    header.insert(header.end(), names.begin(), names.end());
    std::string out = csv_row(header);
    for (const RunRow& run : rows) {
        std::vector<std::string> cells;
        for (const auto& [key, value] : run.settings) cells.push_back(value);
        cells.push_back(std::to_string(run.seed));
        cells.push_back(digest_text(run.digest));
        for (const std::string& name : names) {
            const auto value = metric(run.metrics, name);
            cells.push_back(value ? plain_number(*value) : "");
        }
        out += csv_row(cells);
    }
    return out;
}

Result<void> make_directory(const std::string& directory) {
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed) return Error{ErrorCode::io, "cannot make the directory " + directory + ": " + failed.message()};
    // Whether files can be written there is known only by writing one.
    const std::string probe = directory + "/.halp-sim-probe";
    if (auto written = write_file(probe, "probe\n"); !written)
        return Error{ErrorCode::io, "cannot write files to the directory " + directory};
    std::filesystem::remove(probe, failed);
    return {};
}

namespace {

// A latency matrix or a trace beside a record: "latency_", the digest of its content, ".csv".
bool is_named_by_content(const std::string& name, std::string_view before) {
    constexpr std::string_view behind = ".csv";
    constexpr std::size_t digits = 16;  // of the digest
    return name.size() == before.size() + digits + behind.size() && name.starts_with(before) &&
           name.ends_with(behind) &&
           name.find_first_not_of("0123456789abcdef", before.size()) == before.size() + digits;
}

bool is_result_file(const std::string& name) {
    static const std::vector<std::string> names{
        "summary.json", "samples.csv", "in_degree.csv", "traffic.csv",      "report.html",  "spread.csv",
        "runs.csv",     "sweep.csv",   "run.yaml",      "overlay.graphml",  "compare.html", "overlay.dot",
        "runs.jsonl",   "join.csv",    "columns.csv",   "observations.csv", "views.json",   "in_degree_counts.csv"};
    return std::ranges::find(names, name) != names.end() || is_named_by_content(name, "latency_") ||
           is_named_by_content(name, "trace_") || (name.starts_with("run_seed_") && name.ends_with(".yaml"));
}

}  // namespace

Result<void> spares_input(const std::string& directory, const std::string& input) {
    if (directory.empty()) return {};
    std::error_code failed;
    const std::filesystem::path file = std::filesystem::weakly_canonical(input, failed);
    const std::filesystem::path place = std::filesystem::weakly_canonical(directory, failed);
    if (!std::filesystem::exists(file, failed)) return {};
    const bool inside = file.parent_path() == place && is_result_file(file.filename().string());
    if (!inside && file.parent_path() != place / "runs") return {};
    return Error{ErrorCode::invalid, "-o: the results would replace " + input +
                                         ", which is played. Name another directory, or the file otherwise."};
}

std::vector<std::string> results_in(const std::string& directory) {
    std::error_code failed;
    std::vector<std::string> out;
    const auto look = [&](const std::string& folder, const auto& is_ours) {
        for (const auto& entry : std::filesystem::directory_iterator(directory + "/" + folder, failed)) {
            const std::string name = entry.path().filename().string();
            if (is_ours(name)) out.push_back(folder + name);
        }
    };
    look("", is_result_file);
    look("runs/", [](const std::string& name) {
        return name.ends_with(".yaml") && name.find_first_not_of("0123456789") == name.size() - 5;
    });
    look("figures/", [](const std::string& name) { return name.ends_with(".svg"); });
    std::ranges::sort(out);
    return out;
}

Result<void> remove_results(const std::string& directory) {
    for (const std::string& name : results_in(directory)) {
        std::error_code failed;
        std::filesystem::remove(directory + "/" + name, failed);
        if (failed)
            return Error{ErrorCode::io, "cannot remove " + directory + "/" + name + ": " + failed.message()};
    }
    return {};
}

Result<void> write_file(const std::string& path, const std::string& content) {
    // A link in a directory of results may lead to anything, and would be written through.
    std::error_code failed;
    if (std::filesystem::is_symlink(path, failed)) std::filesystem::remove(path, failed);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file) return Error{ErrorCode::io, "cannot write " + path};
    return {};
}

Result<void> write_record(const std::string& path, const Scenario& scenario, const RunResult& result) {
    Scenario played = scenario;
    TopologyOptions& topology = played.network.topology;
    if (topology.kind == Topology::matrix) {
        const std::string matrix = print_latency_matrix(topology.matrix);
        topology.file = "latency_" + digest_text(fnv1a(matrix)) + ".csv";
        const std::string beside = path.substr(0, path.rfind('/') + 1) + topology.file;
        if (auto done = write_file(beside, matrix); !done) return done;
    }
    for (Phase& phase : played.phases) {
        if (phase.kind != PhaseKind::trace) continue;
        const std::string trace = print_session_trace(phase.trace);
        phase.file = "trace_" + digest_text(fnv1a(trace)) + ".csv";
        if (auto done = write_file(path.substr(0, path.rfind('/') + 1) + phase.file, trace); !done) return done;
    }
    return write_file(path,
                      recorded_run_yaml(played, recorded_run_of(result, std::string{"halp-sim "} + HALP_VERSION)));
}

Result<void> write_figures(const std::string& directory, const std::vector<PageFigure>& figures) {
    if (figures.empty()) return {};
    std::error_code failed;
    std::filesystem::create_directories(directory + "/figures", failed);  // writing tells
    for (const PageFigure& figure : figures)
        if (auto done = write_file(directory + "/figures/" + figure.file + ".svg", svg_file(figure.svg)); !done)
            return done;
    return {};
}

Result<void> write_run_files(const std::string& directory, const Scenario& scenario,
                             const std::vector<RunResult>& runs, std::size_t planned) {
    if (auto done = make_directory(directory); !done) return done;
    if (auto done = remove_results(directory); !done) return done;
    const RunResult& result = runs.front();
    const std::vector<PageFigure> figures = figures_of_runs(scenario, runs);
    std::vector<std::pair<std::string, std::string>> files{
        {"summary.json", summary_json(scenario, runs, planned)},
        {"observations.csv", observations_csv(scenario, runs)},
        {"samples.csv", samples_csv(runs)},
        {"in_degree.csv", in_degree_csv(runs)},
        {"traffic.csv", traffic_csv(runs)},
        {"join.csv", join_csv(runs)},
        {"report.html", html_report(scenario, runs, figures)},
        {"overlay.graphml", written(write_graphml, result.overlay)},
        {"overlay.dot", written(write_dot, result.overlay)}};
    if (!result.items.empty()) files.emplace_back("spread.csv", spread_csv(runs));
    if (planned > 1) files.emplace_back("runs.csv", runs_csv(rows_of(scenario, runs)));
    std::vector<std::string> names;
    for (const auto& [name, content] : files) names.push_back(name);
    files.emplace_back("columns.csv", columns_csv(names));
    for (const auto& [name, content] : files)
        if (auto done = write_file(directory + "/" + name, content); !done) return done;
    if (auto done = write_figures(directory, figures); !done) return done;
    for (std::size_t i = 0; i < runs.size() && runs[i].complete; ++i) {  // a beginning cannot be compared by replay
        Scenario played = scenario;
        played.seed = runs[i].seed;
        const std::string name = i == 0 ? "run.yaml" : "run_seed_" + std::to_string(played.seed) + ".yaml";
        if (auto done = write_record(directory + "/" + name, played, runs[i]); !done) return done;
    }
    return {};
}

}  // namespace halp::sim
