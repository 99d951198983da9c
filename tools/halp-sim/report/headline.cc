#include "tools/halp-sim/report/headline.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "tools/halp-sim/report/console_table.h"
#include "tools/program/durations.h"

namespace halp::sim {
namespace {

// The medians of all runs, by name of the metric.
class Teller {
public:
    Teller(const Scenario& scenario, const std::vector<Metrics>& runs)
        : scenario_(scenario), runs_(runs), bands_(bands_of(runs)) {}

    [[nodiscard]] std::string phase(const Phase& p) const {
        if (!value(p, "living")) return "";  // interrupted before
        switch (p.kind) {
            case PhaseKind::grow:
                return grown(p);
            case PhaseKind::announce:
                return announced();
            case PhaseKind::kill:
                return killed(p);
            case PhaseKind::partition:
            case PhaseKind::one_way:
                return parted(p);
            case PhaseKind::attack:
                return "with " + percent(p.share) + " hostile hosts, " + share(p, "hostile_fresh") +
                       " of the fresh entries and " + share(p, "hostile_anchors") +
                       " of the anchors were hostile after " + span(p);
            case PhaseKind::steady:
                return "";
            default:
                return std::string{text_of(p.kind)} + " for " + span(p) + ": at worst " +
                       share(p, "joined_share_low") + " had a usable list, " + share(p, "dead_share_peak") +
                       " of the view entries were dead and " + count(p, "cut_off_peak") + " nodes were cut off";
        }
    }
    [[nodiscard]] std::string end() const {
        const Phase& last = scenario_.phases.back();
        const auto kbit = value(last, "kbit_s_per_node");
        return "at the end " + count(last, "living") + " nodes lived, " + share(last, "joined_share") +
               " of them with a usable list, " + count(last, "cut_off") + " cut off" +
               (kbit ? ", and each sent " + tidy(*kbit) + " kbit/s" : "");
    }

private:
    [[nodiscard]] std::optional<double> value(const std::string& name) const {
        const auto at = std::ranges::find_if(bands_, [&](const auto& band) { return band.first == name; });
        if (at == bands_.end()) return std::nullopt;
        return at->second.median;
    }
    [[nodiscard]] std::optional<double> value(const Phase& p, const std::string& field) const {
        return value(p.name + "." + field);
    }
    [[nodiscard]] std::size_t runs_with(const Phase& p, const std::string& field) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            runs_, [&](const Metrics& run) { return metric(run, p.name + "." + field).has_value(); }));
    }
    static std::string percent(double share) { return tidy(share * 100) + " %"; }
    [[nodiscard]] std::string share(const Phase& p, const std::string& field) const {
        const auto known = value(p, field);
        return known ? percent(*known) : "none";
    }
    [[nodiscard]] std::string count(const Phase& p, const std::string& field) const {
        return tidy(value(p, field).value_or(0));
    }
    static std::string span(const Phase& p) { return tidy(seconds_of(p.span)) + " s"; }
    [[nodiscard]] std::string periods(double n) const {
        return tidy(n) + (n == 1 ? " period (" : " periods (") +
               tidy(n * seconds_of(scenario_.node.gossip.period)) + " s)";
    }

    [[nodiscard]] std::string grown(const Phase& p) const {
        const auto median = value(p, "join_s_median"), slowest = value(p, "join_s_p99");
        return "the swarm grew to " + count(p, "living") + " nodes in " + span(p) +
               (median && slowest ? ", half of them joined within " + tidy(*median) + " s and 99 % within " +
                                        tidy(*slowest) + " s"
                                  : "");
    }
    [[nodiscard]] std::string announced() const {
        const double period_ms = seconds_of(scenario_.node.gossip.period) * 1000;
        const auto half = value("rounds_to_50"), most = value("rounds_to_99");
        if (!half) return "an announcement never reached half of the nodes";
        return "an announcement reached half of the nodes in " + tidy(*half * period_ms) + " ms" +
               (most ? " and 99 % in " + tidy(*most * period_ms) + " ms" : "");
    }
    [[nodiscard]] std::string killed(const Phase& p) const {
        const auto clean = value(p, "periods_to_clean");
        const std::size_t had = runs_with(p, "periods_to_clean");
        const std::string dead = percent(p.share) + " of the nodes died at once";
        if (value(p, "living") == 0) return dead + ", and nobody was left";
        return dead + ", up to " + share(p, "dead_share_peak") + " of the view entries were dead, " +
               (clean ? "less than 1 % after " + periods(*clean) : std::string{"and never less than 1 %"}) +
               (had > 0 && had < runs_.size()
                    ? " (in " + std::to_string(had) + " of " + std::to_string(runs_.size()) + " runs)"
                    : "") +
               (value(p, "cut_off_peak").value_or(0) > 0
                    ? ", and up to " + count(p, "cut_off_peak") + " nodes were cut off"
                    : std::string{", and nobody was cut off"});
    }
    [[nodiscard]] std::string parted(const Phase& p) const {
        const auto merged = value(p, "periods_to_merge");
        return percent(p.share) + " of the nodes were " + (p.kind == PhaseKind::partition ? "apart" : "mute") +
               " for " + span(p) + ", and " +
               (merged ? "99 % knew the other side again after " + periods(*merged)
                       : std::string{"the sides never found together again"});
    }

    const Scenario& scenario_;
    const std::vector<Metrics>& runs_;
    std::vector<std::pair<std::string, Band>> bands_;
};

}  // namespace

std::string headline(const Scenario& scenario, const std::vector<Metrics>& runs) {
    const Teller teller{scenario, runs};
    std::string out = runs.size() > 1 ? "In the median of " + std::to_string(runs.size()) + " runs " : "";
    std::string last;
    for (const Phase& p : scenario.phases) {
        const std::string clause = teller.phase(p);
        if (clause.empty() || clause == last) continue;
        out += (last.empty() ? "" : "; ") + clause;
        last = clause;
    }
    out += "; " + teller.end() + ".";
    out.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(out.front())));
    return out;
}

}  // namespace halp::sim
