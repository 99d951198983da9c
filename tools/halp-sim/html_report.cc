#include "tools/halp-sim/html_report.h"

#include <utility>

#include "tools/halp-sim/console_table.h"
#include "tools/halp-sim/json_report.h"
#include "tools/halp-sim/svg_plot.h"

namespace halp::sim {
namespace {

using Points = std::vector<std::pair<double, double>>;

double seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

template <class Figure>
Points over_time(const RunResult& r, Figure figure) {
    Points out;
    for (const Sample& s : r.samples) out.emplace_back(seconds(s.at), figure(s));
    return out;
}

std::vector<double> phase_marks(const RunResult& r) {
    std::vector<double> marks;
    for (const PhaseResult& p : r.phases) marks.push_back(seconds(p.begin));
    return marks;
}

Plot coverage(const RunResult& r) {
    Plot plot{"Coverage over time", "virtual time, s", "share of the living", {}, false, 1, phase_marks(r)};
    plot.series.push_back({"usable list", over_time(r, [](const Sample& s) { return s.joined; })});
    if (!r.items.empty())
        plot.series.push_back({"announced items", over_time(r, [](const Sample& s) { return s.coverage; })});
    return plot;
}

Plot living(const RunResult& r) {
    Plot plot{"Nodes over time", "virtual time, s", "nodes", {}, false, 0, phase_marks(r)};
    const auto count = [](std::size_t n) { return static_cast<double>(n); };
    plot.series.push_back({"living", over_time(r, [&](const Sample& s) { return count(s.living); })});
    plot.series.push_back(
        {"largest component", over_time(r, [&](const Sample& s) { return count(s.components.largest); })});
    return plot;
}

Plot dead(const RunResult& r) {
    return {"Dead share of view entries over time",
            "virtual time, s",
            "share",
            {{"dead", over_time(r, [](const Sample& s) { return s.dead_share; })}},
            false,
            0,
            phase_marks(r)};
}

Plot crossing(const RunResult& r) {
    return {"Nodes with somebody of the other side in view",
            "virtual time, s",
            "share of the living",
            {{"crossing", over_time(r, [](const Sample& s) { return s.crossing; })}},
            false,
            1,
            phase_marks(r)};
}

Plot traffic(const RunResult& r) {
    return {"Traffic over time",
            "virtual time, s",
            "kbit/s sent per node",
            {{"sent", over_time(r, [](const Sample& s) { return s.sent_kbit_s; })}},
            false,
            0,
            phase_marks(r)};
}

Plot in_degree(const RunResult& r) {
    return {"In-degree at the end: share of nodes with at least so many",
            "in-degree",
            "share of nodes",
            {{"CCDF", share_from({r.in_degrees.begin(), r.in_degrees.end()}), true}},
            true,
            1,
            {}};
}

Plot bytes(const RunResult& r) {
    return {"Traffic per node at the end: share of nodes that send at most so much",
            "kbit/s sent",
            "share of nodes",
            {{"ECDF", share_up_to(r.sent_kbit_s), true}},
            false,
            1,
            {}};
}

std::string html_table(const std::vector<std::vector<std::string>>& rows) {
    std::string out = "<table>\n";
    for (std::size_t i = 0; i < rows.size(); ++i) {
        out += "<tr>";
        for (const std::string& cell : rows[i])
            out += i == 0 ? "<th>" + escaped(cell) + "</th>" : "<td>" + escaped(cell) + "</td>";
        out += "</tr>\n";
    }
    return out + "</table>\n";
}

std::string run_card(const Scenario& scenario, const RunResult& r) {
    std::vector<std::vector<std::string>> rows{{"run card", ""},
                                               {"program", std::string{"halp-sim "} + HALP_VERSION},
                                               {"run digest", digest_text(r.digest)},
                                               {"events", std::to_string(r.events)},
                                               {"simulated", number(seconds(r.simulated), 3) + " s"}};
    for (const auto& [key, value] : scenario.parameters) rows.push_back({key, value});
    return html_table(rows);
}

constexpr const char* style =
    "body{font:15px/1.45 sans-serif;max-width:1360px;margin:1.5em auto;padding:0 1em;color:#222;background:#fff}"
    ".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:1em}"
    "svg{width:100%;border:1px solid #ddd}table{border-collapse:collapse;margin:1em 0;font-size:13px}"
    "td,th{border:1px solid #ddd;padding:2px 8px;text-align:left}";

}  // namespace

std::vector<std::vector<std::string>> phase_rows(const RunResult& result) {
    std::vector<std::vector<std::string>> rows{{"phase", "do", "from s", "to s", "living", "usable list %",
                                                "dead %", "cut off", "periods to recover", "false burials"}};
    for (const PhaseResult& p : result.phases) {
        const double recovered = p.kind == PhaseKind::kill ? p.clean_periods : p.merged_periods;
        rows.push_back({p.name, std::string{text_of(p.kind)}, number(seconds(p.begin), 1),
                        number(seconds(p.end), 1), std::to_string(p.living), number(p.joined * 100, 1),
                        number(p.dead_share * 100, 2), std::to_string(p.cut_off), reached(recovered, 1),
                        std::to_string(p.false_burials)});
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

std::string html_report(const Scenario& scenario, const RunResult& r) {
    std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                      escaped(scenario.name) + " - halp-sim</title><style>" + style +
                      "</style></head><body>\n<h1>" + escaped(scenario.name) + "</h1>\n<p>" +
                      escaped(scenario.about) + "</p>\n";
    out += html_table(phase_rows(r));
    if (!r.items.empty()) out += html_table(item_rows(r));
    out += "<p>Dashed lines: where phases begin.</p>\n<div class=\"plots\">\n";
    std::vector<Plot> plots{coverage(r), living(r), dead(r), in_degree(r), traffic(r), bytes(r)};
    for (const PhaseResult& p : r.phases)
        if (p.kind == PhaseKind::partition) {
            plots.push_back(crossing(r));
            break;
        }
    for (const Plot& plot : plots) out += "<div>" + svg(plot) + "</div>\n";
    return out + "</div>\n" + run_card(scenario, r) + "</body></html>\n";
}

}  // namespace halp::sim
