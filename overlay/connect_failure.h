// Why an endpoint could not be reached, and the only place that gives the causes words.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/endpoint.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

// A world reports the causes up to local_limit: no connection came about. A node adds the last three: the
// connection came about, but no answer did, or not in the protocol of the node.
enum class ConnectFailure : std::uint8_t {
    refused,
    timed_out,
    unreachable,
    name_unknown,
    local_limit,  // of sockets or ports of this machine; says nothing about the endpoint
    silent,       // a stalled process rather than a dead one, so it is given more time (gossip/rules.md section 9)
    text_only,    // an original server, which knows HALP text only: it answered with the error text, and ended
    not_halp,     // another service: an answer that no HALP server gives
};

// For JSON and options: one word, underscores for spaces. Names are stable.
[[nodiscard]] std::string_view name(ConnectFailure why);
// For people: a phrase, to stand in parentheses behind the endpoint.
[[nodiscard]] std::string_view describe(ConnectFailure why);
// For people who asked `endpoint` something: a sentence with advice.
[[nodiscard]] Error connect_error(ConnectFailure why, const Endpoint& endpoint, Duration timeout);

}  // namespace halp
