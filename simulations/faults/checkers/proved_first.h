// A `get` never shows a stranger that was only ever claimed above a host that somebody confirmed. Suspects of
// `halp`, who were confirmed but answer no more, stand below the claims.
#pragma once

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class ProvedFirst final : public Checker {
public:
    [[nodiscard]] std::string_view name() const override { return "proved first"; }
    void on_look(const Look& look) override;
};

}  // namespace halp::sim
