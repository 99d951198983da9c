// How long a daemon with the memory engine takes to load a dump at its start: the time of a start with the dump,
// less that of a start without.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "store/hash.h"
#include "store/records/tcm_dump.h"
#include "tools/bench/dht_bench.h"
#include "tools/bench/dht_daemon.h"
#include "tools/program/child_process.h"

namespace halp::bench {
namespace {

enum class Order : std::uint8_t { of_keys, of_hashes };

// Dumps of halpd are in the order of the keys, those of the originals in the order of a hash table.
bool write_dump(const std::string& path, std::size_t records, Order order) {
    std::vector<std::uint64_t> keys(records);
    for (std::size_t i = 0; i < records; ++i) keys[i] = mix(i);
    if (order == Order::of_keys) std::ranges::sort(keys);
    std::ofstream file(path, std::ios::binary);
    TcmWriter writer;
    std::string buffer;
    writer.begin(buffer);
    for (const std::uint64_t key : keys) {
        writer.record(Key{key}, std::string(100, static_cast<char>('a' + key % 26)), buffer);
        if (buffer.size() < (std::size_t{1} << 20)) continue;
        file << buffer;
        buffer.clear();
    }
    writer.end(buffer);
    file << buffer << std::flush;
    return file.good();
}

std::optional<double> start_s(const DhtBenchOptions& options, const std::string& data_dir) {
    const auto begun = std::chrono::steady_clock::now();
    const auto daemon = DhtDaemon::start(
        options.halpd, {"dht.engine=memory", "dht.dumps=true", "dht.data_dir=" + data_dir, "log.level=warn"});
    if (!daemon) return std::nullopt;
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

bool measure_order(const DhtBenchOptions& options, Order order, Report& report) {
    const process::TemporaryDirectory home;
    const std::string with = home.path() + "/with", without = home.path() + "/without";
    for (const std::string& path : {with, without}) std::filesystem::create_directory(path);
    if (!write_dump(with + "/chan.tcm", options.records, order)) {
        progress("the dump cannot be written below " + home.path());
        return false;
    }
    std::vector<double> took;
    for (std::size_t i = 0; i < options.repetitions; ++i) {
        const auto loaded = start_s(options, with), empty = start_s(options, without);
        if (!loaded || !empty) return false;
        took.push_back(*loaded - *empty);
    }
    const bool original = order == Order::of_hashes;
    Figure figure{.what = original ? "loading a .tcm dump of an original" : "loading a .tcm dump of a halpd",
                  .unit = "s",
                  .rival = "original 0.70 s"};
    if (options.records >= 1'000'000) figure.bar = 0.35;
    report.add_runs(std::move(figure), std::move(took));
    return true;
}

}  // namespace

bool measure_dump_loading(const DhtBenchOptions& options, Report& report) {
    progress("loading dumps");
    return measure_order(options, Order::of_keys, report) && measure_order(options, Order::of_hashes, report);
}

}  // namespace halp::bench
