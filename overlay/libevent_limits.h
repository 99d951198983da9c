// What a libevent world bounds, and what it counts. Every number a stranger can drive up has its maximum here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "store/time.h"

namespace halp {

struct WorldLimits {
    std::size_t accepted_max = 4096;            // lowered to what the limit of open files can bear
    std::size_t accepted_per_source_max = 256;  // per IPv4 address or IPv6 /64

    // A write on a stream that holds more than this unsent ends the stream. One write may exceed it: a long list is
    // one answer, however slowly it is read.
    std::size_t output_per_stream_max = std::size_t{1} << 20;
    std::size_t output_total_max = std::size_t{64} << 20;  // unsent bytes of all streams together

    Duration connect_timeout = std::chrono::seconds{3};   // name resolution and all addresses together
    Duration idle_timeout = std::chrono::seconds{60};     // no byte in or out
    Duration flush_stall_max = std::chrono::seconds{10};  // a closed stream whose peer takes no byte for so long
    Duration flush_max = std::chrono::seconds{60};        // ... and however slowly it takes them

    // A closed stream whose peer still sends is read and ignored for so long, that our answer is not lost to a
    // reset.
    Duration linger_max = std::chrono::seconds{2};
    std::size_t linger_bytes_max = std::size_t{256} << 10;

    std::string hosts_file = "/etc/hosts";
    std::string resolver_file = "/etc/resolv.conf";
};

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
