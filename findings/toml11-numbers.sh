#!/usr/bin/env bash
# toml11 3.7: numbers too large become the largest one without an error, and numbers are written with six digits.
#
# Who meets it: whoever reads limits, seeds and times from TOML in C++ and writes settings back. TOML asks for an
# error when an integer does not fit 64 bits; toml11 saturates, hexadecimal as well. Written through operator<<, a
# double takes the stream's precision: 1795994437.25 seconds come back as 1.79599e+09.
# What follows: set the stream's precision to max_digits10 before writing, and check bounds on what was read.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libtoml11-dev=3.7.1-3

cat > "$work/trial.cc" <<'EOF'
#include <iostream>
#include <sstream>
#include <toml.hpp>

int main() {
    for (const char* text : {"a = 9223372036854775808", "a = 0xFFFFFFFFFFFFFFFF", "a = 1e400", "a = 1795994437.25"}) {
        std::istringstream in{text};
        try {
            const auto value = toml::parse(in, "trial");
            std::ostringstream out;
            out << value;
            std::cout << text << " -> " << out.str().substr(0, out.str().find('\n')) << "\n";
        } catch (const std::exception&) {
            std::cout << text << " -> error\n";
        }
    }
}
EOF
compile_cc "$work/trial.cc" "$work/trial"

judge 'errors for the first three, and the last is written as it was read' \
'a = 9223372036854775808 -> a = 9223372036854775807
a = 0xFFFFFFFFFFFFFFFF -> a = 9223372036854775807
a = 1e400 -> a = 1.79769e+308
a = 1795994437.25 -> a = 1.79599e+09' \
"$("$work/trial")"
