// What theory says about the spread of one announcement in a scenario, to be drawn beside what happened.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "simulations/swarm/scenario.h"

namespace halp::sim {

struct SpreadTheory {
    std::string name;                               // what it assumes, for the legend
    std::vector<std::pair<double, double>> points;  // ms since the announcement, share of the nodes that know
    double hop_ms = 0;                              // mean time of one push
};

// With news (gossip.news_fanout > 0) the mean field of the push: who hears of an item tells it `fanout` nodes drawn
// at random, at once and again at each interval, log2(n) + 2 times in all; each push takes a handshake and the way
// of the message, three mean latencies. Of n nodes none dies, none is busy, no segment is lost. Without news it is
// push-pull once a period (run_metrics.h).
[[nodiscard]] SpreadTheory spread_theory(const Scenario& scenario, double nodes);

}  // namespace halp::sim
