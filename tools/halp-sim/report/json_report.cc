#include "tools/halp-sim/report/json_report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/halp-sim/report/run_metrics.h"

namespace halp::sim {
namespace {

using nlohmann::ordered_json;

double seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

// What was never reached is null.
ordered_json maybe(double value) { return value < 0 ? ordered_json{nullptr} : ordered_json{value}; }

ordered_json phase_json(const PhaseResult& p) {
    ordered_json out{{"name", p.name},
                     {"do", text_of(p.kind)},
                     {"begin_s", seconds(p.begin)},
                     {"end_s", seconds(p.end)},
                     {"living", p.living},
                     {"joined_share", p.joined},
                     {"dead_share", p.dead_share},
                     {"cut_off", p.cut_off},
                     {"false_burials", p.false_burials}};
    if (p.kind == PhaseKind::kill) out["periods_to_clean"] = maybe(p.clean_periods);
    if (p.kind == PhaseKind::partition || p.kind == PhaseKind::one_way)
        out["periods_to_merge"] = maybe(p.merged_periods);
    for (const auto& [name, value] : p.figures) out[name] = value;
    return out;
}

ordered_json item_json(const ItemSpread& item) {
    return {{"endpoint", item.endpoint},
            {"announced_s", seconds(item.announced)},
            {"nodes", item.nodes},
            {"reached", item.reached.size()},
            {"seconds_to_50", maybe(item.seconds_to(0.5))},
            {"seconds_to_99", maybe(item.seconds_to(0.99))},
            {"seconds_to_99_9", maybe(item.seconds_to(0.999))},
            {"seconds_to_100", maybe(item.seconds_to(1))}};
}

ordered_json overlay_json(const RunResult& r) {
    const Spread degrees = spread_of(r.in_degrees);
    return {{"nodes", r.overlay.views.size()},
            {"components", r.figures.components.count},
            {"largest_component", r.figures.components.largest},
            {"clustering", r.figures.clustering},
            {"path_length", r.figures.path_length},
            {"undirected_degree", r.figures.degree},
            {"in_degree_mean", degrees.mean},
            {"in_degree_sd", degrees.deviation},
            {"in_degree_max", degrees.max}};
}

void add_seeds(const Scenario& scenario, const std::vector<RunResult>& runs, ordered_json& out) {
    std::vector<Metrics> all;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        all.push_back(metrics_of(scenario, runs[i]));
        out["seeds"].push_back({{"seed", scenario.seed + i}, {"digest", digest_text(runs[i].digest)}});
    }
    for (const auto& [name, band] : bands_of(all))
        out["bands"][name] = {{"p5", band.low}, {"median", band.median}, {"p95", band.high}, {"runs", band.count}};
}

}  // namespace

std::string digest_text(std::uint64_t digest) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest));
    return text;
}

std::string summary_json(const Scenario& scenario, const std::vector<RunResult>& runs) {
    const RunResult& result = runs.front();
    ordered_json out{{"schema_version", 1},       {"program", std::string{"halp-sim "} + HALP_VERSION},
                     {"scenario", scenario.name}, {"about", scenario.about},
                     {"seed", scenario.seed},     {"digest", digest_text(result.digest)},
                     {"events", result.events},   {"simulated_s", seconds(result.simulated)}};
    for (const auto& [key, value] : scenario.parameters) out["parameters"][key] = value;
    for (const PhaseResult& p : result.phases) out["phases"].push_back(phase_json(p));
    out["items"] = ordered_json::array();
    for (const ItemSpread& item : result.items) out["items"].push_back(item_json(item));
    out["overlay"] = overlay_json(result);
    if (runs.size() > 1) add_seeds(scenario, runs, out);
    return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string check_json(const Check& check) {
    static constexpr const char* senses[]{"near", "at_most", "at_least"};
    ordered_json out{{"schema_version", 1},
                     {"figure", check.what},
                     {"expected", check.expected},
                     {"got", check.got},
                     {"sense", senses[static_cast<std::size_t>(check.sense)]},
                     {"tolerance_relative", check.tolerance},
                     {"tolerance_absolute", check.spare},
                     {"verdict", check.met() ? "met" : "missed"}};
    return out.dump();
}

std::string check_summary_json(std::size_t all, std::size_t met, double cpu_seconds) {
    return ordered_json{
        {"schema_version", 1}, {"figures", all}, {"met", met}, {"missed", all - met}, {"cpu_s", cpu_seconds}}
        .dump();
}

}  // namespace halp::sim
