// Records on LMDB, against LMDB itself and against the memory engine.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tools/bench/dht_bench.h"
#include "tools/bench/dht_daemon.h"
#include "tools/bench/dht_load.h"
#include "tools/bench/disk_sync.h"
#include "tools/bench/lmdb_loop.h"
#include "tools/program/child_process.h"

namespace halp::bench {
namespace {

double median(std::vector<double>& values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

// So many that a commit is nothing special, and not more than a slow disk takes in a few seconds.
std::size_t records_of(const DhtBenchOptions& options) {
    return options.quick ? options.records / 4 : options.records;
}

// A loop and a node by turns, each going on where it was, so that both see the same disk and files of equal length.
bool measure_durable_puts(const DhtBenchOptions& options, const DhtDaemon& daemon, DhtLoad& load, Report& report) {
    const process::TemporaryDirectory directory;
    const std::string file = daemon.directory() + "/state/dht/records.lmdb";
    const std::size_t rounds = std::max<std::size_t>(options.repetitions, 2);
    const std::size_t share = records_of(options) / (2 * rounds);
    std::vector<double> node_per_s, loop_per_s, ratio, node_us, loop_us, per_commit;
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto loop = lmdb_loop(directory.path() + "/records", i * share, share, options.in_flight);
        const std::uint64_t commits = lmdb_commits(file).value_or(0);
        const LoadResult node = load.put(i * share, share, options.in_flight);
        if (!loop || node.failed > 0) {
            progress("durable Puts failed: cannot measure");
            return false;
        }
        per_commit.push_back(static_cast<double>(share) / static_cast<double>(std::max<std::uint64_t>(
                                                              lmdb_commits(file).value_or(0) - commits, 1)));
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
    report.add_runs({.what = "Put, LMDB, durable, records in a commit", .unit = ""}, std::move(per_commit));
    report.add_runs({.what = "Put, LMDB, durable, against LMDB alone", .unit = "%", .bar = 60, .at_least = true},
                    std::move(ratio));
    return load.put(rounds * share, records_of(options) - rounds * share, 4 * options.in_flight).failed == 0;
}

// One client that waits for each answer before it writes again, each Put beside one fdatasync: a virtual disk may
// take some from memory and make others wait for their turn.
bool measure_lone_puts(const DhtBenchOptions& options, const DhtDaemon& daemon, DhtLoad& load, Report& report) {
    const std::size_t rounds = std::max<std::size_t>(options.repetitions, 3), count = options.quick ? 30 : 100;
    SyncProbe probe(daemon.directory() + "/sync");
    std::vector<double> put_us, sync_us, ratio;
    for (std::size_t i = 0; i < rounds; ++i) {
        std::vector<double> alone, took;
        for (std::size_t number = i * count; number < (i + 1) * count; ++number) {
            const std::optional<double> sync = probe.once();
            const std::vector<double> put = load.put_one_by_one(number, 1);
            if (!sync || put.empty()) break;
            alone.push_back(*sync);
            took.push_back(put.front());
        }
        if (took.size() < count) {
            progress("single durable Puts failed: cannot measure");
            return false;
        }
        sync_us.push_back(median(alone));
        put_us.push_back(median(took));
        ratio.push_back(put_us.back() / sync_us.back());
    }
    report.add_runs({.what = "fdatasync of one page, alone", .unit = "us"}, std::move(sync_us));
    report.add_runs({.what = "Put, LMDB, durable, one after the other", .unit = "us"}, std::move(put_us));
    report.add_runs({.what = "Put, LMDB, durable, one after the other, against fdatasync", .unit = "x", .bar = 1.2},
                    std::move(ratio));
    return true;
}

// By turns with the memory engine, which has the same records and at least as many.
bool measure_disk_gets(const DhtBenchOptions& options, DhtLoad& load, DhtLoad& memory, Report& report) {
    const std::size_t known = records_of(options), count = known / options.repetitions;
    std::vector<double> per_s, node_us, ratio, cpu_ratio;
    // The node keeps in memory what was read, so the first time is another figure.
    const LoadResult first_in_memory = memory.get(known, count, options.in_flight);
    const LoadResult first = load.get(known, count, options.in_flight);
    if (first_in_memory.failed + first.failed > 0) return false;
    report.add(
        {.what = "Get, LMDB, of records not read before, CPU of the node", .value = first.node_us(), .unit = "us"});
    report.add(
        {.what = "  against memory, rate", .value = 100 * first.per_s() / first_in_memory.per_s(), .unit = "%"});
    for (std::size_t i = 0; i < std::max<std::size_t>(options.repetitions, 3); ++i) {
        const LoadResult in_memory = memory.get(known, count, options.in_flight);
        const LoadResult on_disk = load.get(known, count, options.in_flight);
        if (in_memory.failed + on_disk.failed > 0) return false;
        per_s.push_back(on_disk.per_s());
        node_us.push_back(on_disk.node_us());
        ratio.push_back(100 * on_disk.per_s() / in_memory.per_s());
        cpu_ratio.push_back(on_disk.node_us() / in_memory.node_us());
    }
    report.add_runs({.what = "Get, LMDB, of records read before, per second", .unit = "/s"}, std::move(per_s));
    report.add_runs({.what = "  CPU of the node", .unit = "us"}, std::move(node_us));
    report.add_runs({.what = "  against memory, rate", .unit = "%", .bar = 85, .at_least = true}, std::move(ratio));
    report.add_runs({.what = "  CPU of the node against memory", .unit = "x"}, std::move(cpu_ratio));
    return true;
}

}  // namespace

bool measure_disk(const DhtBenchOptions& options, DhtLoad& memory, Report& report) {
    progress("Put and Get on LMDB");
    const auto daemon = DhtDaemon::start(options.halpd, {"dht.engine=lmdb"});
    if (!daemon) return false;
    DhtLoad load(daemon->endpoint(), daemon->pid());
    return load.connect() && measure_durable_puts(options, *daemon, load, report) &&
           measure_lone_puts(options, *daemon, load, report) && measure_disk_gets(options, load, memory, report);
}

}  // namespace halp::bench
