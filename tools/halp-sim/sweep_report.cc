#include "tools/halp-sim/sweep_report.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "config/units.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/csv_table.h"
#include "tools/halp-sim/report/html_page.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/halp-sim/report/measures.h"
#include "tools/halp-sim/report/observations.h"
#include "tools/halp-sim/report/svg_plot.h"

namespace halp::sim {
namespace {

constexpr std::string_view rounds_names[]{"rounds_to_50", "rounds_to_99", "rounds_to_99_9"};
constexpr double rounds_shares[]{0.5, 0.99, 0.999};

std::vector<Metrics> metrics_at(const std::vector<RunRow>& runs) {
    std::vector<Metrics> out;
    for (const RunRow& run : runs) out.push_back(run.metrics);
    return out;
}

std::optional<Band> band_at(const std::vector<RunRow>& runs, const std::string& name) {
    std::vector<double> values;
    for (const RunRow& run : runs)
        if (const auto value = metric(run.metrics, name)) values.push_back(*value);
    if (values.empty()) return std::nullopt;
    return band_of(values);
}

// The figures worth a column: what a kill, a cut, an attack or an announcement is about, and the state at the end.
std::vector<std::string> shown_metrics(const SweepPlan& plan, const SweepResults& results) {
    const std::string last = plan.points.front().scenarios.front().phases.back().name + ".";
    std::vector<std::string> out;
    for (const auto& point : results)
        for (const auto& [name, band] : bands_of(metrics_at(point))) {
            const std::string field = name.substr(name.rfind('.') + 1);
            const bool telling = name.starts_with("rounds_to_") || field.starts_with("periods_to_") ||
                                 field.starts_with("hostile_fresh") || field.starts_with("hostile_anchors") ||
                                 field == "coverage_of_originals" || field == "labels_max" ||
                                 field == "entries_max";
            const bool at_end = name.starts_with(last) && (field == "joined_share" || field == "dead_share" ||
                                                           field == "cut_off" || field == "coverage");
            const bool whole = name == "kbit_s_per_node" || name == "clustering" || name == "path_length";
            if ((telling || at_end || whole) && std::ranges::find(out, name) == out.end()) out.push_back(name);
        }
    return out;
}

std::string band_text(const std::optional<Band>& band, std::size_t seeds) {
    if (!band) return "-";
    const double low = band->has_quantiles() ? band->low : band->min;
    const double high = band->has_quantiles() ? band->high : band->max;
    std::string text = tidy(band->median);
    if (high > low) text += " [" + tidy(low) + ".." + tidy(high) + "]";
    // Quantiles of the runs that have the figure. The number of runs without it is shown, too.
    return band->count < seeds ? text + " (" + std::to_string(band->count) + " of " + std::to_string(seeds) + ")"
                               : text;
}

// "5%" is 0.05, "2s" is 2, "400" is 400.
std::optional<double> axis_value(const std::string& text) {
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view left(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    if (error == std::errc{} && left.empty()) return value;
    if (error == std::errc{} && left == "%") return value / 100;
    if (const auto span = config::parse_duration(text)) return static_cast<double>(span->count()) / 1e6;
    return std::nullopt;
}

// Which varied key is the x axis: the node count, else the first whose values are all numbers.
std::optional<std::size_t> x_key(const SweepPlan& plan) {
    std::optional<std::size_t> found;
    for (std::size_t k = 0; k < plan.varied.size(); ++k) {
        const Varied& v = plan.varied[k];
        if (v.values.size() < 2 ||
            !std::ranges::all_of(v.values, [](const auto& t) { return axis_value(t).has_value(); }))
            continue;
        if (v.key == "nodes") return k;
        if (!found) found = k;
    }
    return found;
}

std::string unit_of(const Varied& v) {
    const std::string& text = v.values.front();
    if (text.ends_with('%')) return ", share";
    return config::parse_duration(text) && text.find_first_not_of("0123456789.") != std::string::npos ? ", s" : "";
}

// "cut_off" of phase boom: "cut off (boom)".
std::string title_of(const std::string& name) {
    const std::size_t dot = name.rfind('.');
    std::string out = dot == std::string::npos ? name : name.substr(dot + 1) + " (" + name.substr(0, dot) + ")";
    std::ranges::replace(out, '_', ' ');
    return out;
}
std::string unit_of(const std::string& name) { return std::string{measure_of(name).unit}; }

// A name for a file from "boom.cut_off": letters, digits and what else no shell minds.
std::string file_name(const std::string& name) {
    std::string out = name;
    for (char& c : out)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') c = '_';
    return out;
}

std::string capital(std::string_view text) {
    std::string out{text};
    if (!out.empty()) out.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(out.front())));
    return out.empty() || out.ends_with('.') ? out : out + ".";
}

class Page {
public:
    Page(const SweepPlan& plan, const SweepResults& results, std::size_t x)
        : plan_(plan), results_(results), x_(x) {}

