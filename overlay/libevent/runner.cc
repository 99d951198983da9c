#include "overlay/libevent/runner.h"

#include <event2/event.h>

#include <cassert>
#include <chrono>

namespace halp {

bool LibeventRunner::run_until(const std::function<bool()>& done, Duration span) {
    if (done()) return true;
    bool over = false;
    event* const timer = evtimer_new(
        world_.base(), [](evutil_socket_t, short, void* context) { *static_cast<bool*>(context) = true; }, &over);
    assert(timer);
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(span);
    timeval wait{};
    wait.tv_sec = static_cast<decltype(wait.tv_sec)>(whole.count());
    wait.tv_usec = static_cast<decltype(wait.tv_usec)>((span - whole).count());
    evtimer_add(timer, &wait);
    bool happened = false;
    while (!happened && !over) {
        event_base_loop(world_.base(), EVLOOP_ONCE);
        happened = done();
    }
    event_free(timer);
    return happened;
}

}  // namespace halp
