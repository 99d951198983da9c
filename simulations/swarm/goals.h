// Where the overlay must end up (overlay/gossip/rules.md section 9): each goal is a scenario of whole nodes, a
// figure of its run and a limit. Unlike the reproduction suite, which shows that the simulator may be believed,
// this says how good the overlay is.
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
    double limit = 0, got = 0;  // got: negative when it never happened
    [[nodiscard]] bool met() const { return got >= 0 && got <= limit; }
};

struct GoalOptions {
    std::uint64_t seed = 1;
    bool quick = false;  // swarms of hundreds instead of thousands, and no day-long runs
    std::string only;    // one group; empty: all
};

[[nodiscard]] std::vector<std::string> goal_groups();

// `starting` hears the name of each run before it is played, `report` each verdict as soon as it is known.
void try_goals(const GoalOptions& options, const std::function<void(const std::string&)>& starting,
               const std::function<void(const GoalVerdict&)>& report);

}  // namespace halp::sim
