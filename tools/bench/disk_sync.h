// How long a disk takes for one fdatasync: the lower limit for a durable write that waits for its answer.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace halp::bench {

// Writes one page into a file that has its full length already, and syncs it, `count` times. Microseconds of each;
// empty when the file cannot be written. The file is removed.
[[nodiscard]] std::vector<double> syncs_alone(const std::string& path, std::size_t count);

}  // namespace halp::bench