    // Points that agree in everything but x are one series.
    PageFigure plot(const std::string& name) const {
        Plot out = empty(title_of(name), unit_of(name));
        for (std::size_t p = 0; p < results_.size(); ++p) add(out, p, name, others(p), -1, false);
        return {file_name(name), svg(out), capital(measure_of(name).meaning)};
    }

    // The three shares with the theory curve, as dashes of the same colour.
    PageFigure rounds() const {
        Plot out = empty("Rounds until an announcement is known, and theory", "gossip periods");
        for (std::size_t k = 0; k < 3; ++k) {
            const std::string share = number(rounds_shares[k] * 100, k == 2 ? 1 : 0) + " %";
            for (std::size_t p = 0; p < results_.size(); ++p) {
                const std::string more = others(p).empty() ? "" : ", " + others(p);
                add(out, p, std::string{rounds_names[k]}, share + more, static_cast<int>(k), false);
            }
        }
        for (std::size_t k = 0; k < 3; ++k) {
            Series theory{.name = k == 0 ? "dashed: theory" : "", .points = {}, .dashed = true};
            theory.colour = static_cast<int>(k);
            const auto [from, to] = range();
            for (const double step : {0., .1, .2, .3, .4, .5, .6, .7, .8, .9, 1.}) {
                const double nodes = from * std::pow(to / from, step);
                theory.points.emplace_back(nodes, theory_rounds(nodes, rounds_shares[k]));
            }
            out.series.push_back(theory);
        }
        return {
            "rounds", svg(out),
            "Theory: push-pull with one uniform partner a round and no loss, by the mean-field recursion s' = s * "
            "s * "
            "exp(-(1 - s)), where all act at once. Nodes act at instants of their own, so an item can go on in the "
            "round in which it came: it is faster. News (gossip.news_fanout > 0) do not wait for rounds and lie "
            "far "
            "below."};
    }

private:
    Plot empty(const std::string& title, const std::string& y_axis) const {
        const Varied& v = plan_.varied[x_];
        Plot out{title, v.key + unit_of(v), y_axis, {}, false, 0, {}};
        const auto [from, to] = range();
        out.x_logarithmic = from > 0 && to / from >= 8;
        if (v.values.size() <= 8)
            for (const std::string& text : v.values) out.x_values.push_back(*axis_value(text));
        return out;
    }
    std::pair<double, double> range() const {
        std::vector<double> all;
        for (const std::string& text : plan_.varied[x_].values) all.push_back(*axis_value(text));
        const auto [low, high] = std::ranges::minmax(all);
        return {low, high};
    }
    std::string others(std::size_t p) const {
        std::string out;
        for (std::size_t k = 0; k < plan_.varied.size(); ++k)
            if (k != x_) {
                const auto& [key, value] = plan_.points[p].settings[k];
                out += (out.empty() ? "" : ", ") + key.substr(key.rfind('.') + 1) + " " + value;
            }
        return out;
    }
    // The same combination of the other settings has the same colour in every plot.
    int rank_of(const std::string& combination) const {
        std::vector<std::string> seen;
        for (std::size_t p = 0; p < results_.size(); ++p)
            if (std::ranges::find(seen, others(p)) == seen.end()) seen.push_back(others(p));
        return static_cast<int>(std::ranges::find(seen, combination) - seen.begin());
    }
    void add(Plot& out, std::size_t p, const std::string& name, const std::string& series, int colour,
             bool dashed) const {
        const auto band = band_at(results_[p], name);
        if (!band) return;
        auto at = std::ranges::find(out.series, series, &Series::name);
        if (at == out.series.end()) {
            out.series.push_back({.name = series, .points = {}, .steps = false, .dashed = dashed, .dots = true});
            at = out.series.end() - 1;
            at->colour = colour < 0 ? rank_of(series) : colour;
        }
        const double x = *axis_value(plan_.points[p].settings[x_].second);
        const auto place =
            std::ranges::upper_bound(at->points, x, {}, &std::pair<double, double>::first) - at->points.begin();
        at->points.insert(at->points.begin() + place, {x, band->median});
        if (band->has_quantiles()) at->band.insert(at->band.begin() + place, {band->low, band->high});
        // Few runs: each is a dot.
        Series each{.name = "", .points = {}, .dots = true, .colour = at->colour, .no_line = true};
        if (!band->has_quantiles())
            for (const RunRow& run : results_[p])
                if (const auto value = metric(run.metrics, name)) each.points.emplace_back(x, *value);
        if (each.points.size() > 1) out.series.push_back(each);
    }

