// The files of a run in its directory (report/README.md lists them), and of sweeps what both have.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"
#include "store/result.h"
#include "tools/halp-sim/report/html_page.h"
#include "tools/halp-sim/report/run_metrics.h"

namespace halp::sim {

// Makes the directory; replaces files of an earlier run. The runs differ in nothing but their seeds; `planned`: how
// many of them there would be, had nobody interrupted.
[[nodiscard]] Result<void> write_run_files(const std::string& directory, const Scenario& scenario,
                                           const std::vector<RunResult>& runs, std::size_t planned);
// A latency matrix is written beside it, named by its content: records of one directory may have different ones.
[[nodiscard]] Result<void> write_record(const std::string& path, const Scenario& scenario, const RunResult& result);

// To be called before a run: it fails when files could not be written there.
[[nodiscard]] Result<void> make_directory(const std::string& directory);
// An error when writing results there would remove or replace this file, which is an input.
[[nodiscard]] Result<void> spares_input(const std::string& directory, const std::string& input);
// The names of files there that an earlier run, sweep or comparison has written.
[[nodiscard]] std::vector<std::string> results_in(const std::string& directory);
// Removes the files that an earlier run or sweep has written there, and no others.
[[nodiscard]] Result<void> remove_results(const std::string& directory);
[[nodiscard]] Result<void> write_file(const std::string& path, const std::string& content);

std::string samples_csv(const std::vector<RunResult>& runs);
// Each as figures/NAME.svg.
[[nodiscard]] Result<void> write_figures(const std::string& directory, const std::vector<PageFigure>& figures);

struct RunRow {
    std::vector<std::pair<std::string, std::string>> settings;  // what was varied; the same keys in every row
    std::uint64_t seed = 0, digest = 0;
    Metrics metrics;
};
std::string runs_csv(const std::vector<RunRow>& rows);

}  // namespace halp::sim
