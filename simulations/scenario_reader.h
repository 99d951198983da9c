// Scenario files: YAML to Scenario, every mistake found in one run and told with its place and what is allowed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulations/scenario.h"

namespace halp::sim {

// What the command line puts over the file: --nodes, --seed, --set key=value.
struct Override {
    std::string flag;  // as typed, for messages
    std::string key;
    std::string text;
};

struct ReadScenario {
    Scenario scenario;                  // meaningful when there are no problems
    std::vector<std::string> problems;  // "FILE:LINE:COLUMN: ..." each
};

// `file` is only named in messages.
ReadScenario read_scenario(const std::string& file, std::string_view content,
                           const std::vector<Override>& overrides);

struct BuiltInScenario {
    std::string_view name;
    std::string_view yaml;
};
// simulations/scenarios/*.yaml as they were at build time, by name.
const std::vector<BuiltInScenario>& built_in_scenarios();
const BuiltInScenario* find_built_in(std::string_view name);
std::string nearest_built_in(std::string_view name);  // empty when nothing is near

}  // namespace halp::sim
