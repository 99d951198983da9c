// Two kinds of time that the compiler keeps apart. `Instant` is monotonic and used for every age and deadline.
// `UnixSeconds` is what people, files and HALP text use. Neither has a now(): only the Clock of a world knows the
// time (overlay/environment.h).
#pragma once

#include <chrono>
#include <cstdint>

namespace halp {

struct Monotonic {
    using rep = std::int64_t;
    using period = std::micro;
    using duration = std::chrono::microseconds;
    using time_point = std::chrono::time_point<Monotonic>;
    static constexpr bool is_steady = true;
};

using Duration = std::chrono::microseconds;
using Instant = Monotonic::time_point;

inline constexpr Instant never = Instant::min();        // has not happened
inline constexpr Instant no_deadline = Instant::max();  // no wake-up needed

enum class UnixSeconds : std::int64_t {};

// HALP text has times from 0 to the end of year 9999 UTC (overlay/text/halp-text.md, "Grammar").
inline constexpr UnixSeconds unix_seconds_max{253402300799};

constexpr std::int64_t count(UnixSeconds t) { return static_cast<std::int64_t>(t); }

}  // namespace halp
