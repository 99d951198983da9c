// Child processes for `halp demo`, benchmarks and tests, with their output in files. A child is killed when the
// thread that started it ends (PR_SET_PDEATHSIG), and at the latest by the destructor of its object.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/result.h"

namespace halp::process {

// A new directory below $TMPDIR. The destructor removes it and its content, unless keep() was called.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(TemporaryDirectory&& other) noexcept
        : path_(std::exchange(other.path_, {})), kept_(other.kept_) {}
    TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    void keep() { kept_ = true; }

private:
    std::string path_;
    bool kept_ = false;
};

struct Command {
    std::vector<std::string> argv;                                      // argv[0] is a path
    std::vector<std::pair<std::string, std::string>> environment = {};  // in addition to ours
    std::string out_file = "/dev/null";
    std::string error_file = "/dev/null";
    std::string working_directory = {};  // empty: ours
};

class ChildProcess {
public:
    static Result<ChildProcess> start(const Command& command);
    ~ChildProcess();  // SIGKILL and reaped, when it still runs
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();
    bool signal(int number);  // false when it has ended
    // Waits up to `patience`. The exit code, or 128 + the number of the signal; nothing if it still runs.
    std::optional<int> wait(std::chrono::milliseconds patience);
    int kill_and_wait();                             // SIGKILL: the hardest crash a process can have
    [[nodiscard]] std::string how_it_ended() const;  // "exit code 1", "signal 9"; "" while it runs

private:
    explicit ChildProcess(pid_t pid) : pid_(pid) {}
    pid_t pid_ = -1;
    std::optional<int> ended_;
};

// The absolute path of a program, found as a shell does: a `name` with a / is a path, else `search_path` (as $PATH)
// is searched. Empty if there is no executable file.
std::string find_program(const std::string& name, std::string_view search_path);
// The file's bytes; empty when it cannot be read.
std::string read_whole_file(const std::string& path);
// The file's last lines, each indented by two blanks.
std::string tail_of(const std::string& path, std::size_t lines_max);
// X out of the last line `listening on X`, where X is HOST:PORT; empty as long as there is none.
std::string listening_address(const std::string& error_file);

}  // namespace halp::process
