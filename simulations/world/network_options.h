// Properties of a virtual network and of the machine that pretends to run its hosts.
#pragma once

#include <chrono>
#include <cstddef>

#include "simulations/world/latency_model.h"
#include "store/time.h"

namespace halp {

struct NetworkOptions {
    TopologyOptions topology;       // gives the latency between every two hosts
    Duration jitter = Duration{0};  // added to each segment, uniform; never reorders the bytes of a stream
    double loss = 0;                // share of segments lost; TCP sends them again, later
    // Share of connection attempts whose SYN arrives twice. The target accepts the copy; the caller's kernel resets
    // it.
    double duplicates = 0;
    Duration connect_timeout = std::chrono::seconds{10};
    Duration give_up =
        std::chrono::seconds{30};     // a stream whose segments stay unacknowledged for so long is closed
    std::size_t segment_max = 16384;  // bytes in one on_bytes
    // Model all hosts as processes of one machine with so many cores. Each callback occupies one core for
    // `callback_cost`, the start of a process for `start_cost`; a host waits while no core is free.
    // 0: computation takes no time.
    std::size_t cores = 0;
    Duration callback_cost = std::chrono::microseconds{30};
    Duration start_cost = std::chrono::milliseconds{5};
    // Starved processes: such a share of the turns of a host begins late, uniformly up to `starved_max`. Everything
    // that comes meanwhile waits, too.
    double starved = 0;
    Duration starved_max = std::chrono::seconds{1};
};

}  // namespace halp
