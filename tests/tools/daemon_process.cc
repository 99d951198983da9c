#include "tests/tools/daemon_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "tools/bench/blocking_client.h"

namespace halp::testing {

bool eventually(const std::function<bool()>& holds, milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(milliseconds{20});
    }
    return true;
}

Home::Home() {
    std::filesystem::create_directories(cache());
    std::filesystem::create_directories(path() + "/run");
    std::filesystem::permissions(path() + "/run", std::filesystem::perms::owner_all);
}

std::vector<std::pair<std::string, std::string>> Home::environment() const {
    return {{"HOME", path()},
            {"XDG_CONFIG_HOME", path() + "/config"},
            {"XDG_STATE_HOME", path() + "/xdg-state"},
            {"XDG_RUNTIME_DIR", path() + "/run"},
            {"LC_ALL", "C.UTF-8"},
            {"NO_COLOR", "1"},
            {"HALP_HTTP_ENABLED", "false"},  // its usual port is one for all; tests of HTTP turn it on
            {"TZ", "UTC"}};
}

Daemon::Daemon(const DaemonOptions& options) : own_home_(std::in_place), home_(&*own_home_) { start(options); }

Daemon::Daemon(const Home& home, const DaemonOptions& options) : home_(&home) { start(options); }

void Daemon::start(const DaemonOptions& options) {
    static std::atomic<int> count{0};
    error_file_ = home_->path() + "/stderr." + std::to_string(++count);
    process::Command command;
    command.argv = options.prefix;
    command.argv.insert(command.argv.end(),
                        {HALPD_BINARY, "--listen", options.listen, "--state-dir", home_->state(), "--cache-dir",
                         home_->cache(), "--admin", home_->admin(), "--profile", options.profile});
    for (const Endpoint& seed : options.join) command.argv.insert(command.argv.end(), {"--join", seed.text()});
    command.argv.insert(command.argv.end(), options.more.begin(), options.more.end());
    command.environment = home_->environment();
    command.error_file = error_file_;
    Result<process::ChildProcess> child = process::ChildProcess::start(command);
    if (!child) {
        ADD_FAILURE() << child.error().message;
        return;
    }
    process_.emplace(std::move(child).value());
    if (options.awaited && !await_listening()) ADD_FAILURE() << "halpd does not listen. It said:\n" << messages();
}

bool Daemon::await_listening() {
    std::string address;
    const auto said = [&] {
        address = process::listening_address(error_file_);
        return !address.empty() || !running();
    };
    if (!eventually(said) || address.empty()) return false;
    Result<Endpoint> parsed = Endpoint::parse(address);
    if (!parsed) return false;
    endpoint_ = *parsed;
    return true;
}

std::string Daemon::messages() const { return process::read_whole_file(error_file_); }

std::string Daemon::ask(std::string_view query, milliseconds patience) const {
    Result<std::string> answer = process::text_query(endpoint_, query, patience);
    return answer ? *answer : "error: " + answer.error().message;
}

cli::AdminAnswer Daemon::admin(cli::Method method, const std::string& target, const std::string& body) const {
    return cli::AdminClient{home_->admin(), generous}.call(method, target, body).value_or({});
}

std::vector<std::string> Daemon::nodes() const {
    std::vector<std::string> found;
    for (const std::string& line : lines_of(ask("get halp[0:1000]"))) {
        const std::size_t first = line.find(' ');
        const std::size_t second = line.rfind(' ');
        if (first == std::string::npos || second <= first) continue;
        found.push_back(line.substr(first + 1, second - first - 1) + ":" + line.substr(second + 1));
    }
    return found;
}

int Daemon::stop() {
    process_->signal(SIGTERM);
    return process_->wait(generous).value_or(-1);
}

bool all_know_all(const std::vector<Daemon*>& daemons) {
    std::vector<std::string> everybody;
    for (const Daemon* daemon : daemons) everybody.push_back(daemon->endpoint().text());
    std::sort(everybody.begin(), everybody.end());
    return std::all_of(daemons.begin(), daemons.end(), [&](const Daemon* daemon) {
        std::vector<std::string> listed = daemon->nodes();
        const std::string self = daemon->endpoint().text();
        if (std::find(listed.begin(), listed.end(), self) == listed.end()) listed.push_back(self);
        std::sort(listed.begin(), listed.end());
        return listed == everybody;
    });
}

Finished run(const Home& home, std::vector<std::string> argv, milliseconds patience) {
    static std::atomic<int> count{0};
    const std::string stem = home.path() + "/run." + std::to_string(++count);
    Result<process::ChildProcess> child = process::ChildProcess::start({.argv = std::move(argv),
                                                                        .environment = home.environment(),
                                                                        .out_file = stem + ".out",
                                                                        .error_file = stem + ".err"});
    if (!child) {
        ADD_FAILURE() << child.error().message;
        return {};
    }
    const int code = child->wait(patience).value_or(-1);
    return {code, process::read_whole_file(stem + ".out"), process::read_whole_file(stem + ".err")};
}

Finished halp(const Home& home, std::vector<std::string> arguments, milliseconds patience) {
    arguments.insert(arguments.begin(), HALP_BINARY);
    return run(home, std::move(arguments), patience);
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace halp::testing
