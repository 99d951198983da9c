// A result that is thrown away has a reason beside it: a cast to void, an assignment to std::ignore, or a call of
// libevent whose result nobody takes, has a comment on its line or on the line before it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace halp::layout {

// The lines, from 1, that discard a result without a reason.
std::vector<std::size_t> unexplained_discards(std::string_view text);

}  // namespace halp::layout
