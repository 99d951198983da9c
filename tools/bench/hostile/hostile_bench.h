// `halp-bench hostile`: strangers attack swarms of real halpd processes, one attack after the other, and every
// figure stands beside its limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/bench/report.h"

namespace halp::bench {

struct HostileBenchOptions {
    std::string halpd, halp;             // the programs to attack
    std::vector<std::string> only;       // names of rows; empty: all
    std::uint16_t port = 3451;           // of every node, on its own 127.77.0.x
    std::chrono::seconds attack_for{6};  // each of them, where it is watched all the time
    bool own_network = true;
};

[[nodiscard]] std::vector<std::string> hostile_row_names();

bool run_hostile_bench(const HostileBenchOptions& options, Report& report);

}  // namespace halp::bench
