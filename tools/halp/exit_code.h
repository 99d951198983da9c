// The exit codes of `halp`. Scripts rely on the numbers (README.md, "Exit codes").
#pragma once

#include "store/result.h"

namespace halp::cli {

enum class ExitCode : int {
    ok = 0,
    failed = 1,
    usage = 2,
    nothing_found = 3,
    no_daemon = 4,
    timed_out = 5,
    refused = 6,
    interrupted = 130,
};

// For errors of the daemon and its socket, where "unreachable" means that there is no daemon.
[[nodiscard]] constexpr ExitCode exit_code_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid:
            return ExitCode::usage;
        case ErrorCode::not_found:
            return ExitCode::nothing_found;
        case ErrorCode::io:
            return ExitCode::failed;
        case ErrorCode::full:
        case ErrorCode::refused:
        case ErrorCode::busy:
            return ExitCode::refused;
        case ErrorCode::unreachable:
            return ExitCode::no_daemon;
        case ErrorCode::timed_out:
            return ExitCode::timed_out;
    }
    return ExitCode::failed;
}

}  // namespace halp::cli