    const SweepPlan& plan_;
    const SweepResults& results_;
    std::size_t x_;
};

// The survival map: one column per point, one row per seed; the nodes outside the largest component at the end.
PageFigure sweep_survival(const SweepPlan& plan, const SweepResults& results) {
    const std::string last = plan.points.front().scenarios.front().phases.back().name;
    Map map{.title = "Survival map: nodes cut off at the end",
            .x_axis = "",
            .y_axis = "seed",
            .row_names = {},
            .rows = {},
            .kinds = {{"nobody cut off", 2}, {"this many cut off", 1}}};
    for (const Varied& v : plan.varied) map.x_axis += (map.x_axis.empty() ? "" : " / ") + v.key;
    for (const SweepPoint& point : plan.points) {
        std::string name;
        for (const auto& [key, value] : point.settings) name += (name.empty() ? "" : "/") + value;
        map.column_names.push_back(name);
    }
    for (std::size_t s = 0; s < plan.seeds; ++s) {
        map.row_names.push_back(std::to_string(plan.seed_list[s]));
        auto& row = map.rows.emplace_back();
        auto& texts = map.texts.emplace_back();
        for (const auto& point : results) {
            const auto run = std::ranges::find(point, plan.seed_list[s], &RunRow::seed);
            const bool played = run != point.end();  // else interrupted before
            const double living = played ? metric(run->metrics, last + ".living").value_or(0) : 0;
            const double cut = played ? metric(run->metrics, last + ".cut_off").value_or(0) : 0;
            const bool all_dead = played && living == 0;
            const double strength = all_dead ? 1 : 0.3 + 0.7 * cut / std::max(1.0, living);
            row.push_back(cut > 0 || all_dead ? MapCell{1, strength} : MapCell{0, played ? 0.45 : 0});
            texts.push_back(all_dead ? "none lives" : cut > 0 ? number(cut, 0) : "");
        }
    }
    return {"survival", svg(map),
            "Cut off: living nodes outside the largest component at the end of the last phase."};
}

// "1 to 5", or "5, 6, 9".
std::string seeds_text(const SweepPlan& plan) {
    const std::vector<std::uint64_t>& seeds = plan.seed_list;
    if (seeds.size() > 2 && seeds.back() - seeds.front() == seeds.size() - 1 && std::ranges::is_sorted(seeds))
        return std::to_string(seeds.front()) + " to " + std::to_string(seeds.back());
    std::string out;
    for (const std::uint64_t seed : seeds) out += (out.empty() ? "" : ", ") + std::to_string(seed);
    return out;
}

bool varies(const SweepResults& results, const std::string& name) {
    std::optional<double> first;
    for (const auto& point : results)
        for (const RunRow& run : point) {
            const auto value = metric(run.metrics, name);
            if (value && first && *value != *first) return true;
            if (value) first = value;
        }
    return false;
}

// What the figures were at the first and at the last combination: the two that say most.
std::string sweep_headline(const SweepPlan& plan, const SweepResults& results) {
    std::size_t runs = 0, told = 0;
    for (const auto& point : results) runs += point.size();
    std::string out = std::to_string(runs) + " runs of " + std::to_string(plan.points.size()) +
                      (plan.points.size() == 1 ? " setting" : " settings");
    const auto named = [&](std::size_t p) {
        std::string text;
        for (const auto& [key, value] : plan.points[p].settings)
            text += (text.empty() ? "" : ", ") + key + " " + value;
        return text;
    };
    for (const std::string& name : shown_metrics(plan, results)) {
        const auto first = band_at(results.front(), name), last = band_at(results.back(), name);
        if (!first || !last || first->median == last->median || ++told > 2) continue;
        out += (told == 1 ? ": " : "; ") + title_of(name) + " went from " + tidy(first->median) +
               (told == 1 ? " at " + named(0) : "") + " to " + tidy(last->median) +
               (told == 1 ? " at " + named(results.size() - 1) : "") + " " + unit_of(name);
    }
    return out + (told > 0 ? " (medians)." : "; the medians of the first and the last are equal.");
}

bool can_fall_apart(const SweepPlan& plan) {
    return std::ranges::any_of(plan.points.front().scenarios.front().phases, [](const Phase& p) {
        return p.kind == PhaseKind::kill || p.kind == PhaseKind::partition || p.kind == PhaseKind::one_way ||
               p.kind == PhaseKind::churn || p.kind == PhaseKind::attack;
    });
}

}  // namespace

