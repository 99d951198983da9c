// The measures of runs: their units, and what they mean in one sentence, for reports and tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace halp::sim {

struct Measure {
    std::string_view name, unit, meaning;
};

inline constexpr std::string_view at_end = "_at_end";  // of a measure: at the end of a phase, beside its samples

// Of "boom.dead_share" or "dead_share"; one without unit and meaning when there is no such measure.
[[nodiscard]] Measure measure_of(std::string_view name);
// "boom.dead_share" is the measure dead_share of the phase boom; "clustering" is one of the whole run.
[[nodiscard]] std::string phase_of_metric(std::string_view name);
// "dead share: ...; usable list: ...", for below a table of these.
[[nodiscard]] std::string meanings(const std::vector<std::string>& names);

}  // namespace halp::sim
