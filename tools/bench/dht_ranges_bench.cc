// Half of a node's records handed to another node, and what a client of both feels meanwhile; and two nodes of half
// the range against one.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "overlay/dht/libevent/blocking_dht_client.h"
#include "overlay/dht/ranges/legacy_link.h"
#include "overlay/libevent/world.h"
#include "store/hash.h"
#include "tools/bench/dht_bench.h"
#include "tools/bench/dht_daemon.h"
#include "tools/bench/dht_load.h"
#include "tools/bench/proc_stats.h"

namespace halp::bench {
namespace {

// A pair of ports as the original counts them: clients of a node that hands a part over are told of the other one
// by the port of legacy.
std::string next_port() {
    constexpr int first = 20000, count = 10000;
    static int drawn = static_cast<int>(::getpid());
    drawn += 211;
    return std::to_string(first + drawn % count);
}

std::vector<std::string> settings_of(std::string_view first, std::string_view last,
                                     std::vector<std::string> kind = {"dht.engine=memory"}) {
    kind.push_back("dht.port=" + next_port());
    kind.push_back("dht.range_min=" + std::string(first));
    kind.push_back("dht.range_max=" + std::string(last));
    return kind;
}
constexpr std::string_view lowest = "0000000000000000", highest = "ffffffffffffffff";
constexpr std::string_view middle = "8000000000000000", below_middle = "7fffffffffffffff";

// Tells a node to hand everything over, and waits until it has.
class Mover final : EventHandler {
public:
    explicit Mover(const Endpoint& node) : link_(world_.environment().transport) {
        world_.attach(*this);
        link_.open(node);
    }
    // Seconds; nothing if it has failed.
    std::optional<double> move_all_to(const Endpoint& other) {
        legacy::Request request;
        request.command = legacy::Command::redistribute;
        request.min = ~std::uint64_t{0};
        request.max = 0;
        request.takeovers = {{other.host, other.port, 0, ~std::uint64_t{0}}};
        const Instant begin = world_.clock().now();
        link_.ask(request, 0);
        world_.run();
        const Instant end = world_.clock().now();
        if (status_ != 200) return std::nullopt;
        return std::chrono::duration<double>(end - begin).count();
    }

private:
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override { link_.on_connected(); }
    void on_connect_failed(StreamId, ConnectFailure) override { world_.stop(); }
    void on_end(StreamId) override { world_.stop(); }
    void on_closed(StreamId) override { world_.stop(); }
    void on_wakeup() override {}
    void on_bytes(StreamId, Bytes bytes) override {
        link_.on_bytes(bytes);
        while (const auto answer = link_.next_answer()) {
            status_ = answer->status;
            world_.stop();
        }
    }

