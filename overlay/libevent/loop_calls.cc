#include "overlay/libevent/loop_calls.h"

#include <event2/event.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "overlay/libevent/library_log.h"

namespace halp {

void must(bool done, const char* what) {
    if (!done) end_program(std::string{"could not "} + what + "; without it there is no way to go on");
}

event_base* new_loop() {
    event_base* const base = event_base_new();
    must(base != nullptr, "make an event loop (no memory, or no more open files)");
    return base;
}

event* new_event(event_base* base, int descriptor, short wanted, void (*call)(int, short, void*), void* context) {
    event* const made = event_new(base, descriptor, wanted, call, context);
    must(made != nullptr, "make an event of the loop (no memory)");
    return made;
}

bool watch(event* descriptor) { return event_add(descriptor, nullptr) == 0; }

void unwatch(event* descriptor_or_timer) {
    must(event_del(descriptor_or_timer) == 0, "take an event out of the loop");
}

void set_timer(event* timer, Duration wait) {
    constexpr std::int64_t second_us = 1'000'000;
    const std::int64_t us = std::max<std::int64_t>(wait.count(), 0);
    const timeval span{static_cast<time_t>(us / second_us), static_cast<suseconds_t>(us % second_us)};
    must(event_add(timer, &span) == 0, "start a timer of the loop (no memory)");
}

void run_loop(event_base* base, int flags) { must(event_base_loop(base, flags) >= 0, "run the event loop"); }

}  // namespace halp
