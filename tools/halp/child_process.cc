#include "tools/halp/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <fstream>
#include <utility>

namespace halp::cli {
namespace {

// Between fork and exec only what is safe there.
[[noreturn]] void become(char* const* words, const char* log_path, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // it died before the line above
    ::signal(SIGPIPE, SIG_DFL);
    const int nothing = ::open("/dev/null", O_RDONLY);
    const int log = ::open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (nothing < 0 || log < 0) ::_exit(127);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execv(words[0], words);
    ::_exit(127);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::string& program, const std::vector<std::string>& arguments,
                                         const std::string& log_path) {
    std::vector<std::string> owned = {program};
    owned.insert(owned.end(), arguments.begin(), arguments.end());
    std::vector<char*> words;
    for (std::string& word : owned) words.push_back(word.data());
    words.push_back(nullptr);
    const pid_t self = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0)
        return Error{ErrorCode::io, std::string{"No process could be started: "} + std::strerror(errno) + "."};
    if (pid == 0) become(words.data(), log_path.c_str(), self);
    return ChildProcess{pid};
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

ChildProcess::~ChildProcess() {
    if (pid_ < 0 || !running()) return;
    signal(SIGKILL);
    wait(std::chrono::seconds{5});
}

bool ChildProcess::running() {
    if (pid_ < 0 || status_) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
    return !status_;
}

void ChildProcess::signal(int number) {
    if (running()) ::kill(pid_, number);
}

bool ChildProcess::wait(Duration patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (running()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        const timespec pause{0, 5'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return true;
}

std::string ChildProcess::how_it_ended() const {
    if (!status_) return "";
    if (WIFSIGNALED(*status_)) return "signal " + std::to_string(WTERMSIG(*status_));
    return "exit code " + std::to_string(WEXITSTATUS(*status_));
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

}  // namespace halp::cli