    LibeventWorld world_;
    legacy::Link link_;
    std::uint32_t status_ = 0;
};

// As a user who waits for each answer, and asks again when it was the wrong node: that is part of the time.
// Microseconds; fewer than asked for when a record is lost.
std::vector<double> gets_one_by_one(BlockingDhtClient& client, std::uint64_t known,
                                    const std::function<bool()>& stop) {
    using Steady = std::chrono::steady_clock;
    constexpr auto patience = std::chrono::seconds{10};
    std::vector<double> took_us;
    for (std::uint64_t n = 0; !stop(); ++n) {
        const std::uint64_t number = mix(n) % known;
        const auto began = Steady::now();
        auto found = client.get(bench_channel, key_of(number));
        while (!found && Steady::now() - began < patience) found = client.get(bench_channel, key_of(number));
        if (!found || !*found) {
            progress("a Get failed: " + (found ? std::string("the record is gone") : found.error().message));
            return {};
        }
        took_us.push_back(std::chrono::duration<double, std::micro>(Steady::now() - began).count());
    }
    return took_us;
}

// Two nodes of one kind.
struct Kind {
    std::string name;
    std::vector<std::string> settings;
    bool has_bar = true;
};

bool measure_moving(const DhtBenchOptions& options, const Kind& kind, Report& report) {
    const std::string what = "redistribution of " + std::to_string(options.records) + " records, " + kind.name;
    progress(what);
    const auto giver = DhtDaemon::start(options.halpd, settings_of(lowest, highest, kind.settings));
    const auto taker = DhtDaemon::start(options.halpd, settings_of(highest, lowest, kind.settings));
    if (!giver || !taker) return false;
    const auto giver_legacy = giver->legacy_endpoint(), taker_legacy = taker->legacy_endpoint();
    DhtLoad load(giver->endpoint(), giver->pid()), user(giver->endpoint(), giver->pid());
    user.client().client().add_node(taker->endpoint());
    if (!giver_legacy || !taker_legacy || !load.connect() || !user.connect()) return false;
    if (load.put(0, options.records, options.in_flight).failed > 0) return false;

    constexpr std::size_t quiet_gets = 5000;
    std::size_t asked = 0;
    const std::vector<double> quiet =
        gets_one_by_one(user.client(), options.records, [&asked] { return asked++ == quiet_gets; });
    std::optional<double> took;
    std::atomic<bool> over{false};
    std::thread moving([&] {
        took = Mover(*giver_legacy).move_all_to(*taker_legacy);
        over = true;
    });
    const std::vector<double> busy =
        gets_one_by_one(user.client(), options.records, [&over] { return over.load(); });
    moving.join();
    if (!took || quiet.empty() || busy.empty()) return false;
    const bool has_bar = kind.has_bar && options.records >= 1'000'000;
    report.add(
        {.what = what, .value = *took, .unit = "s", .bar = has_bar ? std::optional<double>{8} : std::nullopt});
    const double before = percentile(quiet, 0.99) / 1000;
    report.add({.what = "  Get before it, p99", .value = before, .unit = "ms"});
    report.add({.what = "  Get meanwhile, p50", .value = percentile(busy, 0.5) / 1000, .unit = "ms"});
    report.add({.what = "  Get meanwhile, p99",
                .value = percentile(busy, 0.99) / 1000,
                .unit = "ms",
                .bar = kind.has_bar ? std::optional<double>{3 * before} : std::nullopt});
    report.add({.what = "  Get meanwhile, longest", .value = percentile(busy, 1) / 1000, .unit = "ms"});
    report.remark(std::to_string(busy.size()) + " Gets, one after the other, during the redistribution, " +
                  kind.name + ".");
    return true;
}

}  // namespace

bool measure_redistribution(const DhtBenchOptions& options, Report& report) {
    if (!measure_moving(options, {"in memory", {"dht.engine=memory"}}, report)) return false;
    if (options.quick) return true;
    return measure_moving(options, {"on LMDB", {"dht.engine=lmdb"}, false}, report);
}

namespace {

struct Nodes {
    std::vector<DhtDaemon> daemons;
    std::optional<DhtLoad> load;
    [[nodiscard]] double cpu_s() const {
        double sum = 0;
        for (const DhtDaemon& one : daemons) sum += std::chrono::duration<double>(cpu_time(one.pid())).count();
        return sum;
    }
    // The figures of a run, with the CPU time of all nodes.
    template <class Run>
    LoadResult measured(Run run) {
        const double before = cpu_s();
        LoadResult result = run(*load);
        result.node_cpu_s = cpu_s() - before;
        return result;
    }
};

bool start_nodes(const DhtBenchOptions& options, const std::vector<std::vector<std::string>>& settings,
                 Nodes& nodes) {
    for (const auto& one : settings) {
        auto daemon = DhtDaemon::start(options.halpd, one);
        if (!daemon) return false;
        nodes.daemons.push_back(std::move(*daemon));
    }
    nodes.load.emplace(nodes.daemons.front().endpoint(), nodes.daemons.front().pid());
    for (std::size_t i = 1; i < nodes.daemons.size(); ++i)
        nodes.load->client().client().add_node(nodes.daemons[i].endpoint());
    return nodes.load->connect();
}

}  // namespace

bool measure_two_nodes(const DhtBenchOptions& options, Report& report) {
    progress("two nodes of half the range against one");
    Nodes one, two;
    if (!start_nodes(options, {settings_of(lowest, highest)}, one) ||
        !start_nodes(options, {settings_of(lowest, below_middle), settings_of(middle, highest)}, two))
        return false;
    const std::size_t count = options.records / options.repetitions;
    std::vector<double> put_rates, put_cpu, put_client, get_rates, get_cpu, get_client;
    for (std::size_t i = 0; i < options.repetitions; ++i) {
        const auto put = [&](DhtLoad& load) { return load.put(i * count, count, options.in_flight); };
        const auto get = [&](DhtLoad& load) { return load.get((i + 1) * count, count, options.in_flight); };
        const LoadResult put_one = one.measured(put), put_two = two.measured(put);
        const LoadResult get_one = one.measured(get), get_two = two.measured(get);
        if (put_one.failed + put_two.failed + get_one.failed + get_two.failed > 0) return false;
        put_rates.push_back(put_two.per_s() / put_one.per_s());
        put_cpu.push_back(put_two.node_us() / put_one.node_us());
        put_client.push_back(put_two.client_us() / put_one.client_us());
        get_client.push_back(get_two.client_us() / get_one.client_us());
        get_rates.push_back(get_two.per_s() / get_one.per_s());
        get_cpu.push_back(get_two.node_us() / get_one.node_us());
    }
    const std::string whom = "two nodes against one, one client: ";
    report.add_runs({.what = whom + "Put rate", .unit = "x", .bar = 1.0, .at_least = true}, std::move(put_rates));
    report.add_runs({.what = whom + "Get rate", .unit = "x", .bar = 1.0, .at_least = true}, std::move(get_rates));
    report.add_runs({.what = whom + "node CPU per Put", .unit = "x"}, std::move(put_cpu));
    report.add_runs({.what = whom + "node CPU per Get", .unit = "x"}, std::move(get_cpu));
    report.add_runs({.what = whom + "client CPU per Put", .unit = "x"}, std::move(put_client));
    report.add_runs({.what = whom + "client CPU per Get", .unit = "x"}, std::move(get_client));
    return true;
}

}  // namespace halp::bench
