// A Mirror while another client writes as fast as it can.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>

#include "store/hash.h"
#include "tools/bench/dht_bench.h"
#include "tools/bench/dht_daemon.h"
#include "tools/bench/dht_load.h"
#include "tools/bench/proc_stats.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a Mirror has told so far, and whether that is what was written.
class Copy {
public:
    void hear(const dht::MirrorNote& note) {
        if (const auto* changed = std::get_if<dht::Updated>(&note)) {
            ++updates;
            keep(changed->key, changed->value);
        } else if (const auto* again = std::get_if<dht::Refreshed>(&note)) {
            ++refreshed;
            keep(again->key, again->value);
        } else if (std::holds_alternative<dht::UpdatesLost>(note)) {
            ++overflows;
        } else if (std::holds_alternative<dht::Suspended>(note)) {
            suspended = true;
        }
    }
    // How many of these records are not, or not yet, as written.
    [[nodiscard]] std::size_t missing(std::uint64_t count) const {
        std::size_t wrong = 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto found = hashes_.find(value_of(key_of(i)));
            if (found == hashes_.end() || found->second != fnv1a(BenchValue(i).bytes())) ++wrong;
        }
        return wrong;
    }
    [[nodiscard]] std::size_t size() const { return hashes_.size(); }

    std::size_t updates = 0, refreshed = 0, overflows = 0;
    bool suspended = false;

private:
    void keep(Key key, Bytes value) { hashes_[value_of(key)] = fnv1a(value); }
    std::unordered_map<std::uint64_t, std::uint64_t> hashes_;
};

struct Writing {
    std::atomic<bool> over{false};
    std::atomic<std::uint64_t> rss_max{0};
    LoadResult result;
};

// Puts `count` records from another thread and watches the node's memory meanwhile.
std::thread write_all(const DhtDaemon& daemon, std::size_t count, std::size_t in_flight, Writing& writing) {
    return std::thread([&daemon, count, in_flight, &writing] {
        DhtLoad load(daemon.endpoint(), daemon.pid());
        constexpr std::size_t step = 20'000;
        if (load.connect()) {
            for (std::size_t at = 0; at < count; at += step) {
                const LoadResult part = load.put(at, std::min(step, count - at), in_flight);
                writing.result.done += part.done;
                writing.result.wall_s += part.wall_s;
                writing.result.node_cpu_s += part.node_cpu_s;
                writing.rss_max = std::max(writing.rss_max.load(), memory_of(daemon.pid()).rss_bytes);
            }
        }
        writing.over = true;
    });
}

double mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

// The Mirror reads all the while.
bool follow(const DhtBenchOptions& options, Report& report) {
    const auto daemon = DhtDaemon::start(options.halpd, {"dht.engine=memory"});
    if (!daemon) return false;
    DhtLoad watcher(daemon->endpoint(), daemon->pid());
    if (!watcher.connect()) return false;
    Copy copy;
    BlockingDhtClient& client = watcher.client();
    const auto begun = client.client().mirror(bench_channel, {.initial_refresh = true, .periodic_refresh_s = 2},
                                              [&](const dht::MirrorNote& note) { copy.hear(note); });
    if (!begun) return false;
    Writing writing;
    std::thread writer = write_all(*daemon, options.records, options.in_flight, writing);
    client.run_until([&] { return writing.over.load(); }, seconds{60});
    writer.join();
    const std::size_t heard = copy.updates;
    client.run_until([&] { return copy.size() >= options.records; }, seconds{10});
    report.add({.what = "Put while a Mirror follows, per second", .value = writing.result.per_s(), .unit = "/s"});
    report.add(
        {.what = "Put while a Mirror follows, CPU of the node", .value = writing.result.node_us(), .unit = "us"});
    report.add({.what = "  of the updates told while the load lasted",
                .value = 100 * static_cast<double>(heard) / static_cast<double>(options.records),
                .unit = "%"});
    report.add({.what = "  records missing in the Mirror afterwards",
                .value = static_cast<double>(copy.missing(options.records)),
                .unit = "",
                .bar = 0});
    return writing.result.done == options.records;
}

// The Mirror pauses while more is written than the node keeps for it.
bool fall_behind(const DhtBenchOptions& options, Report& report) {
    const std::size_t records = std::max<std::size_t>(options.records / 2, 400'000);
    const auto daemon = DhtDaemon::start(options.halpd, {"dht.engine=memory"});
    if (!daemon) return false;
    {
        // So that what grows below are not the records.
        Writing first;
        write_all(*daemon, records, options.in_flight, first).join();
        if (first.result.done != records) return false;
    }
    DhtLoad watcher(daemon->endpoint(), daemon->pid());
    if (!watcher.connect()) return false;
    Copy copy;
    BlockingDhtClient& client = watcher.client();
    const auto begun = client.client().mirror(bench_channel, {.initial_refresh = false, .periodic_refresh_s = 3},
                                              [&](const dht::MirrorNote& note) { copy.hear(note); });
    if (!begun) return false;
    const auto suspend = [&] { return client.client().suspend(*begun) || copy.suspended; };
    if (!client.run_until(suspend, seconds{5}) || !client.run_until([&] { return copy.suspended; }, seconds{5}))
        return false;
    const std::uint64_t before = memory_of(daemon->pid()).rss_bytes;
    Writing writing;
    std::thread writer = write_all(*daemon, records, options.in_flight, writing);
    client.run_until([&] { return writing.over.load(); }, seconds{60});
    writer.join();
    report.add({.what = "memory of the node for a Mirror that has stopped reading",
                .value = mebibytes(writing.rss_max - std::min(before, writing.rss_max.load())),
                .unit = "MiB",
                .bar = 16});
    if (!client.client().resume(*begun)) return false;
    client.run_until([&] { return copy.overflows > 0; }, seconds{10});
    report.add({.what = "  overflows told when it reads again",
                .value = static_cast<double>(copy.overflows),
                .unit = "",
                .bar = 1,
                .at_least = true});
    report.add({.what = "  of its updates lost",
                .value = 100 * (1 - static_cast<double>(copy.updates) / static_cast<double>(records)),
                .unit = "%"});
    client.run_until([&] { return copy.size() >= records; }, seconds{20});
    report.add({.what = "  records missing after the next refresh",
                .value = static_cast<double>(copy.missing(records)),
                .unit = "",
                .bar = 0});
    return writing.result.done == records;
}

}  // namespace

bool measure_mirror(const DhtBenchOptions& options, Report& report) {
    progress("Mirror under a full-rate Put load");
    return follow(options, report) && fall_behind(options, report);
}

}  // namespace halp::bench
