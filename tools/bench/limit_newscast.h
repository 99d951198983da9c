// The limit: Newscast, view 20, and nothing else. No peers beside the view, no rule but age, no layers, no ties;
// the same queue and the same latencies as the simulator. What a simulator adds to this is its price.
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
