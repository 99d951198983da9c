// The verbs of halp-sim. Results go to `out`, errors to `err`.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

#include "simulations/views/overlay_graph.h"
#include "tools/halp-sim/command_line.h"

namespace halp::sim {

struct Streams {
    std::ostream& out;
    std::ostream& err;
    std::ostream* progress = nullptr;  // a terminal, for lines that are written over; null: none
};

int check_verb(const CommandLine& command, const Streams& streams);
int goals_verb(const CommandLine& command, const Streams& streams);

// After Ctrl-C: "interrupted: 3 of 20 runs done, and written".
void tell_how_much(const Streams& streams, std::size_t done, std::size_t planned, const std::string& what,
                   bool written);
// "2.418", or of a sample "about 2.418 (from 50 nodes)".
std::string path_text(const GraphFigures& figures, std::size_t nodes);

int run_command(const CommandLine& command, const Streams& streams);

}  // namespace halp::sim
