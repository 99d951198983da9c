// The daemon's answers and events as values (tools/halpd/README.md). Unknown members are passed over.
#pragma once

#include <optional>
#include <string_view>

#include "tools/libhalp/backend.h"

namespace halp::lib {

inline constexpr std::size_t hosts_per_answer_max = 10'000;

// Nothing when the text is no such answer.
[[nodiscard]] std::optional<HostPage> read_hosts(std::string_view json);
[[nodiscard]] std::optional<HostPage> read_labels(std::string_view json);
[[nodiscard]] std::optional<Host> read_event_host(std::string_view json);
// Of the answer to GET /v1/dht: where the node listens, a wildcard as loopback.
[[nodiscard]] std::optional<Endpoint> read_dht_node(std::string_view json);

// The error that an answer with this status is.
[[nodiscard]] Error read_failure(int status, std::string_view json);

}  // namespace halp::lib
