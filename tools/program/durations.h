// Durations as numbers and as text for people.
#pragma once

#include <string>

#include "store/time.h"

namespace halp {

[[nodiscard]] constexpr double seconds_of(Duration span) { return static_cast<double>(span.count()) / 1e6; }

[[nodiscard]] double cpu_seconds();  // that this process has used so far

[[nodiscard]] std::string human_span(double seconds);                    // "0.41 s", "3 min 20 s", "2 d 4 h"
[[nodiscard]] std::string human_age(double seconds);                     // "0.3 s ago", "12 s ago", "in 2 h"
[[nodiscard]] std::string human_age(UnixSeconds seen, UnixSeconds now);  // whole seconds

}  // namespace halp
