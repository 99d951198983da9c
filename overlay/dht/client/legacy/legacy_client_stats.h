// The counts of a LegacyDhtClient: of each node, and the times of requests by command; and the same as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "overlay/dht/client/request_times.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "store/endpoint.h"

namespace halp::legacy {

struct LegacyNodeStats {
    Endpoint node;
    // Now.
    std::size_t connections = 0, under_way = 0, queued = 0, queued_bytes = 0;
    // So far.
    std::uint64_t requests = 0, answers = 0;
    std::uint64_t errors = 0;  // requests with a trouble or another status than 200; the next three are among them
    std::uint64_t io_timeouts = 0, connection_timeouts = 0, queue_full = 0;
    std::uint64_t connects = 0, connect_failures = 0, losses = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
};

struct LegacyClientStats {
    std::vector<LegacyNodeStats> nodes;  // in the order in which they were added
    std::size_t requests_active = 0, scheduled = 0;
    std::map<Command, RequestTimes> times;  // of requests that have ended; a request to all nodes counts once

    [[nodiscard]] LegacyNodeStats total() const;
};

// Lines for a log: one for each node, then one for each command that has occurred.
[[nodiscard]] std::vector<std::string> describe(const LegacyClientStats& stats);

}  // namespace halp::legacy
