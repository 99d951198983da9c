// Plays a sweep (tools/halp-sim/sweep_report.h).
#include "tools/halp-sim/sweep_report.h"

namespace halp::sim {
namespace {

// What an earlier run left goes when the first new result comes, not before: until then it is whole.
Result<void> write_sweep_record(const std::string& directory, std::size_t run, bool first, const Scenario& scenario,
                                const RunResult& result) {
    if (directory.empty()) return {};
    if (first)
        if (auto removed = remove_results(directory); !removed) return removed;
    return write_record(directory + "/runs/" + std::to_string(run + 1) + ".yaml", scenario, result);
}

}  // namespace

SweepResults nothing_played(const SweepPlan& plan) {
    SweepResults out;
    for (const SweepPoint& point : plan.points) out.emplace_back(point.scenarios.size());
    return out;
}

Result<void> play_sweep(const SweepPlan& plan, const std::string& directory, const RunCrew& crew,
                        std::mutex& results_lock, SweepResults& results) {
    if (!directory.empty())
        if (auto done = make_directory(directory + "/runs"); !done) return done.error();
    std::vector<Scenario> all;
    for (const SweepPoint& point : plan.points)
        all.insert(all.end(), point.scenarios.begin(), point.scenarios.end());
    Result<void> written;
    bool first = true;
    play_all(all, crew, [&](std::size_t i, RunResult&& result) {
        const std::lock_guard whole{results_lock};
        const std::size_t p = i / plan.seeds, s = i % plan.seeds;
        if (written) written = write_sweep_record(directory, i, first, all[i], result);
        first = false;
        results[p][s] = {plan.points[p].settings, result.seed, result.digest, metrics_of(all[i], result)};
    });
    return written;
}

FinishedSweep finished_part(const SweepPlan& plan, const SweepResults& results) {
    FinishedSweep out{plan, {}, 0};
    out.plan.points.clear();
    for (std::size_t p = 0; p < results.size(); ++p) {
        std::vector<RunRow> rows;
        for (const RunRow& run : results[p])
            if (!run.metrics.empty()) rows.push_back(run);
        out.runs += rows.size();
        if (rows.empty()) continue;
        out.plan.points.push_back(plan.points[p]);
        out.results.push_back(std::move(rows));
    }
    return out;
}

std::string sweep_runs_csv(const SweepResults& results) {
    std::vector<RunRow> rows;
    for (const auto& point : results) rows.insert(rows.end(), point.begin(), point.end());
    return runs_csv(rows);
}

}  // namespace halp::sim
