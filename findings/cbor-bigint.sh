#!/usr/bin/env bash
# CBOR in JavaScript: one BigInt has three encodings in three libraries, and two of the readers refuse the third.
#
# Who meets it: whoever keeps 64-bit ids, times in nanoseconds or byte counts as BigInt, and whoever hashes or signs
# the encoding. cbor writes even 10n as a tagged bignum, although a plain integer holds it (RFC 8949, section 4.2,
# wants the shortest form); cbor-x always takes nine bytes; cborg takes one. cborg (below IPLD's dag-cbor) and
# nlohmann/json refuse the bignum by default, so an id of cbor does not arrive there.
# What follows: a C++ reader of CBOR from JavaScript accepts tags 2 and 3, and hashes are made of the received
# bytes.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package cbor@10.0.12 cbor-x@1.6.9 cborg@6.1.5
deb_package nlohmann-json3-dev=3.11.2-2

cat > "$work/trial.mjs" <<'EOF'
import cbor from 'cbor'
import * as cborX from 'cbor-x'
import * as cborg from 'cborg'
const hex = bytes => Buffer.from(bytes).toString('hex')
console.log('10n: cbor', hex(cbor.encode(10n)), 'cbor-x', hex(cborX.encode(10n)), 'cborg', hex(cborg.encode(10n)))
for (const [name, read] of [['cbor-x', cborX.decode], ['cborg', cborg.decode]]) {
  try { console.log(name, 'reads cbor:', read(cbor.encode(10n))) } catch { console.log(name, 'reads cbor: refused') }
}
EOF
cat > "$work/reader.cc" <<'EOF'
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>
int main() {
    try {
        const auto value = nlohmann::json::from_cbor(std::vector<std::uint8_t>{0xc2, 0x41, 0x0a});
        std::cout << "nlohmann reads cbor: " << value << "\n";
    } catch (const nlohmann::json::exception&) {
        std::cout << "nlohmann reads cbor: refused\n";
    }
}
EOF
compile_cc "$work/reader.cc" "$work/reader"

judge 'all three write 0a, and each reads what the others wrote' \
'10n: cbor c2410a cbor-x 1b000000000000000a cborg 0a
cbor-x reads cbor: 10n
cborg reads cbor: refused
nlohmann reads cbor: refused' \
"$(node "$work/trial.mjs" && "$work/reader")"
