// `halp-sim sweep`: plays a plan or the rest of it, and tells and writes the results.
#pragma once

#include "tools/halp-sim/verbs.h"

namespace halp::sim {

int sweep_verb(const CommandLine& command, const Streams& streams);

}  // namespace halp::sim
