// Chooses the cases of a conformance run by the command line.
#pragma once

#include <cstddef>
#include <vector>

#include "overlay/dht/testing/conformance_suite.h"
#include "store/result.h"
#include "tools/halp/dht/dht_command.h"

namespace halp::cli {

inline constexpr std::size_t filter_characters_max = 200;

// The cases that --only, --filter (matches anywhere in the name) and --id all allow, in the order of the suite. An
// error when an option is invalid or no case is left. For an invalid expression the error names the position.
[[nodiscard]] Result<std::vector<neo::ConformanceCase>> chosen_cases(const DhtCommand& typed);

}  // namespace halp::cli
