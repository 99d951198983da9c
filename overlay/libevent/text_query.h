// One HALP text query and its answer, for command-line tools: no node, no loop of the caller's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "store/endpoint.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

// Connects, sends `query` as it is and reads until the server closes; blocks for `timeout` at most, name resolution
// included. v1 wants no final newline and no half-close (overlay/text/halp-text.md). An answer longer than
// `answer_bytes_max` is an error (ErrorCode::full), not a part of an answer.
[[nodiscard]] Result<std::string> ask(const Endpoint& server, std::string_view query, Duration timeout,
                                      std::size_t answer_bytes_max);

}  // namespace halp
