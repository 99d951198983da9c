// What was probably meant by a word that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace halp {

// The candidate with the smallest edit distance to `typed`, if the distance is small enough for a typing error, or
// one that begins with it; else "". Never `typed` itself: what was given is not what was meant.
[[nodiscard]] std::string likely_meant(std::string_view typed, const std::vector<std::string>& candidates);

// "; did you mean `NAME`?", or "." when there is no likely one. `before` and the candidate together are the NAME.
[[nodiscard]] std::string did_you_mean(std::string_view typed, const std::vector<std::string>& candidates,
                                       const std::string& before = "");

}  // namespace halp
