// Plays a plan of faults against real OverlayNodes with every checker on. Two phases: under faults the safety
// checkers stay silent; then everything heals, and the swarm converges by a deadline.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "simulations/faults/checkers/checker.h"
#include "simulations/faults/fault_plan.h"

namespace halp::sim {

struct FaultOutcome {
    std::vector<Violation> violations;  // the first of them
    std::vector<std::string> missing;   // at the deadline; empty when it converged
    Duration converged_after{0};        // the end of the faults; meaningful when it did
    std::uint64_t digest = 0, events = 0;
    Duration simulated{0};

    [[nodiscard]] bool good() const { return violations.empty() && missing.empty(); }
    // Whose rule was broken first: the name of a checker, "convergence", or "" when none.
    [[nodiscard]] std::string complaint() const;
    // "no resurrection: node 3 at 61.0 s: ...", first what broke first.
    [[nodiscard]] std::vector<std::string> lines() const;
};

struct FaultRunOptions {
    // Before the checkers see what a node says of itself: how a test plants a wrong node.
    std::function<void(Look&)> disturb;
};

FaultOutcome play_faults(const FaultPlan& plan, const FaultRunOptions& options = {});

// What every node of such a run is given: small quotas, so that they are felt.
OverlayOptions fault_run_options(const FaultPlan& plan);
// How long an honest message may be under way in such a run.
Duration transit_of(const FaultPlan& plan);

}  // namespace halp::sim
