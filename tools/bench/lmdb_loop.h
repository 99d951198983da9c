// LMDB without our store: the upper limit for batches of this size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace halp::bench {

struct LmdbLoopResult {
    double per_s = 0;
    double cpu_us = 0;  // per record
};
// Puts records first .. first + count - 1 into the file `path`, one synced transaction per batch. Nothing when LMDB
// fails.
[[nodiscard]] std::optional<LmdbLoopResult> lmdb_loop(const std::string& path, std::uint64_t first,
                                                      std::size_t count, std::size_t batch);

// How many transactions the file `path` has seen, whoever uses it meanwhile.
[[nodiscard]] std::optional<std::uint64_t> lmdb_commits(const std::string& path);

}  // namespace halp::bench
