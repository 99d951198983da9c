// Compares figures that others have published or measured with ours. This is the evidence that the simulator can be
// trusted. simulations/published/README.md says what is reproduced and how. Tolerances are fixed before a run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace halp::sim {

// How `got` is compared with `expected`; beside: not at all, both are shown.
enum class Sense : std::uint8_t { near, at_most, at_least, beside };

struct Check {
    std::string what;
    double expected = 0, got = 0;
    double tolerance = 0;  // relative
    double spare = 0;      // absolute: for coarse figures, and for expectations that are means of few draws
    Sense sense = Sense::near;
    std::string_view source{};  // the publication or program that `expected` is of
    [[nodiscard]] bool met() const;
};

struct ReproductionOptions {
    std::uint64_t seed = 1;
    bool quick = true;   // N <= 10 000, fewer cycles, without the table of rules
    std::string only{};  // one section by name; empty: all
    // Called with a description of the current work. May be empty.
    std::function<void(const std::string&)> progress{};
};

// In the order of reproduction.
const std::vector<std::string_view>& reproduction_sections();

// Calls `report` with every figure as soon as it is known.
void reproduce(const ReproductionOptions& options, const std::function<void(const Check&)>& report);

}  // namespace halp::sim
