// The clock of nodes on this machine, and timers of a loop by that clock. It counts the time that the machine
// sleeps (CLOCK_BOOTTIME), so that after a night's suspend everything a node knows is a night older. The timers of
// libevent use CLOCK_MONOTONIC, which does not count it: they would fire late by the whole sleep.
#pragma once

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
    BootTimer(event_base* base, Fire fire, void* context);
    ~BootTimer();
    BootTimer(const BootTimer&) = delete;
    BootTimer& operator=(const BootTimer&) = delete;

    // Fires once, from the loop, at `when` or soon after. If that is past, it fires in the next round of the loop,
    // behind the events that have arrived by then, and without a system call. The latest call wins.
    void set(Instant when);

private:
    enum class Set : std::uint8_t { nothing, later, next_round };
    void due();
    void fire(Set which);

    Fire fire_;
    void* context_;
    int fd_;
    event* event_;
    event* next_round_;
    Set set_ = Set::nothing;
};

}  // namespace halp
