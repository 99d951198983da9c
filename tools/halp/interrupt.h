// Ctrl-C, SIGTERM and the end of the time given, for verbs that have something to put in order first. The
// one place with process-wide state: a signal handler has nothing else.
#pragma once

#include "store/time.h"

namespace halp::cli::interrupt {

enum class Cause : int { none = 0, interrupted, terminated, time_over };

// Until a verb calls prepare(), an interrupt ends the process with code 130, as nothing needs care.
void install();
// From now on interrupts are noted, break the socket in use, and end naps; a second one ends the process.
void prepare();

[[nodiscard]] Cause cause();

// Notes Cause::time_over after `span`, like an interrupt would be noted.
void arm(Duration span);

// The connection to break; -1: none.
void watch_socket(int fd);

// Sleeps, shorter when interrupted.
void nap(Duration span);

}  // namespace halp::cli::interrupt
