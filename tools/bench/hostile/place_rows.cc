// Attacks on the places of connections: strangers who open many and say nothing, or never come to an end.
#include <array>
#include <chrono>
#include <string>

#include "tools/bench/hostile/connection_holder.h"
#include "tools/bench/hostile/hostile_rows.h"

namespace halp::bench {
namespace {

constexpr std::size_t addresses = 16, per_address = 256;

bool held(const HostileBenchOptions& options, Report& report, const std::string& attack, std::string first,
          std::string trickle) {
    VictimSwarm swarm{victim_plan(options)};
    if (!swarm.start()) return false;
    const ConnectionHolder holder{{addresses * per_address,
                                   [to = swarm.endpoint(victim)](std::size_t i) {
                                       return Wire::begin("127.60." + std::to_string(i % addresses) + ".1", to);
                                   },
                                   std::move(first), std::move(trickle)}};
    report_watched(report, attack, watch(swarm, options.attack_for));
    return true;
}

bool silent(const HostileBenchOptions& options, Report& report) {
    return held(options, report, "16 addresses x 256 silent connections", {}, {});
}

bool endless(const HostileBenchOptions& options, Report& report) {
    return held(options, report, "16 addresses x 256 endless queries", "get a", "a");
}

constexpr std::array rows{HostileRow{"silent", silent}, HostileRow{"endless", endless}};

}  // namespace

std::span<const HostileRow> place_rows() { return rows; }

}  // namespace halp::bench
