// A minimal TCP server on libevent: accept, read once, write fixed bytes, close. Its cost is that of the kernel and
// of libevent; the cost of halpd above it is ours.
#pragma once

#include <string>

namespace halp::bench {

// Prints `listening on 127.0.0.1:PORT` to stderr and serves until it is killed. Returns only if it cannot start.
int serve_bare(const std::string& answer);

}  // namespace halp::bench
