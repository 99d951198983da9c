// The verbs of halp-sim. Results go to `out`, errors to `err`.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "simulations/views/overlay_graph.h"
#include "store/result.h"
#include "tools/halp-sim/command_line.h"
#include "tools/halp-sim/many_runs.h"

namespace halp::sim {

struct Streams {
    std::ostream& out;
    std::ostream& err;
    std::ostream* progress = nullptr;  // a terminal, for lines that are written over; null: none
};

// Problems of a scenario, a sweep or a record, and a run that failed: as lines on `err`; returns the exit code.
int complain(const Streams& streams, const std::vector<std::string>& problems);
int failed(const Streams& streams, const Error& error);
// An error before the run, when its results would have nowhere to go, or would replace what is played.
int prepare_directory(const CommandLine& command, const std::string& input, const Streams& streams);
RunCrew crew_of(const CommandLine& command, const Streams& streams);

int check_verb(const CommandLine& command, const Streams& streams);
int goals_verb(const CommandLine& command, const Streams& streams);

// After Ctrl-C: "interrupted: 3 of 20 runs done, and written".
void tell_how_much(const Streams& streams, std::size_t done, std::size_t planned, const std::string& what,
                   bool written);

int run_command(const CommandLine& command, const Streams& streams);

}  // namespace halp::sim
