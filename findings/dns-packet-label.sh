#!/usr/bin/env bash
# dns-packet, the codec below multicast-dns: a label of 64 bytes is written as it is, with an illegal length byte.
#
# Who meets it: whoever announces a service under a name that a user chose. DNS allows 63 bytes a label and 255 a
# name (RFC 1035, section 2.3.4). The encoder checks neither; the length byte 64 has a reserved form, so every
# receiver, the package's own decoder included, rejects the whole message with all the other records in it. An A
# record for "127.1" is written as 127.1.0.0, where inet_aton's reading is 127.0.0.1.
# What follows: lengths are checked where a label enters the program, and encoders are tested against another
# decoder.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package dns-packet@5.6.1

cat > "$work/trial.js" <<'EOF'
const packet = require('dns-packet')
const show = (what, name) => {
  const bytes = packet.encode({ type: 'query', questions: [{ type: 'SRV', name }] })
  let read = 'reads it back'
  try { packet.decode(bytes) } catch { read = 'refuses it' }
  console.log(what + ': encoded, first length byte', bytes[12] + ', the decoder', read)
}
show('label of 63 bytes', 'a'.repeat(63) + '.example')
show('label of 64 bytes', 'a'.repeat(64) + '.example')
show('name of 359 bytes', Array(6).fill('b'.repeat(59)).join('.'))
const answer = packet.encode({ type: 'response', answers: [{ type: 'A', name: 'x.example', data: '127.1' }] })
console.log('address 127.1 is', packet.decode(answer).answers[0].data)
EOF

judge 'an error from the encoder for the last three' \
'label of 63 bytes: encoded, first length byte 63, the decoder reads it back
label of 64 bytes: encoded, first length byte 64, the decoder refuses it
name of 359 bytes: encoded, first length byte 59, the decoder refuses it
address 127.1 is 127.1.0.0' \
"$(node "$work/trial.js")"
