#include "tools/libhalp/poller.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace halp::lib {
namespace {

constexpr std::size_t ready_max = 64;  // told at once; the rest stays ready

Error no_descriptor(const char* what) {
    return {ErrorCode::full, std::string{what} + " could not be opened: " + std::strerror(errno) +
                                 ". The process may have too many open files."};
}

}  // namespace

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<Poller>> Poller::make() {
    std::unique_ptr<Poller> poller{new Poller};
    poller->epoll_ = Descriptor{::epoll_create1(EPOLL_CLOEXEC)};
    if (!poller->epoll_) return no_descriptor("An epoll descriptor");
    poller->timer_ = Descriptor{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
    if (!poller->timer_) return no_descriptor("A timer");
    if (auto added = poller->add(poller->timer_.get(), timer_token); !added) return added.error();
    return poller;
}

Result<void> Poller::add(int fd, std::uint64_t token) {
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLRDHUP;
    wanted.data.u64 = token;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &wanted) == 0) return {};
    return Error{ErrorCode::full, std::string{"The kernel watches no more descriptors: "} + std::strerror(errno)};
}

void Poller::wake_at(SteadyClock::time_point when) {
    itimerspec at{};  // zero disarms
    if (when != no_time) {
        using std::chrono::nanoseconds;
        const auto ns =
            std::max<std::int64_t>(1, std::chrono::duration_cast<nanoseconds>(when - SteadyClock::now()).count());
        at.it_value.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
        at.it_value.tv_nsec = static_cast<long>(ns % 1'000'000'000);
    }
    // It fails only for a wrong descriptor or time.
    static_cast<void>(::timerfd_settime(timer_.get(), 0, &at, nullptr));
}

std::vector<std::uint64_t> Poller::wait(int timeout_ms) {
    std::array<epoll_event, ready_max> ready{};
    const int count = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), timeout_ms);
    std::vector<std::uint64_t> tokens;
    for (int i = 0; i < count; ++i) {
        const std::uint64_t token = ready[static_cast<std::size_t>(i)].data.u64;
        if (token == timer_token) {
            std::uint64_t times = 0;
            // Reading makes the timer unready. Another reader, or a later wake_at(), leaves nothing to read.
            static_cast<void>(::read(timer_.get(), &times, sizeof times) < 0);
        }
        tokens.push_back(token);
    }
    return tokens;
}

bool wait_for(int fd, short events, SteadyClock::time_point deadline) {
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
        pollfd wanted{fd, events, 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

}  // namespace halp::lib
