// What a libevent world bounds, and what it counts. Every number that a stranger can drive up has its maximum here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "store/time.h"

namespace halp {

inline constexpr Duration no_timeout = Duration::max();

// What a connection is for, where the limit of open files is shared out (file_budget.h).
enum class FileUse : std::uint8_t { accepted, dialled, admin, records };
inline constexpr std::size_t file_uses = 4;

struct WorldLimits {
    // When there are more, the longest silent connection of the fullest source is closed (places.h). listen()
    // lowers both when the limit of open files is small. One source gets at most half of them then.
    std::size_t accepted_max = 4096;
    std::size_t accepted_per_source_max = 256;  // per IPv4 address or IPv6 /64
    FileUse accepts_as = FileUse::accepted;

    // A write ends a stream that has more than this unsent already. One write may exceed the limit: a long list is
    // one answer, however slowly the peer reads it.
    std::size_t output_per_stream_max = std::size_t{1} << 20;
    // Unsent bytes of all streams together, unless the world shares an account (output_account.h). Above it the
    // source that has the most loses its longest output.
    std::size_t output_total_max = std::size_t{24} << 20;

    Duration connect_timeout = std::chrono::seconds{3};  // for name resolution and all addresses together
    Duration idle_timeout = std::chrono::seconds{60};    // without a byte in or out; may be no_timeout
    // After close(), the unsent bytes are dropped when the peer takes none for flush_stall_max, or not all within
    // flush_max.
    Duration flush_stall_max = std::chrono::seconds{10};
    Duration flush_max = std::chrono::seconds{60};

    // For so long a closed stream whose peer still sends is read and ignored. Closing the socket at once would
    // reset the connection, and the peer would lose the answer.
    Duration linger_max = std::chrono::seconds{2};
    std::size_t linger_bytes_max = std::size_t{256} << 10;

    // The node hears on_writable when a stream's unsent bytes have fallen from above this to this or less.
    std::size_t writable_below = std::size_t{64} << 10;
    // The last packet of what a callback writes waits for the end of the callback. So one answer and FIN leave
    // together. For a node that writes once a turn and keeps its connections, this costs a system call and gains
    // nothing.
    bool cork = true;
    // Who dials writes at once. Then the last packet of the handshake waits for these bytes.
    bool dialler_speaks_first = true;
    // TCP keepalive, in whole seconds, for accepted and dialled peers: when the first question is sent to a silent
    // peer, the time between questions, and how many unanswered ones end the connection. 0: no questions.
    Duration keepalive{0};
    Duration keepalive_interval = std::chrono::seconds{3};
    int keepalive_questions = 3;

    // A node that wants to be woken within this time may wake late by the rest of it when the machine sleeps
    // meanwhile (boot_timer.h).
    Duration short_wait = std::chrono::seconds{5};

    std::string hosts_file = "/etc/hosts";
    std::string resolver_file = "/etc/resolv.conf";
};

// For a port whose clients stay, stream, and may be silent for any time. The node has flow control and bounds what
// each client makes it hold, so the world waits for a slow reader instead of cutting it off.
[[nodiscard]] inline WorldLimits limits_for_streaming(std::size_t connections_max) {
    WorldLimits limits;
    limits.accepts_as = FileUse::records;
    limits.accepted_max = limits.accepted_per_source_max = connections_max;
    limits.output_per_stream_max = std::size_t{8} << 20;
    limits.output_total_max = std::size_t{1} << 30;
    limits.idle_timeout = no_timeout;
    limits.cork = false;
    limits.dialler_speaks_first = false;
    limits.keepalive =
        std::chrono::seconds{5};  // with the interval and the number above, what the original DHT nodes use
    return limits;
}

// Why a connection was closed to make room for others, was not taken, or was ended because its reader was too slow.
enum class Shed : std::uint8_t { total_limit, source_limit, no_descriptor, slow_reader };

struct WorldStats {
    std::uint64_t accepted = 0;
    std::uint64_t shed_total_limit = 0;    // more connections than accepted_max
    std::uint64_t shed_source_limit = 0;   // more than accepted_per_source_max
    std::uint64_t shed_no_descriptor = 0;  // none left, or none of the budget
    std::uint64_t shed_idle = 0;
    std::uint64_t shed_slow_reader =
        0;                     // by the output limits, or because a closed stream was never read to the end
    std::uint64_t pauses = 0;  // of accepting, because the system had no descriptor or no memory
    std::uint64_t connected = 0;
    std::uint64_t connects_failed = 0;
    // Streams that were ended because the kernel watches no more sockets (fs.epoll.max_user_watches) or has no
    // memory for it: nothing would ever have been read from them. libevent's log says why.
    std::uint64_t not_watched = 0;
    std::uint64_t reads_put_off = 0;  // to the next pass of the loop: others had sent much
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::size_t live_accepted = 0;   // now, with those being closed
    std::size_t live_connected = 0;  // now, with those being connected or closed
    std::size_t output_unsent = 0;   // now, bytes
};

}  // namespace halp
