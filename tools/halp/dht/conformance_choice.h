// Which cases of the conformance suite were asked for.
#pragma once

#include <cstddef>
#include <vector>

#include "overlay/dht/testing/conformance_suite.h"
#include "store/result.h"
#include "tools/halp/dht/dht_command.h"

namespace halp::cli {

inline constexpr std::size_t filter_characters_max = 200;

// Those that --only, --filter (anywhere in the name) and --id all allow, in the order of the suite. An error when
// one of them is wrong, or together they leave none; of a bad expression it says where.
[[nodiscard]] Result<std::vector<neo::ConformanceCase>> chosen_cases(const DhtCommand& typed);

}  // namespace halp::cli
