// Reads the two files that configure DHT clients of the originals. Every error has ErrorCode::invalid and names
// the file and, where there is one, the line.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "overlay/dht/wire/neo_credentials.h"
#include "store/endpoint.h"
#include "store/result.h"

namespace halp {

// The content of a file or pipe (store/files/named_file.h) of at most `bytes_max` bytes.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);
// At least one node (format: overlay/dht/client/nodes_file.h).
[[nodiscard]] Result<std::vector<Endpoint>> read_nodes_file(const std::string& path);
// A client's file, with exactly one entry. `warning`: a sentence when other users may read it, else empty.
[[nodiscard]] Result<neo::Credential> read_credentials_file(const std::string& path,
                                                            std::string* warning = nullptr);

}  // namespace halp
