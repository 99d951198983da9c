#include "tools/program/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <thread>

namespace halp::process {

namespace {

// Everything the child needs, prepared before fork: after it only calls that are safe there.
struct Prepared {
    std::vector<char*> argv;
    std::vector<std::string> environment_text;
    std::vector<char*> environment;
};

Prepared prepare(const Command& command) {
    Prepared ready;
    for (const std::string& word : command.argv) ready.argv.push_back(const_cast<char*>(word.c_str()));
    ready.argv.push_back(nullptr);
    for (const auto& [name, value] : command.environment) ready.environment_text.push_back(name + "=" + value);
    for (std::string& text : ready.environment_text) ready.environment.push_back(text.data());
    for (char** own = environ; *own != nullptr; ++own) {
        const std::string_view line{*own};
        bool replaced = false;
        for (const auto& [name, value] : command.environment)
            replaced =
                replaced || (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=');
        if (!replaced) ready.environment.push_back(*own);
    }
    ready.environment.push_back(nullptr);
    return ready;
}

bool redirect(int descriptor, const char* path, int flags) {
    const int file = ::open(path, flags | O_CLOEXEC, 0600);
    return file >= 0 && ::dup2(file, descriptor) >= 0;
}

[[noreturn]] void become(const Command& command, Prepared& ready, pid_t parent) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);  // ours may be blocked (on_interrupt.h)
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);  // the parent went before we asked to be told
    const int write_flags = O_WRONLY | O_CREAT | O_APPEND;
    if (!redirect(0, "/dev/null", O_RDONLY) || !redirect(1, command.out_file.c_str(), write_flags) ||
        !redirect(2, command.error_file.c_str(), write_flags))
        ::_exit(126);
    if (!command.working_directory.empty() && ::chdir(command.working_directory.c_str()) != 0) ::_exit(126);
    ::execve(ready.argv[0], ready.argv.data(), ready.environment.data());
    ::_exit(127);
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
    const std::filesystem::path base = std::filesystem::temp_directory_path();
    std::string pattern = (base / "halp-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
    assert(!path_.empty());
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty() && !kept_) std::filesystem::remove_all(path_, ignored);
}

Result<ChildProcess> ChildProcess::start(const Command& command) {
    assert(!command.argv.empty());
    if (::access(command.argv[0].c_str(), X_OK) != 0)
        return Error{ErrorCode::not_found, command.argv[0] + " is no program that can be run."};
    Prepared ready = prepare(command);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return Error{ErrorCode::io, std::string{"fork: "} + std::strerror(errno)};
    if (pid == 0) become(command, ready, parent);
    return ChildProcess{pid};
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), ended_(std::exchange(other.ended_, {})) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(ended_, other.ended_);
    return *this;
}

ChildProcess::~ChildProcess() {
    if (pid_ > 0) kill_and_wait();
}

bool ChildProcess::running() { return !wait(std::chrono::milliseconds{0}); }

bool ChildProcess::signal(int number) { return running() && ::kill(pid_, number) == 0; }

std::optional<int> ChildProcess::wait(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!ended_) {
        int status = 0;
        const pid_t gone = ::waitpid(pid_, &status, WNOHANG);
        if (gone == pid_) ended_ = code_of(status);
        if (gone < 0 && errno != EINTR) ended_ = -1;
        if (ended_ || std::chrono::steady_clock::now() >= deadline) break;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return ended_;
}

int ChildProcess::kill_and_wait() {
    while (!ended_) {
        ::kill(pid_, SIGKILL);
        wait(std::chrono::seconds{10});
    }
    return *ended_;
}

std::string ChildProcess::how_it_ended() const {
    if (!ended_) return "";
    return *ended_ > 128 ? "signal " + std::to_string(*ended_ - 128) : "exit code " + std::to_string(*ended_);
}

std::string find_program(const std::string& name, std::string_view search_path) {
    const auto runnable = [](const std::string& path) {
        std::error_code none;
        return std::filesystem::is_regular_file(path, none) && ::access(path.c_str(), X_OK) == 0;
    };
    const auto absolute = [](const std::string& path) {
        std::error_code none;
        return std::filesystem::absolute(path, none).string();
    };
    if (name.find('/') != std::string::npos) return runnable(name) ? absolute(name) : "";
    for (std::string_view rest = search_path; !name.empty() && !rest.empty();) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        const std::string candidate = std::string{rest.substr(0, end)} + "/" + name;
        if (end > 0 && runnable(candidate)) return absolute(candidate);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
}

std::string tail_of(const std::string& path, std::size_t lines_max) {
    std::ifstream file{path};
    std::deque<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back("  " + line.substr(0, 400) + "\n");
        if (lines.size() > lines_max) lines.pop_front();
    }
    std::string text;
    for (const std::string& line : lines) text += line;
    return text;
}

std::string read_whole_file(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::string listening_address(const std::string& error_file) {
    const std::string text = read_whole_file(error_file);
    const std::string_view mark = "listening on ";
    const std::size_t at = text.rfind(mark);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + mark.size();
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) return {};  // the line is still being written
    return text.substr(
        begin, text.find_first_of(" \r", begin) < end ? text.find_first_of(" \r", begin) - begin : end - begin);
}

}  // namespace halp::process
