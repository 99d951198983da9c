// Whether everything that a program wrote to its standard output has arrived.
#pragma once

#include <string_view>

namespace halp {

// Flushes standard output, that of <iostream> and that of <cstdio>. Returns `code`; but 1, with a sentence on
// standard error, when `code` is 0 and something could not be written, as on a full disk. A reader that has closed
// its pipe wanted no more: then 1, too, but without a word.
[[nodiscard]] int with_output_written(int code, std::string_view program);

}  // namespace halp
