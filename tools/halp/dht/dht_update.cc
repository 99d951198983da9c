// `halp dht update`: replaces or removes a record only if it still has the expected value. With --exec a command
// makes the new value from the old one. No request waits for that command: the record is compared when it is
// written.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "overlay/libevent/file_storage.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/output/record_lines.h"

namespace halp::cli {
namespace {

constexpr int attempts_max = 20;  // when other clients keep changing the record

Error broken(std::string_view what) {
    return {ErrorCode::io, std::string{what} + ": " + std::strerror(errno) + "."};
}

bool write_whole(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::lseek(fd, 0, SEEK_SET) == 0;
}

// Reads one byte more than a node accepts, to detect a value that is too long.
std::string read_some(int fd) {
    std::string bytes(neo::value_bytes_max + 1, '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(fd, bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

// Runs the shell command with the value on stdin and returns its stdout. An exit code other than 0 is an error,
// and nothing is written.
Result<std::string> made_by(const std::string& shell_command, std::string_view value) {
    const FileHandle in(::memfd_create("value", MFD_CLOEXEC));  // a file, so that writing it cannot block
    if (!in || !write_whole(in.get(), value)) return broken("the value cannot be handed to the command");
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return broken("pipe");
    FileHandle out(ends[0]), inner(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) return broken("fork");
    if (pid == 0) {
        ::signal(SIGPIPE, SIG_DFL);
        if (::dup2(in.get(), STDIN_FILENO) < 0 || ::dup2(inner.get(), STDOUT_FILENO) < 0) ::_exit(126);
        ::execl("/bin/sh", "sh", "-c", shell_command.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    inner = FileHandle();
    std::string made = read_some(out.get());
    out = FileHandle();  // a command that writes more gets SIGPIPE
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (made.size() > neo::value_bytes_max)
        return Error{ErrorCode::invalid, "the command wrote more than the " + std::to_string(neo::value_bytes_max) +
                                             " bytes a DHT node takes: nothing was sent."};
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return Error{ErrorCode::io, "the command failed, and the record is as it was."};
    return made;
}

enum class Outcome { replaced, removed, no_record, different, conflict };

std::string_view word(Outcome outcome) {
    switch (outcome) {
        case Outcome::replaced:
            return "replaced";
        case Outcome::removed:
            return "removed";
        case Outcome::no_record:
            return "no_record";
        case Outcome::different:
            return "different";
        case Outcome::conflict:
            return "conflict";
    }
    return "?";
}

class Update {
public:
    Update(const DhtTool& tool, BlockingDhtClient& dht, std::optional<std::string> expected, std::string value)
        : typed_(tool.command.dht), dht_(dht), expected_(std::move(expected)), value_(std::move(value)) {}

    Result<Outcome> run() {
        for (int attempt = 0; attempt < attempts_max; ++attempt) {
            Result<Outcome> outcome = typed_.exec.empty() ? write(expected_) : remake();
            if (!outcome && outcome.error().code == ErrorCode::busy)
                continue;  // the record was changed between reading and writing
            const bool again = outcome && *outcome == Outcome::different && !expected_;
            if (!again) return outcome;
        }
        return Outcome::conflict;
    }

private:
    Result<Outcome> remake() {
        auto now = dht_.get(typed_.channel, typed_.key);
        if (!now) return now.error();
        if (!*now) return Outcome::no_record;
        if (expected_ && **now != *expected_) return Outcome::different;
        auto made = made_by(typed_.exec, **now);
        if (!made) return made.error();
        value_ = *std::move(made);
        return write(*std::move(now));
    }

    // `base`: the value that the record must have; without it any value.
    Result<Outcome> write(const std::optional<std::string>& base) {
        bool different = false;
        const auto choose = [&](Bytes present) {
            different = base && present != *base;
            if (different) return dht::UpdateChoice::leave();
            return typed_.remove_record ? dht::UpdateChoice::remove() : dht::UpdateChoice::replace(value_);
        };
        const auto found = dht_.update(typed_.channel, typed_.key, choose);
        if (!found) return found.error();
        if (!*found) return Outcome::no_record;
        if (different) return Outcome::different;
        return typed_.remove_record ? Outcome::removed : Outcome::replaced;
    }

    const DhtCommand& typed_;
    BlockingDhtClient& dht_;
    const std::optional<std::string> expected_;
    std::string value_;
};

ExitCode conclude(const DhtTool& tool, Outcome outcome) {
    const DhtCommand& typed = tool.command.dht;
    const std::string record = shown_key(typed.key) + " in channel " + shown_channel(typed.channel);
    if (tool.console.style().json)
        tool.console.line(R"({"schema_version":1,"channel":)" + json_channel(typed.channel) + R"(,"key":")" +
                          shown_key(typed.key) + R"(","outcome":")" + std::string{word(outcome)} + "\"}");
    switch (outcome) {
        case Outcome::replaced:
        case Outcome::removed:
            tool.console.say(std::string{word(outcome)} + " " + record + ".");
            return ExitCode::ok;
        case Outcome::no_record:
            tool.console.say("no record " + record + "; `halp dht put` makes one.");
            return ExitCode::nothing_found;
        case Outcome::different:
            return tool.console.fail(ExitCode::refused, record + " is not what was expected, and stays as it is.");
        case Outcome::conflict:
            return tool.console.fail(ExitCode::refused,
                                     record + " was changed by others each time; it is as they left it.");
    }
    return ExitCode::failed;
}

}  // namespace

ExitCode run_dht_update(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    std::optional<std::string> expected;
    if (typed.expect) {
        auto read = read_value(*typed.expect, typed.form);
        if (!read)
            return tool.console.fail(read.error().code == ErrorCode::invalid ? ExitCode::usage : ExitCode::failed,
                                     "--expect: " + read.error().message);
        expected = *std::move(read);
    }
    std::string value;
    if (typed.exec.empty() && !typed.remove_record) {
        auto read = value_to_send(typed);
        if (!read) return tool.console.fail(read.error());
        value = *std::move(read);
    }
    const auto reach = DhtReach::open(tool, Reach::any_node);
    if (!reach) return tool.console.fail(reach.error());
    const auto outcome = Update(tool, (*reach)->dht(), std::move(expected), std::move(value)).run();
    if (!outcome) return tool.console.fail(outcome.error());
    return conclude(tool, *outcome);
}

}  // namespace halp::cli
