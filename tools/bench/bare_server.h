// The least a TCP server on libevent can do: accept, read once, write the same bytes to everybody, close. What HALP
// text costs above it is ours; what it costs itself is the kernel's and libevent's.
#pragma once

#include <string>

namespace halp::bench {

// Says `listening on 127.0.0.1:PORT` on stderr and serves until it is killed. Returns only when it cannot start.
int serve_bare(const std::string& answer);

}  // namespace halp::bench
