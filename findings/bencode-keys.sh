#!/usr/bin/env bash
# bencode (npm): dictionary keys that are no UTF-8 become hexadecimal text, so encoding again changes the bytes.
#
# Who meets it: whoever reads what is keyed by 20 raw bytes, as the "files" of a tracker's scrape answer are, and
# every DHT program that forwards a dictionary it decoded. Whether a hash arrives as text or as hexadecimal depends
# on its bytes: both spellings occur in one answer. A raw key and its own hexadecimal text are one and the same
# property after decoding: one of two entries is lost.
# What follows: never re-encode what somebody else signed or hashed from decoded values; keep the bytes.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package bencode@4.0.1

cat > "$work/trial.mjs" <<'EOF'
import bencode from 'bencode'
const latin1 = bytes => Buffer.from(bytes).toString('latin1')
const printable = text => text.replace(/[^ -~]/g, c => '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0'))
const again = text => printable(latin1(bencode.encode(bencode.decode(Buffer.from(text, 'latin1')))))

console.log('text key:   ', 'd2:abi1ee', '->', again('d2:abi1ee'))
console.log('raw key:    ', 'd2:\\xff\\xfei1ee', '->', again('d2:\xff\xfei1ee'))
console.log('two entries:', 'd4:fffei1e2:\\xff\\xfei2ee', '->', again('d4:fffei1e2:\xff\xfei2ee'))
EOF

judge 'encode(decode(x)) is x for every dictionary in canonical order' \
'text key:    d2:abi1ee -> d2:abi1ee
raw key:     d2:\xff\xfei1ee -> d4:fffei1ee
two entries: d4:fffei1e2:\xff\xfei2ee -> d4:fffei2ee' \
"$(node "$work/trial.mjs")"
