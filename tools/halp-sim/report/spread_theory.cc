#include "tools/halp-sim/report/spread_theory.h"

#include <algorithm>
#include <cmath>

#include "simulations/world/latency_model.h"
#include "tools/program/durations.h"

namespace halp::sim {
namespace {

double ms_of(Duration span) { return seconds_of(span) * 1000; }

// Of pairs of hosts, with jitter, one way.
double mean_latency_ms(const Scenario& s) {
    const auto model = make_latency_model(s.network.topology, s.seed);
    const auto hosts = static_cast<std::uint32_t>(std::clamp<std::size_t>(s.nodes, 2, 60));
    double sum = 0, pairs = 0;
    for (std::uint32_t from = 0; from < hosts; ++from)
        for (std::uint32_t to = 0; to < hosts; ++to)
            if (from != to) sum += ms_of(model->one_way(from, to)), ++pairs;
    return sum / pairs + ms_of(s.network.jitter) / 2;
}

// Steps of an eighth of a hop: in each one the pushes arrive that began a hop before.
std::vector<std::pair<double, double>> push_curve(const Scenario& s, double nodes, double hop) {
    constexpr std::size_t steps_max = 20'000;
    constexpr std::size_t hop_steps = 8;
    const double step = hop / hop_steps;
    const auto interval =
        static_cast<std::size_t>(std::max<long>(1, std::lround(ms_of(s.node.gossip.news_interval) / step)));
    const auto times = static_cast<std::size_t>(std::log2(nodes)) + 2;
    const auto fanout = static_cast<double>(s.node.gossip.news_fanout);
    std::vector<double> fresh{1 / nodes};  // by step: who hears of it then, as a share
    std::vector<std::pair<double, double>> out{{0, 1 / nodes}};
    double ignorant = 1 - 1 / nodes;
    while (fresh.size() < steps_max && ignorant > 0.5 / nodes) {
        const std::size_t now = fresh.size();
        double pushes = 0;
        for (std::size_t k = 0; k < times && hop_steps + k * interval <= now; ++k)
            pushes += fresh[now - hop_steps - k * interval];
        const double next = ignorant * std::exp(-fanout * pushes);
        fresh.push_back(ignorant - next);
        ignorant = next;
        out.emplace_back(static_cast<double>(now) * step, 1 - ignorant);
        if (hop_steps + times * interval < now && pushes == 0) break;
    }
    return out;
}

std::vector<std::pair<double, double>> push_pull_curve(double nodes, double period_ms) {
    std::vector<std::pair<double, double>> out;
    double ignorant = 1 - 1 / nodes;
    for (int round = 0; round < 100 && ignorant > 0.5 / nodes; ++round) {
        out.emplace_back(round * period_ms, 1 - ignorant);
        ignorant = ignorant * ignorant * std::exp(-(1 - ignorant));
    }
    out.emplace_back(static_cast<double>(out.size()) * period_ms, 1 - ignorant);
    return out;
}

}  // namespace

SpreadTheory spread_theory(const Scenario& scenario, double nodes) {
    SpreadTheory out;
    if (nodes < 2) return out;
    if (scenario.node.gossip.news_fanout == 0) {
        out.name = "theory: push-pull once a period";
        out.points = push_pull_curve(nodes, ms_of(scenario.node.gossip.period));
        return out;
    }
    out.hop_ms = std::max(0.001, 3 * mean_latency_ms(scenario));
    out.name = "theory: mean field of the push";
    out.points = push_curve(scenario, nodes, out.hop_ms);
    return out;
}

}  // namespace halp::sim
