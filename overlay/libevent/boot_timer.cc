#include "overlay/libevent/boot_timer.h"

#include <event2/event.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

#include "overlay/libevent/loop_calls.h"

namespace halp {

namespace {

constexpr std::int64_t second_us = 1'000'000;
// The clock of libevent moves by steps (CLOCK_MONOTONIC_COARSE) of 1 to 10 ms, so its timers fire early by up to a
// step. The owner would have to wait once more.
constexpr Duration early_max = std::chrono::milliseconds{4};
// A wait below a step would last for a whole one.
constexpr Duration below_a_step = std::chrono::milliseconds{4};

}  // namespace

// Some 20 ns a call, so the time is not kept between two callbacks.
Instant boot_time() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant{Duration{std::int64_t{now.tv_sec} * second_us + now.tv_nsec / 1000}};
}

BootTimer::BootTimer(event_base* base, Fire fire, void* context, Duration short_wait)
    : fire_(fire),
      context_(context),
      short_wait_(short_wait),
      fd_(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
    const auto call = [](evutil_socket_t, short, void* self) { static_cast<BootTimer*>(self)->due(); };
    near_ = new_event(
        base, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<BootTimer*>(self)->fire(Set::near); },
        this);
    const auto events = static_cast<short>(fd_ < 0 ? 0 : EV_READ | EV_PERSIST);
    far_ = new_event(base, fd_, events, call, this);
    if (fd_ < 0 || watch(far_)) return;
    event_free(far_);
    close(std::exchange(fd_, -1));
    far_ = new_event(base, -1, 0, call, this);
}

BootTimer::~BootTimer() {
    event_free(far_);
    event_free(near_);
    if (fd_ >= 0) close(fd_);
}

void BootTimer::set(Instant when) {
    const Instant now = boot_time();
    const Duration wait = when <= now ? Duration{0} : when - now;
    const bool exact = fd_ >= 0 && wait > Duration{0} && wait < below_a_step;
    if (wait <= short_wait_ && !exact) return set_near(when, wait);
    if (std::exchange(set_, Set::far) == Set::near) unwatch(near_);
    if (fd_ < 0) return set_timer(far_, wait);
    const std::int64_t us = when.time_since_epoch().count();
    const itimerspec at{{0, 0}, {static_cast<time_t>(us / second_us), static_cast<long>(us % second_us * 1000)}};
    const int set = timerfd_settime(fd_, TFD_TIMER_ABSTIME, &at, nullptr);
    assert(set == 0);
    static_cast<void>(set);  // used by the assertion only
}

void BootTimer::clear() {
    if (std::exchange(set_, Set::nothing) == Set::near) unwatch(near_);
}

// One that is due already stays: setting it again would put it off to the round after the next.
void BootTimer::set_near(Instant when, Duration wait) {
    const bool due_already = set_ == Set::near && wait == Duration{0} && near_at_ <= when;
    set_ = Set::near;
    if (due_already) return;
    near_at_ = when;
    set_timer(near_, wait + std::min(wait / 8, early_max));
}

void BootTimer::due() {
    std::uint64_t times = 0;
    // Nothing to read: it was set anew since the loop saw it fire.
    if (fd_ >= 0 && read(fd_, &times, sizeof times) != static_cast<ssize_t>(sizeof times)) return;
    fire(Set::far);
}

// One that another call of set() has replaced is still in the kernel or among the events of this round.
void BootTimer::fire(Set which) {
    if (set_ != which) return;
    set_ = Set::nothing;
    fire_(context_);
}

}  // namespace halp
