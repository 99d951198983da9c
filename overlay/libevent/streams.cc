#include "overlay/libevent/streams.h"

#include <endian.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "overlay/libevent/loop_calls.h"

namespace halp {
namespace {

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// The group as in Endpoint::group(): /16 of IPv4, /32 of IPv6.
SourceOfPlaces places_key(const SourceKey& source) {
    const std::uint64_t group = source.family == AF_INET ? ntohl(static_cast<std::uint32_t>(source.bits)) >> 16
                                                         : be64toh(source.bits) >> 32;
    return {source.bits, group | static_cast<std::uint64_t>(source.family) << 32};
}

}  // namespace

LibeventStreams::LibeventStreams(event_base* base, const Clock& clock, const WorldLimits& limits, WorldStats& stats,
                                 FileBudget& files, OutputAccount* output)
    : base_(base),
      clock_(clock),
      limits_(limits),
      stats_(stats),
      files_(files),
      own_output_(limits.output_total_max),
      output_(output ? output : &own_output_),
      deadline_timer_(
          base, [](void* self) { static_cast<LibeventStreams*>(self)->expire_due(); }, this),
      connect_timer_(
          base, [](void* self) { static_cast<LibeventStreams*>(self)->expire_due(); }, this),
      pass_over_event_(new_event(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) { static_cast<LibeventStreams*>(self)->read_in_pass_ = 0; },
          this)),
      later_event_(new_event(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) { static_cast<LibeventStreams*>(self)->deliver_later(); }, this)),
      resolver_(base, limits.hosts_file, limits.resolver_file,
                [this](StreamId id, std::vector<SocketAddress> addresses) { resolved(id, std::move(addresses)); }) {
    assert(later_event_);
    output_->join(*this);
}

LibeventStreams::~LibeventStreams() {
    output_->leave(*this);
    slab_.for_each([this](Stream& stream) { close_socket(stream, false); });
    event_free(pass_over_event_);
    event_free(later_event_);
}

// ---- Transport ----

void LibeventStreams::write(StreamId id, Bytes bytes) {
    Stream* stream = slab_.find(id);
    const bool open = stream && !stream->closing &&
                      (stream->state == StreamState::live || stream->state == StreamState::connecting);
    if (!open || bytes.empty()) return;
    if (stream->state == StreamState::live && stream->unsent() == 0) {
        // More may follow, or FIN. So within a callback the kernel keeps the last packet until the callback ends.
        const int more = telling_ && limits_.cork ? MSG_MORE : 0;
        const ssize_t sent = ::send(stream->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | more);
        if (sent < 0 && !would_block(errno)) return lose_later(*stream, false);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
            stats_.bytes_out += static_cast<std::uint64_t>(sent);
            if (more && !stream->corked) corked_.push_back(id);
            if (more) stream->corked = true;
        }
        if (bytes.empty()) return;
    }
    if (enqueue(*stream, bytes)) return;
    shed(Shed::slow_reader);
    if (stream->attempt) stream->attempt->failure = ConnectFailure::local_limit;
    lose_later(*stream, stream->accepted);
}

void LibeventStreams::close(StreamId id) {
    Stream* stream = slab_.find(id);
    if (!stream) return;
    const bool connecting = stream->state == StreamState::connecting;
    if (stream->state == StreamState::live) return finish(*stream);
    if (connecting && stream->unsent() > 0) {
        stream->closing = true;  // goes on, and the node hears no more of it
    } else if (connecting || stream->state == StreamState::over) {
        release(*stream);
    }
}

void LibeventStreams::abort(StreamId id) {
    Stream* stream = slab_.find(id);
    if (!stream || stream->closing) return;
    if (stream->state == StreamState::flushing || stream->state == StreamState::draining) return;
    // A reset ends some original servers (overlay/text/halp-text.md, defects), so only accepted peers get one.
    release(*stream, stream->accepted);
}

