// What `halp-sim views` has to tell: as text, as one JSON object, and as the files of a directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "simulations/views/graph_sums.h"
#include "simulations/views/view_swarm.h"
#include "store/result.h"

namespace halp::sim {

struct MeasuredOverlay {
    GraphFigures figures;
    DegreeCounts in_degrees;
};

struct ViewsOutcome {
    std::string rule;
    ViewSwarmOptions options;
    std::uint32_t periods = 0;  // played
    bool complete = true;       // false: interrupted
    std::uint64_t digest = 0;
    ViewSwarmCounters done = {};
    double cpu_s = 0;
    std::optional<MeasuredOverlay> overlay = {};
};

// "2.418", or of a sample "about 2.418 +- 0.012 (standard error, from 50 nodes)".
[[nodiscard]] std::string path_text(const GraphFigures& figures, std::size_t nodes);
[[nodiscard]] std::string views_text(const ViewsOutcome& outcome);
[[nodiscard]] std::string views_json(const ViewsOutcome& outcome);
// views.json, in_degree_counts.csv, columns.csv, figures/in_degree.svg and report.html; results of an earlier run
// there are removed first. The outcome has an overlay, unless it was interrupted.
[[nodiscard]] Result<void> write_views_files(const std::string& directory, const ViewsOutcome& outcome);

}  // namespace halp::sim
