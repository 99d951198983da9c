// summary.json: every parameter, the seed, the digest and the results of one run, and bands when it was played with
// several seeds. Read again by compare.cc.
#pragma once

#include <string>
#include <vector>

#include "simulations/published/reproduction.h"
#include "simulations/swarm/goals.h"
#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"
#include "tools/program/json.h"

namespace halp::sim {

// `planned`: how many seeds there would be, had nobody interrupted.
std::string summary_json(const Scenario& scenario, const std::vector<RunResult>& runs, std::size_t planned);

// The graph of `nodes` views; null stands for figures of no nodes.
Json overlay_json(std::size_t nodes, const GraphFigures& figures, const Spread& degrees);

// One line each: a figure of `halp-sim check`, one of `halp-sim goals`, and how many there were.
struct Verdicts {
    std::size_t all = 0, met = 0;
    bool complete = true;  // false: interrupted
    double cpu_s = 0;
};
std::string check_json(const Check& check);
std::string goal_json(const GoalVerdict& goal);
std::string verdicts_json(const Verdicts& verdicts);
std::string digest_text(std::uint64_t digest);  // 16 hexadecimal digits

}  // namespace halp::sim