void LibeventStreams::vouch(StreamId id) {
    Stream* stream = slab_.find(id);
    if (stream) places_.prove(stream->place);
}

std::size_t LibeventStreams::unsent(StreamId id) const {
    const Stream* stream = slab_.find(id);
    return stream ? stream->unsent() : 0;
}

std::optional<Endpoint> LibeventStreams::local_address(StreamId id) {
    const Stream* stream = slab_.find(id);
    if (!stream || stream->fd < 0) return std::nullopt;
    const auto address = local_address_of(stream->fd);
    if (!address) return std::nullopt;
    return address->endpoint();
}

// ---- accepting ----

bool LibeventStreams::welcomes(const SocketAddress& source) {
    const SourceOfPlaces from = places_key(source_key(source));
    if (places_.of(from) >= limits_.accepted_per_source_max &&
        !give_way(places_.silent_of(from), Shed::source_limit, source))
        return false;
    if (stats_.live_accepted >= limits_.accepted_max && !make_room(Shed::total_limit, source)) return false;
    if (files_.available(limits_.accepts_as) == 0 && !make_room(Shed::no_descriptor, source)) {
        files_.system_refused(limits_.accepts_as);
        return false;
    }
    if (files_.take(limits_.accepts_as)) return true;
    shed(Shed::no_descriptor, &source);
    return false;
}

bool LibeventStreams::make_room(Shed cause, const SocketAddress& newcomer) {
    return give_way(places_.silent_of_fullest(), cause, newcomer);
}

// The silent connection is closed for the newcomer. False when there is none: then the newcomer is not taken.
bool LibeventStreams::give_way(const Place* silent, Shed cause, const SocketAddress& newcomer) {
    if (!silent) {
        shed(cause, &newcomer);
        return false;
    }
    Stream& stream = *slab_.find(silent->stream);
    const std::optional<SocketAddress> from = remote_address_of(stream.fd);
    shed(cause, from ? &*from : nullptr);
    const bool reset = stream.unsent() > 0;
    if (stream.state == StreamState::live)
        lose(stream, reset);
    else
        release(stream, reset);
    return true;
}

void LibeventStreams::shed(Shed cause, const SocketAddress* source) {
    const std::array<std::uint64_t*, 4> counters{&stats_.shed_total_limit, &stats_.shed_source_limit,
                                                 &stats_.shed_no_descriptor, &stats_.shed_slow_reader};
    ++*counters[static_cast<std::size_t>(cause)];
    if (shed_call_) shed_call_(cause, source);
}

StreamId LibeventStreams::adopt(int fd, const SocketAddress& source) {
    Stream& stream = slab_.acquire();
    const StreamId id = stream.id();
    stream.owner = this;
    stream.fd = fd;
    stream.accepted = true;
    stream.source = source_key(source);
    places_.enter(stream.place, id, places_key(stream.source));
    ++stats_.accepted;
    ++stats_.live_accepted;
    keep_alive(fd);
    enter(stream, StreamState::live, idle_deadline());
    const Endpoint from = source.endpoint();
    tell([&](EventHandler& handler) { handler.on_accept(id, from); });
    return id;
}

void LibeventStreams::receive_first(StreamId id) {
    Stream* stream = slab_.find(id);
    if (stream && stream->state == StreamState::live) receive(*stream);
}

void LibeventStreams::hold(StreamId id, bool held) {
    Stream* stream = slab_.find(id);
    if (!stream || stream->held == held) return;
    stream->held = held;
    // While it connects, and behind the peer's FIN, it is not watched anyway.
    if (stream->state == StreamState::live && !stream->peer_ended) want_read(*stream, !held);
}

// ---- events ----

void LibeventStreams::on_readable(Stream& stream) {
    if (stream.accepted && !turn_to_read(stream)) return;  // the loop tells again in its next pass
    if (stream.state == StreamState::live) return receive(stream);
    const bool more_may_come = discard(stream);
    if (more_may_come) return;
    if (stream.state == StreamState::draining) return release(stream);
    want_read(stream, false);  // flushing: sending will show whether the peer is gone
}

