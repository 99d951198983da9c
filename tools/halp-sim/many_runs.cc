#include "tools/halp-sim/many_runs.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <ostream>
#include <thread>

#include "tools/halp-sim/report/console_table.h"
#include "tools/program/durations.h"
#include "tools/program/progress_line.h"

namespace halp::sim {
namespace {

using Wall = std::chrono::steady_clock;

// The progress of all runs, collected from their threads and shown at most five times a second.
class CrewProgress {
public:
    CrewProgress(std::ostream* out, const std::vector<Scenario>& scenarios)
        : line_(out), places_(scenarios.size()) {
        sum_.runs = scenarios.size();
        for (const Scenario& s : scenarios)
            for (const Phase& p : s.phases) sum_.total_s += seconds_of(p.span);
    }

    void tell(std::size_t run, Duration simulated, std::uint64_t events, std::size_t living) {
        const std::lock_guard lock{mutex_};
        sum_.simulated_s += seconds_of(simulated) - places_[run].simulated_s;
        sum_.events += events - places_[run].events;
        places_[run] = {seconds_of(simulated), events};
        sum_.living = living;
        const Wall::time_point now = Wall::now();
        if (now - shown_ < std::chrono::milliseconds{200}) return;
        shown_ = now;
        sum_.passed_s = std::chrono::duration<double>(now - began_).count();
        line_.show(progress_text(sum_));
    }
    void end_run() {
        const std::lock_guard lock{mutex_};
        ++sum_.runs_done;
    }

private:
    struct Place {
        double simulated_s = 0;
        std::uint64_t events = 0;
    };
    ProgressLine line_;
    std::mutex mutex_;
    std::vector<Place> places_;
    Progress sum_;
    Wall::time_point began_ = Wall::now(), shown_{};
};

class OneRun final : public RunListener {
public:
    OneRun(CrewProgress& line, const std::function<bool()>& asked, std::size_t run)
        : line_(line), asked_(asked), run_(run) {}
    bool on_progress(Duration simulated, Duration, std::uint64_t events, std::size_t living) override {
        line_.tell(run_, simulated, events, living);
        return !asked_ || !asked_();
    }

private:
    CrewProgress& line_;
    const std::function<bool()>& asked_;
    std::size_t run_;
};

}  // namespace

std::string progress_text(const Progress& p) {
    constexpr std::size_t bar = 20;
    const double done = p.total_s > 0 ? std::clamp(p.simulated_s / p.total_s, 0.0, 1.0) : 0;
    const auto full = static_cast<std::size_t>(done * bar);
    std::string text = "[" + std::string(full, '#') + std::string(bar - full, ' ') + "] ";
    if (p.runs > 1) text += std::to_string(p.runs_done) + " of " + std::to_string(p.runs) + " runs, ";
    text += number(p.simulated_s, 1) + " of " + number(p.total_s, 0) + " s, ";
    if (p.runs == 1) text += std::to_string(p.living) + " nodes, ";
    text += number(p.passed_s > 0 ? static_cast<double>(p.events) / p.passed_s / 1000 : 0, 0) + " k events/s";
    // Estimated from the share of virtual time. Too low while a swarm grows.
    if (done > 0) text += ", about " + number(p.passed_s / done - p.passed_s, 0) + " s left";
    return text;
}

std::size_t runs_at_once(const RunCrew& crew, std::size_t runs) {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    return std::min(crew.jobs == 0 ? cores : crew.jobs, runs);
}

void play_all(const std::vector<Scenario>& scenarios, const RunCrew& crew,
              const std::function<void(std::size_t, RunResult&&)>& done) {
    CrewProgress line{crew.progress, scenarios};
    std::atomic<std::size_t> next{0};
    std::mutex telling;
    const auto work = [&] {
        for (std::size_t i = next++; i < scenarios.size(); i = next++) {
            if (crew.asked && crew.asked()) return;
            OneRun listener{line, crew.asked, i};
            RunResult result = play(scenarios[i], &listener);
            line.end_run();
            const std::lock_guard lock{telling};
            done(i, std::move(result));
        }
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < runs_at_once(crew, scenarios.size()); ++i) others.emplace_back(work);
    work();
    others.clear();  // joins
}

std::vector<RunResult> play_all(const std::vector<Scenario>& scenarios, const RunCrew& crew) {
    std::vector<RunResult> out(scenarios.size());
    play_all(scenarios, crew, [&](std::size_t i, RunResult&& result) { out[i] = std::move(result); });
    return out;
}

}  // namespace halp::sim
