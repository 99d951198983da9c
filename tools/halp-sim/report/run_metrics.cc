#include "tools/halp-sim/report/run_metrics.h"
#include "tools/program/durations.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace halp::sim {
namespace {

// The mean over the items, in rounds; nothing when one never got that far.
std::optional<double> mean_rounds(const Scenario& scenario, const RunResult& r, double share) {
    double sum = 0;
    for (const ItemSpread& item : r.items) {
        const double taken = item.seconds_to(share);
        if (taken < 0) return std::nullopt;
        sum += taken;
    }
    if (r.items.empty()) return std::nullopt;
    return sum / static_cast<double>(r.items.size()) / seconds_of(scenario.node.gossip.period);
}

void add_phase(const PhaseResult& p, Metrics& out) {
    const auto add = [&](const std::string& name, double value) {
        if (!std::isnan(value)) out.emplace_back(p.name + "." + name, value);  // a share of nobody is no figure
    };
    add("living", static_cast<double>(p.living));
    add("joined_share", p.joined);
    add("dead_share", p.dead_share);
    add("cut_off", static_cast<double>(p.cut_off));
    add("false_burials", static_cast<double>(p.false_burials));
    add("living_low", static_cast<double>(p.living_low));
    add("joined_share_low", p.joined_low);
    add("dead_share_peak", p.dead_peak);
    add("cut_off_peak", static_cast<double>(p.cut_off_peak));
    if (p.kind == PhaseKind::attack) add("hostile_share_peak", p.hostile_peak);
    add("kbit_s_per_node", p.sent_kbit_s);
    add("kbit_s_per_node_peak", p.sent_peak);
    if (p.clean_periods >= 0) add("periods_to_clean", p.clean_periods);
    if (p.merged_periods >= 0) add("periods_to_merge", p.merged_periods);
    for (const auto& [name, value] : p.figures) add(name, value);
}

// Nothing when nobody lives: a graph of no nodes has neither degrees nor paths.
void add_overlay(const RunResult& r, Metrics& out) {
    if (!r.overlay.views.empty()) {
        const Spread degrees = spread_of(r.in_degrees);
        out.emplace_back("in_degree_mean", degrees.mean);
        out.emplace_back("in_degree_sd", degrees.deviation);
        out.emplace_back("in_degree_max", degrees.max);
        out.emplace_back("clustering", r.figures.clustering);
        out.emplace_back("path_length", r.figures.path_length);
        out.emplace_back("path_length_error", r.figures.path_error);
        out.emplace_back("path_length_sources", static_cast<double>(r.figures.path_sources));
    }
    out.emplace_back("components", static_cast<double>(r.figures.components.count));
}

}  // namespace

Metrics metrics_of(const Scenario& scenario, const RunResult& r) {
    Metrics out;
    for (const PhaseResult& p : r.phases) add_phase(p, out);
    for (const auto& [share, name] :
         {std::pair{0.5, "rounds_to_50"}, {0.99, "rounds_to_99"}, {0.999, "rounds_to_99_9"}})
        if (const auto rounds = mean_rounds(scenario, r, share)) out.emplace_back(name, *rounds);
    add_overlay(r, out);
    std::vector<double> sent;
    std::ranges::copy_if(r.sent_kbit_s, std::back_inserter(sent), [](double kbit) { return !std::isnan(kbit); });
    if (!sent.empty())
        out.emplace_back("kbit_s_per_node",
                         std::accumulate(sent.begin(), sent.end(), 0.0) / static_cast<double>(sent.size()));
    out.emplace_back("events", static_cast<double>(r.events));
    return out;
}

std::optional<double> metric(const Metrics& metrics, const std::string& name) {
    const auto at = std::ranges::find(metrics, name, &Metrics::value_type::first);
    if (at == metrics.end()) return std::nullopt;
    return at->second;
}

double quantile(std::vector<double> values, double q) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const double place = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

Band band_of(const std::vector<double>& values) {
    return {quantile(values, 0.05), quantile(values, 0.5), quantile(values, 0.95),
            values.size(),          quantile(values, 0),   quantile(values, 1)};
}

bool Band::has_quantiles() const { return count >= band_runs_min; }

std::vector<std::pair<std::string, Band>> bands_of(const std::vector<Metrics>& runs) {
    std::vector<std::string> names;
    for (const Metrics& run : runs)
        for (const auto& [name, value] : run)
            if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    std::vector<std::pair<std::string, Band>> out;
    for (const std::string& name : names) {
        std::vector<double> values;
        for (const Metrics& run : runs)
            if (const auto value = metric(run, name)) values.push_back(*value);
        out.emplace_back(name, band_of(values));
    }
    return out;
}

double theory_rounds(double nodes, double share) {
    const double goal = std::max(1 - share, 0.5 / nodes);
    double ignorant = 1 - 1 / nodes;
    for (int round = 0; round < 1000; ++round) {
        if (ignorant <= goal) return round;
        const double next = ignorant * ignorant * std::exp(-(1 - ignorant));
        // Between two rounds, as if the logarithm fell evenly.
        if (next <= goal) return round + std::log(ignorant / goal) / std::log(ignorant / next);
        ignorant = next;
    }
    return 1000;
}

}  // namespace halp::sim
