#include "tools/bench/hostile/hostile_bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "tools/bench/hostile/honest_client.h"
#include "tools/bench/hostile/hostile_rows.h"
#include "tools/bench/hostile/wire.h"
#include "tools/bench/proc_stats.h"

namespace halp::bench {
namespace {

using std::chrono::milliseconds;

std::vector<HostileRow> all_rows() {
    std::vector<HostileRow> all;
    for (const auto& rows :
         {work_rows(), memory_rows(), place_rows(), dial_rows(), hearsay_rows(), dispute_rows(), local_rows()})
        all.insert(all.end(), rows.begin(), rows.end());
    return all;
}

// The strangers hold some thousand connections in this process.
void allow_many_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

VictimPlan victim_plan(const HostileBenchOptions& options) {
    return {.halpd = options.halpd, .port = options.port};
}

void Attack::add(Part part) {
    parts_.emplace_back([part = std::move(part)](const std::stop_token& over) {
        leave_processors_to_nodes();
        part(over);
    });
}

Watched watch(const VictimSwarm& swarm, milliseconds span) {
    HonestClient client{swarm.endpoint(victim)};
    std::size_t doubters = 0;
    const auto until = std::chrono::steady_clock::now() + span;
    while (std::chrono::steady_clock::now() < until) {
        doubters = std::max(doubters, swarm.doubters(victim));
        std::this_thread::sleep_for(milliseconds{250});
    }
    const HonestClient::Figures figures = client.finish();
    return {figures.answered_percent(), figures.p99_ms, figures.longest_ms, doubters};
}

void report_watched(Report& report, const std::string& attack, const Watched& watched) {
    report.add({.what = attack + ": p99 of an honest get",
                .value = watched.p99_ms,
                .unit = "ms",
                .bar = limits::get_p99_ms});
    report.add({.what = attack + ": honest queries answered",
                .value = watched.answered_percent,
                .unit = "%",
                .bar = limits::answered_percent,
                .at_least = true});
    report.add({.what = attack + ": neighbours that doubt the node",
                .value = static_cast<double>(watched.doubters),
                .unit = "",
                .bar = 0});
}

std::vector<std::string> hostile_row_names() {
    std::vector<std::string> names;
    for (const HostileRow& row : all_rows()) names.emplace_back(row.name);
    return names;
}

bool run_hostile_bench(const HostileBenchOptions& options, Report& report) {
    allow_many_files();
    if (options.own_network && !enter_own_network())
        report.remark("No network namespace of our own (needs root or user namespaces): other traffic disturbs.");
    bool well = true;
    for (const HostileRow& row : all_rows()) {
        if (!options.only.empty() && std::ranges::find(options.only, row.name) == options.only.end()) continue;
        progress(std::string{row.name});
        const bool measured = row.run(options, report);
        if (!measured) report.remark("Could not be measured: " + std::string{row.name} + ".");
        well = measured && well;
    }
    return well;
}

}  // namespace halp::bench
