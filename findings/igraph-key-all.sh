#!/usr/bin/env bash
# igraph: GraphML attributes declared for="all" are lost with a warning, and so is every value that refers to them.
#
# Who meets it: whoever writes one key for an attribute that nodes, edges and the graph share; for="all" is in
# GraphML's schema and even its default. Boost.Graph and networkx read the values. igraph returns a graph without
# the attribute, which a program that asks for its names takes for a file that never had it.
# What follows: an exporter declares each key once per kind of element.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package python3-igraph=0.10.2-1+b1 libigraph3=0.10.2+ds-2 python3-texttable=1.6.7-1 libarpack2=3.8.0-3 \
    libcxsparse3=1:5.12.0+dfsg-2 libglpk40=5.0-1 libplfit0=0.9.4+ds-1+b1 libamd2=1:5.12.0+dfsg-2 \
    libcolamd2=1:5.12.0+dfsg-2 libsuitesparseconfig5=1:5.12.0+dfsg-2 libblas3=3.11.0-2 liblapack3=3.11.0-2 \
    libgfortran5=12.2.0-14+deb12u1 libltdl7=2.4.7-7~deb12u1
export LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$libraries/blas:$libraries/lapack"
need_libraries "$work/root/usr/lib/python3/dist-packages/igraph/"_igraph*.so
debian_python=/usr/bin/python3
"$debian_python" -c 'import igraph' 2> /dev/null || untried 'igraph does not load in this Python'

for kind in all node; do
    cat > "$work/$kind.graphml" <<EOF
<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="k" for="$kind" attr.name="seen" attr.type="double"/>
<graph id="G" edgedefault="directed">
<node id="a"><data key="k">7</data></node>
</graph></graphml>
EOF
done
cat > "$work/trial.py" <<'EOF'
import sys, warnings, igraph
for kind in ("node", "all"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        graph = igraph.Graph.Read_GraphML(f"{sys.argv[1]}/{kind}.graphml")
    print(f"for={kind}: node has {graph.vs[0].attributes()}, warnings {len(caught)}")
EOF

judge 'seen = 7 for both' \
'for=node: node has {'"'"'seen'"'"': 7.0, '"'"'id'"'"': '"'"'a'"'"'}, warnings 0
for=all: node has {'"'"'id'"'"': '"'"'a'"'"'}, warnings 2' \
"$("$debian_python" "$work/trial.py" "$work")"
