// Records on LMDB, against LMDB itself and against the memory engine.
#include <algorithm>
#include <vector>

#include "tools/bench/dht_bench.h"
#include "tools/bench/dht_daemon.h"
#include "tools/bench/dht_load.h"
#include "tools/bench/lmdb_loop.h"
#include "tools/child_process.h"

namespace halp::bench {
namespace {

// A loop and a node by turns, each going on where it was, so that both see the same disk and files of equal length.
bool measure_durable_puts(const DhtBenchOptions& options, DhtLoad& load, Report& report) {
    const process::TemporaryDirectory directory;
    const std::size_t share = options.records / 5;
    std::vector<double> node_per_s, loop_per_s, ratio, node_us, loop_us;
    for (std::size_t i = 0; i < std::max<std::size_t>(options.repetitions, 2); ++i) {
        const auto loop = lmdb_loop(directory.path() + "/records", i * share, share, options.in_flight);
        const LoadResult node = load.put(i * share, share, options.in_flight);
        if (!loop || node.failed > 0) {
            progress("durable Puts failed: cannot measure");
            return false;
        }
        loop_per_s.push_back(loop->per_s);
        node_per_s.push_back(node.per_s());
        ratio.push_back(100 * node.per_s() / loop->per_s);
        loop_us.push_back(loop->cpu_us);
        node_us.push_back(node.node_us());
    }
    report.add_runs({.what = "LMDB alone, batches of " + std::to_string(options.in_flight), .unit = "/s"},
                    std::move(loop_per_s));
    report.add_runs({.what = "LMDB alone, CPU per record", .unit = "us"}, std::move(loop_us));
    report.add_runs({.what = "Put, LMDB, durable", .unit = "/s"}, std::move(node_per_s));
    report.add_runs({.what = "Put, LMDB, durable, CPU of the node", .unit = "us"}, std::move(node_us));
    report.add_runs({.what = "Put, LMDB, durable, against LMDB alone", .unit = "%", .bar = 60, .at_least = true},
                    std::move(ratio));
    return load.put(0, share * 5, 4 * options.in_flight).failed == 0;  // all of them, for the Gets
}

}  // namespace

bool measure_disk(const DhtBenchOptions& options, const MemoryRates& memory, Report& report) {
    progress("Put and Get on LMDB");
    const auto daemon = DhtDaemon::start(options.halpd, {"dht.engine=lmdb"});
    if (!daemon) return false;
    DhtLoad load(daemon->endpoint(), daemon->pid());
    if (!load.connect() || !measure_durable_puts(options, load, report)) return false;

    const std::size_t known = options.records / 5 * 5, count = options.records / options.repetitions;
    std::vector<double> per_s, node_us, client_us;
    for (std::size_t i = 0; i < options.repetitions; ++i) {
        const LoadResult run = load.get(known, count, options.in_flight);
        if (run.failed > 0) return false;
        per_s.push_back(run.per_s());
        node_us.push_back(run.node_us());
        client_us.push_back(run.client_us());
    }
    const double ratio = 100 * median(per_s) / memory.get_per_s;
    report.add_runs({.what = "Get, LMDB, per second", .unit = "/s"}, std::move(per_s));
    report.add_runs({.what = "Get, LMDB, CPU of the node", .unit = "us"}, std::move(node_us));
    report.add_runs({.what = "Get, LMDB, CPU of the client", .unit = "us"}, std::move(client_us));
    report.add({.what = "Get, LMDB against memory", .value = ratio, .unit = "%", .bar = 80, .at_least = true});
    return true;
}

}  // namespace halp::bench
