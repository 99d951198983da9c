// Two more doors, for a node that streams: how much of what was written has not left this machine yet, and the word
// that it has. A node that needs neither knows nothing of them, and its world behaves as without.
//
//     node --- write ---> world --- kernel ---> slow reader
//     node <-- on_writable -- world: what was unsent has fallen to writable_below (libevent_limits.h) or less
#pragma once

#include <cstddef>

#include "overlay/environment.h"

namespace halp {

class Backlog {
public:
    virtual ~Backlog() = default;
    // Bytes written that the world still holds; 0 for a stream that is gone.
    [[nodiscard]] virtual std::size_t unsent(StreamId stream) const = 0;
};

class WritableHandler {
public:
    virtual ~WritableHandler() = default;
    // Told once each time the backlog of a living stream has fallen from above the mark. Told from the loop, as
    // everything an EventHandler hears.
    virtual void on_writable(StreamId stream) = 0;
};

}  // namespace halp
