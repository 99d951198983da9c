#!/usr/bin/env bash
# RapidCheck: half-way through a run a std::uint16_t is still below 256, and a string never holds a zero byte.
#
# Who meets it: whoever tests codecs with generated values. Integers get as many bits as the size allows, and the
# size grows from 0 to 100 over the run: ports above 255 and 64-bit numbers above 2^32 come in the second half only.
# inRange(0, 65536) is scaled in the same way. Strings have all bytes but zero.
# What follows: generate the edges of a codec by name (gen::element of the powers of two), and strings from a byte
# vector.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package librapidcheck-dev=0~1033-08b5058-3

cat > "$work/trial.cc" <<'EOF'
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <rapidcheck.h>
#include <string>

template <class T>
T largest(const rc::Gen<T>& gen, int size) {
    rc::Random random{7};
    T most = 0;
    for (int i = 0; i < 2000; ++i) most = std::max(most, gen(random.split(), size).value());
    return most;
}

int main() {
    for (const int size : {10, 50, 100})
        std::cout << "size " << size
                  << ": uint16 below 256: " << (largest(rc::gen::arbitrary<std::uint16_t>(), size) < 256)
                  << ", uint64 below 2^32: " << (largest(rc::gen::arbitrary<std::uint64_t>(), size) < (1ULL << 32))
                  << ", inRange(0, 65536) below 7000: " << (largest(rc::gen::inRange(0, 65536), size) < 7000) << "\n";
    rc::Random random{7};
    std::size_t bytes = 0, zeros = 0;
    for (int i = 0; i < 5000; ++i) {
        const std::string text = rc::gen::arbitrary<std::string>()(random.split(), 100).value();
        bytes += text.size();
        zeros += std::count(text.begin(), text.end(), '\0');
    }
    std::cout << "strings: more than 100000 bytes: " << (bytes > 100'000) << ", zero bytes: " << zeros << "\n";
}
EOF
compile_cc "$work/trial.cc" "$work/trial" -lrapidcheck

judge 'arbitrary values of the type at every size, and zero bytes as often as others' \
'size 10: uint16 below 256: 1, uint64 below 2^32: 1, inRange(0, 65536) below 7000: 1
size 50: uint16 below 256: 1, uint64 below 2^32: 1, inRange(0, 65536) below 7000: 0
size 100: uint16 below 256: 0, uint64 below 2^32: 0, inRange(0, 65536) below 7000: 0
strings: more than 100000 bytes: 1, zero bytes: 0' \
"$("$work/trial")"
