// Two nodes with one random number, or at one address, are both told: each of them notes it while it lasts.
#pragma once

#include <map>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class CollisionsTold final : public Checker {
public:
    [[nodiscard]] std::string_view name() const override { return "collisions told"; }
    void on_event(std::size_t node, Instant at, const Event& event) override;

    enum class What : std::uint8_t { number, address };
    // The collision of `node` with another one has lasted since then, and nothing else disturbed them.
    void expect_told(std::size_t node, What what, Instant since, Instant now);

private:
    std::map<std::pair<std::size_t, What>, Instant> told_;  // the last time
};

}  // namespace halp::sim
