// Whoever follows the events of a node ends with the lists that it shows: hosts learned minus hosts forgotten,
// since the begin of its process.
#pragma once

#include <map>
#include <set>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class ListsFollowEvents final : public Checker {
public:
    [[nodiscard]] std::string_view name() const override { return "lists follow events"; }
    void on_process(std::size_t node) override { followed_.erase(node); }
    void on_event(std::size_t node, Instant at, const Event& event) override;
    void on_snapshot(const Snapshot& snapshot) override;

private:
    std::map<std::size_t, std::map<Label, std::set<Endpoint>>> followed_;  // by node
};

}  // namespace halp::sim
