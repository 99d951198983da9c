#include "tools/halp-sim/report/publications.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "simulations/published/published_figures.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/csv_table.h"
#include "tools/halp-sim/report/run_metrics.h"

namespace halp::sim {
namespace {

class Beside {
public:
    void add(const std::string& figure, const std::string& ours, const std::string& value, std::string_view setting,
             std::string_view source) {
        if (rows_.empty()) rows_.push_back({"figure", "this run", "published", "published for", "source"});
        rows_.push_back({figure, ours, value, std::string{setting}, std::string{source}});
    }
    void add(const std::string& figure, const std::string& ours, std::string_view key) {
        const PublishedFigure& known = published(key);
        add(figure, ours, value_text(known), known.setting, known.source);
    }
    void add_overlay(std::size_t nodes, const GraphFigures& figures, const Spread& degrees) {
        if (nodes == 0) return;
        // The nearer size, as a ratio.
        const std::string group = nodes > 31'623 ? "newscast_large/" : "newscast/";
        add("clustering", plain_number(figures.clustering, 4), group + "clustering");
        add("path length", plain_number(figures.path_length, 3), group + "path_length");
        add("in-degree sd", plain_number(degrees.deviation, 2), group + "in_degree_sd");
        add("clustering", plain_number(figures.clustering, 4), "hyparview/clustering");
        add("path length", plain_number(figures.path_length, 3), "hyparview/path_length");
    }
    void add_spread(const Scenario& scenario, const RunResult& result) {
        if (result.items.empty()) return;
        const PublishedSpread& known = nearest_published_spread(static_cast<double>(result.items.front().nodes));
        const std::string setting =
            "push-pull, uniform partners, one round a period, N = " + std::to_string(known.nodes);
        const Metrics metrics = metrics_of(scenario, result);
        constexpr std::array names{"rounds_to_50", "rounds_to_99", "rounds_to_99_9"};
        constexpr std::array labels{"periods to 50 %", "periods to 99 %", "periods to 99.9 %"};
        for (std::size_t i = 0; i < names.size(); ++i)
            if (const auto rounds = metric(metrics, names[i]))
                add(labels[i], plain_number(*rounds, 2), plain_number(known.rounds[i], 1), setting,
                    published_spread_source);
    }
    void add_recovery(const Scenario& scenario, const RunResult& result) {
        for (std::size_t i = 0; i < result.phases.size() && i < scenario.phases.size(); ++i) {
            const PhaseResult& phase = result.phases[i];
            const double share = scenario.phases[i].share;
            if (phase.kind != PhaseKind::kill || share < 0.1 || share > 0.92) continue;
            const std::string ours = phase.clean_periods < 0 ? "never" : tidy(phase.clean_periods);
            const std::string figure = phase.name + ": periods to recover, " + tidy(share * 100) + " % died";
            if (share <= 0.75) add(figure, ours, share <= 0.6 ? "newscast/clean_50" : "newscast/clean_70");
            add(figure, ours, share < 0.8 ? "hyparview/healing" : "hyparview/healing_90");
        }
    }
    [[nodiscard]] PublicationRows take() { return std::move(rows_); }

private:
    PublicationRows rows_;
};

}  // namespace

PublicationRows overlay_publications(std::size_t nodes, const GraphFigures& figures, const Spread& degrees) {
    Beside beside;
    beside.add_overlay(nodes, figures, degrees);
    return beside.take();
}

PublicationRows publication_rows(const Scenario& scenario, const RunResult& result) {
    Beside beside;
    beside.add_overlay(result.overlay.views.size(), result.figures, spread_of(result.in_degrees));
    beside.add_spread(scenario, result);
    beside.add_recovery(scenario, result);
    return beside.take();
}

std::string publication_terms() {
    return "What others have published for such a figure, in the setting nearest to this run; rule, size and "
           "timing "
           "are those of the publication, so a difference is no fault. `halp-sim check` plays the settings "
           "themselves. "
           "Healed, in DSN 2007: broadcasts reach all of the living again; here: less than 1 % of the entries are "
           "dead.";
}

}  // namespace halp::sim
