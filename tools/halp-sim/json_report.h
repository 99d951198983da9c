// summary.json: every parameter, the seed, the digest and the results of one run, and bands when it was played with
// several seeds. Read again by compare.cc; nobody else knows the JSON library.
#pragma once

#include <string>
#include <vector>

#include "simulations/scenario.h"
#include "simulations/swarm_run.h"

namespace halp::sim {

std::string summary_json(const Scenario& scenario, const std::vector<RunResult>& runs);
std::string digest_text(std::uint64_t digest);  // 16 hexadecimal digits

}  // namespace halp::sim
