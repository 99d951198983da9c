#include "tools/bench/dht_bench.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "tools/bench/dht_daemon.h"
#include "tools/bench/dht_load.h"
#include "tools/bench/proc_stats.h"

namespace halp::bench {
namespace {

// The rivals' figures are of the original, measured by us on a like machine.
struct Bars {
    double per_s;
    std::string rival_per_s, rival_us;
};

void add_load(Report& report, const std::string& what, const std::vector<LoadResult>& runs,
              const std::optional<Bars>& bars) {
    std::vector<double> per_s, node_us, client_us;
    for (const LoadResult& run : runs) {
        per_s.push_back(run.per_s());
        node_us.push_back(run.node_us());
        client_us.push_back(run.client_us());
    }
    Figure rate{.what = what + ", per second", .unit = "/s", .at_least = true};
    Figure node{.what = what + ", CPU of the node", .unit = "us"};
    if (bars) {
        rate.bar = bars->per_s;
        rate.rival = bars->rival_per_s;
        node.bar = 4;
        node.rival = bars->rival_us;
    }
    report.add_runs(std::move(rate), std::move(per_s));
    report.add_runs(std::move(node), std::move(node_us));
    report.add_runs({.what = what + ", CPU of the client", .unit = "us"}, std::move(client_us));
}

bool all_well(const std::vector<LoadResult>& runs) {
    const bool well = std::ranges::all_of(runs, [](const LoadResult& run) { return run.failed == 0; });
    if (!well) progress("requests failed or were answered wrongly: cannot measure");
    return well;
}

bool measure_puts(const DhtBenchOptions& options, const DhtDaemon& daemon, DhtLoad& load, Report& report) {
    const std::uint64_t rss_before = memory_of(daemon.pid()).rss_bytes;
    const std::size_t share = options.records / options.repetitions;
    std::vector<LoadResult> runs;
    for (std::size_t i = 0; i < options.repetitions; ++i) {
        const std::size_t first = i * share;
        const std::size_t count = i + 1 == options.repetitions ? options.records - first : share;
        runs.push_back(load.put(first, count, options.in_flight));
    }
    if (!all_well(runs)) return false;
    add_load(report, "Put, memory", runs, Bars{250'000, "original 84 k/s", "original 11.8"});
    const double grown = static_cast<double>(memory_of(daemon.pid()).rss_bytes - rss_before);
    Figure per_record{.what = "memory per record, all told",
                      .value = grown / static_cast<double>(options.records),
                      .unit = "bytes",
                      .rival = "original 177"};
    // What a process needs once weighs too much on a short run.
    if (options.records >= 1'000'000) per_record.bar = 150;
    report.add(std::move(per_record));
    return true;
}

bool measure_gets(const DhtBenchOptions& options, DhtLoad& load, Report& report) {
    std::vector<LoadResult> runs;
    const std::size_t count = options.records / options.repetitions;
    for (std::size_t i = 0; i < options.repetitions; ++i)
        runs.push_back(load.get(options.records, count, options.in_flight));
    if (!all_well(runs)) return false;
    add_load(report, "Get, memory", runs, Bars{165'000, "original 55 k/s", "original 18.2"});
    return true;
}

bool measure_get_all(const DhtBenchOptions& options, DhtLoad& load, Report& report) {
    std::vector<LoadResult> runs;
    for (std::size_t i = 0; i < options.repetitions; ++i) runs.push_back(load.get_all(options.records, 1));
    if (!all_well(runs)) return false;
    std::vector<double> per_s, node_us, client_us;
    for (const LoadResult& run : runs) {
        per_s.push_back(run.per_s());
        node_us.push_back(run.node_us());
        client_us.push_back(run.client_us());
    }
    report.add_runs({.what = "GetAll, records decoded per second", .unit = "/s", .bar = 1e6, .at_least = true},
                    std::move(per_s));
    report.add_runs({.what = "GetAll, CPU of the node per record", .unit = "us"}, std::move(node_us));
    report.add_runs({.what = "GetAll, CPU of the client per record", .unit = "us"}, std::move(client_us));
    return true;
}

bool measure_memory(const DhtBenchOptions& options, const DhtDaemon& daemon, DhtLoad& load, Report& report) {
    // The node's buffers and ours have their size then, and what is put below is new to it.
    if (load.get(1, 20'000, options.in_flight).done > 0) return false;
    progress("Put, Get and GetAll in memory");
    return measure_puts(options, daemon, load, report) && measure_gets(options, load, report) &&
           measure_get_all(options, load, report);
}

void add_latency(Report& report, const std::string& what, const std::vector<double>& took_us,
                 std::optional<double> bar_ms) {
    Figure p99{.what = what + ", p99", .value = percentile(took_us, 0.99) / 1000, .unit = "ms"};
    p99.bar = bar_ms;
    report.add({.what = what + ", p50", .value = percentile(took_us, 0.5) / 1000, .unit = "ms"});
    report.add(std::move(p99));
    report.add({.what = what + ", longest", .value = percentile(took_us, 1) / 1000, .unit = "ms"});
}

// One user waits for each answer, another reads everything ten times over.
bool measure_latency(const DhtBenchOptions& options, const DhtDaemon& daemon, Report& report) {
    progress("Get while GetAll runs");
    constexpr std::size_t readers = 10, idle_gets = 2000;
    DhtLoad user(daemon.endpoint(), daemon.pid());
    if (!user.connect()) return false;
    std::size_t asked = 0;
    const std::vector<double> idle =
        user.get_one_by_one(options.records, [&asked] { return asked++ == idle_gets; });
    std::atomic<bool> over{false}, well{false};
    std::vector<double> beside;
    std::thread reading([&] {
        DhtLoad load(daemon.endpoint(), daemon.pid());
        well = load.connect() && load.get_all(options.records, readers, &beside).failed == 0;
        over = true;
    });
    const std::vector<double> busy = user.get_one_by_one(options.records, [&over] { return over.load(); });
    reading.join();
    if (!well || idle.empty() || busy.empty()) return false;
    add_latency(report, "Get on an idle node", idle, std::nullopt);
    add_latency(report, "Get while ten GetAlls run", busy, 5);
    add_latency(report, "  the same, in line with them on their connection", beside, 1);
    report.remark(std::to_string(busy.size()) + " Gets, one after the other, during the ten GetAlls.");
    return true;
}

void remark_on_machine(Report& report) {
    double load = 0;
    if (::getloadavg(&load, 1) < 1) return;
    char text[160];
    std::snprintf(text, sizeof text, "%u cores, load %.1f: with more to do than cores, times are upper bounds.",
                  std::thread::hardware_concurrency(), load);
    report.remark(text);
}

DhtBenchOptions quickened(DhtBenchOptions options) {
    if (!options.quick) return options;
    options.records /= 5;
    options.repetitions = 1;
    return options;
}

}  // namespace

bool run_dht_bench(const DhtBenchOptions& given, Report& report) {
    const DhtBenchOptions options = quickened(given);
    const auto wanted = [&](const std::string& part) {
        return options.only.empty() || std::ranges::find(options.only, part) != options.only.end();
    };
    if (wanted("memory") || wanted("latency") || wanted("disk")) {
        const auto daemon = DhtDaemon::start(options.halpd, {"dht.engine=memory"});
        if (!daemon) return false;
        DhtLoad load(daemon->endpoint(), daemon->pid());
        if (!load.connect() || !measure_memory(options, *daemon, load, report)) return false;
        if (wanted("latency") && !measure_latency(options, *daemon, report)) return false;
        if (wanted("disk") && !measure_disk(options, load, report)) return false;
    }
    if (wanted("dumps") && !measure_dump_loading(options, report)) return false;
    remark_on_machine(report);
    if (wanted("legacy") && !measure_legacy(options, report)) return false;
    if (wanted("redis") && !measure_beside_redis(options, report)) return false;
    // A quick run has them only by name.
    const bool with_nodes = !options.quick || !options.only.empty();
    if (with_nodes && wanted("redistribution") && !measure_redistribution(options, report)) return false;
    if (with_nodes && wanted("nodes") && !measure_two_nodes(options, report)) return false;
    if (wanted("threads") && !measure_threads(options, report)) return false;
    return !wanted("mirror") || measure_mirror(options, report);
}

}  // namespace halp::bench
