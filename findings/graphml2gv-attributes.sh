#!/usr/bin/env bash
# graphml2gv (Graphviz): every attribute of a GraphML file is dropped, and the exit code is 0.
#
# Who meets it: whoever writes a view graph as GraphML and wants a picture of it. Of <data>, labels, weights and
# addresses, nothing reaches the DOT file; only the ids of edges do, as an attribute called _graphml_id. A line on
# stderr for each element says that it is unknown, and the program calls it success.
# What follows: a program that exports graphs writes DOT itself, beside GraphML; a converter's exit code proves
# nothing.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package graphviz=2.42.2-7+deb12u1 libcgraph6=2.42.2-7+deb12u1 libcdt5=2.42.2-7+deb12u1

cat > "$work/view.graphml" <<'EOF'
<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="host" for="node" attr.name="host" attr.type="string"/>
<key id="rtt" for="edge" attr.name="rtt" attr.type="double"/>
<graph id="G" edgedefault="directed">
<node id="a"><data key="host">one.example</data></node>
<node id="b"><data key="host">two.example</data></node>
<edge id="e1" source="a" target="b"><data key="rtt">1.5</data></edge>
</graph></graphml>
EOF

trial() {
    code=0
    graphml2gv "$work/view.graphml" > "$work/view.dot" 2> "$work/errors" || code=$?
    xargs < "$work/view.dot"
    echo "exit $code, messages $(sort "$work/errors" | uniq -c | xargs)"
}

judge 'host and rtt become attributes of the nodes and the edge' \
'digraph G { a -> b [_graphml_id=e1]; }
exit 0, messages 3 Unknown node data - ignoring. 2 Unknown node key - ignoring.' \
"$(trial)"
