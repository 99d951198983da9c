// Plays independent runs on several threads, with one line of progress for all of them.
#pragma once

#include <functional>
#include <iosfwd>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/swarm_run.h"

namespace halp::sim {

struct RunCrew {
    std::size_t jobs = 0;              // threads; 0: as many as cores
    std::ostream* progress = nullptr;  // a terminal, or nobody
    std::function<bool()> asked = {};  // true: runs end at their next sample, and no further one begins
};

[[nodiscard]] std::size_t runs_at_once(const RunCrew& crew, std::size_t runs);

// Calls `done(i, result)` for each run when it ends: one call at a time, in any order. Results do not depend on
// `jobs`.
void play_all(const std::vector<Scenario>& scenarios, const RunCrew& crew,
              const std::function<void(std::size_t, RunResult&&)>& done);
std::vector<RunResult> play_all(const std::vector<Scenario>& scenarios, const RunCrew& crew);

// "[#####     ] 12.0 of 70 s, 300 nodes, 430 k events/s, about 8 s left"
struct Progress {
    double simulated_s = 0, total_s = 0;  // of all runs together
    double passed_s = 0;                  // on the clock
    std::uint64_t events = 0;
    std::size_t living = 0, runs_done = 0, runs = 1;
};
std::string progress_text(const Progress& progress);

}  // namespace halp::sim
