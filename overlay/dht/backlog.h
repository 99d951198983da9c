// What a world has to tell a node that streams, besides the doors: how much of what was written has not left this
// machine yet. And back: DhtNode::on_writable, once that has fallen.
#pragma once

#include <cstddef>

#include "overlay/environment.h"

namespace halp {

class Backlog {
public:
    virtual ~Backlog() = default;
    [[nodiscard]] virtual std::size_t unsent(StreamId stream) const = 0;
};

}  // namespace halp
