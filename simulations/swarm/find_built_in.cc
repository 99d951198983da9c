#include <algorithm>

#include "config/typed_table.h"
#include "simulations/swarm/built_in_scenarios.h"

namespace halp::sim {

const BuiltInScenario* find_built_in(std::string_view name) {
    const auto& all = built_in_scenarios();
    const auto at = std::ranges::find(all, name, &BuiltInScenario::name);
    return at == all.end() ? nullptr : &*at;
}

std::string nearest_built_in(std::string_view name) {
    std::vector<std::string> names;
    for (const BuiltInScenario& one : built_in_scenarios()) names.emplace_back(one.name);
    return config::nearest_of(names, name);
}

}  // namespace halp::sim
