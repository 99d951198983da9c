// One sentence on what happened in a run, with numbers; of several seeds the medians.
#pragma once

#include <string>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "tools/halp-sim/report/run_metrics.h"

namespace halp::sim {

[[nodiscard]] std::string headline(const Scenario& scenario, const std::vector<Metrics>& runs);

}  // namespace halp::sim
