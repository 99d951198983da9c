// Publications beside the figures of a run: rows "figure, this run, published, published for, source", header
// first, and no row at all where nothing is published. The values are those of
// simulations/published/published_figures.h.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"
#include "simulations/views/overlay_graph.h"

namespace halp::sim {

using PublicationRows = std::vector<std::vector<std::string>>;

[[nodiscard]] PublicationRows overlay_publications(std::size_t nodes, const GraphFigures& figures,
                                                   const Spread& degrees);
// Of the overlay, the spread of announcements, and the recovery after kills of less than 95 %.
[[nodiscard]] PublicationRows publication_rows(const Scenario& scenario, const RunResult& result);
// What stands below such a table.
[[nodiscard]] std::string publication_terms();

}  // namespace halp::sim
