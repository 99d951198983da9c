// Quotas are never exceeded: hosts per label, names per directory, labels, bytes, peers by role, text sessions.
#pragma once

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class Quotas final : public Checker {
public:
    explicit Quotas(const CheckerContext& context) : context_(context) {}
    [[nodiscard]] std::string_view name() const override { return "quotas"; }
    void on_snapshot(const Snapshot& snapshot) override;

private:
    void at_most(const Snapshot& snapshot, const std::string& what, std::size_t held, std::size_t allowed);
    CheckerContext context_;
};

}  // namespace halp::sim
