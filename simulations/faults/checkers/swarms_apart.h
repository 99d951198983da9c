// Swarms stay apart: no node lists a node or an announcement that was never in its own swarm, also not when a node
// has moved from one swarm to the other and kept its files. Only the node that moved may show what its files say,
// as old.
#pragma once

#include <array>
#include <map>
#include <utility>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class SwarmsApart final : public Checker {
public:
    [[nodiscard]] std::string_view name() const override { return "swarms apart"; }
    void on_truth_change(const TruthChange& change) override;
    void on_snapshot(const Snapshot& snapshot) override;

private:
    using Item = std::pair<Label, Endpoint>;
    std::map<Item, std::array<bool, 2>> seen_in_;         // by swarm: it was there at some time
    std::map<std::size_t, std::array<bool, 2>> been_in_;  // by node
};

}  // namespace halp::sim
