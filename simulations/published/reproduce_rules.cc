// Twelve rules of peer sampling, all as settings of the production view: structure of the graph after 150
// synchronous cycles, and cycles until dead entries are gone. The table is of one run of another program.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "simulations/published/published_figures.h"
#include "simulations/published/reproduction_sections.h"
#include "simulations/views/overlay_graph.h"
#include "simulations/views/peer_cycles.h"

namespace halp::sim {
namespace {

constexpr int kill_cycles = 60;
constexpr double never = 99;  // not within `kill_cycles`
constexpr double kills[]{0.5, 0.7, 0.9};
constexpr int dead_at[]{1, 5, 10, 20};

struct Figures {
    double deviation, clustering, path;
    double dead[4];   // per view, so many cycles after half of the nodes died
    double clean[3];  // cycles until 99 % of the entries are alive, after each of the kills
    double cut_off;
};
struct Rule {
    std::string name;
    ViewOptions view;
    Figures known;
};

ViewOptions dropping(ViewOptions view) {
    view.drop_on_failure = true;
    return view;
}
// Here each side of an exchange breaks ties at random. Section newscast has the ties of PeerSim.
ViewOptions newscast_by_age(std::size_t c) {
    ViewOptions view = newscast(c);
    view.ties = TieRule::random;
    return view;
}
ViewOptions oldest_first(ViewOptions view) {
    view.partner = PartnerRule::oldest;
    return view;
}

const std::vector<Rule>& rules() {
    static const std::vector<Rule> all{
        {"blind c30",
         peer_sampling(30, 0, 0),
         {22.84, .0269, 2.686, {15.1, 14.8, 14.4, 13.7}, {never, never, never}, 25}},
        {"healer c30 H15",
         peer_sampling(30, 15, 0),
         {11.25, .1291, 2.796, {14.7, 6.5, .12, 0}, {10, 18, never}, 54}},
        {"swapper c30 S15",
         peer_sampling(30, 0, 15),
         {4.07, .0066, 2.698, {14.7, 13.8, 12.8, 10.7}, {never, never, never}, 4}},
        {"c30 H8 S7", peer_sampling(30, 8, 7), {11.31, .0458, 2.737, {14.7, 10.0, .19, 0}, {11, 17, never}, 12}},
        {"c30 H1 S14 oldest, drop",
         oldest_first(dropping(peer_sampling(30, 1, 14))),
         {5.15, .0080, 2.702, {14.2, 12.0, 8.9, 1.5}, {24, 32, 51}, 0}},
        {"c32 H8 S8 drop",
         dropping(peer_sampling(32, 8, 8)),
         {11.56, .0392, 2.688, {15.2, 10.1, .15, 0}, {10, 14, 28}, 9}},
        {"Newscast c20",
         newscast_by_age(20),
         {7.57,
          .1527,
          3.016,
          {9.7, 3.3, .08, 0},
          {published("newscast/clean_50").value, published("newscast/clean_70").value, never},
          573}},
        {"Newscast c30", newscast_by_age(30), {10.14, .1138, 2.791, {14.6, 6.4, .09, 0}, {10, 16, never}, 52}},
        {"Newscast c30 drop",
         dropping(newscast_by_age(30)),
         {10.14, .1138, 2.791, {14.2, 5.4, .05, 0}, {9, 12, 49}, 34}},
        {"Cyclon c20 l8", cyclon(20, 8), {1.50, .0038, 2.849, {9.6, 8.4, 7.0, 3.4}, {32, 37, 44}, 10}},
        {"Cyclon c30 l8", cyclon(30, 8), {1.71, .0058, 2.691, {14.5, 13.4, 12.0, 8.9}, {45, 54, never}, 2}},
        {"original c30",
         original_halp(30),
         {9.04, .0473, 2.748, {14.5, 14.3, 14.3, 14.4}, {never, never, never}, 6}}};
    return all;
}

Figures measure(const Rule& rule, const Section& section) {
    const std::size_t nodes = section.options.quick ? 1'000 : 10'000;
    const int cycles = section.options.quick ? 40 : 150;
    Figures got{};
    SimRandom random{section.options.seed, 0x72756c6573};
    for (std::size_t k = 0; k < std::size(kills); ++k) {
        section.working_on(rule.name + ", kill " + std::to_string(k + 1) + " of 3");
        PeerCycles swarm{section.options.seed, nodes, rule.view, CycleTime::by_holder};
        for (int i = 0; i < cycles; ++i) swarm.cycle();
        if (k == 0) {
            const ViewGraph graph = swarm.graph();
            const GraphFigures figures = figures_of(graph, 50, random);
            got.deviation = spread_of(in_degrees(graph)).deviation;
            got.clustering = figures.clustering;
            got.path = figures.path_length;
        }
        swarm.kill(kills[k]);
        got.clean[k] = never;
        for (int c = 1; c <= kill_cycles; ++c) {
            swarm.cycle();
            const PeerCycles::DeadEntries dead = swarm.dead_entries();
            for (std::size_t i = 0; i < 4 && k == 0; ++i)
                if (dead_at[i] == c) got.dead[i] = dead.per_view;
            if (got.clean[k] == never && dead.share <= 0.01) got.clean[k] = c;
        }
        if (k == 2) got.cut_off = static_cast<double>(swarm.living() - components_of(swarm.living_graph()).largest);
    }
    return got;
}

// The share of pairs of rules that have the same order in our figures. Only pairs whose published figures differ
// clearly (by a quarter, or by two cycles) count.
double in_order(const std::vector<double>& known, const std::vector<double>& got, double clear) {
    double pairs = 0, kept = 0;
    for (std::size_t i = 0; i < known.size(); ++i)
        for (std::size_t j = 0; j < known.size(); ++j) {
            if (known[i] * 1.25 + clear >= known[j]) continue;
            ++pairs;
            kept += got[i] < got[j] ? 1 : 0;
        }
    return pairs > 0 ? kept / pairs : 1;
}

void check_rule(const Rule& rule, const Figures& got, const Section& section) {
    const std::string who = "rules, " + rule.name + ", ";
    section.report({who + "in-degree sd", rule.known.deviation, got.deviation, 0.25});
    for (std::size_t k = 0; k < std::size(kills); ++k) {
        const std::string what =
            who + std::to_string(static_cast<int>(kills[k] * 100 + 0.5)) + " % killed, cycles until 99 % clean";
        const bool heals = rule.known.clean[k] != never;
        if (heals)
            section.report({what, rule.known.clean[k], got.clean[k], 0, 3});
        else
            section.report({what + " (99: never)", never, got.clean[k]});
    }
}

void check_order(const std::vector<Figures>& got, const Section& section) {
    const auto column = [&](const char* name, double clear, auto figure) {
        std::vector<double> known, ours;
        for (std::size_t i = 0; i < got.size(); ++i) {
            known.push_back(figure(rules()[i].known));
            ours.push_back(figure(got[i]));
        }
        section.report(
            {std::string{"rules, share of pairs in order, "} + name, 1, in_order(known, ours, clear), 0.1});
    };
    column("in-degree sd", 0, [](const Figures& f) { return f.deviation; });
    column("clustering", 0, [](const Figures& f) { return f.clustering; });
    column("dead after 5 cycles", 0, [](const Figures& f) { return f.dead[1]; });
    column("dead after 20 cycles", 0.5, [](const Figures& f) { return f.dead[3]; });
    column("cycles until clean, 50 %", 2, [](const Figures& f) { return f.clean[0]; });
    column("cycles until clean, 90 %", 2, [](const Figures& f) { return f.clean[2]; });
}

}  // namespace

void reproduce_rules(const Section& section) {
    std::vector<Figures> got;
    for (const Rule& rule : rules()) {
        // Small swarms have other figures. Without time for the published size there is nothing to compare.
        if (section.options.quick) return;
        got.push_back(measure(rule, section));
        check_rule(rule, got.back(), section);
    }
    check_order(got, section);
}

}  // namespace halp::sim
