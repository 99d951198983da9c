// Words that an application says about the host that it announces: `v=2`, `blue`. All of one announcement are one
// text: sorted, each once, with "," between them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"

namespace halp {

inline constexpr std::size_t tags_bytes_max = 256;  // the commas as well

// Tags in any order, maybe one more than once. A tag has 1 or more bytes without blanks, control bytes and commas.
[[nodiscard]] Result<std::string> tags_text(std::vector<std::string> tags);
// True for what tags_text() returns, and for nothing else.
[[nodiscard]] bool well_formed_tags(std::string_view text);
[[nodiscard]] std::vector<std::string> split_tags(std::string_view text);
[[nodiscard]] bool has_tag(std::string_view text, std::string_view tag);

}  // namespace halp
