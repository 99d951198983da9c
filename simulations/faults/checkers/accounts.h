// Counters account for everything: each frame, node, announced host and line of an insert that arrives has exactly
// one fate, and status shows how many have which (overlay/gossip/received.h). What was taken is held still, or has
// gone for a reason that is counted, too.
#pragma once

#include <cstdint>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class Accounts final : public Checker {
public:
    [[nodiscard]] std::string_view name() const override { return "accounts"; }
    void on_snapshot(const Snapshot& snapshot) override;

private:
    void equal(const Snapshot& snapshot, std::string_view what, std::uint64_t arrived, std::uint64_t accounted);
    void kept(const Snapshot& snapshot);
};

}  // namespace halp::sim
