// Measures the simulator of views against a limit program and against other simulators (README.md).
#pragma once

#include <cstdint>
#include <optional>

#include "tools/bench/report.h"

namespace halp::bench {

struct SimBenchOptions {
    bool quick = false;  // 10^5 nodes at most, few periods: within half a minute
    int repetitions = 3;
    std::uint64_t seed = 1;
};

// False when something could not be measured, or when two runs that must agree did not.
bool run_sim_bench(const SimBenchOptions& options, Report& report);

}  // namespace halp::bench
