// One HALP text query and its answer, for command-line tools. It needs neither a node nor a loop.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "store/endpoint.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

// Connects, sends `query` as it is and reads until the server closes. Blocks for at most `timeout`, name resolution
// included. v1 wants no final newline and no half-close (overlay/text/halp-text.md). An answer longer than
// `answer_bytes_max` is an error (ErrorCode::full).
[[nodiscard]] Result<std::string> ask(const Endpoint& server, std::string_view query, Duration timeout,
                                      std::size_t answer_bytes_max);

}  // namespace halp
