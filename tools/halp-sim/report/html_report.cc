#include "tools/halp-sim/report/html_report.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/html_page.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/halp-sim/report/run_metrics.h"
#include "tools/halp-sim/report/shares.h"
#include "tools/halp-sim/report/svg_plot.h"
#include "tools/program/durations.h"

namespace halp::sim {
namespace {

using Runs = std::vector<RunResult>;
using Figure = std::function<double(const Sample&)>;

// Long runs are drawn with this many points at most.
constexpr std::size_t points_max = 400;

std::vector<std::size_t> drawn(std::size_t samples) {
    std::vector<std::size_t> out;
    const std::size_t step = std::max<std::size_t>(1, (samples + points_max - 1) / points_max);
    for (std::size_t i = 0; i < samples; i += step) out.push_back(i);
    if (samples > 0 && out.back() + 1 != samples) out.push_back(samples - 1);
    return out;
}

// The median over the seeds with a band from 5 to 95 %; samples of equal number are of equal time.
Series over_time(const std::string& name, const Runs& runs, const Figure& figure) {
    Series out{.name = name, .points = {}};
    for (const std::size_t i : drawn(runs.front().samples.size())) {
        std::vector<double> values;
        for (const RunResult& run : runs)
            if (i < run.samples.size() && !std::isnan(figure(run.samples[i])))
                values.push_back(figure(run.samples[i]));
        if (values.empty()) continue;  // nobody lives then
        const Band band = band_of(values);
        out.points.emplace_back(seconds_of(runs.front().samples[i].at), band.median);
        if (runs.size() > 1) out.band.emplace_back(band.low, band.high);
    }
    return out;
}

std::vector<double> phase_marks(const RunResult& r) {
    std::vector<double> marks;
    for (const PhaseResult& p : r.phases) marks.push_back(seconds_of(p.begin));
    return marks;
}

Plot timeline(const std::string& title, const std::string& y_axis, double y_max, const Runs& runs) {
    return {title, "virtual time, s", y_axis, {}, false, y_max, phase_marks(runs.front())};
}

Plot coverage(const Runs& runs) {
    Plot plot = timeline("Coverage over time", "share of the living", 1, runs);
    plot.series.push_back(over_time("has a usable list", runs, [](const Sample& s) { return s.joined; }));
    if (!runs.front().items.empty())
        plot.series.push_back(
            over_time("lists the announced items", runs, [](const Sample& s) { return s.coverage; }));
    return plot;
}

Plot living(const Runs& runs) {
    Plot plot = timeline("Nodes over time", "nodes", 0, runs);
    plot.series.push_back(over_time("living", runs, [](const Sample& s) { return static_cast<double>(s.living); }));
    plot.series.push_back(over_time("in the largest component", runs,
                                    [](const Sample& s) { return static_cast<double>(s.components.largest); }));
    plot.series.back().dashed = true;
    return plot;
}

Plot dead(const Runs& runs) {
    Plot plot = timeline("Dead share of the views over time", "share of view entries", 0, runs);
    plot.series.push_back(over_time("", runs, [](const Sample& s) { return s.dead_share; }));
    return plot;
}

Plot crossing(const Runs& runs) {
    Plot plot = timeline("Nodes with somebody of the other side in view", "share of the living", 1, runs);
    plot.series.push_back(over_time("", runs, [](const Sample& s) { return s.crossing; }));
    return plot;
}

Plot hostile(const Runs& runs) {
    Plot plot = timeline("Hostile share of honest views over time", "share of view entries", 0, runs);
    plot.series.push_back(over_time("hostile", runs, [](const Sample& s) { return s.attackers; }));
    Series fair{.name = "share of all hosts", .points = {}, .dashed = true};
    for (const PhaseResult& p : runs.front().phases)
        for (const auto& [name, value] : p.figures)
            if (name == "hostile_share_of_all")
                fair.points.insert(fair.points.end(), {{seconds_of(p.begin), value}, {seconds_of(p.end), value}});
    plot.series.push_back(fair);
    return plot;
}

Plot traffic(const Runs& runs) {
    Plot plot = timeline("Traffic over time", "kbit/s sent per node", 0, runs);
    plot.series.push_back(over_time("", runs, [](const Sample& s) { return s.sent_kbit_s; }));
    return plot;
}

// The nodes of all seeds together.
Plot in_degree(const Runs& runs) {
    std::vector<double> all;
    for (const RunResult& r : runs) all.insert(all.end(), r.in_degrees.begin(), r.in_degrees.end());
    return {"In-degree at the end (CCDF)",
            "in-degree: how many have the node in view",
            "share of nodes with at least so many",
            {{"", share_from(all), true}},
            true,
            1,
            {}};
}

Plot bytes(const Runs& runs) {
    std::vector<double> all;
    for (const RunResult& r : runs)
        for (const double kbit : r.sent_kbit_s) all.push_back(kbit * 125);
    return {"Bytes per node (ECDF)",
            "bytes/s sent over the node's last life, without TCP and IP headers",
            "share of nodes with at most so many",
            {{"", share_up_to(all), true}},
            false,
            1,
            {}};
}

// Time from left to right, nodes by order of joining from top to bottom.
Map survival(const Scenario& scenario, const RunResult& r) {
    Map map{.title = "Survival map",
            .x_axis = "virtual time, s",
            .y_axis = "nodes by order of joining",
            .x_min = 0,
            .x_max = seconds_of(r.simulated),
            .row_names = {},
            .rows = {},
            .kinds = {{"alive and connected", 0}, {"some cut off", 1}},
            .marks = phase_marks(r)};
    const std::size_t groups = r.samples.front().well.size();
    constexpr std::size_t columns = 120;
    for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t first = g * scenario.nodes / groups + 1;
        map.row_names.push_back(g % 6 == 0 ? std::to_string(first) : "");
        auto& row = map.rows.emplace_back();
        for (std::size_t c = 0; c < columns; ++c) {
            const Sample& s = r.samples[c * (r.samples.size() - 1) / columns];
            const double well = s.well[g] / 255.0, cut = s.cut[g] / 255.0;
            row.push_back(cut > 0 ? MapCell{1, 0.35 + 0.65 * cut} : MapCell{0, well * 0.85});
        }
    }
    return map;
}

std::vector<std::vector<std::string>> run_card(const Scenario& scenario, const Runs& runs) {
    const RunResult& r = runs.front();
    std::vector<std::vector<std::string>> rows{{"run card", ""},
                                               {"program", std::string{"halp-sim "} + HALP_VERSION},
                                               {"run digest", digest_text(r.digest)},
                                               {"events", std::to_string(r.events)},
                                               {"simulated", number(seconds_of(r.simulated), 3) + " s"},
                                               {"seeds", std::to_string(runs.size())}};
    for (const auto& [key, value] : scenario.parameters) rows.push_back({key, value});
    return rows;
}

bool any_phase(const RunResult& r, std::initializer_list<PhaseKind> kinds) {
    return std::ranges::any_of(
        r.phases, [&](const PhaseResult& p) { return std::ranges::find(kinds, p.kind) != kinds.end(); });
}

}  // namespace

