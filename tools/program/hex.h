// Bytes as hexadecimal digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace halp {

// 0 to 15; -1 when it is no hexadecimal digit.
[[nodiscard]] int hex_value(char digit);
[[nodiscard]] std::string hex_of(std::string_view bytes);  // in lower case
// Nothing unless every two digits are a byte.
[[nodiscard]] std::optional<std::string> bytes_of_hex(std::string_view digits);

}  // namespace halp
