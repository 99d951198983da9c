// Whether everything that a program wrote to its standard output has arrived.
#pragma once

#include <string_view>

namespace halp {

// Flushes standard output, that of <iostream> and that of <cstdio>. Returns `code`. When
// something could not be written, as on a full disk, it says so on standard error, and 0 becomes 1. A reader that
// has closed its pipe wanted no more: then 1, too, but without a word.
[[nodiscard]] int with_output_written(int code, std::string_view program);

}  // namespace halp
