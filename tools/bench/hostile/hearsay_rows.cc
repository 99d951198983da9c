// Attacks by hearsay: 150 attackers against five honest nodes. What a node has proved must outlast what it hears.
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "tools/bench/blocking_client.h"
#include "tools/bench/hostile/hostile_rows.h"
#include "tools/bench/hostile/many_faces.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr std::size_t restarted = 4, announcer = 3;
constexpr seconds acquainted_after{3};  // honest nodes know each other for some periods
constexpr seconds attack_before{5};
constexpr double faster_is_not_seen_ms = 50;

double since_ms(Steady::time_point began) {
    return std::chrono::duration<double, std::milli>(Steady::now() - began).count();
}

std::vector<Endpoint> honest(const VictimSwarm& swarm) {
    std::vector<Endpoint> all;
    for (std::size_t i = 0; i < swarm.size(); ++i) all.push_back(swarm.endpoint(i));
    return all;
}

bool restart(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    std::this_thread::sleep_for(acquainted_after);
    const ManyFaces attack{honest(swarm)};
    if (!attack.listening()) return false;
    std::this_thread::sleep_for(attack_before);
    if (!swarm.stop(restarted)) return false;
    const auto began = Steady::now();
    if (!swarm.start_again(restarted, false)) return false;
    const bool found = comes_true([&] { return swarm.knows(restarted) + 1 == swarm.size(); }, seconds{10});
    report.add({.what = "150 attackers: restarted, without seeds, has proved 4 of 4",
                .value = found ? since_ms(began) / 1000 : 1e3,
                .unit = "s",
                .bar = limits::restart_s});
    return true;
}

// Milliseconds until all nodes show an announcement; nothing after 10 s.
std::optional<double> announce(const VictimSwarm& swarm, std::uint16_t port) {
    const auto began = Steady::now();
    if (!swarm.announce(announcer, "chat", {"127.9.9.9", port})) return std::nullopt;
    const std::string line = "127.9.9.9 " + std::to_string(port);
    for (std::size_t node = 0; node < swarm.size(); ++node) {
        while (true) {
            const auto answer = process::text_query(swarm.endpoint(node), "get chat[0:50]", seconds{2});
            if (answer && answer->find(line) != std::string::npos) break;
            if (since_ms(began) > 10'000) return std::nullopt;
            std::this_thread::sleep_for(milliseconds{2});
        }
    }
    return since_ms(began);
}

bool announce_some(const VictimSwarm& swarm, std::uint16_t first, std::vector<double>& ms) {
    for (std::uint16_t port = first; port < first + 5; ++port) {
        const auto took = announce(swarm, port);
        if (!took) return false;
        ms.push_back(*took);
        std::this_thread::sleep_for(milliseconds{400});
    }
    return true;
}

bool news(const HostileBenchOptions& options, Report& report) {
    VictimSwarm swarm{victim_plan(options)};
    std::vector<double> calm_ms, attacked_ms;
    if (!swarm.start() || !announce_some(swarm, 1000, calm_ms)) return false;
    const ManyFaces attack{honest(swarm)};
    if (!attack.listening()) return false;
    std::this_thread::sleep_for(attack_before);
    if (!announce_some(swarm, 2000, attacked_ms)) attacked_ms.push_back(10'000);
    const double calm = std::max(median(calm_ms), faster_is_not_seen_ms);
    report.add_runs({.what = "an announcement reaches all, undisturbed", .unit = "ms"}, calm_ms);
    report.add_runs(
        {.what = "an announcement reaches all, 150 attackers", .unit = "ms", .bar = limits::news_ratio * calm},
        attacked_ms);
    return true;
}

constexpr std::array rows{HostileRow{"restart", restart}, HostileRow{"news", news}};

}  // namespace

std::span<const HostileRow> hearsay_rows() { return rows; }

}  // namespace halp::bench
