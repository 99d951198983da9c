// `halp-sim views`: how a rule behaves at a size that whole nodes do not reach.
#pragma once

#include "tools/halp-sim/command_line.h"
#include "tools/halp-sim/verbs.h"

namespace halp::sim {

int simulate_views(const CommandLine& command, const Streams& streams);

}  // namespace halp::sim
