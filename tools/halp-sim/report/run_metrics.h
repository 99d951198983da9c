// One run as a row of named numbers, and rows of many seeds as quantiles: what sweep tables, CSV files and bands
// are made of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"

namespace halp::sim {

// By name and in a fixed order; what was never reached is absent. Names: "boom.dead_share" is of the phase boom.
using Metrics = std::vector<std::pair<std::string, double>>;
Metrics metrics_of(const Scenario& scenario, const RunResult& result);
std::optional<double> metric(const Metrics& metrics, const std::string& name);

// The q-quantile of the values, linear between neighbours; 0 of none.
double quantile(std::vector<double> values, double q);

struct Band {
    double low = 0, median = 0, high = 0;  // 5, 50 and 95 %
    std::size_t count = 0;
    double min = 0, max = 0;
    // Quantiles of few runs say nothing beyond their range.
    [[nodiscard]] bool has_quantiles() const;
};
inline constexpr std::size_t band_runs_min = 20;
Band band_of(const std::vector<double>& values);
// Of every metric that any of the runs has, in the order of their first appearance.
std::vector<std::pair<std::string, Band>> bands_of(const std::vector<Metrics>& runs);

// The rounds after which the given share knows one item when everybody calls one uniform partner a round and both
// tell each other (push-pull, no loss): the mean-field recursion s' = s * s * exp(-(1 - s)), s the share that does
// not know, after Demers et al., PODC 1987, and Karp et al., FOCS 2000; starts with one of `nodes`, ends when less
// than half a node is left.
double theory_rounds(double nodes, double share);

}  // namespace halp::sim
