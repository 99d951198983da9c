// A program started by us that never outlives us: it is killed when we die, and ended when its object goes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "store/result.h"
#include "store/time.h"

namespace halp::cli {

class ChildProcess {
public:
    // Both its output streams go to `log_path`; its input is empty.
    [[nodiscard]] static Result<ChildProcess> start(const std::string& program,
                                                    const std::vector<std::string>& arguments,
                                                    const std::string& log_path);
    ~ChildProcess();  // ends it, by SIGKILL if need be
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();
    void signal(int number);                         // nothing when it has ended
    bool wait(Duration patience);                    // true when it has ended
    [[nodiscard]] std::string how_it_ended() const;  // "exit code 1", "signal 9"; "" while it runs

private:
    explicit ChildProcess(pid_t pid) : pid_(pid) {}
    pid_t pid_ = -1;
    std::optional<int> status_;
};

// The last lines of a text file, at most `lines_max`, each indented by two blanks.
[[nodiscard]] std::string tail_of(const std::string& path, std::size_t lines_max);

}  // namespace halp::cli
