#!/usr/bin/env python3
"""other_tools_test.py HALP-SIM RECIPES WORK: results in the tools of the field.

The recipes for pandas and for R draw a real run, and networkx, igraph and Graphviz load its graph with the same nodes,
components, clustering and path length as summary.json has. What is not installed is skipped, with a line that says so.
Exit code: 0 all right, 1 something is not, 77 nothing of it is installed.
"""
import importlib.util
import json
import os
import shutil
import subprocess
import sys

sim, recipes, work = sys.argv[1:]
tried, wrong = 0, 0


def check(what, got, wanted, near=1e-6):
    global wrong
    right = got == wanted if isinstance(wanted, (int, str)) else abs(got - wanted) <= near
    print(f"{'right' if right else 'wrong'}: {what}: {got}, {wanted} is right")
    wrong += not right


def installed(*modules):
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} is not installed")
    return not missing


def recipe(words, output):
    global tried, wrong
    tried += 1
    done = subprocess.run(words + [run, output], capture_output=True, text=True, check=False)
    right = done.returncode == 0 and "2 runs" in done.stdout and "45 nodes at the end" in done.stdout
    right = right and os.path.getsize(output) > 5000
    print(f"{'right' if right else 'wrong'}: {' '.join(words)}: {done.stdout.strip()} {done.stderr.strip()}")
    wrong += not right


def by_networkx(overlay):
    import networkx

    graph = networkx.read_graphml(run + "/overlay.graphml")
    check("networkx, directed", int(graph.is_directed()), 1)
    flat = networkx.Graph(graph.to_undirected())
    check("networkx, nodes", flat.number_of_nodes(), overlay["nodes"])
    check("networkx, components", networkx.number_connected_components(flat), overlay["components"])
    check("networkx, clustering", networkx.average_clustering(flat), overlay["clustering"])
    if overlay["components"] == 1:  # of a graph in pieces networkx tells none
        check("networkx, path length", networkx.average_shortest_path_length(flat), overlay["path_length"])
    names = networkx.get_node_attributes(graph, "name")
    check("networkx, a node is named by its address", sorted(names.values())[0].count("."), 3)


def by_igraph(overlay):
    import igraph

    graph = igraph.Graph.Read_GraphML(run + "/overlay.graphml")
    flat = graph.as_undirected(mode="collapse")
    check("igraph, nodes", flat.vcount(), overlay["nodes"])
    check("igraph, components", len(flat.connected_components()), overlay["components"])
    # igraph leaves out nodes with fewer than two neighbours, unless told otherwise.
    check("igraph, clustering", flat.transitivity_avglocal_undirected(mode="zero"), overlay["clustering"])
    check("igraph, path length", flat.average_path_length(directed=False), overlay["path_length"])
    check("igraph, a node is named by its address", graph.vs["name"][0].count("."), 3)


def by_graphviz(overlay, edges):
    # gc counts; an address without quotes would be three nodes.
    counted = subprocess.run(["gc", "-n", "-e", run + "/overlay.dot"], capture_output=True, text=True, check=True).stdout.split()
    check("Graphviz, nodes", int(counted[0]), overlay["nodes"])
    check("Graphviz, edges", int(counted[1]), edges)
    pieces = subprocess.run(["ccomps", "-v", run + "/overlay.dot"], capture_output=True, text=True, check=False)
    said = [line for line in pieces.stderr.splitlines() if "components" in line]
    check("Graphviz, components", int(said[-1].split("components")[0].split()[-1]), overlay["components"])


shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
run = work + "/run"
scenario = work + "/s.yaml"
with open(scenario, "w", encoding="utf-8") as file:
    file.write("about: for other tools\nnodes: 90\nphases:\n  \"grow, fast\": {do: grow, for: 3s}\n"
               "  boom: {do: kill, share: 50%, for: 15s}\n")
subprocess.run([sim, "run", scenario, "--seeds", "2", "-o", run], check=True, stdout=subprocess.DEVNULL)
with open(run + "/summary.json", encoding="utf-8") as file:
    overlay_figures = json.load(file)["overlay"]
with open(run + "/overlay.dot", encoding="utf-8") as file:
    edges_written = sum("->" in line for line in file)

if installed("pandas", "matplotlib"):
    recipe([sys.executable, recipes + "/three_figures.py"], work + "/pandas.png")
if shutil.which("Rscript"):
    recipe(["Rscript", "--vanilla", recipes + "/three_figures.R"], work + "/r.pdf")
else:
    print("skipped: R is not installed")
if installed("networkx"):
    tried += 1
    by_networkx(overlay_figures)
if installed("igraph"):
    tried += 1
    by_igraph(overlay_figures)
if shutil.which("ccomps") and shutil.which("gc"):
    tried += 1
    by_graphviz(overlay_figures, edges_written)
else:
    print("skipped: Graphviz is not installed")
shutil.rmtree(work, ignore_errors=True)
sys.exit(1 if wrong else 0 if tried else 77)
