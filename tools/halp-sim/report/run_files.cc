#include "tools/halp-sim/report/run_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "store/hash.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/html_report.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/program/durations.h"
#include "tools/program/harmless.h"

namespace halp::sim {
namespace {

std::string row(const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& cell : cells) out += (&cell == cells.data() ? "" : ",") + quoted_cell(cell);
    return out + "\n";
}

std::string in_degree_csv(const RunResult& r) {
    std::string out = "node,in_degree\n";
    for (std::size_t i = 0; i < r.in_degrees.size(); ++i)
        out += row({r.overlay.names[i], std::to_string(r.in_degrees[i])});
    return out;
}

std::string traffic_csv(const RunResult& r) {
    std::string out = "sent_kbit_s\n";
    for (const double kbit : r.sent_kbit_s) out += number(kbit, 4) + "\n";
    return out;
}

std::string spread_csv(const RunResult& r) {
    std::string out = "item,nth,seconds\n";
    for (const ItemSpread& item : r.items)
        for (std::size_t i = 0; i < item.reached.size(); ++i)
            out += row({item.endpoint, std::to_string(i + 1), number(seconds_of(item.reached[i]), 6)});
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

// A cell is empty where there is no figure: a share of the living when nobody lives.
std::string figure(double value, int digits) { return std::isnan(value) ? "" : number(value, digits); }

}  // namespace

std::string samples_csv(const RunResult& result) {
    std::string out = row({"time_s", "phase", "living", "joined_share", "coverage", "dead_share", "crossing_share",
                           "in_degree_mean", "in_degree_sd", "in_degree_max", "bootstrap_in_degree", "components",
                           "largest_component", "sent_kbit_s_per_node", "hostile_share"});
    for (const Sample& s : result.samples)
        out += row({number(seconds_of(s.at), 6), result.phases[s.phase].name, std::to_string(s.living),
                    figure(s.joined, 6), figure(s.coverage, 6), figure(s.dead_share, 6), figure(s.crossing, 6),
                    number(s.in_degree.mean, 4), number(s.in_degree.deviation, 4), number(s.in_degree.max, 0),
                    std::to_string(s.bootstrap_in_degree), std::to_string(s.components.count),
                    std::to_string(s.components.largest), number(s.sent_kbit_s, 4), figure(s.attackers, 6)});
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
    std::string out = row(header);
    for (const RunRow& run : rows) {
        std::vector<std::string> cells;
        for (const auto& [key, value] : run.settings) cells.push_back(value);
        cells.push_back(std::to_string(run.seed));
        cells.push_back(digest_text(run.digest));
        for (const std::string& name : names) {
            const auto value = metric(run.metrics, name);
            cells.push_back(value ? number(*value, 6) : "");
        }
        out += row(cells);
    }
    return out;
}

std::string quoted_cell(const std::string& text) {
    const std::string shown = harmless(text);
    if (shown.find_first_of(",\"") == std::string::npos) return shown;
    std::string out = "\"";
    for (const char c : shown) out += c == '"' ? "\"\"" : std::string{c};
    return out + "\"";
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

bool is_latency_matrix(const std::string& name) {
    constexpr std::string_view before = "latency_", behind = ".csv";
    constexpr std::size_t digits = 16;  // of the digest
    return name.size() == before.size() + digits + behind.size() && name.starts_with(before) &&
           name.ends_with(behind) &&
           name.find_first_not_of("0123456789abcdef", before.size()) == before.size() + digits;
}

bool is_result_file(const std::string& name) {
    static const std::vector<std::string> names{
        "summary.json", "samples.csv", "in_degree.csv",   "traffic.csv",  "report.html", "spread.csv", "runs.csv",
        "sweep.csv",    "run.yaml",    "overlay.graphml", "compare.html", "overlay.dot", "runs.jsonl"};
    return std::ranges::find(names, name) != names.end() || is_latency_matrix(name) ||
           (name.starts_with("run_seed_") && name.ends_with(".yaml"));
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
    return write_file(path,
                      recorded_run_yaml(played, recorded_run_of(result, std::string{"halp-sim "} + HALP_VERSION)));
}

Result<void> write_run_files(const std::string& directory, const Scenario& scenario,
                             const std::vector<RunResult>& runs, std::size_t planned) {
    if (auto done = make_directory(directory); !done) return done;
    if (auto done = remove_results(directory); !done) return done;
    const RunResult& result = runs.front();
    std::vector<std::pair<std::string, std::string>> files{
        {"summary.json", summary_json(scenario, runs, planned)},
        {"samples.csv", samples_csv(result)},
        {"in_degree.csv", in_degree_csv(result)},
        {"traffic.csv", traffic_csv(result)},
        {"report.html", html_report(scenario, runs)},
        {"overlay.graphml", written(write_graphml, result.overlay)},
        {"overlay.dot", written(write_dot, result.overlay)}};
    if (!result.items.empty()) files.emplace_back("spread.csv", spread_csv(result));
    if (planned > 1) files.emplace_back("runs.csv", runs_csv(rows_of(scenario, runs)));
    for (const auto& [name, content] : files)
        if (auto done = write_file(directory + "/" + name, content); !done) return done;
    for (std::size_t i = 0; i < runs.size() && runs[i].complete; ++i) {  // a beginning cannot be compared by replay
        Scenario played = scenario;
        played.seed = runs[i].seed;
        const std::string name = i == 0 ? "run.yaml" : "run_seed_" + std::to_string(played.seed) + ".yaml";
        if (auto done = write_record(directory + "/" + name, played, runs[i]); !done) return done;
    }
    return {};
}

}  // namespace halp::sim
