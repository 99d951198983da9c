#include "tools/halp/dht/node_under_test.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

namespace halp::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_tries{30};
constexpr std::chrono::seconds grace{10};  // the same as in halpd
constexpr std::size_t lines_shown = 10;

neo::ConformanceOptions probing(const NodeUnderTestOptions& options) {
    neo::ConformanceOptions all;
    all.node = options.at;
    all.credential = options.credential;
    return all;
}

process::Command command_of(const NodeUnderTestOptions& options, const std::string& directory) {
    process::Command command;
    command.argv = options.argv;
    // The last two are systemd's. halpd as root uses them before /var/lib and /run.
    for (const char* name : {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
                             "XDG_RUNTIME_DIR", "STATE_DIRECTORY", "RUNTIME_DIRECTORY"})
        command.environment.emplace_back(name, directory);
    command.out_file = directory + "/stdout";
    command.error_file = directory + "/stderr";
    command.working_directory = directory;
    return command;
}

// TemporaryDirectory requires a writable directory.
Result<void> check_temporary_root() {
    std::error_code failed;
    const std::string root = std::filesystem::temp_directory_path(failed).string();
    if (failed || ::access(root.c_str(), W_OK | X_OK) != 0)
        return Error{ErrorCode::io, "there is no directory for temporary files that can be written to ($TMPDIR)."};
    return {};
}

}  // namespace

NodeUnderTest::NodeUnderTest(NodeUnderTestOptions options)
    : options_(std::move(options)), probe_(world_.environment(), runner_, probing(options_)) {
    world_.attach(probe_);
    if (options_.keep_directory) directory_.keep();
}

NodeUnderTest::~NodeUnderTest() = default;

Result<std::unique_ptr<NodeUnderTest>> NodeUnderTest::make(NodeUnderTestOptions options) {
    if (auto usable = check_temporary_root(); !usable) return usable.error();
    return std::unique_ptr<NodeUnderTest>(new NodeUnderTest(std::move(options)));
}

Result<void> NodeUnderTest::start() {
    if (probe_.sanity().kind != neo::Sanity::Kind::unreachable)
        return Error{ErrorCode::io,
                     "somebody takes connections at " + options_.at.text() + " already; the node was not started."};
    return launch();
}

Result<void> NodeUnderTest::launch() {
    auto started = process::ChildProcess::start(command_of(options_, directory_.path()));
    if (!started) return started.error();
    process_.emplace(std::move(*started));
    const Instant deadline = world_.clock().now() + options_.delay;
    while (probe_.sanity().kind == neo::Sanity::Kind::unreachable) {
        if (const std::string how = death(); !how.empty())
            return Error{ErrorCode::io, "the node ended before it took connections: " + how};
        if (interrupt::cause() != interrupt::Cause::none || world_.clock().now() >= deadline)
            return Error{ErrorCode::timed_out, "the node took no connections at " + options_.at.text() +
                                                   " in time (--delay). " + last_words()};
        static_cast<void>(runner_.run_until([] { return false; }, between_tries));  // only the time matters
    }
    return {};
}

// If the node does not come back, the case that needs it fails.
bool NodeUnderTest::restart() {
    if (!options_.keeps_records) return false;
    process_->kill_and_wait();
    static_cast<void>(launch());  // as the comment above says
    return true;
}

std::string NodeUnderTest::last_words() const {
    std::string tail = process::tail_of(directory_.path() + "/stderr", lines_shown);
    if (tail.empty()) return "There is nothing on its stderr.";
    tail.pop_back();  // the final line break
    return "The last lines of its stderr:\n" + tail;
}

std::string NodeUnderTest::death(milliseconds patience) {
    if (!process_ || !process_->wait(patience)) return {};
    return process_->how_it_ended() + ". " + last_words();
}

std::string NodeUnderTest::end() {
    if (!process_ || !process_->signal(SIGTERM)) return {};
    const auto code = process_->wait(grace);
    if (!code) {
        process_->kill_and_wait();
        return "the node did not end within 10 s of SIGTERM and was killed";
    }
    if (*code == 0 || *code == 128 + SIGTERM) return {};
    return "the node ended with " + process_->how_it_ended() + " after SIGTERM";
}

}  // namespace halp::cli
