#include "tools/libhalp/dial.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "overlay/libevent/address.h"
#include "tools/libhalp/signals_held.h"

namespace halp::lib {
namespace {

struct Resolution {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<std::vector<SocketAddress>> addresses;
};

std::vector<SocketAddress> resolve(const std::string& host) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    std::vector<SocketAddress> addresses;
    if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return addresses;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
        if (auto address = copy_address(one->ai_addr, one->ai_addrlen)) addresses.push_back(*address);
    ::freeaddrinfo(found);
    return addresses;
}

// getaddrinfo() knows no time limit. A thread asks it, which ends by itself when nobody waits any more: it shares
// the answer, and nothing else.
std::optional<std::vector<SocketAddress>> resolve_before(const std::string& host,
                                                         SteadyClock::time_point deadline) {
    const auto resolution = std::make_shared<Resolution>();
    {
        const SignalsHeld held;  // signals are for the application's threads
        std::thread{[resolution, host] {
            auto addresses = resolve(host);
            const std::lock_guard guard{resolution->mutex};
            resolution->addresses = std::move(addresses);
            resolution->changed.notify_all();
        }}.detach();
    }
    std::unique_lock lock{resolution->mutex};
    resolution->changed.wait_until(lock, deadline, [&] { return resolution->addresses.has_value(); });
    return resolution->addresses;
}

Error failed(const Endpoint& to, int why) {
    const ErrorCode code = why == ETIMEDOUT ? ErrorCode::timed_out : ErrorCode::unreachable;
    return {code, to.text() + " was not reached: " + std::strerror(why) + "."};
}

Result<Descriptor> dial_address(const SocketAddress& address, const Endpoint& to,
                                SteadyClock::time_point deadline) {
    Descriptor fd{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) return Error{ErrorCode::full, std::string{"No socket could be made: "} + std::strerror(errno) + "."};
    if (::connect(fd.get(), &address.any, address.length) != 0) {
        if (errno != EINPROGRESS) return failed(to, errno);
        if (!wait_for(fd.get(), POLLOUT, deadline)) return failed(to, ETIMEDOUT);
        int why = 0;
        socklen_t size = sizeof why;
        if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &why, &size) != 0) why = errno;
        if (why != 0) return failed(to, why);
    }
    if (connected_to_itself(fd.get(), address)) return failed(to, ECONNREFUSED);
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) return failed(to, errno);
    return fd;
}

}  // namespace

Result<Descriptor> dial(const Endpoint& to, SteadyClock::time_point deadline) {
    std::vector<SocketAddress> addresses;
    if (auto numeric = numeric_address(to)) {
        addresses.push_back(*numeric);
    } else {
        auto found = resolve_before(bare_host(to.host), deadline);
        if (!found)
            return Error{ErrorCode::timed_out, "No name server told the address of " + to.host + " in time."};
        if (found->empty()) return Error{ErrorCode::not_found, "The host name " + to.host + " is unknown."};
        addresses = std::move(*found);
    }
    Error why;
    for (SocketAddress& address : addresses) {
        address.set_port(to.port);
        auto dialled = dial_address(address, to, deadline);
        if (dialled) return dialled;
        why = dialled.error();
    }
    return why;
}

}  // namespace halp::lib
