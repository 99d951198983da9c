// What the verbs behind `halp dht` do. They need no halpd, but a client asks one, when there is one, for the nodes.
#pragma once

#include <optional>
#include <string>

#include "overlay/dht/wire/neo_codec.h"
#include "tools/halp/command_line.h"
#include "tools/halp/console.h"
#include "tools/halp/dht/dht_reach.h"

namespace halp::cli {

[[nodiscard]] ExitCode run_dht(const DhtTool& tool);

[[nodiscard]] ExitCode run_dht_fake(const CommandLine& command, Console& console);         // dht_fake.cc
[[nodiscard]] ExitCode run_dht_conformance(const CommandLine& command, Console& console);  // dht_conformance.cc

// dht_record_verbs.cc: one record
[[nodiscard]] ExitCode run_dht_put(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_get(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_exists(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_remove(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_update(const DhtTool& tool);  // dht_update.cc

// dht_channel_verbs.cc: of all nodes
[[nodiscard]] ExitCode run_dht_scan(const DhtTool& tool);  // and keys
[[nodiscard]] ExitCode run_dht_channels(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_rm_channel(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_mirror(const DhtTool& tool);  // dht_mirror.cc
[[nodiscard]] ExitCode run_dht_status(const DhtTool& tool);  // dht_status.cc; and ranges

// The value that was typed, or stands in the file or on stdin, as bytes. More than a node takes is an error; what
// is longer is not read to its end.
[[nodiscard]] Result<std::string> value_to_send(const DhtCommand& typed);

// Sizes at which rows leave for the data stream together.
inline constexpr std::size_t rows_bytes = std::size_t{1} << 15;

}  // namespace halp::cli
