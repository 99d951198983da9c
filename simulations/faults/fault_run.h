// Plays a fault plan against real OverlayNodes with every invariant checker. A run has two phases: under faults no
// checker may report; then everything heals and the swarm must converge by a deadline.
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
    std::vector<Violation> violations;  // the first Checker::violations_max
    std::vector<std::string> missing;   // what is missing for convergence at the deadline; empty: converged
    Duration converged_after{0};        // since the end of the faults; meaningful when converged
    std::uint64_t digest = 0, events = 0;
    Duration simulated{0};

    [[nodiscard]] bool good() const { return violations.empty() && missing.empty(); }
    // The first rule that was broken: the name of a checker, "convergence", or "" for none.
    [[nodiscard]] std::string complaint() const;
    // The first violation of each rule by each node as a line, in order of time: "no resurrection: node 3 at 61.0
    // s:
    // ...".
    [[nodiscard]] std::vector<std::string> lines() const;
};

struct FaultRunOptions {
    // Called with each snapshot before the checkers see it. Tests plant faulty nodes with it.
    std::function<void(Snapshot&)> disturb;
};

FaultOutcome play_faults(const FaultPlan& plan, const FaultRunOptions& options = {});

// The options of every node: small quotas, so that the run reaches them.
OverlayOptions fault_run_options(const FaultPlan& plan);
// Longest time that an honest message may travel in such a run.
Duration transit_of(const FaultPlan& plan);

}  // namespace halp::sim
