// A TCP connection to a host, within a time.
#pragma once

#include "store/endpoint.h"
#include "store/result.h"
#include "tools/libhalp/poller.h"

namespace halp::lib {

// A blocking, close-on-exec socket. Of a name all addresses are tried.
[[nodiscard]] Result<Descriptor> dial(const Endpoint& to, SteadyClock::time_point deadline);

}  // namespace halp::lib
