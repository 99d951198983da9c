// Statistics of the kernel about a process and the loopback device. Reading them is cheap enough during a
// measurement.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace halp::bench {

// On-CPU time of all threads, in nanoseconds instead of clock ticks (/proc/PID/task/*/schedstat).
std::chrono::nanoseconds cpu_time(pid_t pid);

struct Memory {
    std::uint64_t rss_bytes = 0;
    std::uint64_t pss_bytes = 0;  // shared pages divided by their users
};
Memory memory_of(pid_t pid);

// Bytes sent on `lo` since the namespace was made: IP and TCP headers and acknowledgements included.
std::optional<std::uint64_t> loopback_bytes();

// Moves this process into a network namespace of its own with a loopback device that is up. False when that is not
// permitted. Must be called while there is one thread.
bool enter_own_network();

}  // namespace halp::bench
