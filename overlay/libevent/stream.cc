#include "overlay/libevent/stream.h"

#include <cassert>
#include <utility>

namespace halp {

Stream& StreamSlab::acquire() {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back().index = free_.back();
    }
    Stream& stream = slots_[free_.back()];
    free_.pop_back();
    if (++stream.generation == 0) stream.generation = 1;  // StreamId{0} names no stream
    return stream;
}

void StreamSlab::release(Stream& stream) {
    assert(stream.fd == -1 && !stream.wants_read && !stream.wants_write);
    stream.state = StreamState::free;
    stream.accepted = stream.peer_ended = stream.held = stream.closing = false;
    stream.corked = stream.heard = stream.talkative = false;
    stream.ignored = stream.output_sent = 0;
    stream.output.clear();
    stream.output.shrink_to_fit();
    stream.attempt.reset();
    free_.push_back(stream.index);
}

Stream* StreamSlab::find(StreamId id) { return const_cast<Stream*>(std::as_const(*this).find(id)); }

const Stream* StreamSlab::find(StreamId id) const {
    const auto bits = static_cast<std::uint64_t>(id);
    const std::size_t index = bits & 0xffffffffU;
    if (index >= slots_.size()) return nullptr;
    const Stream& stream = slots_[index];
    const bool same = stream.generation == bits >> 32 && stream.state != StreamState::free;
    return same ? &stream : nullptr;
}

void DeadlineQueue::join(Stream& stream, Instant deadline) {
    stream.deadline = deadline;
    Stream* before = last_;
    while (before && before->deadline > deadline) before = before->earlier;
    stream.earlier = before;
    stream.later = before ? before->later : first_;
    (stream.earlier ? stream.earlier->later : first_) = &stream;
    (stream.later ? stream.later->earlier : last_) = &stream;
}

void DeadlineQueue::leave(Stream& stream) {
    (stream.earlier ? stream.earlier->later : first_) = stream.later;
    (stream.later ? stream.later->earlier : last_) = stream.earlier;
    stream.earlier = stream.later = nullptr;
}

}  // namespace halp
