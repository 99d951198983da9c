#!/usr/bin/env bash
# Boost.Graph: the degree of a vertex with an edge to itself is 2 or 1, depending on the container of the out-edges.
#
# Who meets it: whoever exchanges vecS for setS in an undirected adjacency_list to forbid parallel edges. With a
# list or vector the loop is stored twice, with a set once; the number of edges is the same. The sum of the degrees
# is no longer twice the number of edges, and every statistic built on degrees changes by a container's choice.
# What follows: remove self-contacts before the graph is built; a peer never lists itself in a view.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libboost1.74-dev=1.74.0+ds1-21

cat > "$work/trial.cc" <<'EOF'
#include <boost/graph/adjacency_list.hpp>
#include <iostream>

template <class OutEdges>
void show(const char* name) {
    boost::adjacency_list<OutEdges, boost::vecS, boost::undirectedS> graph{2};
    boost::add_edge(0, 0, graph);
    boost::add_edge(0, 1, graph);
    std::cout << name << ": edges " << boost::num_edges(graph) << ", degrees " << boost::out_degree(0, graph) << " and "
              << boost::out_degree(1, graph) << "\n";
}

int main() {
    show<boost::vecS>("vecS     ");
    show<boost::listS>("listS    ");
    show<boost::setS>("setS     ");
    show<boost::hash_setS>("hash_setS");
    show<boost::multisetS>("multisetS");
}
EOF
compile_cc "$work/trial.cc" "$work/trial"

judge 'edges 2, degrees 3 and 1 with every container' \
'vecS     : edges 2, degrees 3 and 1
listS    : edges 2, degrees 3 and 1
setS     : edges 2, degrees 2 and 1
hash_setS: edges 2, degrees 2 and 1
multisetS: edges 2, degrees 3 and 1' \
"$("$work/trial")"
