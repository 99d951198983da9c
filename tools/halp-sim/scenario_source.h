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

// A file when there is one of that name, else a built-in scenario; else a sentence that names the nearest.
[[nodiscard]] Result<Source> find_scenario(const std::string& name);

// What --set, --seed and --nodes say; what is no key=value is put into `problems`.
std::vector<Override> overrides_of(const CommandLine& command, std::vector<std::string>& problems);

}  // namespace halp::sim
