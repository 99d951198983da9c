#!/usr/bin/env bash
# dotparser, ngraph.fromdot (npm): nodes named 1.0 and 1, or 007 and 7, are one node.
#
# Who meets it: whoever writes the graph of a swarm as DOT with nodes named by versions, shards or padded numbers. In DOT
# a numeral is a name like any other, and Graphviz tells 1.0 from 1. These packages turn an unquoted numeral into a
# JavaScript number, so nodes merge, degrees add up and a component count is wrong, without a word. Quoted names stay
# texts, so one file may hold both kinds.
# What follows: an exporter quotes every id, also those that DOT does not ask to be quoted.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package dotparser@1.1.1 ngraph.fromdot@7.1.0
deb_package graphviz=2.42.2-7+deb12u1 libcgraph6=2.42.2-7+deb12u1 libcdt5=2.42.2-7+deb12u1

echo 'graph { 1.0 -- 1; 007 -- 7; 1.0 -- 007 }' > "$work/plain.dot"
echo 'graph { "1.0" -- "1"; "007" -- "7"; "1.0" -- "007" }' > "$work/quoted.dot"

cat > "$work/trial.js" <<'EOF'
const fs = require('fs')
const read = require('ngraph.fromdot')
const parse = require('dotparser')
for (const name of ['plain', 'quoted']) {
  const text = fs.readFileSync(`${__dirname}/${name}.dot`, 'utf8')
  const ids = []
  read(text).forEachNode(node => { ids.push(JSON.stringify(node.id)) })
  const first = parse(text)[0].children[0].edge_list[0].id
  console.log(`${name}: ngraph.fromdot has nodes ${ids.join(' ')}; dotparser's first id is a ${typeof first}`)
}
EOF

trial() {
    node "$work/trial.js"
    echo "Graphviz counts nodes: plain $(gc -n "$work/plain.dot" | awk '{ print $1 }')," \
        "quoted $(gc -n "$work/quoted.dot" | awk '{ print $1 }')"
}

judge 'four nodes in both files, as in Graphviz' \
'plain: ngraph.fromdot has nodes 1 7; dotparser'"'"'s first id is a number
quoted: ngraph.fromdot has nodes "1.0" "1" "007" "7"; dotparser'"'"'s first id is a string
Graphviz counts nodes: plain 4, quoted 4' \
"$(trial)"
