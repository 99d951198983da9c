// Measures requests about records: a real client and a real halpd, in memory and on disk (README.md).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tools/bench/dht_load.h"
#include "tools/bench/report.h"

namespace halp::bench {

struct DhtBenchOptions {
    std::string halpd;
    std::size_t records = 1'000'000;
    std::size_t in_flight = 1000;
    std::size_t repetitions = 3;
    std::vector<std::string> only;  // parts; none: all
    bool quick = false;
};

// False if something could not be measured. The reason is on stderr.
[[nodiscard]] bool run_dht_bench(const DhtBenchOptions& options, Report& report);

// ---- its parts ----

// Puts and Gets of a daemon on LMDB, against LMDB itself and against `memory`, the client of a daemon that has
// records 0 .. options.records - 1 in memory.
[[nodiscard]] bool measure_disk(const DhtBenchOptions& options, DhtLoad& memory, Report& report);
// Starts of daemons with a dump of options.records records.
[[nodiscard]] bool measure_dump_loading(const DhtBenchOptions& options, Report& report);
// Puts, Gets and GetAlls by legacy over five connections, and by neo on the same daemon in turns with them.
[[nodiscard]] bool measure_legacy(const DhtBenchOptions& options, Report& report);
// The CPU of a node per request beside that of redis-server. A remark tells when there is no such program.
[[nodiscard]] bool measure_beside_redis(const DhtBenchOptions& options, Report& report);
// A Mirror that keeps up with a full-rate Put load as well as it can, and one that pauses meanwhile.
[[nodiscard]] bool measure_mirror(const DhtBenchOptions& options, Report& report);
// Puts and Gets of a daemon with one thread and of one with two, by two client processes.
[[nodiscard]] bool measure_threads(const DhtBenchOptions& options, Report& report);

// All records of a node handed to another one, and how long the Gets of a client of both take meanwhile.
[[nodiscard]] bool measure_redistribution(const DhtBenchOptions& options, Report& report);
// Puts and Gets of one client at two nodes of half the range each, against one node of the whole range.
[[nodiscard]] bool measure_two_nodes(const DhtBenchOptions& options, Report& report);

}  // namespace halp::bench
