// Hearsay removes nothing that a node has proved: a living node that it has talked to stays in its list while both
// of them, and the network, are left in peace. Only for runs with hostile nodes, in swarms whose list has room for
// all.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "simulations/faults/checkers/checker.h"
#include "simulations/faults/checkers/false_burials.h"

namespace halp::sim {

class ProvedKept final : public Checker {
public:
    explicit ProvedKept(const FalseBurials& calm) : calm_(calm) {}
    [[nodiscard]] std::string_view name() const override { return "proved kept"; }
    void on_process(std::size_t node) override { proved_.erase(node); }
    void on_snapshot(const Snapshot& snapshot) override;

private:
    const FalseBurials& calm_;
    std::map<std::size_t, std::set<Endpoint>> proved_;  // at the last look, by node
};

}  // namespace halp::sim
