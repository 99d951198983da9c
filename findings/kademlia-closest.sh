#!/usr/bin/env bash
# kademlia-routing-table, below dht-rpc and HyperDHT: closest(target, k) misses the closest nodes.
#
# Who meets it: whoever takes the list for a FIND_NODE answer, or its first element for "the responsible node".
# After the target's own row come the rows of shorter common prefixes, although their nodes are the farthest from
# the target, and inside a row the nodes come in order of their ids, not of their distance. A node with exactly the
# asked id can be left out.
# What follows: ask for the whole table (k = Infinity) and sort by XOR distance yourself, or use one's own table. A
# test of any routing table should compare its answer with a full sort, for targets near and far.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package kademlia-routing-table@1.0.6

cat > "$work/trial.js" <<'EOF'
const RoutingTable = require('kademlia-routing-table')
const id = (...bytes) => Buffer.from(bytes)
const names = nodes => nodes.map(node => node.id.toString('hex')).join(' ')
const distance = (a, b) => Buffer.from(a.map((byte, i) => byte ^ b[i]))
const sorted = (ids, target) => ids.slice().sort((a, b) => Buffer.compare(distance(a, target), distance(b, target)))

// One row: all three share the first bit that differs from the table's own id.
const one = new RoutingTable(id(0x00, 0x00))
const row = [id(0xf0, 0x01), id(0x80, 0x01), id(0xc0, 0x01)]
for (const node of row) one.add({ id: node })
console.log('asked for f001, one node: table', names(one.closest(id(0xf0, 0x01), 1)),
            'sorted', sorted(row, id(0xf0, 0x01))[0].toString('hex'))

// Two rows: 8001 differs from the target in the first bit, 2001 only in the third.
const two = new RoutingTable(id(0x00, 0x00))
const both = [id(0x80, 0x01), id(0x20, 0x01)]
for (const node of both) two.add({ id: node })
console.log('asked for 4001, one node: table', names(two.closest(id(0x40, 0x01), 1)),
            'sorted', sorted(both, id(0x40, 0x01))[0].toString('hex'))
EOF

judge 'the closest nodes by XOR distance, nearest first: f001, then 2001' \
'asked for f001, one node: table 8001 sorted f001
asked for 4001, one node: table 8001 sorted 2001' \
"$(node "$work/trial.js")"
