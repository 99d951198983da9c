// What `halp-sim sweep` plays: a scenario, settings that are varied, every combination of them, several seeds each.
// From a YAML file, from flags, or from both.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "store/result.h"
#include "tools/halp-sim/command_line.h"

namespace halp::sim {

struct Varied {
    std::string key;
    std::vector<std::string> values;
};

struct SweepPoint {
    std::vector<std::pair<std::string, std::string>> settings;  // of every varied key, in their order
    std::vector<Scenario> scenarios;                            // one a seed
};

struct SweepPlan {
    std::string name, about;
    std::vector<Varied> varied;
    std::vector<std::uint64_t> seed_list;  // every point is played with these
    std::size_t seeds = 5;                 // how many they are
    std::vector<SweepPoint> points;  // the last key varies fastest
    std::vector<std::string> problems;
};

inline constexpr std::size_t sweep_runs_max = 10'000;

// A varied `seed` is the list of seeds itself: every combination of the other settings is played with each.
// A file with a line `scenario:` is a sweep file: scenario, about, seeds, seed, set, vary. Anything else is the
// scenario itself, and --vary names the varied settings. Options override the file.
SweepPlan plan_sweep(const CommandLine& command);

}  // namespace halp::sim
