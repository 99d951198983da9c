// An announcement stays in the list of its own node, before all other hosts, until it is withdrawn. No flood, quota
// or hearsay moves it.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class OwnKept final : public Checker {
public:
    [[nodiscard]] std::string_view name() const override { return "own kept"; }
    void on_event(std::size_t node, Instant at, const Event& event) override;
    void on_truth_change(const TruthChange& change) override;
    void on_snapshot(const Snapshot& snapshot) override;

private:
    using Item = std::pair<Label, Endpoint>;
    std::map<std::size_t, std::set<Item>> own_;  // by node
};

}  // namespace halp::sim
