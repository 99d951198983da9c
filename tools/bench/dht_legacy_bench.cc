// Legacy against neo, on one daemon in memory: the same records, one client of each protocol, by turns.
#include <algorithm>
#include <ctime>
#include <string>
#include <variant>
#include <vector>

#include "overlay/dht/libevent/blocking_legacy_client.h"
#include "tools/bench/dht_bench.h"
#include "tools/bench/dht_daemon.h"
#include "tools/bench/proc_stats.h"

namespace halp::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration patience = std::chrono::seconds{120};

BlockingLegacyOptions legacy_options(std::size_t in_flight) {
    BlockingLegacyOptions options;
    options.timeout = patience;
    options.client.links.connections_max = 5;
    options.client.links.ahead_max = std::max<std::size_t>(1, in_flight / options.client.links.connections_max);
    options.client.links.queue_bytes = std::size_t{1} << 20;
    return options;
}

class LegacyLoad {
public:
    LegacyLoad(pid_t node_pid, std::size_t in_flight) : node_pid_(node_pid), client_(legacy_options(in_flight)) {}

    [[nodiscard]] bool connect(const Endpoint& node) {
        const HandshakeOutcome how = client_.connect({node});
        if (!how.complete) progress("cannot measure legacy: " + how.text());
        return how.complete;
    }
    LoadResult put(std::uint64_t first, std::size_t count, std::size_t in_flight) {
        return keep_under_way(count, in_flight, [this, first](std::uint64_t nth) {
            const BenchValue value(first + nth);
            client_.client().put(bench_channel, key_of(first + nth), value.bytes(),
                                 [this](const legacy::About&, const legacy::Note& note) {
                                     if (const auto* ended = std::get_if<legacy::Finished>(&note))
                                         over(ended->succeeded());
                                 });
        });
    }
    LoadResult get(std::uint64_t known, std::size_t count, std::size_t in_flight) {
        return keep_under_way(count, in_flight, [this, known](std::uint64_t nth) {
            const std::uint64_t number = mix(nth) % known;
            client_.client().get(bench_channel, key_of(number),
                                 [this, number](const legacy::About&, const legacy::Note& note) {
                                     if (const auto* got = std::get_if<legacy::GotValue>(&note))
                                         right_ += got->value == BenchValue(number).bytes() ? 1 : 0;
                                     if (std::holds_alternative<legacy::Finished>(note)) over(right_ > 0);
                                     if (std::holds_alternative<legacy::Finished>(note)) right_ = 0;
                                 });
        });
    }
    LoadResult get_all(std::uint64_t known) {
        result_ = {};
        std::uint64_t checksum = 0;
        bool ended = false;
        const double cpu = cpu_s();
        const auto node_cpu = cpu_time(node_pid_);
        const auto began = Steady::now();
        client_.client().get_all(bench_channel, [&](const legacy::About&, const legacy::Note& note) {
            if (const auto* record = std::get_if<legacy::GotRecord>(&note)) {
                ++result_.done;
                checksum += value_of(record->key) + record->value.size();
            }
            ended = ended || std::holds_alternative<legacy::GroupFinished>(note);
        });
        client_.run_until([&] { return ended; }, patience);
        finish(began, cpu, node_cpu);
        std::uint64_t expected = 0;
        for (std::uint64_t i = 0; i < known; ++i) expected += value_of(key_of(i)) + value_bytes;
        if (checksum != expected || result_.done != known) ++result_.failed;
        return result_;
    }

private:
    static double cpu_s() {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
    }
    void finish(Steady::time_point began, double cpu, std::chrono::nanoseconds node_cpu) {
        result_.wall_s = std::chrono::duration<double>(Steady::now() - began).count();
        result_.client_cpu_s = cpu_s() - cpu;
        result_.node_cpu_s = std::chrono::duration<double>(cpu_time(node_pid_) - node_cpu).count();
    }
    LoadResult keep_under_way(std::size_t count, std::size_t in_flight,
                              const std::function<void(std::uint64_t nth)>& begin) {
        begin_ = &begin;
        count_ = count;
        begun_ = 0;
        result_ = {};
        const double cpu = cpu_s();
        const auto node_cpu = cpu_time(node_pid_);
        const auto began = Steady::now();
        for (std::size_t i = 0; i < in_flight; ++i) next();
        client_.run_until([this] { return result_.done + result_.failed == count_; }, patience);
        finish(began, cpu, node_cpu);
        result_.failed = count_ - result_.done;
        return result_;
    }
    void next() {
        if (begun_ < count_) (*begin_)(begun_++);
    }
    void over(bool well) {
        ++(well ? result_.done : result_.failed);
        next();
    }

