// The nodes file of the originals (overlay/dht/wire/neo.md, 2): plain text, one `address:port` a line, `#` begins
// a comment. Neo and legacy use different ports and so need a file each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/endpoint.h"
#include "store/result.h"

namespace halp {

inline constexpr std::size_t nodes_file_bytes_max = std::size_t{1} << 20;

// Returns the nodes in the order of the file, without repetitions. Any bad line makes the whole text an error that
// names the line.
[[nodiscard]] Result<std::vector<Endpoint>> parse_nodes_file(std::string_view text);
// One HOST:PORT a line, for a program under test that reads its nodes from a file.
[[nodiscard]] std::string nodes_file_text(const std::vector<Endpoint>& nodes);

}  // namespace halp
