// Benchmarks of data structures and codecs, by Google Benchmark.
#pragma once

#include <string>
#include <vector>

namespace halp::bench {

// `arguments` go to Google Benchmark (`--benchmark_filter=...`). Returns an exit code.
int run_micro_bench(std::vector<std::string> arguments);

}  // namespace halp::bench
