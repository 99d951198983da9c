// What a libevent world bounds, and what it counts. Every number a stranger can drive up has its maximum here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "store/time.h"

namespace halp {

inline constexpr Duration no_timeout = Duration::max();

struct WorldLimits {
    std::size_t accepted_max = 4096;            // lowered to what the limit of open files can bear
    std::size_t accepted_per_source_max = 256;  // per IPv4 address or IPv6 /64

    // A write on a stream that holds more than this unsent ends the stream. One write may exceed it: a long list is
    // one answer, however slowly it is read.
    std::size_t output_per_stream_max = std::size_t{1} << 20;
    std::size_t output_total_max = std::size_t{64} << 20;  // unsent bytes of all streams together

    Duration connect_timeout = std::chrono::seconds{3};   // name resolution and all addresses together
    Duration idle_timeout = std::chrono::seconds{60};     // no byte in or out; may be no_timeout
    Duration flush_stall_max = std::chrono::seconds{10};  // a closed stream whose peer takes no byte for so long
    Duration flush_max = std::chrono::seconds{60};        // ... and however slowly it takes them

    // A closed stream whose peer still sends is read and ignored for so long, that our answer is not lost to a
    // reset.
    Duration linger_max = std::chrono::seconds{2};
    std::size_t linger_bytes_max = std::size_t{256} << 10;

    // The node hears on_writable when a stream's unsent bytes have fallen from above this to this or less.
    std::size_t writable_below = std::size_t{64} << 10;
    // The last packet of what a callback writes waits for the callback's end: right for one answer and FIN, which
    // leave together, and a system call too many for whoever writes once a turn and stays.
    bool cork = true;
    // A peer, accepted or dialled, that has been silent for so long is asked whether it is still there (TCP
    // keepalive), again after each interval, and given up when so many questions had no answer. 0: never asked.
    // Whole seconds.
    Duration keepalive{0};
    Duration keepalive_interval = std::chrono::seconds{3};
    int keepalive_questions = 3;

    std::string hosts_file = "/etc/hosts";
    std::string resolver_file = "/etc/resolv.conf";
};

// For a port whose clients stay, stream, and keep silent as long as they like: a node with flow control bounds what
// each of them makes us hold, so a slow reader is waited for instead of cut off.
[[nodiscard]] inline WorldLimits limits_for_streaming(std::size_t connections_max) {
    WorldLimits limits;
    limits.accepted_max = limits.accepted_per_source_max = connections_max;
    limits.output_per_stream_max = std::size_t{8} << 20;
    limits.output_total_max = std::size_t{1} << 30;
    limits.idle_timeout = no_timeout;
    limits.cork = false;
    limits.keepalive = std::chrono::seconds{5};  // with the interval and the number above: as the originals
    return limits;
}

struct WorldStats {
    std::uint64_t accepted = 0;
    std::uint64_t shed_total_limit = 0;   // more connections than accepted_max
    std::uint64_t shed_source_limit = 0;  // more than accepted_per_source_max
    std::uint64_t shed_no_descriptor = 0;
    std::uint64_t shed_idle = 0;
    std::uint64_t shed_slow_reader = 0;  // output limits, and closed streams that were never read to the end
    std::uint64_t connected = 0;
    std::uint64_t connects_failed = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::size_t live_accepted = 0;   // now, those being closed included
    std::size_t live_connected = 0;  // now, those being connected or closed included
    std::size_t output_unsent = 0;   // now, bytes
};

}  // namespace halp
