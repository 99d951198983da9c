// Durations and sizes as text: "200ms", "64MiB". What is printed is read as the same value again.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "store/time.h"

namespace halp::config {

// A decimal number and one of d, h, m, s, ms, us. A number without a unit is no duration.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string print_duration(Duration duration);
// A decimal number and one of GiB, MiB, KiB, GB, MB, kB, B, or no unit for bytes.
[[nodiscard]] std::optional<std::size_t> parse_size(std::string_view text);
[[nodiscard]] std::string print_size(std::size_t bytes);

}  // namespace halp::config
