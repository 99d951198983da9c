// The figures of a run or of several seeds: plots and maps with a file name each and a sentence that says what they
// show. report.html and the SVG files are made of the same ones.
#pragma once

#include <string>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"
#include "tools/halp-sim/report/html_page.h"

namespace halp::sim {

// All runs have the same scenario but for the seed.
std::vector<PageFigure> figures_of_runs(const Scenario& scenario, const std::vector<RunResult>& runs);

}  // namespace halp::sim
