#include "tools/halp-sim/faults.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <ostream>
#include <random>
#include <thread>
#include <vector>

#include "simulations/faults/fault_shrink.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/halp-sim/report/run_files.h"
#include "tools/program/durations.h"
#include "tools/program/on_interrupt.h"
#include "tools/program/progress_line.h"

namespace halp::sim {

namespace {

constexpr std::size_t shrink_runs_max = 200;
constexpr std::size_t lines_shown = 12;

struct FaultTrial {
    FaultPlan plan;
    FaultOutcome outcome;
    bool done = false;
};

// Plays the plans over some threads; outcomes are taken in the order of the plans.
class Pool {
public:
    Pool(std::vector<FaultTrial>& runs, std::size_t jobs) : runs_(runs) {
        for (std::size_t i = 0; i < std::min(jobs, runs.size()); ++i) workers_.emplace_back([this] { work(); });
    }
    ~Pool() {
        for (std::thread& worker : workers_) worker.join();
    }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    const FaultTrial& wait_for(std::size_t k) {
        std::unique_lock lock{mutex_};
        done_.wait(lock, [&] { return runs_[k].done; });
        return runs_[k];
    }

private:
    void work() {
        while (true) {
            std::unique_lock lock{mutex_};
            if (next_ >= runs_.size()) return;
            FaultTrial& run = runs_[next_++];
            lock.unlock();
            FaultOutcome outcome = play_faults(run.plan);
            lock.lock();
            run.outcome = std::move(outcome);
            run.done = true;
            done_.notify_all();
        }
    }

