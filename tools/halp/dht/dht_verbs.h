// The verbs of `halp dht`. They work without halpd; a client asks a running halpd for nodes.
#pragma once

#include <optional>
#include <string>

#include "overlay/dht/wire/neo_codec.h"
#include "tools/halp/command_line.h"
#include "tools/halp/dht/dht_reach.h"
#include "tools/halp/output/console.h"

namespace halp::cli {

[[nodiscard]] ExitCode run_dht(const DhtTool& tool);

[[nodiscard]] ExitCode run_dht_fake(const CommandLine& command, Console& console);         // dht_fake.cc
[[nodiscard]] ExitCode run_dht_conformance(const CommandLine& command, Console& console);  // dht_conformance.cc

// one record: dht_record_verbs.cc
[[nodiscard]] ExitCode run_dht_put(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_get(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_exists(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_remove(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_update(const DhtTool& tool);  // dht_update.cc

// all nodes: dht_channel_verbs.cc
[[nodiscard]] ExitCode run_dht_scan(const DhtTool& tool);  // also the verb keys
[[nodiscard]] ExitCode run_dht_channels(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_rm_channel(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_size(const DhtTool& tool);    // dht_size.cc
[[nodiscard]] ExitCode run_dht_mirror(const DhtTool& tool);  // dht_mirror.cc; also the verb listen
[[nodiscard]] ExitCode run_dht_status(const DhtTool& tool);  // dht_status.cc; also the verb ranges

// for operators
[[nodiscard]] ExitCode run_dht_keygen(const DhtTool& tool);       // dht_keygen.cc
[[nodiscard]] ExitCode run_dht_credentials(const DhtTool& tool);  // dht_daemon_verbs.cc
[[nodiscard]] ExitCode run_dht_stats(const DhtTool& tool);        // dht_daemon_verbs.cc
[[nodiscard]] ExitCode run_dht_import_config(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_dump(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_load(const DhtTool& tool);
[[nodiscard]] ExitCode run_dht_redistribute(const DhtTool& tool);  // dht_redistribute.cc

// The bytes of the value from the command line, a file or stdin. A value that no node accepts is an error and is
// not read to its end.
[[nodiscard]] Result<std::string> value_to_send(const DhtCommand& typed);

// Rows are written together when they reach this size.
inline constexpr std::size_t rows_bytes = std::size_t{1} << 15;

}  // namespace halp::cli
