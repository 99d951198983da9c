// What libevent says, and how it fails. By itself it writes to stderr without any limit and ends the process
// without a word of the program. Every world takes both over, for the whole process: libevent's callbacks carry no
// context.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace halp {

// One message; `held_back` were not passed on since the last one.
using LibraryLog = std::function<void(const std::string& message, std::uint64_t held_back)>;

// Where messages go from now on: at most 10 in a burst, then one every 10 s. An empty function: to stderr. An error
// after which libevent cannot go on is passed on in any case and ends the process with exit code 1.
void set_library_log(LibraryLog log);

// Where messages of all other threads go, from any of these threads. An empty function: to stderr.
void set_library_log_elsewhere(LibraryLog log);

// Says the sentence, in any case, and ends the process with exit code 1.
[[noreturn]] void end_program(const std::string& sentence);

// Memory that libevent cannot get is handled as memory that `new` cannot get: by the new-handler of the program.
// Only the first call does anything.
void take_over_library_log();

}  // namespace halp
