// `halp doctor`: looks for what keeps a node from working, and says what to do about it. The findings are computed
// from what the daemon says and what this machine says; gathering that is apart, so each finding has a test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "tools/halp/command_line.h"
#include "tools/halp/output/console.h"
#include "tools/program/json.h"

namespace halp::cli {

struct Finding {
    enum class State : std::uint8_t { good, doubtful, wrong };
    State state = State::good;
    std::string what;    // "clock"
    std::string found;   // one clause
    std::string remedy;  // one sentence; empty when all is well
};

// Of this machine.
struct Surroundings {
    struct Directory {
        std::string name, path;
        std::optional<std::uint64_t> free_bytes;  // none: it cannot be looked at
    };
    std::vector<Directory> directories;
    bool clock_synchronized = true;
    std::int64_t now_unix_s = 0;
};

// `status` and `seeds`: the replies of the daemon.
[[nodiscard]] std::vector<Finding> diagnose(const Json& status, const Json& seeds, const Surroundings& here);
// When no daemon answers. `why`: what a try at its sockets said; refused: it is there, and may not be asked.
[[nodiscard]] Finding no_daemon(const std::optional<Error>& why, bool port_taken);

// `socket`: of the daemon; none when there is none, with the reason in `why`.
[[nodiscard]] ExitCode run_doctor(const CommandLine& command, Console& console, const Clock& clock,
                                  const std::optional<std::string>& socket, const std::optional<Error>& why);

}  // namespace halp::cli