    pid_t node_pid_;
    BlockingLegacyClient client_;
    const std::function<void(std::uint64_t nth)>* begin_ = nullptr;
    std::size_t begun_ = 0, count_ = 0;
    int right_ = 0;
    LoadResult result_;
};

// One kind of request by both protocols.
struct Pair {
    std::vector<LoadResult> neo, legacy;
    [[nodiscard]] bool well() const {
        const auto failed = [](const LoadResult& run) { return run.failed > 0; };
        const bool any = std::ranges::any_of(neo, failed) || std::ranges::any_of(legacy, failed);
        if (any) progress("requests failed or were answered wrongly: cannot measure");
        return !any;
    }
};

void add_pair(Report& report, const std::string& what, const Pair& pair, double bar, const std::string& rival) {
    std::vector<double> per_s, shares, node_us, client_us;
    for (std::size_t i = 0; i < pair.legacy.size(); ++i) {
        per_s.push_back(pair.legacy[i].per_s());
        shares.push_back(pair.legacy[i].per_s() / pair.neo[i].per_s() * 100);
        node_us.push_back(pair.legacy[i].node_us());
        client_us.push_back(pair.legacy[i].client_us());
    }
    report.add_runs(
        {.what = what + " by legacy, per second", .unit = "/s", .bar = bar, .rival = rival, .at_least = true},
        std::move(per_s));
    report.add_runs({.what = "  of neo's rate beside it", .unit = "%", .bar = 70, .at_least = true},
                    std::move(shares));
    report.add_runs({.what = "  CPU of the node", .unit = "us"}, std::move(node_us));
    report.add_runs({.what = "  CPU of the client", .unit = "us"}, std::move(client_us));
}

void add_get_all(Report& report, const std::vector<LoadResult>& runs) {
    std::vector<double> per_s, client_us;
    for (const LoadResult& run : runs) {
        per_s.push_back(run.per_s());
        client_us.push_back(run.client_us());
    }
    report.add_runs(
        {.what = "GetAll by legacy, records decoded per second", .unit = "/s", .bar = 2e6, .at_least = true},
        std::move(per_s));
    report.add_runs({.what = "  CPU of the client per record", .unit = "us"}, std::move(client_us));
}

}  // namespace

bool measure_legacy(const DhtBenchOptions& options, Report& report) {
    progress("Put, Get and GetAll by legacy");
    const auto daemon = DhtDaemon::start(options.halpd, {"dht.engine=memory", "dht.legacy_listen=127.0.0.1:0"});
    if (!daemon) return false;
    const auto endpoint = daemon->legacy_endpoint();
    if (!endpoint) return false;
    DhtLoad neo(daemon->endpoint(), daemon->pid());
    LegacyLoad legacy(daemon->pid(), options.in_flight);
    if (!neo.connect() || !legacy.connect(*endpoint)) return false;
    const std::size_t share = options.records / options.repetitions, half = share / 2;
    Pair puts, gets;
    std::vector<LoadResult> scans;
    // Each protocol stores its half of every share, so both put new records into a map of the same size.
    for (std::size_t i = 0; i < options.repetitions; ++i) {
        puts.neo.push_back(neo.put(i * share, half, options.in_flight));
        puts.legacy.push_back(legacy.put(i * share + half, share - half, options.in_flight));
    }
    const std::size_t known = share * options.repetitions;
    for (std::size_t i = 0; i < options.repetitions; ++i) {
        gets.neo.push_back(neo.get(known, share, options.in_flight));
        gets.legacy.push_back(legacy.get(known, share, options.in_flight));
        scans.push_back(legacy.get_all(known));
    }
    const bool scanned = std::ranges::all_of(scans, [](const LoadResult& run) { return run.failed == 0; });
    if (!puts.well() || !gets.well() || !scanned) return false;
    add_pair(report, "Put", puts, 8 * 84'000.0, "original 84 k/s");
    add_pair(report, "Get", gets, 8 * 55'000.0, "original 55 k/s");
    add_get_all(report, scans);
    return true;
}

}  // namespace halp::bench
