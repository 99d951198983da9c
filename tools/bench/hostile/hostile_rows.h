// The rows of `halp-bench hostile`: each attacks a swarm of real processes in one way and reports figures beside
// their limits (overlay/README.md, "What strangers can cost").
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tools/bench/hostile/hostile_bench.h"
#include "tools/bench/hostile/victim_swarm.h"
#include "tools/bench/report.h"

namespace halp::bench {

struct HostileRow {
    std::string_view name;
    // False when it could not be measured; the reason is on stderr or a remark.
    bool (*run)(const HostileBenchOptions& options, Report& report);
};

[[nodiscard]] std::span<const HostileRow> work_rows();
[[nodiscard]] std::span<const HostileRow> memory_rows();
[[nodiscard]] std::span<const HostileRow> place_rows();
[[nodiscard]] std::span<const HostileRow> dial_rows();
[[nodiscard]] std::span<const HostileRow> hearsay_rows();
[[nodiscard]] std::span<const HostileRow> dispute_rows();
[[nodiscard]] std::span<const HostileRow> local_rows();

namespace limits {
inline constexpr double get_p99_ms = 50;
inline constexpr double answered_percent = 97;
inline constexpr double rss_mib = 96;
inline constexpr double amplification = 3;
inline constexpr double dials_per_node_and_target = 2;
inline constexpr double questions_for_names = 0;
inline constexpr double restart_s = 2;
inline constexpr double news_ratio = 2;
}  // namespace limits

// The node that rows attack, unless they say otherwise. It is not the seed of the others.
inline constexpr std::size_t victim = 1;

[[nodiscard]] VictimPlan victim_plan(const HostileBenchOptions& options);

// What strangers do, each in a thread of its own, until the object ends.
class Attack {
public:
    using Part = std::function<void(const std::stop_token& over)>;
    void add(Part part);

private:
    std::vector<std::jthread> parts_;
};

// For so long an honest client asks the victim while the other nodes are asked what they think of it.
struct Watched {
    double answered_percent = 0, p99_ms = 0, longest_ms = 0;
    std::size_t doubters = 0;  // the most at any look
};
[[nodiscard]] Watched watch(const VictimSwarm& swarm, std::chrono::milliseconds span);
// As figures "ATTACK: ...".
void report_watched(Report& report, const std::string& attack, const Watched& watched);

}  // namespace halp::bench
