// The calls of libevent that can fail, with results that are looked at. The kernel may refuse to watch a
// descriptor: it has no memory for that, or this user watches too many (fs.epoll.max_user_watches). Then the caller
// tries again or goes on without it. Everything else fails only when there is no memory at all, or when the call is
// wrong: the program ends with a sentence.
#pragma once

#include "store/time.h"

struct event;
struct event_base;

namespace halp {

// Ends the program when `done` is false; `what` is what it could not do.
void must(bool done, const char* what);

// As event_base_new() and event_new(), but never null.
[[nodiscard]] event_base* new_loop();
[[nodiscard]] event* new_event(event_base* base, int descriptor, short wanted, void (*call)(int, short, void*),
                               void* context);

// Watches the descriptor of the event. False: the kernel refuses it; libevent's log says why.
[[nodiscard]] bool watch(event* descriptor);
// For an event whose descriptor is watched, or whose time runs. Harmless for others.
void unwatch(event* descriptor_or_timer);
// The event comes after `wait`; the latest call wins.
void set_timer(event* timer, Duration wait);
// As event_base_loop(). An error of the loop itself ends the program: without it nothing is ever done again.
void run_loop(event_base* base, int flags);

}  // namespace halp
