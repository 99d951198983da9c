// What both ends of a neo connection allow the other side, and why a connection ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "store/time.h"

namespace halp::neo {

struct SessionLimits {
    std::uint64_t message_bytes_max = std::uint64_t{64} << 20;
    std::size_t requests_max = 5000;  // at the same time; one more ends the connection
    Duration handshake_timeout = std::chrono::seconds{10};
    // Nobody gets a turn while more than this waits to be sent. One message may exceed it.
    std::size_t output_bytes_max = std::size_t{128} << 10;
    // What requests keep while they wait: parameters, filters, updates not yet told. A Mirror tells of an overflow
    // then; anything else beyond it ends the connection.
    std::size_t held_bytes_max = std::size_t{64} << 20;
    // A one-byte message to a request that has just ended is a control word that came too late: passed over, as
    // long as the request is among so many ended last. 0: it ends the connection, as with the originals.
    std::size_t ended_requests_kept = 64;
};

enum class SessionEnd : std::uint8_t {
    none,          // it goes on
    malformed,     // a frame or the beginning of a request cannot be read
    version,       // the client speaks another version, or did not wait for ours
    rejected,      // not authenticated
    too_slow,      // no handshake in time
    request_zero,  // the id that nobody may use
    too_many,      // requests at the same time, or too much that they make the node keep
    out_of_turn,   // a message for a request that does not want one, or not this one
    failed,        // the store cannot be read in the middle of a stream, or a client reads too slowly for its news
    gone,          // the peer or the connection
};
[[nodiscard]] std::string_view name(SessionEnd end);

}  // namespace halp::neo
