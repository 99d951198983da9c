#include "tools/halp-sim/report/run_figures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/run_metrics.h"
#include "tools/halp-sim/report/shares.h"
#include "tools/halp-sim/report/spread_theory.h"
#include "tools/halp-sim/report/svg_plot.h"
#include "tools/program/durations.h"

namespace halp::sim {
namespace {

using Runs = std::vector<RunResult>;
using Figure = std::function<double(const Sample&)>;

// Long runs are drawn with this many points at most.
constexpr std::size_t points_max = 400;
constexpr std::size_t spread_lines_max = 20;

std::vector<std::size_t> drawn(std::size_t samples) {
    std::vector<std::size_t> out;
    const std::size_t step = std::max<std::size_t>(1, (samples + points_max - 1) / points_max);
    for (std::size_t i = 0; i < samples; i += step) out.push_back(i);
    if (samples > 0 && out.back() + 1 != samples) out.push_back(samples - 1);
    return out;
}

// A value holds until the next sample: what happens at an instant is not drawn as if it came before. With many runs
// the median and a band from 5 to 95 %; samples of equal number are of equal time.
Series median_over_time(const std::string& name, const Runs& runs, const Figure& figure) {
    Series out{.name = name, .points = {}, .steps = true};
    for (const std::size_t i : drawn(runs.front().samples.size())) {
        std::vector<double> values;
        for (const RunResult& run : runs)
            if (i < run.samples.size() && !std::isnan(figure(run.samples[i])))
                values.push_back(figure(run.samples[i]));
        if (values.empty()) continue;  // nobody lives then
        const Band band = band_of(values);
        out.points.emplace_back(seconds_of(runs.front().samples[i].at), band.median);
        out.band.emplace_back(band.low, band.high);
    }
    return out;
}

Series one_over_time(const std::string& name, const RunResult& run, const Figure& figure) {
    Series out{.name = name, .points = {}, .steps = true};
    for (const std::size_t i : drawn(run.samples.size()))
        if (const double value = figure(run.samples[i]); !std::isnan(value))
            out.points.emplace_back(seconds_of(run.samples[i].at), value);
    return out;
}

// Few runs are a line each; quantiles of them would say nothing.
void add_over_time(Plot& plot, const std::string& name, const Runs& runs, const Figure& figure,
                   bool dashed = false) {
    const int colour =
        static_cast<int>(std::ranges::count_if(plot.series, [](const Series& s) { return !s.name.empty(); }));
    const auto add = [&](Series series) {
        series.colour = colour;
        series.dashed = dashed;
        plot.series.push_back(std::move(series));
    };
    if (runs.size() >= band_runs_min) return add(median_over_time(name, runs, figure));
    for (const RunResult& run : runs) {
        Series one = one_over_time(&run == runs.data() ? name : "", run, figure);
        one.thin = runs.size() > 1;
        add(std::move(one));
    }
}

std::vector<PhaseMark> phase_marks(const RunResult& r) {
    std::vector<PhaseMark> marks;
    for (const PhaseResult& p : r.phases) marks.push_back({seconds_of(p.begin), p.name});
    return marks;
}

Plot timeline(const std::string& title, const std::string& y_axis, double y_max, const Runs& runs) {
    return {title, "virtual time, s", y_axis, {}, false, y_max, phase_marks(runs.front())};
}

PageFigure joined(const Runs& runs) {
    Plot plot = timeline("Nodes with a usable list over time", "share of the living", 1, runs);
    add_over_time(plot, "has a usable list", runs, [](const Sample& s) { return s.joined; });
    return {"joined", svg(plot), "A usable list has 8 other nodes that were proved by contact, or all others."};
}

PageFigure coverage(const Runs& runs) {
    Plot plot = timeline("Coverage over time", "share of the living", 1, runs);
    add_over_time(plot, "lists the announced items", runs, [](const Sample& s) { return s.coverage; });
    return {"coverage", svg(plot),
            "Coverage: the share of the living that list an announced item, mean over the items."};
}

// From the announcement on, on an axis of its own.
PageFigure spread(const Scenario& scenario, const Runs& runs) {
    Plot plot{"Spread of an announcement",
              "ms since the announcement",
              "share of the nodes that know it",
              {},
              false,
              1,
              {}};
    double nodes = 0;
    for (const RunResult& run : runs)
        for (const ItemSpread& item : run.items) {
            if (item.nodes == 0 || plot.series.size() >= spread_lines_max) continue;
            Series line{.name = plot.series.empty() ? "simulated, one line an item and run" : "",
                        .points = {{0, 0}},
                        .steps = true};
            line.colour = 0;
            line.thin = run.items.size() * runs.size() > 1;
            for (std::size_t i = 0; i < item.reached.size(); ++i)
                line.points.emplace_back(seconds_of(item.reached[i]) * 1000,
                                         static_cast<double>(i + 1) / static_cast<double>(item.nodes));
            nodes = std::max(nodes, static_cast<double>(item.nodes));
            plot.series.push_back(std::move(line));
        }
    const SpreadTheory theory = spread_theory(scenario, nodes);
    plot.series.push_back({.name = theory.name, .points = theory.points, .steps = false, .dashed = true});
    plot.series.back().colour = 1;
    plot.x_robust = true;
    std::string caption = "Theory without news: push-pull with one uniform partner a period, mean field.";
    if (theory.hop_ms > 0)
        caption = "Theory: who hears of the item tells it " + std::to_string(scenario.node.gossip.news_fanout) +
                  " nodes drawn at random, at once and every " +
                  tidy(seconds_of(scenario.node.gossip.news_interval) * 1000) +
                  " ms, log2(n) + 2 times; a push takes " + tidy(theory.hop_ms) +
                  " ms, three mean latencies. No loss, nobody is busy.";
    return {"spread", svg(plot), caption};
}

PageFigure living(const Runs& runs) {
    Plot plot = timeline("Nodes over time", "nodes", 0, runs);
    add_over_time(plot, "living", runs, [](const Sample& s) { return static_cast<double>(s.living); });
    add_over_time(
        plot, "in the largest component", runs,
        [](const Sample& s) { return static_cast<double>(s.components.largest); }, true);
    return {"nodes", svg(plot),
            "Components: of the graph of view entries that can be reached now. Where both lines are one, nobody is "
            "cut off."};
}

PageFigure dead(const Runs& runs) {
    Plot plot = timeline("Dead share of the views over time", "share of view entries", 0, runs);
    add_over_time(plot, "dead entries", runs, [](const Sample& s) { return s.dead_share; });
    return {"dead_share", svg(plot),
            "A view is what a node draws its partners from. A dead entry names a node that has died."};
}

PageFigure crossing(const Runs& runs) {
    Plot plot = timeline("Nodes with somebody of the other side in view", "share of the living", 1, runs);
    add_over_time(plot, "knows the other side", runs, [](const Sample& s) { return s.crossing; });
    return {"crossing", svg(plot), "The other side: of the last partition."};
}

PageFigure hostile(const Runs& runs) {
    Plot plot = timeline("Hostile share of honest views over time", "share of view entries", 0, runs);
    add_over_time(plot, "hostile", runs, [](const Sample& s) { return s.attackers; });
    Series fair{.name = "share of all hosts", .points = {}, .dashed = true};
    fair.colour = 1;
    for (const PhaseResult& p : runs.front().phases)
        for (const auto& [name, value] : p.figures)
            if (name == "hostile_share_of_all")
                fair.points.insert(fair.points.end(), {{seconds_of(p.begin), value}, {seconds_of(p.end), value}});
    plot.series.push_back(fair);
    return {"hostile", svg(plot),
            "Where hostile hosts have no more of the views than of all hosts, lying brought them nothing."};
}

PageFigure traffic(const Runs& runs) {
    Plot plot = timeline("Traffic over time", "kbit/s sent per node", 0, runs);
    add_over_time(plot, "sent", runs, [](const Sample& s) { return s.sent_kbit_s; });
    plot.y_robust = true;
    return {"traffic", svg(plot), "Between one sample and the next, without TCP and IP headers."};
}

// The nodes of all seeds together.
PageFigure in_degree(const Runs& runs) {
    std::vector<double> all;
    for (const RunResult& r : runs) all.insert(all.end(), r.in_degrees.begin(), r.in_degrees.end());
    Plot plot{"In-degree at the end (CCDF)",
              "in-degree: how many have the node in view",
              "share of nodes with at least so many",
              {{"nodes", share_from(all), true}},
              true,
              1,
              {}};
    return {"in_degree", svg(plot), "A node that stands far to the right is a hub: many depend on it."};
}

PageFigure traffic_of_nodes(const Runs& runs) {
    std::vector<double> all;
    for (const RunResult& r : runs)
        for (const double kbit : r.sent_kbit_s)
            if (!std::isnan(kbit)) all.push_back(kbit);
    Plot plot{"Traffic by node (ECDF)",
              "kbit/s sent over the node's last life",
              "share of nodes with at most so much",
              {{"nodes", share_up_to(all), true}},
              false,
              1,
              {}};
    plot.x_robust = true;
    return {"traffic_by_node", svg(plot),
            "Without TCP and IP headers. A life that has just begun is mostly the join."};
}

// Of all nodes that started; the line ends below 1 when some never joined.
PageFigure join_times(const Runs& runs) {
    std::vector<double> took;
    std::size_t starts = 0;
    for (const RunResult& r : runs)
        for (const JoinTime& join : r.joins) {
            ++starts;
            if (join.took >= Duration{0}) took.push_back(std::max(1e-6, seconds_of(join.took)));
        }
    Series line{.name = "starts of nodes", .points = share_up_to(took), .steps = true};
    for (auto& [x, share] : line.points)
        share *= static_cast<double>(took.size()) / static_cast<double>(std::max<std::size_t>(1, starts));
    Plot plot{"Join time (ECDF)",
              "s from the start of a node until it had a usable list",
              "share of all starts",
              {line},
              false,
              1,
              {}};
    plot.x_logarithmic = true;
    return {"join_time", svg(plot),
            std::to_string(took.size()) + " of " + std::to_string(starts) + " starts ended in a usable list."};
}

// Time from left to right, nodes by order of joining from top to bottom.
PageFigure survival(const Scenario& scenario, const RunResult& r) {
    Map map{.title = "Survival map, seed " + std::to_string(r.seed),
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
    return {
        "survival", svg(map),
        "A row is a group of nodes that joined one after the other, a column an instant. Blue is stronger the more "
        "of "
        "the group lives and belongs to the largest component; orange: some of it lives but is cut off from there; "
        "empty: not joined yet, or dead."};
}

bool any_phase(const RunResult& r, std::initializer_list<PhaseKind> kinds) {
    return std::ranges::any_of(
        r.phases, [&](const PhaseResult& p) { return std::ranges::find(kinds, p.kind) != kinds.end(); });
}

}  // namespace

std::vector<PageFigure> figures_of_runs(const Scenario& scenario, const Runs& runs) {
    const RunResult& r = runs.front();
    std::vector<PageFigure> out{living(runs), joined(runs)};
    if (!r.items.empty()) {
        out.push_back(coverage(runs));
        out.push_back(spread(scenario, runs));
    }
    out.push_back(dead(runs));
    if (any_phase(r, {PhaseKind::attack})) out.push_back(hostile(runs));
    if (any_phase(r, {PhaseKind::partition, PhaseKind::one_way})) out.push_back(crossing(runs));
    out.push_back(survival(scenario, r));
    for (PageFigure figure : {join_times(runs), in_degree(runs), traffic(runs), traffic_of_nodes(runs)})
        out.push_back(std::move(figure));
    return out;
}

}  // namespace halp::sim
