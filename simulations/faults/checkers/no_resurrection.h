// No entry comes back after its end. When its ttl is over, no node shows an ended entry (its node died, or it was
// withdrawn) as confirmed. A node that has noted a withdrawal never shows the entry as confirmed again, unless it
// is announced again.
#pragma once

#include <map>
#include <utility>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class NoResurrection final : public Checker {
public:
    explicit NoResurrection(const CheckerContext& context);
    [[nodiscard]] std::string_view name() const override { return "no resurrection"; }
    void on_event(std::size_t node, Instant at, const Event& event) override;
    void on_truth_change(const TruthChange& change) override;
    void on_snapshot(const Snapshot& snapshot) override;

    // How long after its last confirmation an entry of `label` may be shown: its ttl and the interval of expire().
    [[nodiscard]] Duration shown_max(const Label& label) const;

private:
    using Item = std::pair<Label, Endpoint>;
    struct Gone {
        Instant at{};
        bool withdrawn = false;
    };
    CheckerContext context_;
    std::map<Item, Gone> gone_;
    std::map<std::size_t, std::map<Item, Instant>> heard_;  // by node: withdrawals that it noted
};

}  // namespace halp::sim
