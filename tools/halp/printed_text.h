// Text for people: what strangers wrote made harmless for a terminal, ages, sizes, columns, likely spellings.
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/time.h"

namespace halp::cli {

// Valid UTF-8 stays; control bytes, C1 controls, marks that turn the direction of writing, and bytes that are no
// UTF-8 become \xNN. A host name from the network then cannot drive the terminal.
[[nodiscard]] std::string harmless(std::string_view text);

[[nodiscard]] std::string human_bytes(std::uint64_t bytes);  // "17.6 KiB"

// Columns as wide as their widest cell, two blanks apart, no blanks at the ends of lines. The first row is the
// head.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view indent = "");

// The candidate that needs the fewest typing errors, if that is few enough to be likely; else "".
[[nodiscard]] std::string likely_meant(std::string_view typed, const std::vector<std::string>& candidates);

}  // namespace halp::cli
