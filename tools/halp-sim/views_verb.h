// `halp-sim views`: simulates a peer-sampling rule at sizes that are too large for whole nodes.
#pragma once

#include "tools/halp-sim/command_line.h"
#include "tools/halp-sim/verbs.h"

namespace halp::sim {

int simulate_views(const CommandLine& command, const Streams& streams);

}  // namespace halp::sim
