#include "tools/halp-sim/report/html_report.h"

#include <utility>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/headline.h"
#include "tools/halp-sim/report/html_page.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/halp-sim/report/measures.h"
#include "tools/halp-sim/report/publications.h"
#include "tools/halp-sim/report/run_metrics.h"
#include "tools/program/durations.h"

namespace halp::sim {
namespace {

using Runs = std::vector<RunResult>;

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

}  // namespace

std::vector<std::vector<std::string>> phase_rows(const RunResult& result) {
    std::vector<std::vector<std::string>> rows{{"phase", "do", "from s", "to s", "living", "usable list %",
                                                "lowest", "dead %", "highest", "cut off", "most",
                                                "periods to recover", "false burials", "kbit/s a node", "peak"}};
    for (const PhaseResult& p : result.phases) {
        const double recovered = p.kind == PhaseKind::kill ? p.clean_periods : p.merged_periods;
        rows.push_back({p.name, std::string{text_of(p.kind)}, tidy(seconds_of(p.begin)), tidy(seconds_of(p.end)),
                        std::to_string(p.living), tidy(p.joined * 100), tidy(p.joined_low * 100),
                        tidy(p.dead_share * 100), tidy(p.dead_peak * 100), std::to_string(p.cut_off),
                        std::to_string(p.cut_off_peak), recovered < 0 ? "-" : tidy(recovered),
                        std::to_string(p.false_burials), tidy(p.sent_kbit_s), tidy(p.sent_peak)});
    }
    return rows;
}

std::vector<std::vector<std::string>> figure_rows(const RunResult& result) {
    std::vector<std::vector<std::string>> rows;
    for (const PhaseResult& p : result.phases)
        for (const auto& [name, value] : p.figures) {
            if (rows.empty()) rows.push_back({"phase", "figure", "value", "unit"});
            rows.push_back({p.name, name, tidy(value), std::string{measure_of(name).unit}});
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
    const bool quantiles = runs.size() >= band_runs_min;
    std::vector<std::vector<std::string>> rows{
        {"over the seeds", quantiles ? "5 %" : "min", "median", quantiles ? "95 %" : "max", "runs"}};
    for (const auto& [name, band] : bands_of(all))
        rows.push_back({name, tidy(quantiles ? band.low : band.min), tidy(band.median),
                        tidy(quantiles ? band.high : band.max), std::to_string(band.count)});
    return rows;
}

std::string headline_of(const Scenario& scenario, const Runs& runs) {
    std::vector<Metrics> all;
    for (const RunResult& r : runs) all.push_back(metrics_of(scenario, r));
    const std::string sentence = headline(scenario, all);
    const RunResult& r = runs.front();
    if (r.complete) return sentence;
    return "Interrupted after " + tidy(seconds_of(r.simulated)) + " s: " + sentence;
}

namespace {

std::string how_many(const Runs& runs) {
    if (runs.size() == 1) return "One run, seed " + std::to_string(runs.front().seed) + ".";
    const std::string many = std::to_string(runs.size());
    return (runs.size() >= band_runs_min ? "Lines: the median of " + many + " seeds; bands: 5 to 95 % of them."
                                         : "Each of the " + many + " seeds is a line of its own.") +
           " The table of phases, items and the survival map are of seed " + std::to_string(runs.front().seed) +
           ". Distributions: the nodes of all seeds together.";
}

// The names of the second column of figure_rows().
std::vector<std::string> names_in(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::string> out;
    for (const auto& row : rows) out.push_back(row[1]);
    return out;
}

}  // namespace

std::string html_report(const Scenario& scenario, const Runs& runs, const std::vector<PageFigure>& figures) {
    const RunResult& r = runs.front();
    std::string out =
        page_begin(scenario.name, scenario.about) + lead(headline_of(scenario, runs)) + paragraph(how_many(runs));
    out += html_table(phase_rows(r));
    out += terms(
        "At the end of each phase, and beside it the worst of the phase. Usable list: 8 other nodes proved by "
        "contact, or all others. Dead: of the entries in the views of the living; a view is what a node draws "
        "partners from. Cut off: living nodes outside the largest component. Periods to recover: after a kill "
        "until "
        "less than 1 % of the entries are dead, after a partition until 99 % know the other side. False burials: "
        "living nodes given up while there was no partition. kbit/s: sent by a node per second of its life, "
        "without "
        "TCP and IP headers; peak: between two samples.");
    if (!r.items.empty())
        out += html_table(item_rows(r)) +
               terms("Seconds from the announcement of an item until so many of the nodes knew it.");
    if (const auto rows = figure_rows(r); !rows.empty()) out += html_table(rows) + terms(meanings(names_in(rows)));
    if (const auto rows = publication_rows(scenario, r); !rows.empty())
        out += html_table(rows) + terms(publication_terms());
    out += figure_grid(figures);
    out += paragraph(
        "Dashed vertical lines: where phases begin, with their names above. Each figure is a file in figures/.");
    if (runs.size() > 1) {
        const auto rows = band_rows(scenario, runs);
        std::vector<std::string> names;
        for (const auto& row : rows) names.push_back(row.front());
        out += html_table(rows) + terms(meanings(names));
    }
    return out + html_table(run_card(scenario, runs)) + page_end();
}

}  // namespace halp::sim
