#include "tools/halp-sim/sweep_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "store/files/file_error.h"
#include "store/files/new_file.h"
#include "store/hash.h"
#include "tools/halp-sim/report/json_report.h"
#include "tools/program/json.h"

namespace halp::sim {
namespace {

constexpr std::size_t metrics_max = 1000;  // of a run: some ten a phase
constexpr std::size_t line_bytes_max = std::size_t{64} << 10;
constexpr const char* journal_name = "/runs.jsonl";

std::size_t runs_of(const SweepPlan& plan) { return plan.points.size() * plan.seeds; }

std::string heading(const SweepPlan& plan) {
    return Json::object({{"sweep", digest_text(fingerprint(plan))},
                         {"program", std::string{"halp-sim "} + HALP_VERSION},
                         {"runs", runs_of(plan)}})
        .line();
}

std::optional<std::uint64_t> number_in(const Json& value, int base) {
    const std::string text = value.text_or("");
    std::uint64_t number = 0;
    const auto [rest, wrong] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || wrong != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
    return number;
}

// A line of the journal, or why it is none.
Result<std::pair<std::size_t, FinishedRun>> read_line(std::string_view line, const SweepPlan& plan) {
    if (line.size() > line_bytes_max) return Error{ErrorCode::invalid, "it is longer than 64 KiB"};
    const std::optional<Json> json = Json::parse(line);
    if (!json || !json->is(Json::Kind::object)) return Error{ErrorCode::invalid, "it is no JSON object"};
    const std::uint64_t run = (*json)["run"].whole_or(UINT64_MAX);
    if (run >= runs_of(plan)) return Error{ErrorCode::invalid, "the sweep has no run of that number"};
    const auto seed = number_in((*json)["seed"], 10), digest = number_in((*json)["digest"], 16);
    const Json& metrics = (*json)["metrics"];
    if (!seed || !digest || !metrics.is(Json::Kind::object) || metrics.keys().empty())
        return Error{ErrorCode::invalid, "seed, digest or metrics are missing"};
    if (metrics.keys().size() > metrics_max)
        return Error{ErrorCode::invalid, "it has more than " + std::to_string(metrics_max) + " metrics"};
    FinishedRun out{*seed, *digest, {}};
    for (std::size_t i = 0; i < metrics.keys().size(); ++i)
        out.metrics.emplace_back(metrics.keys()[i], metrics.items()[i].number_or(0));
    return std::pair{static_cast<std::size_t>(run), std::move(out)};
}

struct ReadJournal {
    FinishedRuns runs;
    std::size_t whole = 0;  // bytes of whole lines
};

Result<ReadJournal> parse(const std::string& path, std::string_view text, const SweepPlan& plan) {
    ReadJournal out;
    std::size_t number = 0;
    for (std::size_t end; (end = text.find('\n', out.whole)) != std::string_view::npos; out.whole = end + 1) {
        const std::string_view line = text.substr(out.whole, end - out.whole);
        const std::string place = path + ":" + std::to_string(++number);
        if (number == 1) {
            if (line == heading(plan)) continue;
            return Error{ErrorCode::refused,
                         place +
                             ": the runs there are of another sweep, or of another version of this program. "
                             "Give the same scenario, settings and seeds again, or name another directory."};
        }
        auto read = read_line(line, plan);
        if (!read)
            return Error{ErrorCode::invalid, place + ": " + read.error().message +
                                                 ". Remove the line, and --resume plays that run again."};
        out.runs.insert_or_assign(read->first, std::move(read->second));
    }
    return out;
}

Result<std::string> whole_file(int file, const std::string& path) {
    struct stat about {};
    if (::fstat(file, &about) != 0) return file_error("look at", path, errno);
    if (!S_ISREG(about.st_mode)) return Error{ErrorCode::invalid, path + " is no file"};
    auto size = static_cast<std::size_t>(about.st_size);
    if (size > sweep_journal_bytes_max)
        return Error{ErrorCode::full, path + " has more than 512 MiB: it is no journal of a sweep"};
    std::string out(size, '\0');
    for (std::size_t at = 0; at < size;) {
        const ssize_t got = ::pread(file, out.data() + at, size - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("read", path, errno);
        if (got == 0) out.resize(size = at);
        at += static_cast<std::size_t>(got);
    }
    return out;
}

}  // namespace

std::uint64_t fingerprint(const SweepPlan& plan) {
    std::string text = HALP_VERSION;
    for (const SweepPoint& point : plan.points)
        for (const Scenario& scenario : point.scenarios) {
            for (const auto& [key, value] : scenario.parameters) text += "\n" + key + "=" + value;
            for (const Phase& phase : scenario.phases)
                if (phase.kind == PhaseKind::trace) text += print_session_trace(phase.trace);
            if (scenario.network.topology.kind == Topology::matrix)
                text += print_latency_matrix(scenario.network.topology.matrix);
            text = std::to_string(fnv1a(text));  // of all before: a long sweep needs no long text
        }
    return fnv1a(text);
}

std::size_t finished_runs_in(const std::string& directory) {
    if (directory.empty()) return 0;
    const std::string path = directory + journal_name;
    const FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!file) return 0;
    const auto text = whole_file(file.get(), path);
    if (!text) return 1;  // something is there that cannot be read: not to be removed unasked
    const auto lines = static_cast<std::size_t>(std::count(text->begin(), text->end(), '\n'));
    return lines > 0 ? lines - 1 : 0;
}

bool has_journal(const std::string& directory) { return ::access((directory + journal_name).c_str(), F_OK) == 0; }

Result<SweepJournal> SweepJournal::open(const std::string& directory, const SweepPlan& plan) {
    const std::string path = directory + journal_name;
    FileHandle file{::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666)};
    if (!file) return file_error("open", path, errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return Error{ErrorCode::busy,
                     "another sweep writes to " + directory +
                         " now. Each process needs a directory of its own; --merge puts them together."};
    const auto text = whole_file(file.get(), path);
    if (!text) return text.error();
    auto read = parse(path, *text, plan);
    if (!read) return read.error();
    if (::ftruncate(file.get(), static_cast<off_t>(read->whole)) != 0) return file_error("shorten", path, errno);
    const bool empty = read->whole == 0;
    SweepJournal journal{std::move(file), path, std::move(read->runs)};
    if (empty) {
        if (auto written = journal.append(heading(plan)); !written) return written.error();
        if (auto named = sync_directory(directory); !named) return named.error();
    }
    return journal;
}

Result<FinishedRuns> SweepJournal::read(const std::string& directory, const SweepPlan& plan) {
    const std::string path = directory + journal_name;
    const FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!file) return file_error("open", path, errno);
    const auto text = whole_file(file.get(), path);
    if (!text) return text.error();
    auto read = parse(path, *text, plan);
    if (!read) return read.error();
    if (read->whole == 0)
        return Error{ErrorCode::invalid, path + " is empty: no run of a sweep was finished there"};
    return std::move(read->runs);
}

Result<void> SweepJournal::add(std::size_t run, const FinishedRun& finished) {
    Json metrics = Json::object();
    for (const auto& [name, value] : finished.metrics) metrics.set(name, Json{value});
    return append(Json::object({{"run", run},
                                {"seed", std::to_string(finished.seed)},
                                {"digest", digest_text(finished.digest)},
                                {"metrics", metrics}})
                      .line());
}

Result<void> SweepJournal::append(const std::string& line) {
    const std::string bytes = line + "\n";
    for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t done = ::write(file_.get(), bytes.data() + at, bytes.size() - at);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return file_error("write", path_, errno);
        at += static_cast<std::size_t>(done);
    }
    if (::fdatasync(file_.get()) != 0) return file_error("write", path_, errno);
    return {};
}

}  // namespace halp::sim
