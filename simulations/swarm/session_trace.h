// Sessions of real hosts from a file: when each came and went. `do: trace` plays them (simulations/swarm/README.md,
// "Session traces").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"
#include "store/time.h"

namespace halp::sim {

struct Session {
    std::uint32_t host = 0;  // by first appearance in the file
    Duration start{0}, end{0};
    bool operator==(const Session&) const = default;
};

struct SessionTrace {
    std::size_t hosts = 0;
    std::vector<Session> sessions;  // by start; those of one host do not overlap
    [[nodiscard]] Duration length() const;
};

inline constexpr std::size_t trace_bytes_max = std::size_t{256} << 20, trace_sessions_max = 5'000'000;

// Three layouts, told apart by the first row: `host start end`; `host count start end start end ...` (.avt files of
// the Repository of Availability Traces, and Saroiu's); and the nine columns of event_trace of the Failure Trace
// Archive. Times are seconds, the earliest becomes 0. Overlapping sessions of a host are one. A mistake is told as
// "FILE:LINE: ".
[[nodiscard]] Result<SessionTrace> parse_session_trace(const std::string& file, std::string_view content);
[[nodiscard]] Result<SessionTrace> read_session_trace(const std::string& path);
[[nodiscard]] std::string print_session_trace(const SessionTrace& trace);  // the same trace when it is read

}  // namespace halp::sim
