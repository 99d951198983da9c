// A list never shows a merely claimed host above a confirmed one. Suspects in `halp`, which were confirmed but no
// longer answer, are below the claims.
#pragma once

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class ProvedFirst final : public Checker {
public:
    [[nodiscard]] std::string_view name() const override { return "proved first"; }
    void on_snapshot(const Snapshot& snapshot) override;
};

}  // namespace halp::sim
