// report.html: one page without external parts, with the plots and the parameters of one scenario; with bands if it
// was played with several seeds.
#pragma once

#include <string>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"
#include "tools/halp-sim/report/html_page.h"

namespace halp::sim {

// The first of the runs is the one shown in tables and maps. All have the same scenario but for the seed.
std::string html_report(const Scenario& scenario, const std::vector<RunResult>& runs,
                        const std::vector<PageFigure>& figures);
// What happened, in one sentence.
std::string headline_of(const Scenario& scenario, const std::vector<RunResult>& runs);
// The table at the end of a run, one row per phase, header first; shared with the terminal.
std::vector<std::vector<std::string>> phase_rows(const RunResult& result);
std::vector<std::vector<std::string>> figure_rows(const RunResult& result);  // empty when there are none
std::vector<std::vector<std::string>> item_rows(const RunResult& result);    // empty when nothing was announced
// Name, 5 %, median, 95 %, runs that have it; of fewer than 20 runs the range instead of quantiles.
std::vector<std::vector<std::string>> band_rows(const Scenario& scenario, const std::vector<RunResult>& runs);

}  // namespace halp::sim
