// Text for people, as pure functions: sizes, columns, spans.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/time.h"
#include "tools/program/harmless.h"

namespace halp::cli {

using halp::harmless;
using halp::harmless_json;
using halp::harmless_lines;

// "announced until Ctrl-C.", or with a time "announced for 60 s, or until Ctrl-C."
[[nodiscard]] std::string until_words(const std::string& what, std::optional<double> for_s);

// Causes come with a full stop or without; behind this there is one.
[[nodiscard]] std::string as_sentence(std::string text);

[[nodiscard]] std::string human_bytes(std::uint64_t bytes);  // "17.6 KiB"

// Columns as wide as their widest cell, two blanks apart, no blanks at the ends of lines. The first row is the
// head.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view indent = "");

}  // namespace halp::cli
