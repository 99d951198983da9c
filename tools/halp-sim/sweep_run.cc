// Plays a sweep (tools/halp-sim/sweep_report.h).
#include <optional>

#include "tools/halp-sim/memory_need.h"
#include "tools/halp-sim/sweep_journal.h"
#include "tools/halp-sim/sweep_report.h"

namespace halp::sim {
namespace {

// The files of a sweep in its directory: a line of the journal and a record for each run.
class SweepFiles {
public:
    SweepFiles(const SweepPlan& plan, const SweepPart& part) : plan_(plan), part_(part) {}

    // The runs that were finished before, when the sweep goes on.
    Result<FinishedRuns> open() {
        if (part_.directory.empty()) return FinishedRuns{};
        if (auto done = make_directory(part_.directory + "/runs"); !done) return done.error();
        if (!part_.resume) return FinishedRuns{};
        if (auto opened = begin_journal(); !opened) return opened.error();
        return journal_->found();
    }
    Result<void> write(std::size_t run, const Scenario& scenario, const RunResult& result,
                       const FinishedRun& finished) {
        if (part_.directory.empty()) return {};
        // What an earlier sweep left goes when the first new result comes, not before: until then it is whole.
        if (!journal_) {
            if (auto removed = remove_results(part_.directory); !removed) return removed;
            if (auto opened = begin_journal(); !opened) return opened;
        }
        // The record first: a run that the journal names has one.
        const std::string record = part_.directory + "/runs/" + std::to_string(run + 1) + ".yaml";
        if (auto written = write_record(record, scenario, result); !written) return written;
        return journal_->add(run, finished);
    }

private:
    Result<void> begin_journal() {
        auto opened = SweepJournal::open(part_.directory, plan_);
        if (!opened) return opened.error();
        journal_.emplace(std::move(*opened));
        return {};
    }

    const SweepPlan& plan_;
    const SweepPart& part_;
    std::optional<SweepJournal> journal_;
};

}  // namespace

SweepResults nothing_played(const SweepPlan& plan) {
    SweepResults out;
    for (const SweepPoint& point : plan.points) out.emplace_back(point.scenarios.size());
    return out;
}

void keep(const SweepPlan& plan, std::size_t run, const FinishedRun& finished, SweepResults& results) {
    const std::size_t point = run / plan.seeds;
    results[point][run % plan.seeds] = {plan.points[point].settings, finished.seed, finished.digest,
                                        finished.metrics};
}

Result<void> play_sweep(const SweepPlan& plan, const SweepPart& part, const RunCrew& crew, std::mutex& results_lock,
                        SweepResults& results) {
    for (const auto& point : plan.points)
        if (auto fit = fit_into_memory(point.scenarios, runs_at_once(crew, plan.points.size() * plan.seeds)); !fit)
            return fit;
    SweepFiles files{plan, part};
    const auto before = files.open();
    if (!before) return before.error();
    for (const auto& [run, finished] : *before) keep(plan, run, finished, results);
    std::vector<Scenario> left;
    std::vector<std::size_t> places;  // of these in the plan
    for (std::size_t run = part.shard.first; run < plan.points.size() * plan.seeds; run += part.shard.step) {
        if (before->contains(run)) continue;
        left.push_back(plan.points[run / plan.seeds].scenarios[run % plan.seeds]);
        places.push_back(run);
    }
    Result<void> written;
    play_all(left, crew, [&](std::size_t i, RunResult&& result) {
        const std::lock_guard whole{results_lock};
        const FinishedRun finished{result.seed, result.digest, metrics_of(left[i], result)};
        if (written) written = files.write(places[i], left[i], result, finished);
        keep(plan, places[i], finished, results);
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