    std::vector<FaultTrial>& runs_;
    std::mutex mutex_;
    std::condition_variable done_;
    std::size_t next_ = 0;
    std::vector<std::thread> workers_;
};

void print_lines(const FaultOutcome& outcome, const Streams& streams) {
    const std::vector<std::string> lines = outcome.lines();
    for (std::size_t i = 0; i < std::min(lines.size(), lines_shown); ++i) streams.out << "  " << lines[i] << "\n";
    if (lines.size() > lines_shown) streams.out << "  and " << lines.size() - lines_shown << " more\n";
}

std::string record_of(const FaultPlan& plan, const FaultOutcome& outcome) {
    std::string text = write_plan(plan);
    text += "# digest " + digest_text(outcome.digest) + " with halp-sim " HALP_VERSION "\n";
    for (const std::string& line : outcome.lines()) text += "# " + line + "\n";
    return text;
}

bool write_record(const std::string& file, const std::string& text, const Streams& streams) {
    std::ofstream out{file, std::ios::binary};
    out << text << std::flush;
    if (out) return true;
    streams.err << "halp-sim: cannot write " << file << "\n";
    return false;
}

void tell_failure(const FaultTrial& run, const CommandLine& command, const Streams& streams) {
    const PlanSize size{run.plan.seed, run.plan.nodes, run.plan.faults_for};
    streams.out << "seed " << size.seed << ": FAILED\n";
    print_lines(run.outcome, streams);
    streams.out << "  again: halp-sim faults --seed " << size.seed << " --nodes " << size.nodes << " --minutes "
                << number(seconds_of(size.faults_for) / 60, 3) << " --heal " << number(command.heal, 1)
                << (command.hostile ? " --hostile" : "")
                << (command.kinds.empty() ? "" : " --kinds " + command.kinds) << std::endl;
    const std::string directory = command.directory.empty() ? "." : command.directory;
    const std::string file = directory + "/faults-seed-" + std::to_string(size.seed) + ".txt";
    // Write the whole plan first, because shrinking takes time and may be interrupted.
    if (!write_record(file, record_of(run.plan, run.outcome), streams)) return;
    streams.out << "  replay: halp-sim replay " << file << std::endl;
    const Shrunk small = shrink(
        run.plan, run.outcome, [](const FaultPlan& plan) { return play_faults(plan); }, shrink_runs_max);
    streams.out << "  smallest found in " << small.runs << " runs: " << small.plan.nodes << " nodes, "
                << seconds_text(small.plan.faults_for) << " of faults, " << small.plan.steps.size() << " steps\n";
    for (std::size_t i = 0; i < std::min(small.plan.steps.size(), lines_shown); ++i)
        streams.out << "    " << step_text(small.plan.steps[i]) << "\n";
    print_lines(small.outcome, streams);
    write_record(file, record_of(small.plan, small.outcome), streams);
}

}  // namespace

int run_faults(const CommandLine& command, const Streams& streams) {
    const Result<std::vector<StepKind>> kinds = read_kinds(command.kinds);
    if (!kinds) {
        streams.err << "halp-sim: --kinds: " << kinds.error().message << "\n";
        return exit_usage;
    }
    if (!command.directory.empty())
        if (auto made = make_directory(command.directory); !made) return ::halp::sim::failed(streams, made.error());
    const std::uint64_t first = command.seed ? *command.seed : std::random_device{}() | std::uint64_t{1} << 32;
    const std::size_t seeds = command.seeds.value_or(1);
    std::vector<FaultTrial> runs(seeds);
    for (std::size_t k = 0; k < seeds; ++k) {
        PlanSize size{.seed = first + k, .kinds = *kinds, .hostile = command.hostile};
        size.nodes = static_cast<std::size_t>(command.nodes.value_or(32));
        size.faults_for = std::chrono::milliseconds{static_cast<std::int64_t>(command.minutes * 60'000)};
        runs[k].plan = draw_plan(size);
        runs[k].plan.heal_for = std::chrono::milliseconds{static_cast<std::int64_t>(command.heal * 1000)};
    }
    streams.out << "seeds " << first << " to " << first + seeds - 1 << ", " << runs[0].plan.nodes << " nodes, "
                << number(command.minutes, 2) << " min of faults each" << std::endl;
    const auto began = std::chrono::steady_clock::now();
    const double cpu = cpu_seconds();
    std::size_t failed = 0, played = 0;
    OnInterrupt interrupt{[&] {
        streams.out << played - failed << " of " << played << " good" << std::endl;
        tell_how_much(streams, played, seeds, "runs", false);
    }};
    std::uint64_t events = 0;
    Duration simulated{0}, longest{0};
    ProgressLine progress{streams.progress};
    {
        Pool pool{runs, command.jobs ? command.jobs : std::max(1U, std::thread::hardware_concurrency())};
        for (std::size_t k = 0; k < seeds; ++k) {
            const FaultTrial& run = pool.wait_for(k);
            const bool good = run.outcome.good();
            {
                const std::lock_guard whole{interrupt.results()};
                ++played;
                failed += good ? 0 : 1;
            }
            events += run.outcome.events;
            simulated += run.outcome.simulated;
            if (good) longest = std::max(longest, run.outcome.converged_after);
            if (!good && failed <= 5) tell_failure(run, command, streams);
            progress.show(std::to_string(k + 1) + " of " + std::to_string(seeds));
        }
    }
    progress.erase();
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (seeds == 1) streams.out << "digest " << digest_text(runs[0].outcome.digest) << "\n";
    streams.out << seeds - failed << " of " << seeds << " good; the slowest good one converged "
                << seconds_text(longest) << " after the faults; " << events << " events, "
                << number(seconds_of(simulated) / 60, 1) << " virtual minutes in " << number(cpu_seconds() - cpu, 1)
                << " s of CPU, " << number(wall, 1) << " s\n";
    return failed == 0 ? exit_done : exit_failed;
}

int replay_faults(std::string_view record, const Streams& streams) {
    const Result<FaultPlan> plan = read_plan(record);
    if (!plan) {
        streams.err << "halp-sim: " << plan.error().message << "\n";
        return exit_bad_scenario;
    }
    streams.out << "seed " << plan->seed << ", " << plan->nodes << " nodes, " << seconds_text(plan->faults_for)
                << " of faults, " << plan->steps.size() << " steps\n";
    const FaultOutcome outcome = play_faults(*plan);
    print_lines(outcome, streams);
    streams.out << "digest " << digest_text(outcome.digest) << ", " << outcome.events << " events: "
                << (outcome.good()
                        ? "good, converged " + seconds_text(outcome.converged_after) + " after the faults"
                        : "FAILED")
                << "\n";
    return outcome.good() ? exit_done : exit_failed;
}

}  // namespace halp::sim
