// Measures swarms of real processes: time until all nodes know each other, time of an announcement, time until dead
// nodes are forgotten, and the cost of a node.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/bench/report.h"

namespace halp::bench {

struct SwarmBenchOptions {
    std::string halpd;
    std::vector<std::size_t> nodes{50, 100};
    std::size_t repetitions = 5;      // of joining and announcing
    std::chrono::seconds idle{60};    // zero: do not measure it
    std::chrono::seconds settle{20};  // after joining, before idling or killing
    bool failures = true;             // kill one, kill half
    std::uint16_t port = 3451;
    bool own_network = true;  // traffic can then be counted to the byte
};

bool run_swarm_bench(const SwarmBenchOptions& options, Report& report);

}  // namespace halp::bench
