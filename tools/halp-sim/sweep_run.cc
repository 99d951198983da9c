// Plays a sweep (tools/halp-sim/sweep_report.h).
#include "tools/halp-sim/sweep_report.h"

namespace halp::sim {

Result<SweepResults> play_sweep(const SweepPlan& plan, const std::string& directory, const RunCrew& crew) {
    if (!directory.empty()) {
        if (auto done = make_directory(directory + "/runs"); !done) return done.error();
        if (auto done = remove_results(directory); !done) return done.error();
    }
    std::vector<Scenario> all;
    SweepResults out;
    for (const SweepPoint& point : plan.points) {
        all.insert(all.end(), point.scenarios.begin(), point.scenarios.end());
        out.emplace_back(point.scenarios.size());
    }
    Result<void> written;
    play_all(all, crew, [&](std::size_t i, RunResult&& result) {
        const std::size_t p = i / plan.seeds, s = i % plan.seeds;
        out[p][s] = {plan.points[p].settings, all[i].seed, result.digest, metrics_of(all[i], result)};
        const std::string file = directory + "/runs/" + std::to_string(i + 1) + ".yaml";
        if (directory.empty() || !written) return;
        written = write_record(file, all[i], result);
    });
    if (!written) return written.error();
    return out;
}

std::string sweep_runs_csv(const SweepResults& results) {
    std::vector<RunRow> rows;
    for (const auto& point : results) rows.insert(rows.end(), point.begin(), point.end());
    return runs_csv(rows);
}

}  // namespace halp::sim
