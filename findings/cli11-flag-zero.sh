#!/usr/bin/env bash
# CLI11: a counting flag that the configuration file sets to 0 or false becomes -1.
#
# Who meets it: whoever has -v, -vv, -vvv as an int and lets users write "verbose = 0" in a file. The value is -1:
# true as a condition, below every level in a switch, and an index before the array. A flag bound to a bool is
# false. On the command line --verbose=0 and --verbose=false do the same.
# What follows: a counter of flags is clamped at 0, or is a number option that files may set.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libcli11-dev=2.1.2+ds-1

cat > "$work/trial.cc" <<'EOF'
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

void parse(const std::string& text, const char* path) {
    std::ofstream{path} << text << "\n";
    for (const bool in_file : {true, false}) {
        CLI::App app;
        int verbose = 0;
        bool quiet = true;
        app.add_flag("--verbose", verbose);
        app.add_flag("--quiet", quiet);
        app.set_config("--config");
        std::vector<std::string> arguments{"--" + text};
        if (in_file) arguments = {path, "--config"};
        app.parse(arguments);
        std::cout << (in_file ? "file " : "line ") << text << ": verbose " << verbose << ", quiet " << quiet << "\n";
    }
}

int main(int, char** argv) {
    for (const char* text : {"verbose=2", "verbose=1", "verbose=0", "verbose=false", "quiet=false"})
        parse(text, argv[1]);
}
EOF
compile_cc "$work/trial.cc" "$work/trial"

judge 'verbose is 2, 1, 0, 0' \
'file verbose=2: verbose 2, quiet 1
line verbose=2: verbose 2, quiet 1
file verbose=1: verbose 1, quiet 1
line verbose=1: verbose 1, quiet 1
file verbose=0: verbose -1, quiet 1
line verbose=0: verbose -1, quiet 1
file verbose=false: verbose -1, quiet 1
line verbose=false: verbose -1, quiet 1
file quiet=false: verbose 0, quiet 0
line quiet=false: verbose 0, quiet 0' \
"$("$work/trial" "$work/settings.ini")"
