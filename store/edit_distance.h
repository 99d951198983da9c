// How many typing errors are between two words: the smallest number of insertions, deletions, replacements and
// swaps of neighbours that turn one into the other (optimal string alignment). The work is the product of the
// lengths: the caller bounds them.
#pragma once

#include <cstddef>
#include <string_view>

namespace halp {

[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace halp
