// The results of a sweep: a table, CSV files, figures and a page.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "tools/halp-sim/many_runs.h"
#include "tools/halp-sim/report/run_files.h"
#include "tools/halp-sim/sweep_journal.h"
#include "tools/halp-sim/sweep_plan.h"

namespace halp::sim {

// results[p]: the runs of point p by seed.
using SweepResults = std::vector<std::vector<RunRow>>;

SweepResults nothing_played(const SweepPlan& plan);

// Every step-th run from the first on, of all runs of the plan in their order.
struct Shard {
    std::size_t first = 0, step = 1;
};
struct SweepPart {
    std::string directory;  // empty: no files are written
    bool resume = false;    // goes on behind the runs that are finished there
    Shard shard;
};
// Plays the part into `results`, under the lock, beside what was finished before. With a directory, each run is in
// its journal and leaves its record in runs/ as soon as it is done.
[[nodiscard]] Result<void> play_sweep(const SweepPlan& plan, const SweepPart& part, const RunCrew& crew,
                                      std::mutex& results_lock, SweepResults& results);
// Puts a finished run in its place.
void keep(const SweepPlan& plan, std::size_t run, const FinishedRun& finished, SweepResults& results);

// The runs that are done, and the plan with the points that have any.
struct FinishedSweep {
    SweepPlan plan;
    SweepResults results;
    std::size_t runs = 0;
};
FinishedSweep finished_part(const SweepPlan& plan, const SweepResults& results);
std::string sweep_runs_csv(const SweepResults& results);  // one row a run

// One row a point: the varied settings, then "median [5 %..95 %]" of the figures that say most.
std::vector<std::vector<std::string>> sweep_rows(const SweepPlan& plan, const SweepResults& results);
std::string sweep_csv(const SweepPlan& plan,
                      const SweepResults& results);  // a row a setting and metric: range, median, quantiles
std::string sweep_observations_csv(const SweepPlan& plan, const SweepResults& results);  // a row a run and metric
std::vector<PageFigure> sweep_figures(const SweepPlan& plan, const SweepResults& results);
std::string sweep_html(const SweepPlan& plan, const SweepResults& results, const std::vector<PageFigure>& figures);

}  // namespace halp::sim
