// What the verbs behind `halp dht` do. They need no halpd.
#pragma once

#include "tools/halp/command_line.h"
#include "tools/halp/console.h"

namespace halp::cli {

[[nodiscard]] ExitCode run_dht_fake(const CommandLine& command, Console& console);         // dht_fake.cc
[[nodiscard]] ExitCode run_dht_conformance(const CommandLine& command, Console& console);  // dht_conformance.cc

[[nodiscard]] inline ExitCode run_dht(const CommandLine& command, Console& console) {
    return command.dht.verb == DhtVerb::fake ? run_dht_fake(command, console)
                                             : run_dht_conformance(command, console);
}

}  // namespace halp::cli
