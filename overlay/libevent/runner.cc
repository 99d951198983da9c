#include "overlay/libevent/runner.h"

#include <event2/event.h>

#include "overlay/libevent/loop_calls.h"

namespace halp {

bool LibeventRunner::run_until(const std::function<bool()>& done, Duration span) {
    if (done()) return true;
    bool over = false;
    event* const timer = new_event(
        world_.base(), -1, 0, [](evutil_socket_t, short, void* context) { *static_cast<bool*>(context) = true; },
        &over);
    set_timer(timer, span);
    bool happened = false;
    while (!happened && !over) {
        run_loop(world_.base(), EVLOOP_ONCE);
        happened = done();
    }
    event_free(timer);
    return happened;
}

}  // namespace halp
