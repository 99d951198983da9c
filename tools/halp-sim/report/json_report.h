// summary.json: every parameter, the seed, the digest and the results of one run, and bands when it was played with
// several seeds. Read again by compare.cc.
#pragma once

#include <string>
#include <vector>

#include "simulations/published/reproduction.h"
#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"

namespace halp::sim {

std::string summary_json(const Scenario& scenario, const std::vector<RunResult>& runs);
// One line each: a figure of `halp-sim check`, and the summary of all figures.
std::string check_json(const Check& check);
std::string check_summary_json(std::size_t all, std::size_t met, double cpu_seconds);
std::string digest_text(std::uint64_t digest);  // 16 hexadecimal digits

}  // namespace halp::sim
