// Text in little memory, for the disks of simulated hosts. The files of a host cache are lines of numbers and
// addresses, and a line looks like the one before it. What it shares with that one at its begin and its end is left
// out, and the rest takes half a byte a character; any other byte takes one and a half. A line of a cache file takes
// 6 to 13 bytes instead of 25 to 45.
#pragma once

#include <string>
#include <string_view>

namespace halp {

[[nodiscard]] std::string pack_text(std::string_view text);
[[nodiscard]] std::string unpack_text(std::string_view packed);  // what pack_text() was given

}  // namespace halp
