#include "overlay/libevent/listener.h"

#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>

#include "overlay/libevent/loop_calls.h"

namespace halp {
namespace {

constexpr int backlog = 4096;  // the system may allow less (net.core.somaxconn)
// The kernel takes so many bytes ahead of the network. With its default of megabytes, a slow reader would seem not
// to read for many seconds, and the kernel would hold a long answer for each of them.
constexpr int unsent_bytes_max = 128 << 10;
constexpr Duration pause_time = std::chrono::milliseconds{100};

Error listen_error(const Endpoint& local, int why) {
    const std::string what = "cannot listen on " + local.text() + ": ";
    switch (why) {
        case EADDRINUSE:
            return {ErrorCode::busy, what + "the port is in use by another program; choose another with --listen"};
        case EACCES:
        case EPERM:
            return {ErrorCode::refused,
                    what + "this user may not open that port; choose one above 1023 with --listen"};
        case EADDRNOTAVAIL:
            return {ErrorCode::unreachable,
                    what + "this machine does not have that address; choose another with --listen"};
        case EAFNOSUPPORT:
            return {ErrorCode::unreachable,
                    what + "this machine has no IPv6; choose an IPv4 address such as 0.0.0.0 with --listen"};
        default:
            return {ErrorCode::io, what + std::strerror(why)};
    }
}

Result<SocketAddress> address_to_listen_on(const Endpoint& local) {
    if (const auto numeric = numeric_address(local)) return *numeric;
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const int failure = getaddrinfo(local.host.c_str(), nullptr, &wanted, &found);
    auto address = failure ? std::nullopt : copy_address(found->ai_addr, found->ai_addrlen);
    if (found) freeaddrinfo(found);
    if (!address)
        return Error{ErrorCode::not_found, "cannot listen on " + local.text() +
                                               ": the host name is unknown; give a numeric address with --listen"};
    address->set_port(local.port);
    return *address;
}

// Accepted sockets inherit these two.
void set_inherited_options(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max, sizeof unsent_bytes_max);
}

Error not_watched(const std::string& where) {
    return {ErrorCode::io, "cannot listen on " + where +
                               ": the kernel does not watch another socket (no memory, or "
                               "fs.epoll.max_user_watches); try again"};
}

// Returns the socket, or -1 with an errno in `why`.
int listening_socket(const SocketAddress& address, int& why) {
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    why = errno;
    if (fd < 0) return -1;
    const int on = 1;
    const int off = 0;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    set_inherited_options(fd);
    const bool any = address.family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address.v6.sin6_addr);
    if (any) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (::bind(fd, &address.any, address.length) == 0 && ::listen(fd, backlog) == 0) return fd;
    why = errno;
    ::close(fd);
    return -1;
}

bool no_descriptor(int error) { return error == EMFILE || error == ENFILE; }
bool no_memory(int error) { return error == ENOBUFS || error == ENOMEM; }
int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

LibeventListener::LibeventListener(event_base* base, LibeventStreams& streams, FileBudget& files,
                                   const WorldLimits& limits, WorldStats& stats)
    : base_(base),
      streams_(streams),
      files_(files),
      limits_(limits),
      stats_(stats),
      resume_event_(new_event(
          base, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<LibeventListener*>(self)->resume(); },
          this)) {}

LibeventListener::~LibeventListener() {
    stop();
    event_free(resume_event_);
    if (spare_fd_ >= 0) ::close(spare_fd_);
}

Result<Endpoint> LibeventListener::listen(const Endpoint& local) {
    auto address = address_to_listen_on(local);
    if (!address) return address.error();
    int why = 0;
    int fd = listening_socket(*address, why);
    if ((why == EAFNOSUPPORT || why == EADDRNOTAVAIL) && bare_host(local.host) == "::") {
        // On a machine without IPv6, all addresses are all IPv4 addresses.
        fd = listening_socket(*numeric_address(Endpoint{"0.0.0.0", local.port}), why);
    }
    if (fd < 0) return listen_error(local, why);
    if (!add(fd)) return not_watched(local.text());
    return local_address_of(fd)->endpoint();
}

Result<Endpoint> LibeventListener::adopt(int fd) {
    const std::optional<SocketAddress> address = local_address_of(fd);
    if (!address) {
        ::close(fd);
        return Error{ErrorCode::io, "cannot listen on a socket that was given: it is no TCP socket"};
    }
    set_inherited_options(fd);
    if (!add(fd)) return not_watched(address->endpoint().text());
    return address->endpoint();
}

bool LibeventListener::add(int fd) {
    if (spare_fd_ < 0) spare_fd_ = open_spare();
    ListeningSocket& socket = sockets_.emplace_back(ListeningSocket{this, fd, nullptr});
    socket.readable = new_event(
        base_, fd, EV_READ | EV_PERSIST,
        [](evutil_socket_t ready, short, void* context) {
            static_cast<ListeningSocket*>(context)->listener->accept_batch(ready);
        },
        &socket);
    if (watch(socket.readable)) return true;
    event_free(socket.readable);
    ::close(fd);
    sockets_.pop_back();
    return false;
}

void LibeventListener::stop() {
    unwatch(resume_event_);
    for (const ListeningSocket& socket : sockets_) {
        event_free(socket.readable);
        ::close(socket.fd);
    }
    sockets_.clear();
}

void LibeventListener::accept_batch(int listening_fd) {
    batch_.clear();
    const std::size_t sockets = sockets_.size();
    for (std::size_t i = 0; i < batch_max && sockets_.size() == sockets; ++i) {  // the handler may stop listening
        SocketAddress source;
        const int fd = accept_one(listening_fd, source);
        if (fd < 0) break;
        if (accepted_call_ && accepted_call_(fd, source)) continue;
        if (streams_.welcomes(source)) {
            batch_.push_back(streams_.adopt(fd, source));
        } else {
            ::close(fd);
        }
    }
    // By now most clients have sent their query. Reading it here saves a turn of the loop.
    for (const StreamId id : batch_) streams_.receive_first(id);
}

int LibeventListener::accept_one(int listening_fd, SocketAddress& source) {
    for (;;) {
        const int fd = ::accept4(listening_fd, &source.any, &source.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) return fd;
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (no_descriptor(errno)) return accept_without_descriptor(listening_fd, source);
        if (no_memory(errno)) pause();
        return -1;
    }
}

// Otherwise the connection would stay in the queue, and the loop would spin. A silent connection is closed for it.
int LibeventListener::accept_without_descriptor(int listening_fd, SocketAddress& source) {
    if (spare_fd_ >= 0) ::close(spare_fd_);
    const int fd = ::accept4(listening_fd, &source.any, &source.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    // The kernel reports missing descriptors before it looks whether a connection waits.
    const bool nobody_waits = fd < 0 && errno == EAGAIN;
    const bool taken = fd >= 0 && streams_.make_room(Shed::no_descriptor, source);
    if (fd >= 0 && !taken) ::close(fd);
    if (!taken) files_.system_refused(limits_.accepts_as);
    spare_fd_ = open_spare();
    if ((fd < 0 && !nobody_waits) || spare_fd_ < 0) pause();
    return taken ? fd : -1;
}

void LibeventListener::pause() {
    ++stats_.pauses;
    for (const ListeningSocket& socket : sockets_) unwatch(socket.readable);
    set_timer(resume_event_, pause_time);
}

void LibeventListener::resume() {
    if (spare_fd_ < 0) spare_fd_ = open_spare();
    const auto watched = [](const ListeningSocket& socket) { return watch(socket.readable); };
    if (!std::ranges::all_of(sockets_, watched)) pause();  // and try again
}

}  // namespace halp
