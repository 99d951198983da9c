// Figures others have published or measured, and ours beside them: why the simulator may be believed. What is
// reproduced, and how, is in simulations/README.md; the tolerances are never adjusted to what comes out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace halp::sim {

struct Check {
    std::string what;
    double expected = 0, got = 0;
    double tolerance = 0;  // relative
    double spare = 0;      // absolute, for figures that are few steps of a coarse scale
    [[nodiscard]] bool met() const;
};

struct ReproductionOptions {
    std::uint64_t seed = 1;
    bool quick = true;  // N = 10 000 to cycle 50; else to cycle 100 as well
};

// `report` hears of every figure as soon as it is known.
void reproduce(const ReproductionOptions& options, const std::function<void(const Check&)>& report);

}  // namespace halp::sim
