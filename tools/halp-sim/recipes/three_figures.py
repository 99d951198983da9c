#!/usr/bin/env python3
"""three_figures.py DIRECTORY [OUTPUT.png]: three figures of a run, by pandas and matplotlib.

DIRECTORY is that of `halp-sim run -o`. All is read from observations.csv, one row per observation: nodes over time, the
dead share of the views over time, and how long nodes took to join. A line is a run. Debian: python3-pandas,
python3-matplotlib.
"""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

directory = sys.argv[1]
output = sys.argv[2] if len(sys.argv) > 2 else "three_figures.png"

# Seeds have 64 bits, which floating point would round. Empty cells are none, so nothing is taken for missing.
all_rows = pd.read_csv(directory + "/observations.csv", dtype={"run": int, "seed": str, "phase": str, "unit": str},
                       keep_default_na=False)
rows = all_rows[all_rows.phase != "whole run"]
begins = rows.groupby("phase", sort=False).time_s.min()

figure, (nodes, dead, join) = plt.subplots(1, 3, figsize=(15, 4))


def over_time(axes, measure, **how):
    for _, run in rows[rows.measure == measure].groupby("run"):
        # Values hold until the next one: an event is a step.
        series = run.sort_values("time_s")
        axes.step(series.time_s, series.value, where="post", **how)


over_time(nodes, "living", color="tab:blue")
over_time(nodes, "largest_component", color="tab:orange", linestyle="--")
nodes.set(title="Living nodes; dashed: in the largest component", xlabel="virtual time, s", ylabel="nodes", ylim=(0, None))
over_time(dead, "dead_share", color="tab:blue")
dead.set(title="Dead share of the views", xlabel="virtual time, s", ylabel="share of view entries", ylim=(0, None))
for axes in (nodes, dead):
    for phase, begin in begins.items():
        axes.axvline(begin, color="0.7", linestyle=":")
        axes.text(begin, 1, phase, rotation=90, va="top", fontsize=7, transform=axes.get_xaxis_transform())

for _, run in rows[rows.measure == "join_s"].groupby("run"):
    took = run.value.sort_values()
    join.step(took, [(i + 1) / len(took) for i in range(len(took))], where="post", color="tab:blue")
join.set(title="Join time (ECDF)", xlabel="s", ylabel="share of the nodes that joined", ylim=(0, 1))

figure.tight_layout()
figure.savefig(output, dpi=150)
ends = rows[rows.measure == "living"].sort_values("time_s", kind="stable").groupby("run").value.last()
print(f"{rows.run.nunique()} runs, {len(all_rows)} observations, {int(ends.median())} nodes at the end; written to {output}")
