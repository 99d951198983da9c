#include "tools/halp-sim/report/json_report.h"

#include <cstdio>

#include "tools/halp-sim/report/html_report.h"
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
    out.set("living_low", p.living_low)
        .set("joined_share_low", p.joined_low)
        .set("dead_share_peak", p.dead_peak)
        .set("cut_off_peak", p.cut_off_peak)
        .set("kbit_s_per_node", p.sent_kbit_s)
        .set("kbit_s_per_node_peak", p.sent_peak);
    if (p.kind == PhaseKind::attack) out.set("hostile_share_peak", p.hostile_peak);
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

void add_seeds(const Scenario& scenario, const std::vector<RunResult>& runs, std::size_t planned, Json& out) {
    std::vector<Metrics> all;
    Json seeds = Json::array(), bands = Json::object();
    for (std::size_t i = 0; i < runs.size(); ++i) {
        all.push_back(metrics_of(scenario, runs[i]));
        seeds.push(Json::object({{"seed", std::to_string(runs[i].seed)}, {"digest", digest_text(runs[i].digest)}}));
    }
    for (const auto& [name, band] : bands_of(all)) {
        const bool quantiles = band.has_quantiles();
        bands.set(name, Json::object({{"runs", band.count},
                                      {"min", band.min},
                                      {"median", band.median},
                                      {"max", band.max},
                                      {"p5", quantiles ? Json(band.low) : Json()},
                                      {"p95", quantiles ? Json(band.high) : Json()}}));
    }
    out.set("seeds_planned", planned).set("seeds", seeds).set("bands", bands);
}

}  // namespace

std::string digest_text(std::uint64_t digest) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest));
    return text;
}

Json overlay_json(std::size_t nodes, const GraphFigures& figures, const Spread& degrees) {
    const auto of_nodes = [&](double value) { return nodes == 0 ? Json{} : Json{value}; };
    return Json::object({{"nodes", nodes},
                         {"components", figures.components.count},
                         {"largest_component", figures.components.largest},
                         {"clustering", of_nodes(figures.clustering)},
                         {"path_length", of_nodes(figures.path_length)},
                         {"path_length_error", of_nodes(figures.path_error)},
                         {"path_length_sources", figures.path_sources},  // fewer than nodes: an estimate
                         {"undirected_degree", of_nodes(figures.degree)},
                         {"in_degree_mean", of_nodes(degrees.mean)},
                         {"in_degree_sd", of_nodes(degrees.deviation)},
                         {"in_degree_max", of_nodes(degrees.max)}});
}

std::string summary_json(const Scenario& scenario, const std::vector<RunResult>& runs, std::size_t planned) {
    const RunResult& result = runs.front();
    Json out = Json::object({{"schema_version", 2},
                             {"program", std::string{"halp-sim "} + HALP_VERSION},
                             {"scenario", scenario.name},
                             {"about", scenario.about},
                             {"headline", headline_of(scenario, runs)},
                             {"seed", std::to_string(result.seed)},
                             {"digest", digest_text(result.digest)},
                             {"events", result.events},
                             {"simulated_s", seconds_of(result.simulated)},
                             {"complete", result.complete}});
    Json parameters, phases, items = Json::array();
    for (const auto& [key, value] : scenario.parameters) parameters.set(key, value);
    for (const PhaseResult& p : result.phases) phases.push(phase_json(p));
    for (const ItemSpread& item : result.items) items.push(item_json(item));
    out.set("parameters", parameters).set("phases", phases).set("items", items);
    out.set("overlay", overlay_json(result.overlay.views.size(), result.figures, spread_of(result.in_degrees)));
    if (planned > 1) add_seeds(scenario, runs, planned, out);
    return out.indented() + "\n";
}

std::string goal_json(const GoalVerdict& goal) {
    return Json::object({{"schema_version", 1},
                         {"group", goal.group},
                         {"goal", goal.what},
                         {"unit", goal.unit},
                         {"limit", goal.limit},
                         {"got", maybe(goal.got)},
                         {"verdict", goal.met() ? "met" : "missed"}})
        .line();
}

std::string check_json(const Check& check) {
    static constexpr const char* senses[]{"near", "at_most", "at_least", "beside"};
    const char* const verdict = check.sense == Sense::beside ? "beside" : check.met() ? "met" : "missed";
    return Json::object({{"schema_version", 1},
                         {"figure", check.what},
                         {"expected", check.expected},
                         {"got", check.got},
                         {"sense", senses[static_cast<std::size_t>(check.sense)]},
                         {"tolerance_relative", check.tolerance},
                         {"tolerance_absolute", check.spare},
                         {"source", check.source},
                         {"verdict", verdict}})
        .line();
}

std::string verdicts_json(const Verdicts& v) {
    return Json::object({{"schema_version", 1},
                         {"figures", v.all},
                         {"met", v.met},
                         {"missed", v.all - v.met},
                         {"complete", v.complete},
                         {"cpu_s", v.cpu_s}})
        .line();
}

}  // namespace halp::sim
