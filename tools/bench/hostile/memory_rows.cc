// Attacks on the memory of a node, and of a client of records.
#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "tools/bench/hostile/connection_holder.h"
#include "tools/bench/hostile/gossip_speaker.h"
#include "tools/bench/hostile/hostile_rows.h"
#include "tools/bench/hostile/record_speaker.h"
#include "tools/bench/proc_stats.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t text_query_bytes = (std::size_t{1} << 20) - 200;
constexpr std::uint16_t neo_port = 10100, legacy_port = 10000;

void report_rss(Report& report, const std::string& attack, double mib) {
    report.add({.what = attack + ": RSS, at most", .value = mib, .unit = "MiB", .bar = limits::rss_mib});
}

bool attacked(const HostileBenchOptions& options, const std::string& attack, const VictimSwarm& swarm,
              Report& report) {
    const Watched watched = watch(swarm, options.attack_for);
    report_rss(report, attack, swarm.peak_mib(victim));
    report_watched(report, attack, watched);
    return true;
}

// An insert of almost 1 MiB without an end.
HoldPlan inserts(const Endpoint& to, std::size_t connections, std::size_t sources) {
    std::string query = "insert a\n";
    while (query.size() < text_query_bytes) query += "0 a 1\n";
    return {
        connections,
        [to, sources](std::size_t i) { return Wire::begin("127.66." + std::to_string(i % sources) + ".1", to); },
        query, "1"};
}

// A gossip frame of 64 KiB without an end.
HoldPlan half_frames(const Endpoint& to, std::size_t connections) {
    std::string frame{"\xb5\x02\x01\x00\x00\x00\xff\xff", 8};
    frame += std::string(65000, 'x');
    return {connections, [to](std::size_t i) { return Wire::begin("127.67." + std::to_string(i % 16) + ".1", to); },
            frame, "x"};
}

HoldPlan neo_puts(const Endpoint& to, std::size_t connections) {
    return {connections, [to](std::size_t) { return proved_client("127.68.0.1", to); }, unfinished_neo_put(), {}};
}

HoldPlan legacy_puts(const Endpoint& to, std::size_t connections) {
    return {connections, [to](std::size_t) { return Wire::begin("127.69.0.1", to); }, unfinished_legacy_put(), {}};
}

// Each exchange comes from another node that does not exist, and names labels that do not exist.
Attack::Part made_up_nodes(const Endpoint& to) {
    return [to](const std::stop_token& over) {
        std::uint32_t number = 0;
        while (!over.stop_requested()) {
            // A table of its own for each piece: ours is not to grow.
            std::string frames;
            for (int i = 0; i < 200; ++i, ++number) {
                GossipSpeaker speaker{{"10." + std::to_string(number >> 16 & 255) + "." +
                                           std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255),
                                       1000}};
                gossip::Message exchange = speaker.message(gossip::Kind::exchange);
                for (std::uint32_t k = 0; k < gossip::interests_max; ++k) exchange.hello.interests.push_back(k);
                exchange.digests.push_back({number, {1, 1}});
                frames += speaker.frame(exchange);
            }
            std::optional<Wire> wire = Wire::open("127.66.0.1", to, seconds{1});
            if (wire && wire->send_all(frames)) std::this_thread::sleep_for(milliseconds{20});
        }
    };
}

VictimPlan with_records(const HostileBenchOptions& options) {
    VictimPlan plan = victim_plan(options);
    plan.arguments = {"--dht-test-client",
                      "--set",
                      "dht.engine=memory",
                      "--set",
                      "dht.listen=%h:" + std::to_string(neo_port),
                      "--set",
                      "dht.legacy_listen=%h:" + std::to_string(legacy_port)};
    return plan;
}

bool unfinished_inserts(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    const ConnectionHolder attack{inserts(swarm.endpoint(victim), 256, 1)};
    return attacked(options, "256 inserts without an end", swarm, report);
}

bool made_up_endpoints(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    Attack attack;
    attack.add(made_up_nodes(swarm.endpoint(victim)));
    const bool well = attacked(options, "made-up endpoints", swarm, report);
    report.add({.what = "made-up endpoints: kept by the node",
                .value = swarm.status(victim)["endpoints"].number_or(1e9),
                .unit = "",
                .bar = 5000});
    return well;
}

bool unfinished_records(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{with_records(options)};
    if (!swarm.start()) return false;
    const std::string& host = swarm.endpoint(victim).host;
    const ConnectionHolder neo{neo_puts({host, neo_port}, 16)};
    const ConnectionHolder legacy{legacy_puts({host, legacy_port}, 16)};
    return attacked(options, "records, 16 + 16 puts without an end", swarm, report);
}

bool together(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{with_records(options)};
    if (!swarm.start()) return false;
    const Endpoint& to = swarm.endpoint(victim);
    const ConnectionHolder text{inserts(to, 400, 16)};
    const ConnectionHolder frames{half_frames(to, 600)};
    const ConnectionHolder neo{neo_puts({to.host, neo_port}, 16)};
    const ConnectionHolder legacy{legacy_puts({to.host, legacy_port}, 16)};
    Attack attack;
    attack.add(made_up_nodes(to));
    return attacked(options, "all of these together, 16 addresses", swarm, report);
}

// `halp dht get` of 16 nodes that all begin a long answer.
bool hostile_nodes(const HostileBenchOptions& options, Report& report) {
    const process::TemporaryDirectory home;
    std::ofstream{home.path() + "/client"} << "admin:" << std::string(2 * std::size_t{128}, '0') << "\n";
    process::Command get{.argv = {options.halp, "dht", "get", "--credentials", home.path() + "/client"},
                         .environment = {{"HOME", home.path()}},
                         .error_file = home.path() + "/stderr"};
    std::vector<Endpoint> at;
    for (int i = 1; i <= 16; ++i) {
        at.push_back({"127.66.1." + std::to_string(i), neo_port});
        get.argv.insert(get.argv.end(), {"--node", at.back().text()});
    }
    get.argv.insert(get.argv.end(), {"users", "7"});
    const HostileNodes nodes{at};
    Result<process::ChildProcess> client = process::ChildProcess::start(get);
    if (!nodes.listening() || !client) return false;
    double most = 0;
    const auto until = std::chrono::steady_clock::now() + options.attack_for;
    while (client->running() && std::chrono::steady_clock::now() < until) {
        most = std::max(most, static_cast<double>(memory_of(client->pid()).rss_bytes) / (1 << 20));
        std::this_thread::sleep_for(milliseconds{20});
    }
    report_rss(report, "client of records, 16 hostile nodes", most);
    return true;
}

constexpr std::array rows{
    HostileRow{"unfinished-inserts", unfinished_inserts}, HostileRow{"made-up-endpoints", made_up_endpoints},
    HostileRow{"unfinished-records", unfinished_records}, HostileRow{"together", together},
    HostileRow{"hostile-nodes", hostile_nodes},
};

}  // namespace

std::span<const HostileRow> memory_rows() { return rows; }

}  // namespace halp::bench
