// Bytes as one line of text that can be typed and read back: values of records, names of channels.
#pragma once

#include <string>
#include <string_view>

#include "store/result.h"

namespace halp {

// One line without control bytes: \\ \n \t \r and \xNN, well-formed UTF-8 as it is.
[[nodiscard]] std::string escaped(std::string_view bytes);
[[nodiscard]] Result<std::string> unescaped(std::string_view text);

}  // namespace halp
