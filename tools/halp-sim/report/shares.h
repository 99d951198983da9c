// Distributions of values as points of a plot.
#pragma once

#include <utility>
#include <vector>

namespace halp::sim {

// Of each value x: the share of values that are at most x (ECDF); the share that is at least x (CCDF).
std::vector<std::pair<double, double>> share_up_to(std::vector<double> values);
std::vector<std::pair<double, double>> share_from(std::vector<double> values);

}  // namespace halp::sim
