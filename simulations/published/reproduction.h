// Figures others have published or measured, and ours beside them: why the simulator may be believed. What is
// reproduced, and how, is in simulations/README.md; the tolerances are never adjusted to what comes out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace halp::sim {

// How `got` is held against `expected`.
enum class Sense : std::uint8_t { near, at_most, at_least };

struct Check {
    std::string what;
    double expected = 0, got = 0;
    double tolerance = 0;  // relative
    double spare = 0;      // absolute: for figures of few steps, or whose expectation is itself a mean of few draws
    Sense sense = Sense::near;
    [[nodiscard]] bool met() const;
};

struct ReproductionOptions {
    std::uint64_t seed = 1;
    bool quick = true;   // N <= 10 000, fewer cycles, without the table of rules
    std::string only{};  // one section by name; empty: all
    // Now and then: what is being worked on. May be empty.
    std::function<void(const std::string&)> progress{};
};

// In the order in which they are reproduced.
const std::vector<std::string_view>& reproduction_sections();

// `report` hears of every figure as soon as it is known.
void reproduce(const ReproductionOptions& options, const std::function<void(const Check&)>& report);

}  // namespace halp::sim