std::vector<std::vector<std::string>> phase_rows(const RunResult& result) {
    std::vector<std::vector<std::string>> rows{{"phase", "do", "from s", "to s", "living", "usable list %",
                                                "dead %", "cut off", "periods to recover", "false burials"}};
    for (const PhaseResult& p : result.phases) {
        const double recovered = p.kind == PhaseKind::kill ? p.clean_periods : p.merged_periods;
        rows.push_back({p.name, std::string{text_of(p.kind)}, number(seconds_of(p.begin), 1),
                        number(seconds_of(p.end), 1), std::to_string(p.living), number(p.joined * 100, 1),
                        number(p.dead_share * 100, 2), std::to_string(p.cut_off), reached(recovered, 1),
                        std::to_string(p.false_burials)});
    }
    return rows;
}

std::vector<std::vector<std::string>> figure_rows(const RunResult& result) {
    std::vector<std::vector<std::string>> rows;
    for (const PhaseResult& p : result.phases)
        for (const auto& [name, value] : p.figures) {
            if (rows.empty()) rows.push_back({"phase", "figure", "at its end"});
            rows.push_back(
                {p.name, name, number(value, value == static_cast<double>(static_cast<long>(value)) ? 0 : 4)});
        }
    return rows;
}

std::vector<std::vector<std::string>> item_rows(const RunResult& result) {
    std::vector<std::vector<std::string>> rows;
    for (const ItemSpread& item : result.items) {
        if (rows.empty()) rows.push_back({"item", "nodes", "reached", "50 % s", "99 % s", "99.9 % s", "100 % s"});
        rows.push_back({item.endpoint, std::to_string(item.nodes), std::to_string(item.reached.size()),
                        reached(item.seconds_to(0.5), 3), reached(item.seconds_to(0.99), 3),
                        reached(item.seconds_to(0.999), 3), reached(item.seconds_to(1), 3)});
    }
    return rows;
}

std::vector<std::vector<std::string>> band_rows(const Scenario& scenario, const Runs& runs) {
    std::vector<Metrics> all;
    for (const RunResult& r : runs) all.push_back(metrics_of(scenario, r));
    std::vector<std::vector<std::string>> rows{{"over the seeds", "5 %", "median", "95 %", "runs"}};
    for (const auto& [name, band] : bands_of(all))
        rows.push_back(
            {name, number(band.low, 4), number(band.median, 4), number(band.high, 4), std::to_string(band.count)});
    return rows;
}

std::string html_report(const Scenario& scenario, const Runs& runs) {
    const RunResult& r = runs.front();
    std::string out = page_begin(scenario.name, scenario.about);
    out += html_table(phase_rows(r));
    if (!r.items.empty()) out += html_table(item_rows(r));
    if (const auto rows = figure_rows(r); !rows.empty()) out += html_table(rows);
    out += paragraph("Dashed lines: where phases begin.");
    if (runs.size() > 1)
        out += paragraph(
            "Lines: the median of " + std::to_string(runs.size()) +
            " seeds; bands: 5 to 95 % of them. Tables and the survival map: the first seed. In-degree and "
            "bytes: the nodes of all seeds together.");
    std::vector<std::string> plots{svg(coverage(runs)), svg(living(runs)), svg(dead(runs)),
                                   svg(survival(scenario, r))};
    if (any_phase(r, {PhaseKind::attack})) plots.push_back(svg(hostile(runs)));
    if (any_phase(r, {PhaseKind::partition, PhaseKind::one_way})) plots.push_back(svg(crossing(runs)));
    for (const Plot& plot : {in_degree(runs), bytes(runs), traffic(runs)}) plots.push_back(svg(plot));
    out += plot_grid(plots);
    out += paragraph(
        "Survival map: a row is a group of nodes that joined one after the other, a column an instant. Blue is "
        "stronger the more of the group lives and belongs to the largest component; orange, some of it lives but "
        "is "
        "cut off from there; empty, not joined yet or dead.");
    if (runs.size() > 1) out += html_table(band_rows(scenario, runs));
    return out + html_table(run_card(scenario, runs)) + page_end();
}

}  // namespace halp::sim
