// Quotas are never exceeded: hosts per label, names per directory, labels, bytes, peers by role, text sessions.
#pragma once

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class Quotas final : public Checker {
public:
    explicit Quotas(const Bounds& bounds) : bounds_(bounds) {}
    [[nodiscard]] std::string_view name() const override { return "quotas"; }
    void on_look(const Look& look) override;

private:
    void at_most(const Look& look, const std::string& what, std::size_t held, std::size_t allowed);
    Bounds bounds_;
};

}  // namespace halp::sim
