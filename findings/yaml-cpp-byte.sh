#!/usr/bin/env bash
# yaml-cpp: a Node set to a std::uint8_t is a letter, which as<std::uint8_t>() does not read back.
#
# Who meets it: whoever keeps a small count (hop limit, rounds, k) in a byte and writes a configuration or a report
# with yaml-cpp. Reading "65" as a byte works; storing byte 65 writes A. Byte 7 becomes an escaped control
# character. The emitter, asked directly, treats unsigned char as a letter and signed char as a number.
# What follows: widen bytes to int before they go into a Node or an Emitter; a settings round trip tests it.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libyaml-cpp-dev=0.7.0+dfsg-8+b1 libyaml-cpp0.7=0.7.0+dfsg-8+b1

cat > "$work/trial.cc" <<'EOF'
#include <cstdint>
#include <iostream>
#include <yaml-cpp/yaml.h>

int main() {
    std::cout << "65 read as a byte: " << int{YAML::Load("65").as<std::uint8_t>()} << "\n";
    const YAML::Node stored{std::uint8_t{65}};
    std::cout << "byte 65 stored and written: " << stored << "\n";
    try {
        const int again = stored.as<std::uint8_t>();
        std::cout << "read back: " << again << "\n";
    } catch (const YAML::Exception&) {
        std::cout << "read back: bad conversion\n";
    }
    YAML::Emitter emitter;
    emitter << YAML::Flow << YAML::BeginSeq << std::uint8_t{65} << std::int8_t{65} << YAML::EndSeq;
    std::cout << "emitted, unsigned then signed: " << emitter.c_str() << "\n";
}
EOF
compile_cc "$work/trial.cc" "$work/trial" -lyaml-cpp

judge '65 everywhere: what as<T>() reads, Node(T) writes' \
'65 read as a byte: 65
byte 65 stored and written: A
read back: bad conversion
emitted, unsigned then signed: [A, 65]' \
"$("$work/trial")"
