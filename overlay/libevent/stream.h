// One connection of the libevent world, and the slab that holds all of them. A slot stays at its address for ever,
// because libevent keeps pointers to its events. An id names a slot and how often it was used, so an old id finds
// nothing.
#pragma once

#include <event2/event_struct.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/libevent/address.h"
#include "overlay/places.h"
#include "store/time.h"

namespace halp {

class LibeventStreams;

enum class StreamState : std::uint8_t {
    free,
    connecting,  // resolving the name or trying its addresses
    live,
    over,      // failed or broken, the socket is gone; the loop will tell the node
    flushing,  // closed by the node, bytes are left to be sent
    draining,  // all is sent, FIN too; what the peer still sends is read and ignored
};
inline constexpr std::size_t stream_states = 6;
[[nodiscard]] constexpr bool has_deadline(StreamState state) {
    return state != StreamState::free && state != StreamState::over;
}

struct ConnectAttempt {
    std::vector<SocketAddress> addresses;
    std::size_t next = 0;
    Instant give_up{};
    ConnectFailure failure = ConnectFailure::name_unknown;  // the most telling one so far
    bool resolving = false;
};

struct Stream {
    LibeventStreams* owner = nullptr;
    event readable{};
    event writable{};
    int fd = -1;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    StreamState state = StreamState::free;
    bool accepted = false;
    bool wants_read = false;     // `readable` is registered
    bool wants_write = false;    // `writable` is registered
    bool peer_ended = false;     // FIN has come
    bool waits_to_read = false;  // bytes are there, and others were read in this pass of the loop
    bool held = false;           // the node does not want to be told of bytes now
    bool closing = false;        // the node called close() while connecting
    bool corked = false;         // the kernel holds the last packet back
    bool heard = false;          // bytes have arrived
    bool talkative = false;      // more than one small query arrived, so more may arrive after the answer

    std::string output;  // from output_sent on, not yet taken by the kernel
    std::size_t output_sent = 0;
    std::size_t ignored = 0;                  // bytes, since the node closed it
    SourceKey source;                         // of an accepted stream
    std::unique_ptr<ConnectAttempt> attempt;  // until connected

    Place place;  // of an accepted stream

    // Its deadline, and its neighbours in the queue of deadlines.
    Instant deadline{};
    Instant flush_until{};
    Stream* earlier = nullptr;
    Stream* later = nullptr;

    [[nodiscard]] StreamId id() const { return StreamId{(static_cast<std::uint64_t>(generation) << 32) | index}; }
    [[nodiscard]] std::size_t unsent() const { return output.size() - output_sent; }
};

class StreamSlab {
public:
    Stream& acquire();
    void release(Stream& stream);
    // nullptr for an id whose stream is gone.
    [[nodiscard]] Stream* find(StreamId id);
    [[nodiscard]] const Stream* find(StreamId id) const;
    [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }

    template <class Visit>
    void for_each(Visit visit) {
        for (Stream& stream : slots_)
            if (stream.state != StreamState::free) visit(stream);
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Stream& stream : slots_)
            if (stream.state != StreamState::free) visit(stream);
    }

private:
    std::deque<Stream> slots_;
    std::vector<std::uint32_t> free_;  // the slot freed last is used first, as its memory is warm
};

// Streams by deadline, earliest first. There is one queue per state and one time-out per queue, so a new deadline
// is nearly always the latest, and joining costs one comparison.
class DeadlineQueue {
public:
    void join(Stream& stream, Instant deadline);
    void leave(Stream& stream);
    [[nodiscard]] Stream* first() const { return first_; }

private:
    Stream* first_ = nullptr;
    Stream* last_ = nullptr;
};

}  // namespace halp
