#!/usr/bin/env bash
# CLI11: in a configuration file, quotes do not protect '#', and a misspelled key is no error.
#
# Who meets it: whoever lets users put labels, passwords or URLs in such a file. Everything from '#' on is cut,
# inside double quotes too, and the opening quote stays in the value. A key that no option has (another case, "port:
# 5" with a colon) is skipped in silence until allow_config_extras(CLI::config_extras_mode::error) is called.
# What follows: a daemon's settings use a real parser; where CLI11's file is used, unknown keys are made errors.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libcli11-dev=2.1.2+ds-1

cat > "$work/trial.cc" <<'EOF'
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

void parse(const std::string& line, const char* path) {
    std::ofstream{path} << line << "\n";
    CLI::App app;
    std::string label = "unset";
    app.add_option("--label", label);
    app.set_config("--config");
    std::vector<std::string> arguments{path, "--config"};
    try {
        app.parse(arguments);
        std::cout << line << " -> " << label << "\n";
    } catch (const CLI::ParseError& error) {
        std::cout << line << " -> " << error.get_name() << "\n";
    }
}

int main(int, char** argv) {
    for (const char* line : {"label = \"room 1\"", "label = \"room #1\"", "label = room#1", "Label = room",
                             "label: room"})
        parse(line, argv[1]);
}
EOF
compile_cc "$work/trial.cc" "$work/trial"

judge 'room #1 for the quoted text, an error for what is no key' \
'label = "room 1" -> room 1
label = "room #1" -> "room
label = room#1 -> room
Label = room -> unset
label: room -> unset' \
"$("$work/trial" "$work/settings.ini")"