std::vector<std::vector<std::string>> sweep_rows(const SweepPlan& plan, const SweepResults& results) {
    const std::vector<std::string> names = shown_metrics(plan, results);
    std::vector<std::vector<std::string>> rows{{}};
    for (const Varied& v : plan.varied) rows.front().push_back(v.key);
    rows.front().insert(rows.front().end(), names.begin(), names.end());
    for (std::size_t p = 0; p < results.size(); ++p) {
        auto& row = rows.emplace_back();
        for (const auto& [key, value] : plan.points[p].settings) row.push_back(value);
        for (const std::string& name : names)
            row.push_back(band_text(band_at(results[p], name), results[p].size()));
    }
    return rows;
}

namespace {

// The header of a file behind the varied settings.
std::string header_behind(const SweepPlan& plan, std::string_view file) {
    std::string out;
    for (const Varied& v : plan.varied) out += quoted_cell(v.key) + ",";
    return out + csv_header(file);
}

std::vector<std::string> setting_cells(const SweepPoint& point) {
    std::vector<std::string> out;
    for (const auto& [key, value] : point.settings) out.push_back(value);
    return out;
}

}  // namespace

std::string sweep_csv(const SweepPlan& plan, const SweepResults& results) {
    std::string out = header_behind(plan, "sweep.csv");
    for (std::size_t p = 0; p < results.size(); ++p) {
        for (const auto& [name, band] : bands_of(metrics_at(results[p]))) {
            std::vector<std::string> cells = setting_cells(plan.points[p]);
            cells.insert(cells.end(), {name, unit_of(name), std::to_string(band.count), plain_number(band.min),
                                       plain_number(band.median), plain_number(band.max)});
            cells.push_back(band.has_quantiles() ? plain_number(band.low) : "");
            cells.push_back(band.has_quantiles() ? plain_number(band.high) : "");
            out += csv_row(cells);
        }
    }
    return out;
}

std::string sweep_observations_csv(const SweepPlan& plan, const SweepResults& results) {
    std::string out = header_behind(plan, "observations.csv");
    std::size_t number_of_run = 0;
    for (std::size_t p = 0; p < results.size(); ++p)
        for (const RunRow& run : results[p])
            out += metric_rows(setting_cells(plan.points[p]), ++number_of_run, run.seed,
                               plan.points[p].scenarios.front(), run.metrics);
    return out;
}

std::vector<PageFigure> sweep_figures(const SweepPlan& plan, const SweepResults& results) {
    std::vector<PageFigure> out;
    if (const auto x = x_key(plan)) {
        const Page page{plan, results, *x};
        const std::vector<std::string> names = shown_metrics(plan, results);
        const bool rounds = std::ranges::find(names, "rounds_to_50") != names.end();
        if (plan.varied[*x].key == "nodes" && rounds) out.push_back(page.rounds());
        for (const std::string& name : names)
            if (!name.starts_with("rounds_to_") || plan.varied[*x].key != "nodes")
                if (varies(results, name)) out.push_back(page.plot(name));
    }
    if (plan.points.size() <= 20 && can_fall_apart(plan)) out.push_back(sweep_survival(plan, results));
    return out;
}

std::string sweep_html(const SweepPlan& plan, const SweepResults& results, const std::vector<PageFigure>& figures) {
    std::string out = page_begin("Sweep of " + plan.name, plan.about) + lead(sweep_headline(plan, results));
    const bool quantiles = plan.seeds >= band_runs_min;
    out += paragraph("Each row is " + std::to_string(plan.seeds) + (plan.seeds == 1 ? " run" : " runs") +
                     " with the seeds " + seeds_text(plan) + ": median " +
                     (quantiles ? "[5 %..95 %]; bands in the plots are the same."
                                : "[smallest..largest]; each run is a dot in the plots.") +
                     " \"3 of 5\": the others never got there.");
    out += html_table(sweep_rows(plan, results)) + terms(meanings(shown_metrics(plan, results)));
    out += figure_grid(figures);
    std::vector<std::vector<std::string>> card{{"settings that were not varied", ""}};
    for (const auto& [key, value] : plan.points.front().scenarios.front().parameters)
        if (key != "seed" && std::ranges::find(plan.varied, key, &Varied::key) == plan.varied.end())
            card.push_back({key, value});
    return out + html_table(card) + page_end();
}

}  // namespace halp::sim