void LibeventStreams::on_writable(Stream& stream) {
    if (stream.state == StreamState::connecting) return on_connect_outcome(stream);
    const StreamId id = stream.id();
    const bool above = stream.unsent() > limits_.writable_below;
    flush(stream);
    if (!above) return;
    const Stream* still = slab_.find(id);
    const bool fallen = still && still->state == StreamState::live && still->unsent() <= limits_.writable_below;
    if (fallen) tell([id](EventHandler& handler) { handler.on_writable(id); });
}

// However many peers send at once, a pass of the loop stays short. Those that it does not get to are read before
// any other is read again, whatever the order in which the loop tells of them.
bool LibeventStreams::turn_to_read(Stream& stream) {
    const bool room = read_in_pass_ < bytes_per_pass;
    if (room && (stream.waits_to_read || waiting_to_read_ == 0)) {
        end_wait_to_read(stream);
        return true;
    }
    // Behind all events of this pass.
    if (!room) event_active(pass_over_event_, EV_TIMEOUT, 0);
    if (!room && !std::exchange(stream.waits_to_read, true)) ++waiting_to_read_, ++stats_.reads_put_off;
    return false;
}

void LibeventStreams::end_wait_to_read(Stream& stream) {
    if (std::exchange(stream.waits_to_read, false)) --waiting_to_read_;
}

void LibeventStreams::receive(Stream& stream) {
    const StreamId id = stream.id();
    const bool crowded = waiting_to_read_ > 0 || read_in_pass_ >= bytes_per_pass;
    const std::size_t bytes_max = stream.accepted && crowded ? crowded_bytes_max : buffer_.size();
    const ssize_t got = ::recv(stream.fd, buffer_.data(), bytes_max, 0);
    if (stream.accepted) read_in_pass_ += read_costs_bytes + static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    if (got < 0 && would_block(errno)) return want_read(stream, true);
    if (got < 0) return lose(stream, false);
    touch(stream);
    if (got == 0) {
        stream.peer_ended = true;
        want_read(stream, false);
        return tell([id](EventHandler& handler) { handler.on_end(id); });
    }
    const Bytes bytes(buffer_.data(), static_cast<std::size_t>(got));
    stats_.bytes_in += bytes.size();
    stream.talkative = stream.talkative || stream.heard || bytes.size() > small_query_bytes_max;
    stream.heard = true;
    tell([&](EventHandler& handler) { handler.on_bytes(id, bytes); });
    Stream* still = slab_.find(id);
    if (still && still->state == StreamState::live) want_read(*still, !still->held);
}

void LibeventStreams::flush(Stream& stream) {
    if (!send_queued(stream)) {
        if (stream.state == StreamState::live) return lose(stream, false);
        return release(stream);
    }
    if (stream.unsent() > 0) return want_write(stream, true);
    want_write(stream, false);
    if (stream.state == StreamState::flushing) end_output(stream);
}

// ---- output ----

bool LibeventStreams::enqueue(Stream& stream, Bytes bytes) {
    if (stream.unsent() > limits_.output_per_stream_max) return false;
    if (!output_->make_room(stream, bytes.size())) return false;
    if (stream.output_sent > stream.output.size() / 2) {
        stream.output.erase(0, stream.output_sent);
        stream.output_sent = 0;
    }
    stream.output.append(bytes);
    stats_.output_unsent += bytes.size();
    if (stream.state == StreamState::live) want_write(stream, true);
    return true;
}

void LibeventStreams::add_unsent(UnsentBySource& by_source) const {
    slab_.for_each([&](const Stream& stream) {
        if (stream.accepted && stream.unsent() > 0) by_source[stream.source] += stream.unsent();
    });
}

