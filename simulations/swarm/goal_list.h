// The goals of overlay/gossip/rules.md section 9 as data: a scenario, and figures of its run with their limits.
#pragma once

#include <string>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"

namespace halp::sim {

struct GoalRun {
    const Scenario& scenario;
    const RunResult& result;
};

struct GoalFigure {
    std::string what, unit;
    double limit;
    double (*of)(const GoalRun&);  // negative: did not happen
};

struct Goal {
    std::string group, name;
    std::string nodes, quick_nodes;
    bool long_run;  // not in the quick suite
    std::string yaml;
    std::vector<GoalFigure> figures;
};

// Goals of one group stand together.
[[nodiscard]] std::vector<Goal> all_goals();

}  // namespace halp::sim
