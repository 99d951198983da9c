// Measures the cost of a HALP text query to a real halpd: one connection per query over loopback, as the original's
// clients do.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tools/bench/report.h"

namespace halp::bench {

struct TextBenchOptions {
    std::string halpd;
    std::string self;  // this program, for the bare server
    std::vector<std::size_t> entries{10, 100'000};
    std::vector<std::size_t> clients{1, 16};
    std::size_t queries = 20'000;
    std::size_t repetitions = 3;
    bool bare = false;
};

// False when a server did not start or did not answer; the reason is on stderr.
bool run_text_bench(const TextBenchOptions& options, Report& report);

}  // namespace halp::bench
