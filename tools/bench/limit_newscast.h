// The limit program: Newscast with view 20 and nothing else. It has the simulator's queue and latencies, but no
// layers and no other rules. The difference to it is the cost of the simulator.
#pragma once

#include <cstddef>
#include <cstdint>

namespace halp::bench {

struct LimitRun {
    std::uint64_t messages = 0;
    std::uint64_t digest = 0;
};

LimitRun run_limit_newscast(std::uint32_t nodes, std::uint32_t periods, std::uint64_t seed);

}  // namespace halp::bench
