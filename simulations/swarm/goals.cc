#include "simulations/swarm/goals.h"

#include <cassert>

#include "simulations/swarm/goal_list.h"
#include "simulations/swarm/scenario_reader.h"
#include "simulations/swarm/swarm_run.h"

namespace halp::sim {

std::vector<std::string> goal_groups() {
    std::vector<std::string> groups;
    for (const Goal& g : all_goals())
        if (groups.empty() || groups.back() != g.group) groups.push_back(g.group);
    return groups;
}

void try_goals(const GoalOptions& options, const std::function<void(const std::string&)>& starting,
               const std::function<void(const GoalVerdict&)>& report) {
    for (const Goal& goal : all_goals()) {
        if (!options.only.empty() && options.only != goal.group) continue;
        if (options.quick && goal.long_run) continue;
        const std::string& nodes = options.quick ? goal.quick_nodes : goal.nodes;
        starting(goal.name + ", " + nodes + " nodes");
        const ReadScenario read = read_scenario(goal.name, "about: " + goal.group + "\n" + goal.yaml,
                                                {{"", "nodes", nodes}, {"", "seed", std::to_string(options.seed)}});
        assert(read.problems.empty());
        const RunResult result = play(read.scenario);
        for (const GoalFigure& f : goal.figures)
            report({goal.group, f.what + (f.what.starts_with(' ') ? "" : " (N = " + nodes + ")"), f.unit, f.limit,
                    f.of({read.scenario, result})});
    }
}

}  // namespace halp::sim
