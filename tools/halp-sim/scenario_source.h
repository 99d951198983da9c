// Where scenarios come from: a file, or the list inside the program.
#pragma once

#include <string>
#include <vector>

#include "simulations/swarm/scenario_reader.h"
#include "store/result.h"
#include "tools/halp-sim/command_line.h"

namespace halp::sim {

struct Source {
    std::string file, content;
};

// The file of that name, else the built-in scenario. The error names the most similar built-in scenario.
[[nodiscard]] Result<Source> find_scenario(const std::string& name);

// The settings of --set, --seed and --nodes. A --set without = is added to `problems`.
std::vector<Override> overrides_of(const CommandLine& command, std::vector<std::string>& problems);

}  // namespace halp::sim
