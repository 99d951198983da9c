#include "tools/halp-sim/report/json_report.h"

#include <cstdio>

#include "tools/halp-sim/report/run_metrics.h"
#include "tools/program/durations.h"
#include "tools/program/json.h"

namespace halp::sim {
namespace {

// Null when the state was never reached.
Json maybe(double value) { return value < 0 ? Json{} : Json{value}; }

Json phase_json(const PhaseResult& p) {
    Json out = Json::object({{"name", p.name},
                             {"do", text_of(p.kind)},
                             {"begin_s", seconds_of(p.begin)},
                             {"end_s", seconds_of(p.end)},
                             {"living", p.living},
                             {"joined_share", p.joined},
                             {"dead_share", p.dead_share},
                             {"cut_off", p.cut_off},
                             {"false_burials", p.false_burials}});
    if (p.kind == PhaseKind::kill) out.set("periods_to_clean", maybe(p.clean_periods));
    if (p.kind == PhaseKind::partition || p.kind == PhaseKind::one_way)
        out.set("periods_to_merge", maybe(p.merged_periods));
    for (const auto& [name, value] : p.figures) out.set(name, value);
    return out;
}

Json item_json(const ItemSpread& item) {
    return Json::object({{"endpoint", item.endpoint},
                         {"announced_s", seconds_of(item.announced)},
                         {"nodes", item.nodes},
                         {"reached", item.reached.size()},
                         {"seconds_to_50", maybe(item.seconds_to(0.5))},
                         {"seconds_to_99", maybe(item.seconds_to(0.99))},
                         {"seconds_to_99_9", maybe(item.seconds_to(0.999))},
                         {"seconds_to_100", maybe(item.seconds_to(1))}});
}

Json overlay_json(const RunResult& r) {
    const Spread degrees = spread_of(r.in_degrees);
    return Json::object({{"nodes", r.overlay.views.size()},
                         {"components", r.figures.components.count},
                         {"largest_component", r.figures.components.largest},
                         {"clustering", r.figures.clustering},
                         {"path_length", r.figures.path_length},
                         {"path_length_sources", r.figures.path_sources},  // fewer than nodes: an estimate
                         {"undirected_degree", r.figures.degree},
                         {"in_degree_mean", degrees.mean},
                         {"in_degree_sd", degrees.deviation},
                         {"in_degree_max", degrees.max}});
}

void add_seeds(const Scenario& scenario, const std::vector<RunResult>& runs, Json& out) {
    std::vector<Metrics> all;
    Json seeds = Json::array(), bands = Json::object();
    for (std::size_t i = 0; i < runs.size(); ++i) {
        all.push_back(metrics_of(scenario, runs[i]));
        seeds.push(Json::object({{"seed", scenario.seed + i}, {"digest", digest_text(runs[i].digest)}}));
    }
    for (const auto& [name, band] : bands_of(all))
        bands.set(name, Json::object(
                            {{"p5", band.low}, {"median", band.median}, {"p95", band.high}, {"runs", band.count}}));
    out.set("seeds", seeds).set("bands", bands);
}

}  // namespace

std::string digest_text(std::uint64_t digest) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest));
    return text;
}

std::string summary_json(const Scenario& scenario, const std::vector<RunResult>& runs) {
    const RunResult& result = runs.front();
    Json out = Json::object({{"schema_version", 1},
                             {"program", std::string{"halp-sim "} + HALP_VERSION},
                             {"scenario", scenario.name},
                             {"about", scenario.about},
                             {"seed", scenario.seed},
                             {"digest", digest_text(result.digest)},
                             {"events", result.events},
                             {"simulated_s", seconds_of(result.simulated)}});
    Json parameters, phases, items = Json::array();
    for (const auto& [key, value] : scenario.parameters) parameters.set(key, value);
    for (const PhaseResult& p : result.phases) phases.push(phase_json(p));
    for (const ItemSpread& item : result.items) items.push(item_json(item));
    out.set("parameters", parameters).set("phases", phases).set("items", items);
    out.set("overlay", overlay_json(result));
    if (runs.size() > 1) add_seeds(scenario, runs, out);
    return out.indented() + "\n";
}

std::string check_json(const Check& check) {
    static constexpr const char* senses[]{"near", "at_most", "at_least"};
    return Json::object({{"schema_version", 1},
                         {"figure", check.what},
                         {"expected", check.expected},
                         {"got", check.got},
                         {"sense", senses[static_cast<std::size_t>(check.sense)]},
                         {"tolerance_relative", check.tolerance},
                         {"tolerance_absolute", check.spare},
                         {"verdict", check.met() ? "met" : "missed"}})
        .line();
}

std::string check_summary_json(std::size_t all, std::size_t met, double cpu_seconds) {
    return Json::object({{"schema_version", 1},
                         {"figures", all},
                         {"met", met},
                         {"missed", all - met},
                         {"cpu_s", cpu_seconds}})
        .line();
}

}  // namespace halp::sim
