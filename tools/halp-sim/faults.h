// `halp-sim faults`: runs with random faults and all checkers. A failure is shrunk and recorded, and the command
// that replays it is printed. Also `halp-sim replay` of such a record.
#pragma once

#include <string_view>

#include "tools/halp-sim/command_line.h"
#include "tools/halp-sim/verbs.h"

namespace halp::sim {

int run_faults(const CommandLine& command, const Streams& streams);
int replay_faults(std::string_view record, const Streams& streams);

}  // namespace halp::sim
