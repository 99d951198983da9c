// Ctrl-C, SIGTERM and the end of --for, for verbs that have to clean up before they end. This file holds the only
// process-wide state of `halp`, because a signal handler can use nothing else.
#pragma once

#include "store/time.h"

namespace halp::cli::interrupt {

enum class Cause : int { none = 0, interrupted, terminated, time_over };

// Before a verb calls prepare(), an interrupt ends the process at once, with code 130.
void install();
// From now on an interrupt is noted, breaks the connection in use, and ends nap(). A second one, from 0.2 s
// later on, ends the process.
void prepare();

[[nodiscard]] Cause cause();

// Notes Cause::time_over after `span`, in the way an interrupt is noted.
void arm(Duration span);

// The connection that an interrupt breaks; -1 for none.
void watch_socket(int fd);

// Sleeps, at most until an interrupt.
void nap(Duration span);

}  // namespace halp::cli::interrupt