Stream* LibeventStreams::longest_of(const SourceKey& source) {
    Stream* longest = nullptr;
    slab_.for_each([&](Stream& stream) {
        if (!stream.accepted || stream.unsent() == 0 || stream.source != source) return;
        if (!longest || stream.unsent() > longest->unsent()) longest = &stream;
    });
    return longest;
}

void LibeventStreams::cut_off(Stream& stream) {
    const std::optional<SocketAddress> from = remote_address_of(stream.fd);
    shed(Shed::slow_reader, from ? &*from : nullptr);
    if (stream.state == StreamState::live)
        lose_later(stream, true);
    else
        release(stream, true);
}

// Returns false when the stream is broken.
bool LibeventStreams::send_queued(Stream& stream) {
    while (stream.unsent() > 0) {
        const char* from = stream.output.data() + stream.output_sent;
        const ssize_t sent = ::send(stream.fd, from, stream.unsent(), MSG_NOSIGNAL);
        if (sent < 0) return would_block(errno);
        stream.output_sent += static_cast<std::size_t>(sent);
        stats_.output_unsent -= static_cast<std::size_t>(sent);
        stats_.bytes_out += static_cast<std::uint64_t>(sent);
        touch(stream);
    }
    stream.output.clear();
    stream.output.shrink_to_fit();
    stream.output_sent = 0;
    return true;
}

