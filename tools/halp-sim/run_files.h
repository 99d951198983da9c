// What a run leaves in its directory: summary.json, samples.csv, in_degree.csv, traffic.csv, spread.csv (when
// something was announced), report.html, overlay.graphml and overlay.dot.
#pragma once

#include <string>
#include <vector>

#include "simulations/scenario.h"
#include "simulations/swarm_run.h"
#include "store/result.h"

namespace halp::sim {

// Makes the directory; replaces files of an earlier run.
[[nodiscard]] Result<void> write_run_files(const std::string& directory, const Scenario& scenario,
                                           const RunResult& result);

std::string samples_csv(const RunResult& result);

}  // namespace halp::sim
