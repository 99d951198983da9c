// report.html: one page that needs nothing else, with the plots of one run and its run card.
#pragma once

#include <string>

#include "simulations/scenario.h"
#include "simulations/swarm_run.h"

namespace halp::sim {

std::string html_report(const Scenario& scenario, const RunResult& result);
// The table at the end of a run, one row per phase, header first; shared with the terminal.
std::vector<std::vector<std::string>> phase_rows(const RunResult& result);
std::vector<std::vector<std::string>> item_rows(const RunResult& result);  // empty when nothing was announced

}  // namespace halp::sim
