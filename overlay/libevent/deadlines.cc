// LibeventStreams: what it does by the clock, and what it finds out during a call of the node and tells from the
// loop.
#include <event2/event.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <ctime>
#include <utility>

#include "overlay/libevent/loop_calls.h"
#include "overlay/libevent/streams.h"

namespace halp {

// Precondition: the socket is closed. When the node closed the stream while it was connecting, nobody is told.
void LibeventStreams::tell_later(Stream& stream) {
    if (stream.attempt) ++stats_.connects_failed;
    if (stream.closing) return release(stream);
    leave_deadlines(stream);
    stream.state = StreamState::over;
    places_.leave(stream.place);
    stats_.output_unsent -= stream.unsent();
    std::string().swap(stream.output);
    stream.output_sent = 0;
    later_.push_back(stream.id());
    // A timer, not event_active(): sockets get their turn in between.
    if (later_.size() == 1) set_timer(later_event_, Duration{0});
}

void LibeventStreams::deliver_later() {
    for (const StreamId id : std::exchange(later_, {})) {
        Stream* stream = slab_.find(id);
        if (!stream) continue;  // the node closed it meanwhile
        const bool was_connecting = stream->attempt != nullptr;
        const ConnectFailure why = was_connecting ? stream->attempt->failure : ConnectFailure::unreachable;
        release(*stream);
        tell([&](EventHandler& handler) {
            was_connecting ? handler.on_connect_failed(id, why) : handler.on_closed(id);
        });
    }
}

void LibeventStreams::arm(StreamState state, Instant when) {
    const bool connecting = state == StreamState::connecting;
    Instant& armed = connecting ? connect_armed_ : armed_;
    if (when >= armed) return;
    armed = when;
    (connecting ? connect_timer_ : deadline_timer_).set(when);
}

void LibeventStreams::expire_due() {
    armed_ = connect_armed_ = no_deadline;
    const Instant now = clock_.now();
    for (std::size_t state = 0; state < deadlines_.size(); ++state) {
        const DeadlineQueue& queue = deadlines_[state];
        while (queue.first() && queue.first()->deadline <= now) expire(*queue.first());
        if (queue.first()) arm(static_cast<StreamState>(state), queue.first()->deadline);
    }
}

void LibeventStreams::expire(Stream& stream) {
    switch (stream.state) {
        case StreamState::connecting:
            return connect_timed_out(stream);
        case StreamState::live:
            ++stats_.shed_idle;
            return lose(stream, stream.unsent() > 0);
        case StreamState::flushing:
            shed(Shed::slow_reader);
            return release(stream, stream.accepted);
        case StreamState::draining:
            return release(stream);
        case StreamState::over:
        case StreamState::free:
            assert(false);
            return;
    }
}

}  // namespace halp