void LibeventStreams::uncork() {
    const int on = 1;
    for (const StreamId id : corked_) {
        Stream* stream = slab_.find(id);
        if (!stream || !stream->corked) continue;
        stream->corked = false;
        if (stream->fd >= 0) ::setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    corked_.clear();
}

// ---- the end of a stream ----

// The node has closed a live stream.
void LibeventStreams::finish(Stream& stream) {
    if (stream.unsent() == 0) return end_output(stream);
    const Instant now = clock_.now();
    stream.flush_until = now + limits_.flush_max;
    enter(stream, StreamState::flushing, now + limits_.flush_stall_max);
    want_write(stream, true);
}

// The kernel has all bytes. Closing a socket that has unread bytes, or gets some later, resets the connection, and
// the peer loses the part of the answer that it has not read.
void LibeventStreams::end_output(Stream& stream) {
    const bool may_send_more = !stream.peer_ended && discard(stream);
    if (!may_send_more || (stream.ignored == 0 && !stream.talkative)) return release(stream);
    ::shutdown(stream.fd, SHUT_WR);
    enter(stream, StreamState::draining, clock_.now() + limits_.linger_max);
    want_read(stream, true);
}

// Returns false when there is nothing more to wait for.
bool LibeventStreams::discard(Stream& stream) {
    end_wait_to_read(stream);  // its bytes go now, so the loop may never tell of it again
    while (stream.ignored < limits_.linger_bytes_max) {
        // With MSG_TRUNC the kernel drops the bytes without copying them.
        const ssize_t got = ::recv(stream.fd, nullptr, buffer_.size(), MSG_TRUNC);
        if (got < 0) return would_block(errno);
        if (got == 0) stream.peer_ended = true;
        if (got == 0) return false;
        stream.ignored += static_cast<std::size_t>(got);
        stats_.bytes_in += static_cast<std::uint64_t>(got);
    }
    return false;
}

void LibeventStreams::close_socket(Stream& stream, bool reset) {
    want_read(stream, false);
    want_write(stream, false);
    if (stream.fd < 0) return;
    const linger at_once{1, 0};
    if (reset) ::setsockopt(stream.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(stream.fd);
    files_.give_back(stream.accepted ? limits_.accepts_as : FileUse::dialled);
    stream.fd = -1;
}

void LibeventStreams::release(Stream& stream, bool reset) {
    close_socket(stream, reset);
    leave_deadlines(stream);
    if (stream.attempt && stream.attempt->resolving) resolver_.cancel(stream.id());
    stats_.output_unsent -= stream.unsent();
    --(stream.accepted ? stats_.live_accepted : stats_.live_connected);
    places_.leave(stream.place);
    slab_.release(stream);
}

void LibeventStreams::lose(Stream& stream, bool reset) {
    const StreamId id = stream.id();
    release(stream, reset);
    tell([id](EventHandler& handler) { handler.on_closed(id); });
}

void LibeventStreams::lose_later(Stream& stream, bool reset) {
    close_socket(stream, reset);
    tell_later(stream);
}

// ---- interest and deadlines ----

void LibeventStreams::want_read(Stream& stream, bool wanted) {
    if (stream.wants_read == wanted) return;
    if (!std::exchange(stream.wants_read, wanted)) {
        const auto call = [](evutil_socket_t, short, void* self) {
            auto* ready = static_cast<Stream*>(self);
            ready->owner->on_readable(*ready);
        };
        stream.wants_read = begin_watching(stream, stream.readable, EV_READ, call);
        if (!stream.wants_read) end_unwatched(stream);
        return;
    }
    end_wait_to_read(stream);
    unwatch(&stream.readable);
}

void LibeventStreams::want_write(Stream& stream, bool wanted) {
    if (stream.wants_write == wanted) return;
    if (!std::exchange(stream.wants_write, wanted)) {
        const auto call = [](evutil_socket_t, short, void* self) {
            auto* ready = static_cast<Stream*>(self);
            ready->owner->on_writable(*ready);
        };
        stream.wants_write = begin_watching(stream, stream.writable, EV_WRITE, call);
        if (!stream.wants_write) end_unwatched(stream);
        return;
    }
    unwatch(&stream.writable);
}

bool LibeventStreams::begin_watching(Stream& stream, event& wanted, short what,
                                     void (*call)(evutil_socket_t, short, void*)) {
    must(event_assign(&wanted, base_, stream.fd, static_cast<short>(what | EV_PERSIST), call, &stream) == 0,
         "name a socket to the event loop");
    return watch(&wanted);
}

// Nothing would ever be heard of it again. A call is tried at the next address instead.
void LibeventStreams::end_unwatched(Stream& stream) {
    ++stats_.not_watched;
    if (stream.state == StreamState::live) return lose_later(stream, stream.accepted);
    if (stream.state != StreamState::connecting) release(stream, stream.accepted);
}

void LibeventStreams::enter(Stream& stream, StreamState state, Instant deadline) {
    leave_deadlines(stream);
    stream.state = state;
    deadlines_[static_cast<std::size_t>(state)].join(stream, deadline);
    arm(state, deadline);
}

void LibeventStreams::leave_deadlines(Stream& stream) {
    if (!has_deadline(stream.state)) return;
    DeadlineQueue& queue = deadlines_[static_cast<std::size_t>(stream.state)];
    queue.leave(stream);
    if (stream.state != StreamState::connecting || queue.first()) return;
    connect_armed_ = no_deadline;
    connect_timer_.clear();
}

// Bytes were sent or received: deadlines start again.
void LibeventStreams::touch(Stream& stream) {
    places_.heard(stream.place);
    if (stream.state == StreamState::live) enter(stream, stream.state, idle_deadline());
    if (stream.state == StreamState::flushing)
        enter(stream, stream.state, std::min(clock_.now() + limits_.flush_stall_max, stream.flush_until));
}

Instant LibeventStreams::idle_deadline() const {
    return limits_.idle_timeout == no_timeout ? no_deadline : clock_.now() + limits_.idle_timeout;
}

void LibeventStreams::keep_alive(int fd) const {
    using std::chrono::seconds;
    if (limits_.keepalive <= Duration{0}) return;
    const auto whole = [](Duration span) { return static_cast<int>(std::chrono::ceil<seconds>(span).count()); };
    const int on = 1, idle_s = whole(limits_.keepalive), interval_s = whole(limits_.keepalive_interval);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &limits_.keepalive_questions, sizeof limits_.keepalive_questions);
}

}  // namespace halp
