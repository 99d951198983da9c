// The verbs of halp-sim. Results go to `out`, errors and progress to `err`.
#pragma once

#include <iosfwd>

#include "tools/halp-sim/command_line.h"

namespace halp::sim {

struct Streams {
    std::ostream& out;
    std::ostream& err;
    bool progress = false;  // err is a terminal
};

int goals_verb(const CommandLine& command, const Streams& streams);

int run_command(const CommandLine& command, const Streams& streams);

}  // namespace halp::sim
