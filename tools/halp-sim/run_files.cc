#include "tools/halp-sim/run_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "tools/halp-sim/console_table.h"
#include "tools/halp-sim/html_report.h"
#include "tools/halp-sim/json_report.h"

namespace halp::sim {
namespace {

double seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

std::string row(const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& cell : cells) out += (out.empty() ? "" : ",") + cell;
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
            out += row({item.endpoint, std::to_string(i + 1), number(seconds(item.reached[i]), 6)});
    return out;
}

template <class Write>
std::string written(Write write, const ViewGraph& graph) {
    std::ostringstream out;
    write(out, graph);
    return out.str();
}

Result<void> put(const std::string& path, const std::string& content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file) return Error{ErrorCode::io, "cannot write " + path};
    return {};
}

}  // namespace

std::string samples_csv(const RunResult& result) {
    std::string out = row({"time_s", "phase", "living", "joined_share", "coverage", "dead_share", "crossing_share",
                           "in_degree_mean", "in_degree_sd", "in_degree_max", "bootstrap_in_degree", "components",
                           "largest_component", "sent_kbit_s_per_node"});
    for (const Sample& s : result.samples)
        out += row({number(seconds(s.at), 6), result.phases[s.phase].name, std::to_string(s.living),
                    number(s.joined, 6), number(s.coverage, 6), number(s.dead_share, 6), number(s.crossing, 6),
                    number(s.in_degree.mean, 4), number(s.in_degree.deviation, 4), number(s.in_degree.max, 0),
                    std::to_string(s.bootstrap_in_degree), std::to_string(s.components.count),
                    std::to_string(s.components.largest), number(s.sent_kbit_s, 4)});
    return out;
}

Result<void> write_run_files(const std::string& directory, const Scenario& scenario, const RunResult& result) {
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed) return Error{ErrorCode::io, "cannot make the directory " + directory + ": " + failed.message()};
    std::vector<std::pair<std::string, std::string>> files{
        {"summary.json", summary_json(scenario, result)},
        {"samples.csv", samples_csv(result)},
        {"in_degree.csv", in_degree_csv(result)},
        {"traffic.csv", traffic_csv(result)},
        {"report.html", html_report(scenario, result)},
        {"overlay.graphml", written(write_graphml, result.overlay)},
        {"overlay.dot", written(write_dot, result.overlay)}};
    if (!result.items.empty()) files.emplace_back("spread.csv", spread_csv(result));
    for (const auto& [name, content] : files)
        if (auto done = put(directory + "/" + name, content); !done) return done.error();
    return {};
}

}  // namespace halp::sim
