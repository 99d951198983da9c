// Whether runs fit into memory, told before they begin: a run that takes an hour to fill the machine is worse than
// a sentence. The need is what was measured at the end of growths (simulations/README.md, "Where the memory goes").
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "store/result.h"
#include "tools/halp-sim/command_line.h"

namespace halp::sim {

[[nodiscard]] std::uint64_t bytes_of_run(const Scenario& scenario);
[[nodiscard]] std::uint64_t bytes_of_views(std::uint64_t nodes, const ViewsCommand& views);

// What this process may still take: the least of what the machine has free, its limits (ulimit -v, -d) and the
// limit of its control group.
[[nodiscard]] std::uint64_t memory_left();

// All of these runs, of which `at_once` are played at the same time.
[[nodiscard]] Result<void> fit_into_memory(const std::vector<Scenario>& runs, std::size_t at_once);

// The error names what is needed and what there is. `at_once`: so many runs are played at the same time.
[[nodiscard]] Result<void> fits(std::uint64_t bytes_of_each, std::size_t at_once, std::uint64_t left);

}  // namespace halp::sim
