// The descriptors of a handle and one timer, behind one descriptor that an application can poll.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "store/result.h"

namespace halp::lib {

using SteadyClock = std::chrono::steady_clock;

// Closes its descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor();
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

class Poller {
public:
    static constexpr std::uint64_t timer_token = ~std::uint64_t{0};
    static constexpr SteadyClock::time_point no_time = SteadyClock::time_point::max();

    [[nodiscard]] static Result<std::unique_ptr<Poller>> make();

    [[nodiscard]] int fd() const { return epoll_.get(); }
    // Until it is closed.
    [[nodiscard]] Result<void> add(int fd, std::uint64_t token);
    // The latest call wins; no_time disarms.
    void wake_at(SteadyClock::time_point when);
    // The tokens of what is readable or broken. -1 waits for ever; a signal ends the wait with an empty answer.
    [[nodiscard]] std::vector<std::uint64_t> wait(int timeout_ms);

private:
    Poller() = default;
    Descriptor epoll_, timer_;
};

// Waits until `fd` has one of `events` (poll(2)). False: the deadline has passed.
[[nodiscard]] bool wait_for(int fd, short events, SteadyClock::time_point deadline);

}  // namespace halp::lib
