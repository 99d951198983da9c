// LibeventStreams: outgoing connections. The addresses of a name are tried one after the other, all within one
// time-out.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "overlay/libevent/streams.h"

namespace halp {
namespace {

ConnectFailure failure_of(int error) {
    switch (error) {
        case ECONNREFUSED:
            return ConnectFailure::refused;
        case ETIMEDOUT:
            return ConnectFailure::timed_out;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
        case EADDRNOTAVAIL:  // all ephemeral ports are taken
        case EAGAIN:
            return ConnectFailure::local_limit;
        default:
            return ConnectFailure::unreachable;
    }
}

// How much a failure tells about the host: of several addresses the most telling failure is reported. A machine
// without IPv6 must not hide that the IPv4 address refused.
int weight(ConnectFailure failure) {
    switch (failure) {
        case ConnectFailure::name_unknown:
            return 0;
        case ConnectFailure::unreachable:
            return 1;
        case ConnectFailure::local_limit:
            return 2;
        case ConnectFailure::timed_out:
            return 3;
        case ConnectFailure::refused:
            return 4;
        case ConnectFailure::silent:  // found by nodes, on connections that stand
        case ConnectFailure::text_only:
        case ConnectFailure::not_halp:
            break;
    }
    return 0;
}

void note(ConnectAttempt& attempt, ConnectFailure failure) {
    if (weight(failure) > weight(attempt.failure)) attempt.failure = failure;
}

}  // namespace

StreamId LibeventStreams::connect(const Endpoint& to) {
    assert(handler_);
    Stream& stream = slab_.acquire();
    const StreamId id = stream.id();
    stream.owner = this;
    stream.attempt = std::make_unique<ConnectAttempt>();
    stream.attempt->give_up = clock_.now() + limits_.connect_timeout;
    ++stats_.live_connected;
    enter(stream, StreamState::connecting, stream.attempt->give_up);
    if (const auto address = numeric_address(to)) {
        stream.attempt->addresses = {*address};
        try_next_address(stream);
    } else {
        stream.attempt->resolving = true;
        resolver_.resolve(id, Endpoint{to.host, to.port});
    }
    return id;
}

void LibeventStreams::resolved(StreamId id, std::vector<SocketAddress> addresses) {
    Stream* stream = slab_.find(id);
    if (!stream || stream->state != StreamState::connecting) return;
    stream->attempt->resolving = false;
    stream->attempt->addresses = std::move(addresses);
    try_next_address(*stream);
}

void LibeventStreams::try_next_address(Stream& stream) {
    ConnectAttempt& attempt = *stream.attempt;
    const Instant now = clock_.now();
    while (attempt.next < attempt.addresses.size() && now < attempt.give_up) {
        const auto left = static_cast<std::int64_t>(attempt.addresses.size() - attempt.next);
        const int error = start_connecting(stream, attempt.addresses[attempt.next++]);
        if (error == 0) return enter(stream, StreamState::connecting, now + (attempt.give_up - now) / left);
        close_socket(stream, false);
        note(attempt, failure_of(error));
    }
    tell_later(stream);
}

// Returns 0 or an errno. The outcome shows when the socket becomes writable.
int LibeventStreams::start_connecting(Stream& stream, const SocketAddress& to) {
    if (!files_.take(FileUse::dialled)) return EMFILE;
    stream.fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream.fd < 0) {
        const int error = errno;
        files_.give_back(FileUse::dialled);
        if (error == EMFILE || error == ENFILE) files_.system_refused(FileUse::dialled);
        return error;
    }
    const int on = 1, off = 0;
    ::setsockopt(stream.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // A packet less, and the other side wakes up once: the first bytes are there when it accepts.
    if (limits_.dialler_speaks_first) ::setsockopt(stream.fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    keep_alive(stream.fd);
    if (::connect(stream.fd, &to.any, to.length) != 0 && errno != EINPROGRESS) return errno;
    want_write(stream, true);
    return stream.wants_write ? 0 : ENOMEM;
}

void LibeventStreams::on_connect_outcome(Stream& stream) {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(stream.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    ConnectAttempt& attempt = *stream.attempt;
    if (error == 0 && connected_to_itself(stream.fd, attempt.addresses[attempt.next - 1])) error = ECONNREFUSED;
    if (error == 0) return connected(stream);
    close_socket(stream, false);
    note(attempt, failure_of(error));
    try_next_address(stream);
}

void LibeventStreams::connected(Stream& stream) {
    const StreamId id = stream.id();
    const Endpoint remote = stream.attempt->addresses[stream.attempt->next - 1].endpoint();
    stream.attempt.reset();
    ++stats_.connected;
    want_write(stream, false);
    enter(stream, StreamState::live, idle_deadline());
    if (stream.closing) {
        finish(stream);
        return flush(stream);
    }
    want_read(stream, !stream.held);
    tell([&](EventHandler& handler) { handler.on_connected(id, remote); });
    Stream* still = slab_.find(id);
    if (still && still->unsent() > 0) flush(*still);
}

void LibeventStreams::connect_timed_out(Stream& stream) {
    ConnectAttempt& attempt = *stream.attempt;
    if (attempt.resolving) resolver_.cancel(stream.id());
    attempt.resolving = false;
    close_socket(stream, false);
    note(attempt, ConnectFailure::timed_out);
    try_next_address(stream);
}

}  // namespace halp
