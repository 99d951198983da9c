// Measures what a DNS question costs a real halpd, beside the same list by HALP text.
#pragma once

#include <cstddef>
#include <string>

#include "tools/bench/report.h"

namespace halp::bench {

struct DnsBenchOptions {
    std::string halpd;
    std::size_t entries = 10;
    std::size_t queries = 20'000;
    std::size_t repetitions = 3;
};

// False when the server did not start or did not answer; the reason is on stderr.
bool run_dns_bench(const DnsBenchOptions& options, Report& report);

}  // namespace halp::bench
