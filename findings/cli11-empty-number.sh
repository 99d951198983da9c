#!/usr/bin/env bash
# CLI11: an empty argument is the number 0, although any other text without digits is an error.
#
# Who meets it: whoever starts a daemon from a script as --port "$PORT" with the variable unset: the port is 0,
# which means any port, and no message is printed. "--port=" and --port at the end are errors, "--port ''" is not;
# "port = " in a configuration file sets 0 as well.
# What follows: give every number option a check (CLI::Range refuses the empty text), even where all values of its
# type are allowed.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libcli11-dev=2.1.2+ds-1

cat > "$work/trial.cc" <<'EOF'
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

void parse(const char* shown, std::vector<std::string> arguments) {
    CLI::App app;
    int port = 7777;
    app.add_option("--port", port);
    app.set_config("--config");
    std::reverse(arguments.begin(), arguments.end());
    try {
        app.parse(arguments);
        std::cout << shown << ": " << port << "\n";
    } catch (const CLI::ParseError& error) {
        std::cout << shown << ": " << error.get_name() << "\n";
    }
}

int main(int, char** argv) {
    std::ofstream{argv[1]} << "port =\n";
    parse("--port x ", {"--port", "x"});
    parse("--port=  ", {"--port="});
    parse("--port ''", {"--port", ""});
    parse("port =   ", {"--config", argv[1]});
}
EOF
compile_cc "$work/trial.cc" "$work/trial"

judge 'a ConversionError for the empty text, as for x' \
"--port x : ConversionError
--port=  : ArgumentMismatch
--port '': 0
port =   : 0" \
"$("$work/trial" "$work/settings.ini")"
