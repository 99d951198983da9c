// The clock of nodes on this machine, and timers of a loop by that clock. It counts the time that the machine
// sleeps (CLOCK_BOOTTIME), so that after a night's suspend everything a node knows is a night older. The timers of
// libevent use CLOCK_MONOTONIC, which does not count it: after a sleep they fire when the rest of their wait is
// over. That is soon enough for a short wait, and they cost no system call. Longer waits have a descriptor of the
// kernel (timerfd), and so have waits below a step of libevent's clock, 4 ms.
#pragma once

#include <chrono>
#include <cstdint>

#include "store/time.h"

struct event;
struct event_base;

namespace halp {

[[nodiscard]] Instant boot_time();

class BootTimer {
public:
    using Fire = void (*)(void* context);
    // When no descriptor can be had for it, or the kernel refuses to watch that, a timer of libevent takes its
    // place.
    BootTimer(event_base* base, Fire fire, void* context, Duration short_wait = short_wait_default);
    ~BootTimer();
    BootTimer(const BootTimer&) = delete;
    BootTimer& operator=(const BootTimer&) = delete;

    // Fires once, from the loop, at `when` or soon after. If that is past, it fires in the next round of the loop,
    // behind the events that have arrived by then. The latest call wins. A wait of 4 ms to `short_wait` costs no
    // system call, fires some milliseconds late, and later by the rest of it when the machine sleeps meanwhile.
    void set(Instant when);
    void clear();  // it fires no more until it is set again
    static constexpr Duration short_wait_default = std::chrono::seconds{5};

private:
    enum class Set : std::uint8_t { nothing, far, near };
    void set_near(Instant when, Duration wait);
    void due();
    void fire(Set which);

    Fire fire_;
    void* context_;
    Duration short_wait_;
    int fd_;
    event* far_;
    event* near_;
    Instant near_at_{};
    Set set_ = Set::nothing;
};

}  // namespace halp
