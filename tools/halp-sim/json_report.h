// summary.json: every parameter, the seed, the digest and the results of one run. The only file that knows the JSON
// library.
#pragma once

#include <string>

#include "simulations/scenario.h"
#include "simulations/swarm_run.h"

namespace halp::sim {

std::string summary_json(const Scenario& scenario, const RunResult& result);
std::string digest_text(std::uint64_t digest);  // 16 hexadecimal digits

}  // namespace halp::sim
