// Finds a small plan that fails in the same way as a given plan: fewer nodes, less time, fewer steps.
#pragma once

#include <functional>

#include "simulations/faults/fault_run.h"

namespace halp::sim {

struct Shrunk {
    FaultPlan plan;
    FaultOutcome outcome;
    std::size_t runs = 0;
};

using PlayPlan = std::function<FaultOutcome(const FaultPlan&)>;
// `outcome` is the outcome of `plan`. Plays at most `runs_max` smaller plans.
Shrunk shrink(const FaultPlan& plan, const FaultOutcome& outcome, const PlayPlan& play, std::size_t runs_max);

// The plan with fewer nodes, or with less time. Steps that do not fit are left out.
FaultPlan with_nodes(const FaultPlan& plan, std::size_t nodes);
FaultPlan with_time(const FaultPlan& plan, Duration faults_for);

}  // namespace halp::sim
