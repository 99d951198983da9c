// observations.csv: tidy, one row per observation, all seeds; whatever the figures of a report show.
#pragma once

#include <string>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"
#include "tools/halp-sim/report/run_metrics.h"

namespace halp::sim {

[[nodiscard]] std::string observations_csv(const Scenario& scenario, const std::vector<RunResult>& runs);

// The rows of one run of a sweep, of which only the metrics are left; `before` are the cells in front of `run`.
[[nodiscard]] std::string metric_rows(const std::vector<std::string>& before, std::size_t run, std::uint64_t seed,
                                      const Scenario& scenario, const Metrics& metrics);

}  // namespace halp::sim
