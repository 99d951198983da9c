// The nodes file of the originals: one `address:port` a line, `#` begins a comment (plain text, whatever the
// originals' help says). Neo and legacy need a file each, their ports differ.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/endpoint.h"
#include "store/result.h"

namespace halp {

inline constexpr std::size_t nodes_file_bytes_max = std::size_t{1} << 20;

// In the order of the file, repetitions left out. Any bad line fails the whole text and is named by its number.
[[nodiscard]] Result<std::vector<Endpoint>> parse_nodes_file(std::string_view text);
// One HOST:PORT a line: what a program under test is given to find its nodes.
[[nodiscard]] std::string nodes_file_text(const std::vector<Endpoint>& nodes);

}  // namespace halp
