// A libevent world with what protocol code wants besides and the DHT does not use.
#pragma once

#include <cstddef>

#include "overlay/environment.h"
#include "overlay/libevent/world.h"
#include "overlay/unused_doors.h"

namespace halp::cli {

struct DhtWorld {
    explicit DhtWorld(std::size_t connections_max) : world(limits_for_streaming(connections_max)) {}
    [[nodiscard]] Environment environment() {
        return {world.clock(), world.alarm(), world.random(), world.transport(),
                unused.files,  unused.files,  unused.events};
    }
    LibeventWorld world;
    UnusedDoors unused;
};

}  // namespace halp::cli
