#include "simulations/swarm/goal_list.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace halp::sim {
namespace {

using Goals = std::vector<Goal>;

constexpr double fresh_size = 24;
constexpr double view_size = 36;  // fresh entries and anchors: what partners are drawn from

const std::string lan = "profile: lan\nsample_every: 1s\n";
const std::string growth = "  grow: {do: grow, shape: linear, for: 20s}\n  calm: {do: steady, for: 20s}\n";

double seconds_of(Duration span) { return static_cast<double>(span.count()) / 1e6; }
double period_s(const GoalRun& run) { return seconds_of(run.scenario.node.gossip.period); }

// Units of `unit_s` seconds from the beginning of phase i to the first sample that `good` accepts.
template <class Good>
double until(const GoalRun& run, std::size_t i, double unit_s, Good good) {
    const Duration begin = run.result.phases.at(i).begin;
    for (const Sample& s : run.result.samples)
        if (s.at >= begin && good(s)) return seconds_of(s.at - begin) / unit_s;
    return -1;
}

template <class Figure>
double mean_of_last(const GoalRun& run, std::size_t samples, Figure figure) {
    const auto& all = run.result.samples;
    const std::size_t n = std::min(samples, all.size());
    double sum = 0;
    for (std::size_t i = all.size() - n; i < all.size(); ++i) sum += figure(all[i]);
    return sum / static_cast<double>(std::max<std::size_t>(n, 1));
}

// ---- figures ----

double spread_periods(const GoalRun& run) { return run.result.items.at(0).seconds_to(0.999) / period_s(run); }
double sent_kbit_s(const GoalRun& run) {
    return mean_of_last(run, 5, [](const Sample& s) { return s.sent_kbit_s; });
}
double clean_periods(const GoalRun& run) { return run.result.phases.at(2).clean_periods; }
double merged_periods(const GoalRun& run) { return run.result.phases.at(2).merged_periods; }
double cut_off_at_end(const GoalRun& run) { return static_cast<double>(run.result.phases.back().cut_off); }
double one_component_periods(const GoalRun& run) {
    return until(run, 3, period_s(run), [](const Sample& s) { return s.components.count == 1; });
}
double bootstrap_in_degree(const GoalRun& run) {
    for (const Sample& s : run.result.samples)
        if (s.at >= run.result.phases.at(1).end) return static_cast<double>(s.bootstrap_in_degree);
    return -1;
}
double in_degree_deviation(const GoalRun& run) {
    return mean_of_last(run, 10, [](const Sample& s) { return s.in_degree.deviation; });
}

auto everybody_joined(const GoalRun& run) {
    return [nodes = run.scenario.nodes](const Sample& s) { return s.living == nodes && s.joined == 1; };
}
double joined_periods(const GoalRun& run) { return until(run, 0, period_s(run), everybody_joined(run)); }
// A flash crowd joins within the first second of its phase.
double usable_s_after_last(const GoalRun& run) {
    const double all = until(run, 2, 1, everybody_joined(run));
    return all < 0 ? all : std::max(0.0, all - 1);
}

// The worst sample of the second half of the attack.
double hostile_share(const GoalRun& run) {
    double worst = 0;
    const PhaseResult& attack = run.result.phases.at(2);
    for (const Sample& s : run.result.samples)
        if (s.at > attack.begin + (attack.end - attack.begin) / 2 && s.at <= attack.end)
            worst = std::max(worst, s.attackers);
    return worst;
}

double buried_per_node_and_day(const GoalRun& run) {
    const PhaseResult& stalls = run.result.phases.at(2);
    const double days = seconds_of(stalls.end - stalls.begin) / 86400;
    double buried = 0;
    for (const PhaseResult& p : run.result.phases) buried += static_cast<double>(p.false_burials);
    return buried / (static_cast<double>(stalls.living) * days);
}

// ---- goals, by group ----

void add_spread(Goals& goals) {
    goals.push_back({"spread",
                     "an announcement",
                     "10000",
                     "1000",
                     false,
                     lan + "phases:\n" + growth + "  news: {do: announce, for: 8s}\n",
                     {{"99.9 % of the nodes know an announcement", "periods", 12, spread_periods}}});
    goals.push_back({"spread",
                     "an announcement at 25 % loss",
                     "10000",
                     "1000",
                     false,
                     lan + "network: {loss: 25%}\nphases:\n" + growth + "  news: {do: announce, for: 15s}\n",
                     {{"the same at 25 % loss", "periods", 15, spread_periods}}});
}

void add_healing(Goals& goals) {
    for (const auto& [share, limit] : {std::pair{"50", 12.0}, std::pair{"90", 25.0}})
        for (const char* how : {"process", "machine"}) {
            const std::string name = std::string{share} + " % die (" + how + ")";
            goals.push_back({"healing",
                             name,
                             "2000",
                             "300",
                             false,
                             lan + "phases:\n" + growth + "  boom: {do: kill, share: " + share + "%, how: " + how +
                                 ", for: 40s}\n",
                             {{name + ": less than 1 % of the entries are dead", "periods", limit, clean_periods},
                              {"  nodes cut off at the end", "nodes", 0, cut_off_at_end}}});
        }
}

void add_partition(Goals& goals) {
    const auto apart = [](const std::string& span) {
        return lan +
               "phases:\n  grow: {do: grow, shape: linear, for: 20s}\n  calm: {do: steady, for: 60s}\n"
               "  apart: {do: partition, share: 50%, for: " +
               span + "}\n  together: {do: steady, for: 60s}\n";
    };
    const auto figures = [](const std::string& span) {
        return std::vector<GoalFigure>{
            {"apart for " + span + ": one component again", "periods", 3, one_component_periods},
            {"  99 % have a node of the other side in view", "periods", 15, merged_periods}};
    };
    goals.push_back({"partition", "an hour apart", "100", "60", false, apart("1h"), figures("1 h")});
    goals.push_back({"partition", "a day apart", "40", "40", true, apart("24h"), figures("24 h")});
}

// Anchors change slowly: growth shows in the in-degrees for a hundred periods.
void add_load(Goals& goals) {
    goals.push_back(
        {"load",
         "growth",
         "10000",
         "1000",
         false,
         lan + "phases:\n  grow: {do: grow, shape: exponential, for: 20s}\n  soon: {do: steady, for: 20s}\n"
               "  calm: {do: steady, for: 160s}\n",
         {{"the bootstrap's in-degree 20 periods after growth", "views", 3 * fresh_size, bootstrap_in_degree},
          {"in-degree sd in the calm (1.3 sqrt of the view's size)", "views", 1.3 * std::sqrt(view_size),
           in_degree_deviation}}});
}

void add_cost(Goals& goals) {
    goals.push_back({"cost",
                     "idle, lan",
                     "500",
                     "200",
                     false,
                     lan + "phases:\n" + growth,
                     {{"sent by a node, lan", "kbit/s", 60, sent_kbit_s}}});
    goals.push_back({"cost",
                     "idle, wan",
                     "500",
                     "200",
                     false,
                     "profile: wan\nsample_every: 10s\nphases:\n  grow: {do: grow, shape: linear, for: 2m}\n"
                     "  calm: {do: steady, for: 10m}\n",
                     {{"sent by a node, wan", "kbit/s", 10, sent_kbit_s}}});
}

void add_join(Goals& goals) {
    goals.push_back(
        {"join",
         "a newcomer",
         "301",
         "101",
         false,
         "profile: lan\nsample_every: 100ms\nphases:\n  grow: {do: grow, to: 100, shape: flash, for: 2s}\n"
         "  calm: {do: steady, for: 10s}\n  more: {do: grow, shape: flash, for: 5s}\n",
         {{"newcomers have a usable list (8 proved); after the last joined", "s", 2, usable_s_after_last}}});
    goals.push_back({"join",
                     "all at once",
                     "1000",
                     "300",
                     false,
                     lan + "phases:\n  crowd: {do: grow, shape: flash, for: 40s}\n",
                     {{"everybody joined through one bootstrap", "periods", 20, joined_periods}}});
}

void add_attack(Goals& goals) {
    const auto attack = [](const std::string& share, const std::string& groups, const std::string& view) {
        return "profile: wan\nsample_every: 10s\n" + view +
               "phases:\n  grow: {do: grow, shape: linear, for: 2m}\n  calm: {do: steady, for: 8m}\n"
               "  attack: {do: attack, share: " +
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
}

void add_false_alarms(Goals& goals) {
    goals.push_back(
        {"false alarms",
         "5 % stall",
         "200",
         "100",
         false,
         lan + "phases:\n" + growth +
             "  stalls: {do: stall, share: 5%, each: 30s, for: 60s}\n  after: {do: steady, for: 60s}\n",
         {{"living nodes given up while 5 % stall for 30 s", "per node and day", 1, buried_per_node_and_day}}});
}

}  // namespace

std::vector<Goal> all_goals() {
    Goals goals;
    for (const auto add :
         {add_spread, add_healing, add_partition, add_load, add_cost, add_join, add_attack, add_false_alarms})
        add(goals);
    return goals;
}

}  // namespace halp::sim
