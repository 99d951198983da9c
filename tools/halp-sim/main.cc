// The simulator's program: reads the command line and runs the verb.
#include <unistd.h>

#include <iostream>

#include "tools/halp-sim/command_line.h"
#include "tools/halp-sim/sim_pages.h"
#include "tools/halp-sim/verbs.h"
#include "tools/program/harmless_stream.h"
#include "tools/program/pages.h"
#include "tools/program/program_start.h"
#include "tools/program/standard_output.h"

int main(int argc, char** argv) {
    using namespace halp::sim;
    halp::begin_program("halp-sim");
    if (const auto pages = halp::wants_pages(argc, argv)) return halp::write_pages("halp-sim", *pages, sim_pages());
    halp::make_harmless(std::cout);
    std::ostream& terminal = halp::make_harmless(std::cerr);
    const Parsed parsed = parse_command_line(argc, argv);
    if (!parsed.command) {
        (parsed.code == exit_done ? std::cout : std::cerr) << parsed.text << std::flush;
        return halp::with_output_written(parsed.code, "halp-sim");
    }
    const int code =
        run_command(*parsed.command, {std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1 ? &terminal : nullptr});
    return halp::with_output_written(code, "halp-sim");
}
