// The two files that a DHT client of the originals is configured with, read from disk. Every error is
// ErrorCode::invalid and names the file, and the line where there is one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "overlay/dht/wire/neo_credentials.h"
#include "store/endpoint.h"
#include "store/result.h"

namespace halp {

// The whole of a file or pipe. No more than `bytes_max` and a byte are ever held.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);
// At least one node (overlay/dht/nodes_file.h has the format).
[[nodiscard]] Result<std::vector<Endpoint>> read_nodes_file(const std::string& path);
// A client's: exactly one entry.
[[nodiscard]] Result<neo::Credential> read_credentials_file(const std::string& path);

}  // namespace halp
