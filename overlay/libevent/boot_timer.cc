#include "overlay/libevent/boot_timer.h"

#include <event2/event.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <ctime>
#include <utility>

#include "overlay/libevent/loop_calls.h"

namespace halp {

namespace {

constexpr std::int64_t second_us = 1'000'000;

}  // namespace

// Some 20 ns a call, so the time is not kept between two callbacks.
Instant boot_time() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant{Duration{std::int64_t{now.tv_sec} * second_us + now.tv_nsec / 1000}};
}

BootTimer::BootTimer(event_base* base, Fire fire, void* context)
    : fire_(fire), context_(context), fd_(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
    const auto call = [](evutil_socket_t, short, void* self) { static_cast<BootTimer*>(self)->due(); };
    next_round_ = new_event(
        base, -1, 0,
        [](evutil_socket_t, short, void* self) { static_cast<BootTimer*>(self)->fire(Set::next_round); }, this);
    const auto events = static_cast<short>(fd_ < 0 ? 0 : EV_READ | EV_PERSIST);
    event_ = new_event(base, fd_, events, call, this);
    if (fd_ < 0 || watch(event_)) return;
    event_free(event_);
    close(std::exchange(fd_, -1));
    event_ = new_event(base, -1, 0, call, this);
}

BootTimer::~BootTimer() {
    event_free(event_);
    event_free(next_round_);
    if (fd_ >= 0) close(fd_);
}

void BootTimer::set(Instant when) {
    const Instant now = boot_time();
    if (when <= now) {
        if (std::exchange(set_, Set::next_round) != Set::next_round) set_timer(next_round_, Duration{0});
        return;
    }
    if (std::exchange(set_, Set::later) == Set::next_round) unwatch(next_round_);
    if (fd_ < 0) return set_timer(event_, when - now);
    // A time of zero would disarm it.
    const std::int64_t us = std::max<std::int64_t>(when.time_since_epoch().count(), 1);
    const itimerspec at{{0, 0}, {static_cast<time_t>(us / second_us), static_cast<long>(us % second_us * 1000)}};
    const int set = timerfd_settime(fd_, TFD_TIMER_ABSTIME, &at, nullptr);
    assert(set == 0);
    static_cast<void>(set);  // used by the assertion only
}

void BootTimer::due() {
    std::uint64_t times = 0;
    // Nothing to read: it was set anew since the loop saw it fire.
    if (fd_ >= 0 && read(fd_, &times, sizeof times) != static_cast<ssize_t>(sizeof times)) return;
    fire(Set::later);
}

// One that another call of set() has replaced is still in the kernel or among the events of this round.
void BootTimer::fire(Set which) {
    if (set_ != which) return;
    set_ = Set::nothing;
    fire_(context_);
}

}  // namespace halp
