// The simulator's program: reads the command line and runs the verb.
#include <unistd.h>

#include <iostream>

#include "tools/halp-sim/command_line.h"
#include "tools/halp-sim/ranks_of_run.h"
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
    const auto ranks = ranks_of_run(argc, argv);
    if (!ranks) {
        std::cerr << "halp-sim: " << ranks.error().message << std::endl;
        return exit_failed;
    }
    // Rank 0 speaks for all.
    const bool speaks = !*ranks || (*ranks)->rank() == 0;
    if (!speaks)
        for (std::ostream* const stream : {&std::cout, &std::cerr}) stream->setstate(std::ios::failbit);
    Parsed parsed = parse_command_line(argc, argv);
    if (!parsed.command) {
        (parsed.code == exit_done ? std::cout : std::cerr) << parsed.text << std::flush;
        return speaks ? halp::with_output_written(parsed.code, "halp-sim") : parsed.code;
    }
    parsed.command->ranks = ranks->get();
    const bool shows = speaks && ::isatty(STDERR_FILENO) == 1;
    const int code = run_command(*parsed.command, {std::cout, std::cerr, shows ? &terminal : nullptr});
    return speaks ? halp::with_output_written(code, "halp-sim") : code;
}
