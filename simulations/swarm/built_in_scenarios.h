// simulations/scenarios/*.yaml as they were at build time. halp-sim needs no files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace halp::sim {

struct BuiltInScenario {
    std::string_view name;
    std::string_view yaml;
};
const std::vector<BuiltInScenario>& built_in_scenarios();  // by name
const BuiltInScenario* find_built_in(std::string_view name);
std::string nearest_built_in(std::string_view name);  // empty when none is near

}  // namespace halp::sim
