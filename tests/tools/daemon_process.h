// Real halpd and halp processes for tests. They use loopback, ports that the kernel picks and their own directories.
// HALPD_BINARY and HALP_BINARY come from the build.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/endpoint.h"
#include "tools/halp/daemon/admin_client.h"
#include "tools/program/child_process.h"

namespace halp::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How long a test waits for an event. Long, because sanitizers are slow; measured times have their own bounds.
inline constexpr seconds generous{30};

// Calls the condition every few milliseconds. False if it did not become true in time.
bool eventually(const std::function<bool()>& holds, milliseconds patience = generous);

// The directory of a daemon or of `halp`. HOME and the XDG variables point into it.
class Home {
public:
    [[nodiscard]] const std::string& path() const { return directory_.path(); }
    [[nodiscard]] std::string state() const { return path() + "/state"; }
    [[nodiscard]] std::string cache() const { return path() + "/.halp"; }
    [[nodiscard]] std::string cache_file(const std::string& name) const { return cache() + "/" + name; }
    [[nodiscard]] std::string admin() const { return path() + "/halpd.sock"; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;

    Home();

private:
    process::TemporaryDirectory directory_;
};

struct DaemonOptions {
    std::string listen = "127.0.0.1:0";
    std::vector<Endpoint> join = {};
    std::string profile = "local";
    std::vector<std::string> more = {};    // further flags
    std::vector<std::string> prefix = {};  // a program that runs halpd, with its arguments
    bool awaited = true;                   // wait until it listens; a failure of the test when it does not
};

class Daemon {
public:
    explicit Daemon(const DaemonOptions& options = {});
    Daemon(const Home& home, const DaemonOptions& options);  // `home` outlives it

    [[nodiscard]] bool await_listening();
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] const Home& home() const { return *home_; }
    process::ChildProcess& process() { return *process_; }
    [[nodiscard]] bool running() { return process_ && process_->running(); }
    [[nodiscard]] std::string messages() const;  // its stderr

    // The answer, or "error: " and the reason. No real answer begins with "error: ".
    std::string ask(std::string_view query, milliseconds patience = generous) const;
    // Status 0 when nobody answers.
    cli::AdminAnswer admin(cli::Method method, const std::string& target, const std::string& body = {}) const;
    // The hosts of this node's label `halp`, most recent first, including this node if it lists itself.
    std::vector<std::string> nodes() const;
    int stop();  // SIGTERM; the exit code, or -1 when it did not end in time

private:
    void start(const DaemonOptions& options);

    std::optional<Home> own_home_;
    const Home* home_;
    std::string error_file_;
    std::optional<process::ChildProcess> process_;
    Endpoint endpoint_;
};

// True if each daemon lists every other one, possibly itself, and nobody else.
bool all_know_all(const std::vector<Daemon*>& daemons);

struct Finished {
    int code = -1;  // -1: did not end in time
    std::string out;
    std::string error;
};
// Runs a program to its end with HOME and the like in `home`.
Finished run(const Home& home, std::vector<std::string> argv, milliseconds patience = generous);
// `halp` without any daemon, in `home`.
Finished halp(const Home& home, std::vector<std::string> arguments, milliseconds patience = generous);

std::vector<std::string> lines_of(std::string_view text);

}  // namespace halp::testing
