// halpd's command line: flags become settings by the same table as the files.
#pragma once

#include <optional>
#include <string>

#include "config/load_settings.h"
#include "tools/program/arguments_text.h"

namespace halp {

struct CommandLine {
    enum class Action : unsigned char { run, check_config, print_config };
    Action action = Action::run;
    config::SettingSources sources;  // flags and --config; the caller adds the rest
    std::optional<int> exit_code;    // --help, --version or a usage error: all has been said
};

// All options, for pages and completions.
[[nodiscard]] ArgumentsText command_line_text();
CommandLine read_command_line(int argc, char** argv, const char* version);

}  // namespace halp
