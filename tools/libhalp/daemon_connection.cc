#include "tools/libhalp/daemon_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tools/libhalp/daemon_answers.h"

namespace halp::lib {
namespace {

constexpr std::size_t read_bytes = std::size_t{16} << 10;
constexpr std::size_t stream_bytes_per_step = std::size_t{1} << 20;  // the rest waits for the next step
constexpr std::size_t failure_bytes_max = std::size_t{64} << 10;

Error no_daemon(const std::string& path, int why) {
    if (why == EACCES || why == EPERM)
        return {ErrorCode::refused,
                "You may not open " + path + ": ask for membership in the group it belongs to."};
    if (why == EAGAIN) return {ErrorCode::busy, "The daemon at " + path + " has no room for another connection."};
    return {ErrorCode::unreachable, "No daemon listens at " + path + " (" + std::strerror(why) + ")."};
}

// All of it, before the deadline. The other side may have closed.
bool send_all(int fd, std::string_view bytes, SteadyClock::time_point deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            if (!wait_for(fd, POLLOUT, deadline)) return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace

Result<Descriptor> dial_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Error{ErrorCode::invalid, "The path of a socket has 1 to 107 bytes; " + path + " has not."};
    std::memcpy(address.sun_path, path.data(), path.size());
    Descriptor fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) return Error{ErrorCode::full, std::string{"No socket could be made: "} + std::strerror(errno) + "."};
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return no_daemon(path, errno);
    return fd;
}

// ---- calls ----

Error DaemonCalls::broken(const char* what) const {
    return {ErrorCode::io, "The daemon at " + socket_ + " " + what + "."};
}

Result<void> DaemonCalls::connect() {
    connection_ = Descriptor{};
    auto dialled = dial_unix(socket_);
    if (!dialled) return dialled.error();
    connection_ = std::move(*dialled);
    return {};
}

Result<std::string_view> DaemonCalls::call(std::string_view method, std::string_view target,
                                           std::string_view body) {
    request_.assign(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: halpd\r\n");
    if (method == "PUT" || method == "POST")
        request_.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    request_.append("\r\n").append(body);
    const auto deadline = SteadyClock::now() + timeout_;
    for (;;) {
        const bool kept = static_cast<bool>(connection_);
        if (!kept)
            if (auto connected = connect(); !connected) return connected.error();
        Error why;
        const Outcome outcome = attempt(kept, deadline, why);
        if (outcome == Outcome::stale) continue;  // the daemon closes connections that are idle
        if (outcome == Outcome::failed) return why;
        const std::string_view text = std::string_view{answer_}.substr(head_.bytes);
        if (head_.status >= 300) return read_failure(head_.status, text);
        return text;
    }
}

DaemonCalls::Outcome DaemonCalls::attempt(bool kept, SteadyClock::time_point deadline, Error& why) {
    Descriptor connection = std::move(connection_);  // closed unless the answer is whole
    answer_.clear();
    const auto failed = [&](Error error) {
        why = std::move(error);
        return Outcome::failed;
    };
    if (!send_all(connection.get(), request_, deadline))
        return kept ? Outcome::stale : failed(broken("does not take the request"));
    std::optional<HttpHead> head;
    for (;;) {
        if (!head) head = HttpHead::parse(answer_);
        if (head && (head->status == 0 || !head->length)) return failed(broken("does not answer in HTTP"));
        if (head && *head->length > answer_bytes_max) return failed(broken("answers with more than 16 MiB"));
        if (head && answer_.size() >= head->bytes + *head->length) break;
        if (!wait_for(connection.get(), POLLIN, deadline))
            return failed({ErrorCode::timed_out, "The daemon at " + socket_ + " did not answer in time."});
        std::array<char, read_bytes> piece;
        const ssize_t got = ::recv(connection.get(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (got > 0) answer_.append(piece.data(), static_cast<std::size_t>(got));
        if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) continue;
        return kept && answer_.empty() ? Outcome::stale : failed(broken("has closed the connection"));
    }
    answer_.resize(head->bytes + *head->length);
    head_ = *head;
    if (!head_.closes) connection_ = std::move(connection);
    return Outcome::whole;
}

// ---- streams ----

Result<void> DaemonStream::open() {
    connection_ = Descriptor{};
    received_.clear();
    head_.reset();
    chunks_ = {};
    events_ = {};
    auto dialled = dial_unix(socket_);
    if (!dialled) return dialled.error();
    connection_ = std::move(*dialled);
    // The buffer of a new socket has room for a request.
    if (send_all(connection_.get(), "GET " + target_ + " HTTP/1.1\r\nHost: halpd\r\n\r\n", SteadyClock::now()))
        return {};
    return Error{ErrorCode::io, "The daemon at " + socket_ + " does not take the request."};
}

Result<void> DaemonStream::read(const Take& take) {
    for (std::size_t taken = 0; taken < stream_bytes_per_step;) {
        std::array<char, read_bytes> piece;
        const ssize_t got = ::recv(connection_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return {};
        if (got > 0) {
            taken += static_cast<std::size_t>(got);
            received_.append(piece.data(), static_cast<std::size_t>(got));
            if (auto digested = digest(take); !digested) return digested;
            continue;
        }
        return Error{ErrorCode::io, "The daemon at " + socket_ + " has ended the stream."};
    }
    return {};
}

Result<void> DaemonStream::digest(const Take& take) {
    const Error nonsense{ErrorCode::io, "The daemon at " + socket_ + " sends no stream of events."};
    if (!head_) {
        const auto head = HttpHead::parse(received_);
        if (!head) return {};
        if (head->status == 0) return nonsense;
        if (head->status != 200) {
            if (!head->length || *head->length > failure_bytes_max) return nonsense;
            if (received_.size() < head->bytes + *head->length) return {};
            return read_failure(head->status, std::string_view{received_}.substr(head->bytes, *head->length));
        }
        if (!head->chunked) return nonsense;
        received_.erase(0, head->bytes);
        head_ = head;
    }
    const std::string bytes = std::exchange(received_, {});
    const auto event = [&](const cli::StreamEvent& one) {
        take(one);
        return true;
    };
    if (!chunks_.feed(bytes, [&](std::string_view piece) { return events_.feed(piece, event); })) return nonsense;
    if (chunks_.ended()) return Error{ErrorCode::io, "The daemon at " + socket_ + " has ended the stream."};
    return {};
}

}  // namespace halp::lib
