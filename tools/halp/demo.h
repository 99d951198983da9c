// `halp demo`: runs a swarm of real nodes on this machine and shows what they do.
#pragma once

#include <string>

#include "overlay/environment.h"
#include "tools/halp/command_line.h"
#include "tools/halp/output/console.h"

namespace halp::cli {

struct DemoWorld {
    const CommandLine& command;
    Console& console;
    const Clock& clock;
    std::string own_program;  // its full path; halpd is looked for beside it
    std::string search_path;  // PATH
};
[[nodiscard]] ExitCode run_demo(const DemoWorld& world);

}  // namespace halp::cli
