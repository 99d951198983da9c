// The limits that either end of a neo connection sets for the other, and the reasons why a connection ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "store/time.h"

namespace halp::neo {

struct SessionLimits {
    std::uint64_t message_bytes_max = std::uint64_t{16} << 20;
    std::size_t requests_max = 5000;  // at the same time; one more ends the connection
    Duration handshake_timeout = std::chrono::seconds{10};
    // No request gets a turn while more than this is unsent. One message may exceed it.
    std::size_t output_bytes_max = std::size_t{128} << 10;
    // For what waiting requests keep: parameters, filters, queued updates. Above it a Mirror drops updates and
    // reports an overflow; any other request ends the connection.
    std::size_t held_bytes_max = std::size_t{32} << 20;
    // A one-byte message for one of this many requests that ended last is a late control message and is ignored.
    // With 0 it ends the connection, as in the originals.
    std::size_t ended_requests_kept = 64;
};

enum class SessionEnd : std::uint8_t {
    none,          // the connection is open
    malformed,     // a frame or the beginning of a request cannot be decoded
    version,       // the client speaks another version, or did not wait for the node's
    rejected,      // not authenticated
    too_slow,      // no handshake in time
    request_zero,  // the forbidden request id 0
    too_many,      // too many requests at a time, or too many bytes held for them
    out_of_turn,   // a message that its request does not expect at all or not now
    failed,        // the store failed within a stream, or a client reads its news too slowly
    gone,          // the peer or the connection
};
[[nodiscard]] std::string_view name(SessionEnd end);

}  // namespace halp::neo
