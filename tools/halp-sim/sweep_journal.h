// The finished runs of a sweep on disk, one line each as soon as it is done: what --resume and --merge read. The
// file is `runs.jsonl` in the sweep's directory. Its first line says which sweep it is, so that runs of another one
// are not taken:
//
//     {"sweep":"<16 hex digits>","program":"halp-sim 0.1.0","runs":40}
//     {"run":3,"seed":"7","digest":"<16 hex digits>","metrics":{"boom.living":8,...}}
//
// Seeds and digests have 64 bits, which JSON readers round, so they are strings.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "store/files/file_handle.h"
#include "store/result.h"
#include "tools/halp-sim/report/run_files.h"
#include "tools/halp-sim/sweep_plan.h"

namespace halp::sim {

struct FinishedRun {
    std::uint64_t seed = 0, digest = 0;
    Metrics metrics;
};
using FinishedRuns = std::map<std::size_t, FinishedRun>;  // by the place of the run in the plan, from 0

inline constexpr std::size_t sweep_journal_bytes_max = 512U << 20;

// Two plans are equal when every scenario, seed and the program's version are.
[[nodiscard]] std::uint64_t fingerprint(const SweepPlan& plan);

// How many lines of finished runs a journal there has, of whatever sweep; 0 without one.
[[nodiscard]] std::size_t finished_runs_in(const std::string& directory);

[[nodiscard]] bool has_journal(const std::string& directory);

class SweepJournal {
public:
    // Begins anew, or goes on behind what is there. An error when the file is of another sweep, when another
    // process writes it, or when a line in its middle cannot be read. A last line that was cut off by a crash is
    // removed.
    [[nodiscard]] static Result<SweepJournal> open(const std::string& directory, const SweepPlan& plan);
    // Of a directory that nobody writes.
    [[nodiscard]] static Result<FinishedRuns> read(const std::string& directory, const SweepPlan& plan);

    [[nodiscard]] const FinishedRuns& found() const { return found_; }
    // On the disk when this returns, so that a power failure loses nothing that was finished.
    [[nodiscard]] Result<void> add(std::size_t run, const FinishedRun& finished);

private:
    SweepJournal(FileHandle file, std::string path, FinishedRuns found)
        : file_(std::move(file)), path_(std::move(path)), found_(std::move(found)) {}
    [[nodiscard]] Result<void> append(const std::string& line);

    FileHandle file_;
    std::string path_;
    FinishedRuns found_;
};

}  // namespace halp::sim
