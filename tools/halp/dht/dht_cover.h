// What a request to all nodes has covered, in words and in JSON, and as an exit code.
#pragma once

#include <optional>
#include <string>

#include "overlay/dht/client/range_cover.h"
#include "tools/halp/dht/dht_reach.h"
#include "tools/program/json.h"

namespace halp::cli {

// Adds `missing_ranges` and `overlapping_ranges`, each only if there are any.
void add_cover(Json& object, const dht::RangeCover& cover);

// Before a request to all nodes begins. If the nodes that answer do not cover every key, it prints the error, with
// --json also `object` with the missing ranges, and returns the exit code: nothing was asked of any node. With
// --partial it says what is missing and returns nothing.
[[nodiscard]] std::optional<ExitCode> refuse_gaps(const DhtTool& tool, DhtReach& reach, Json object);

// After the request. Says what is missing or was answered more than once, and returns the exit code: `otherwise` if
// nothing is missing or --partial was given.
[[nodiscard]] ExitCode conclude(const DhtTool& tool, const dht::RangeCover& cover, ExitCode otherwise);
// The same for a request that has failed. Missing ranges count before the kind of the error.
[[nodiscard]] ExitCode fail_with(const DhtTool& tool, const dht::RangeCover& cover, const Error& error);

}  // namespace halp::cli
