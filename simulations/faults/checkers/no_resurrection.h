// No entry comes back after its end. Whatever is gone (its node died, or it was withdrawn) is shown as confirmed by
// nobody once its ttl is over; and a node that has heard of a withdrawal never shows the entry as confirmed again
// until its announcer says so.
#pragma once

#include <map>
#include <utility>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class NoResurrection final : public Checker {
public:
    explicit NoResurrection(const Bounds& bounds);
    [[nodiscard]] std::string_view name() const override { return "no resurrection"; }
    void on_event(std::size_t node, Instant at, const Event& event) override;
    void on_deed(const Deed& deed) override;
    void on_look(const Look& look) override;

    // How long after its last confirmation an entry of `label` may be shown: its ttl, and the turn of expire().
    [[nodiscard]] Duration shown_max(const Label& label) const;

private:
    using Item = std::pair<Label, Endpoint>;
    struct Gone {
        Instant at{};
        bool withdrawn = false;
    };
    Bounds bounds_;
    std::map<Item, Gone> gone_;
    std::map<std::size_t, std::map<Item, Instant>> heard_;  // by node: withdrawals that it noted
};

}  // namespace halp::sim
