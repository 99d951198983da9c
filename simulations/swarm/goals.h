// Plays the goals of overlay/gossip/rules.md section 9 and compares the figures with their limits. The suite
// measures how good the overlay is; simulations/published measures whether the simulator can be trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace halp::sim {

struct GoalVerdict {
    std::string group;  // spread, healing, ...
    std::string what;
    std::string unit;
    double limit = 0, got = 0;  // got: negative when it did not happen
    [[nodiscard]] bool met() const { return got >= 0 && got <= limit; }
};

struct GoalOptions {
    std::uint64_t seed = 1;
    bool quick = false;  // hundreds of nodes instead of thousands, and no simulated days
    std::string only;    // one group; empty: all
};

[[nodiscard]] std::vector<std::string> goal_groups();

// Calls `starting` with the name of each run before it is played, and `report` with each verdict when it is known.
void try_goals(const GoalOptions& options, const std::function<void(const std::string&)>& starting,
               const std::function<void(const GoalVerdict&)>& report);

}  // namespace halp::sim
