#include "simulations/swarm/goals.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "simulations/swarm/scenario_reader.h"
#include "simulations/swarm/swarm_run.h"

namespace halp::sim {
namespace {

constexpr double view_size = 36;  // fresh and anchors: what partners are drawn from
constexpr double fresh_size = 24;

double seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

struct Run {
    const Scenario& scenario;
    const RunResult& result;

    [[nodiscard]] double period() const { return seconds(scenario.node.gossip.period); }
    [[nodiscard]] const PhaseResult& phase(std::size_t i) const { return result.phases.at(i); }
    // Periods (or `unit` seconds) from the beginning of phase i to the first sample that `good` accepts.
    template <class Good>
    [[nodiscard]] double until(std::size_t i, double unit, Good good) const {
        for (const Sample& s : result.samples)
            if (s.at >= phase(i).begin && good(s)) return seconds(s.at - phase(i).begin) / unit;
        return -1;
    }
    template <class Figure>
    [[nodiscard]] double mean_of_last(std::size_t samples, Figure figure) const {
        const std::size_t n = std::min(samples, result.samples.size());
        double sum = 0;
        for (std::size_t i = result.samples.size() - n; i < result.samples.size(); ++i)
            sum += figure(result.samples[i]);
        return sum / static_cast<double>(std::max<std::size_t>(n, 1));
    }
};

struct Figure {
    std::string what, unit;
    double limit;
    double (*of)(const Run&);
};

struct Goal {
    std::string group, name;
    std::string nodes, quick_nodes;
    bool long_run;  // left out of the quick suite
    std::string yaml;
    std::vector<Figure> figures;
};

double spread_in_periods(const Run& run) { return run.result.items.at(0).seconds_to(0.999) / run.period(); }
double kbit_s(const Run& run) {
    return run.mean_of_last(5, [](const Sample& s) { return s.sent_kbit_s; });
}
double cut_off_at_last(const Run& run) { return static_cast<double>(run.result.phases.back().cut_off); }
double one_component(const Run& run) {
    return run.until(3, run.period(), [](const Sample& s) { return s.components.count == 1; });
}
double buried_per_node_and_day(const Run& run) {
    const PhaseResult& stalls = run.phase(2);
    const double days = seconds(stalls.end - stalls.begin) / 86400;
    double buried = 0;
    for (const PhaseResult& p : run.result.phases) buried += static_cast<double>(p.false_burials);
    return buried / (static_cast<double>(stalls.living) * days);
}
double hostile_share(const Run& run) {
    double worst = 0;
    const PhaseResult& attack = run.phase(2);
    for (const Sample& s : run.result.samples)
        if (s.at > attack.begin + (attack.end - attack.begin) / 2 && s.at <= attack.end)
            worst = std::max(worst, s.attackers);
    return worst;
}

// A flash crowd joins within the first second of its phase.
double usable_after_last(const Run& run) {
    const double all =
        run.until(2, 1, [&](const Sample& s) { return s.living == run.scenario.nodes && s.joined == 1; });
    return all < 0 ? all : std::max(0.0, all - 1);
}

std::vector<Goal> all_goals() {
    const std::string growth = "  grow: {do: grow, shape: linear, for: 20s}\n  calm: {do: steady, for: 20s}\n";
    const std::string lan = "profile: lan\nsample_every: 1s\n";
    std::vector<Goal> goals;
    goals.push_back({"spread",
                     "an announcement",
                     "10000",
                     "1000",
                     false,
                     lan + "phases:\n" + growth + "  news: {do: announce, for: 8s}\n",
                     {{"99.9 % of the nodes know an announcement", "periods", 12, spread_in_periods}}});
    goals.push_back({"spread",
                     "an announcement at 25 % loss",
                     "10000",
                     "1000",
                     false,
                     lan + "network: {loss: 25%}\nphases:\n" + growth + "  news: {do: announce, for: 15s}\n",
                     {{"the same at 25 % loss", "periods", 15, spread_in_periods}}});
    for (const auto& [share, limit] : {std::pair{"50", 12.0}, std::pair{"90", 25.0}})
        for (const char* how : {"process", "machine"})
            goals.push_back({"healing",
                             std::string{share} + " % die (" + how + ")",
                             "2000",
                             "300",
                             false,
                             lan + "phases:\n" + growth + "  boom: {do: kill, share: " + share + "%, how: " + how +
                                 ", for: 40s}\n",
                             {{std::string{share} + " % die (" + how + "): less than 1 % of the entries are dead",
                               "periods", limit, [](const Run& run) { return run.phase(2).clean_periods; }},
                              {"  nodes cut off at the end", "nodes", 0, cut_off_at_last}}});
    const auto apart = [](const std::string& span, const std::string& period) {
        return "profile: lan\nsample_every: " + period +
               "\nphases:\n  grow: {do: grow, shape: linear, for: 20s}\n  calm: {do: steady, for: 60s}\n  apart: "
               "{do: "
               "partition, share: 50%, for: " +
               span + "}\n  together: {do: steady, for: 60s}\n";
    };
    const auto merged = [](const Run& run) { return run.phase(2).merged_periods; };
    goals.push_back({"partition",
                     "an hour apart",
                     "100",
                     "60",
                     false,
                     apart("1h", "1s"),
                     {{"apart for 1 h: one component again", "periods", 3, one_component},
                      {"  99 % have somebody of the other side in view", "periods", 15, merged}}});
    goals.push_back({"partition",
                     "a day apart",
                     "40",
                     "40",
                     true,
                     apart("24h", "1s"),
                     {{"apart for 24 h: one component again", "periods", 3, one_component},
                      {"  99 % have somebody of the other side in view", "periods", 15, merged}}});
    goals.push_back(
        {"load",
         "growth",
         "10000",
         "1000",
         false,
         // Anchors change slowly: growth shows in the in-degrees for a hundred periods.
         lan + "phases:\n  grow: {do: grow, shape: exponential, for: 20s}\n  soon: {do: steady, for: 20s}\n"
               "  calm: {do: steady, for: 160s}\n",
         {{"the bootstrap's in-degree 20 periods after growth", "views", 3 * fresh_size,
           [](const Run& run) {
               for (const Sample& s : run.result.samples)
                   if (s.at >= run.phase(1).end) return static_cast<double>(s.bootstrap_in_degree);
               return -1.0;
           }},
          {"in-degree sd in the calm (1.3 sqrt of the view's size)", "views", 1.3 * std::sqrt(view_size),
           [](const Run& run) {
               return run.mean_of_last(10, [](const Sample& s) { return s.in_degree.deviation; });
           }}}});
    goals.push_back({"cost",
                     "idle, lan",
                     "500",
                     "200",
                     false,
                     lan + "phases:\n" + growth,
                     {{"sent by a node, lan", "kbit/s", 60, kbit_s}}});
    goals.push_back(
        {"cost",
         "idle, wan",
         "500",
         "200",
         false,
         "profile: wan\nsample_every: 10s\nphases:\n  grow: {do: grow, shape: linear, for: 2m}\n  calm: "
         "{do: steady, for: 10m}\n",
         {{"sent by a node, wan", "kbit/s", 10, kbit_s}}});
    goals.push_back(
        {"join",
         "a newcomer",
         "301",
         "101",
         false,
         "profile: lan\nsample_every: 100ms\nphases:\n  grow: {do: grow, to: 100, shape: flash, for: 2s}\n"
         "  calm: {do: steady, for: 10s}\n  more: {do: grow, shape: flash, for: 5s}\n",
         {{"newcomers have a usable list (8 proved); after the last joined", "s", 2, usable_after_last}}});
    goals.push_back({"join",
                     "all at once",
                     "1000",
                     "300",
                     false,
                     lan + "phases:\n  crowd: {do: grow, shape: flash, for: 40s}\n",
                     {{"everybody joined through one bootstrap", "periods", 20, [](const Run& run) {
                           return run.until(0, run.period(), [&](const Sample& s) {
                               return s.living == run.scenario.nodes && s.joined == 1;
                           });
                       }}}});
    const auto attack = [](const std::string& share, const std::string& groups, const std::string& view) {
        return "profile: wan\nsample_every: 10s\n" + view +
               "phases:\n  grow: {do: grow, shape: linear, for: 2m}\n  calm: {do: steady, for: 8m}\n  attack: {do: "
               "attack, share: " +
               share + ", groups: " + groups + ", pushes: 10, for: 15m}\n";
    };
    goals.push_back({"attack",
                     "20 % hostile in 4 groups",
                     "400",
                     "160",
                     false,
                     attack("20%", "4", ""),
                     {{"hostile share of partners, 20 % hostile in 4 groups", "share", 1.5 * 0.2, hostile_share}}});
    goals.push_back({"attack",
                     "10 % hostile in 64 groups, open swarm",
                     "1000",
                     "400",
                     true,
                     attack("10%", "64", "view: {partner: ranked}\n"),
                     {{"hostile share of partners, 10 % hostile in 64 groups", "share", 2 * 0.1, hostile_share}}});
    goals.push_back(
        {"false alarms",
         "5 % stall",
         "200",
         "100",
         false,
         lan + "phases:\n" + growth +
             "  stalls: {do: stall, share: 5%, each: 30s, for: 60s}\n  after: {do: "
             "steady, for: 60s}\n",
         {{"living nodes given up while 5 % stall for 30 s", "per node and day", 1, buried_per_node_and_day}}});
    return goals;
}

}  // namespace

std::vector<std::string> goal_groups() {
    std::vector<std::string> groups;
    for (const Goal& g : all_goals())
        if (groups.empty() || groups.back() != g.group) groups.push_back(g.group);
    return groups;
}

void try_goals(const GoalOptions& options, const std::function<void(const std::string&)>& starting,
               const std::function<void(const GoalVerdict&)>& report) {
    for (const Goal& goal : all_goals()) {
        if (!options.only.empty() && options.only != goal.group) continue;
        if (options.quick && goal.long_run) continue;
        const std::string& nodes = options.quick ? goal.quick_nodes : goal.nodes;
        starting(goal.name + ", " + nodes + " nodes");
        const ReadScenario read = read_scenario(goal.name, "about: " + goal.group + "\n" + goal.yaml,
                                                {{"", "nodes", nodes}, {"", "seed", std::to_string(options.seed)}});
        assert(read.problems.empty());
        const RunResult result = play(read.scenario);
        for (const Figure& f : goal.figures)
            report({goal.group, f.what + (f.what.starts_with(' ') ? "" : " (N = " + nodes + ")"), f.unit, f.limit,
                    f.of({read.scenario, result})});
    }
}

}  // namespace halp::sim
