// Room outside of memory for requests that find none in the queue of their node (overlay/dht/libevent/
// overflow_files.h has one on a disk). What was pushed for a node is popped in the same order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "overlay/dht/client/node_map.h"

namespace halp::legacy {

class QueueOverflow {
public:
    virtual ~QueueOverflow() = default;
    // False: there is no room here either.
    [[nodiscard]] virtual bool push(NodeNumber node, std::string_view request) = 0;
    // Nothing: it is lost. Called once for each push.
    [[nodiscard]] virtual std::optional<std::string> pop(NodeNumber node) = 0;
};

}  // namespace halp::legacy
