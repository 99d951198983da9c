#!/usr/bin/env bash
# graphlib-dot (npm): defaults that a subgraph sets hold behind it as well, and a named subgraph is one more node.
#
# Who meets it: whoever draws islands of a network as clusters with defaults of their own and counts or colours nodes in
# JavaScript. In DOT the defaults of a subgraph end with it. Here every node that is named after the subgraph gets its
# values, and each subgraph adds to the number of nodes.
# What follows: an exporter writes attributes at each node instead of defaults, and a reader leaves out nodes that have
# children.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package graphlib-dot@0.6.4
deb_package graphviz=2.42.2-7+deb12u1 libcgraph6=2.42.2-7+deb12u1 libcdt5=2.42.2-7+deb12u1

echo 'digraph { node [state=up]; a; subgraph island { node [state=cut]; b } c }' > "$work/net.dot"

cat > "$work/trial.js" <<'EOF'
const graph = require('graphlib-dot').read(require('fs').readFileSync(`${__dirname}/net.dot`, 'utf8'))
console.log('graphlib-dot:', graph.nodes().map(id => `${id}=${graph.node(id).state}`).join(' '))
EOF

trial() {
    node "$work/trial.js"
    echo "Graphviz: $(gc -n "$work/net.dot" | awk '{ print $1 }') nodes," "$(nop "$work/net.dot" | tr -d '\t;' | xargs)"
}

judge 'a=up b=cut c=up, three nodes' \
'graphlib-dot: a=up island=up b=cut c=cut
Graphviz: 3 nodes, digraph { node [state=up] subgraph island { node [state=cut] b[state=cut] } a c }' \
"$(trial)"
