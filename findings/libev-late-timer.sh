#!/usr/bin/env bash
# Event loops: after a pause a repeating timer fires once in libevent and libuv, twice in the same moment in libev.
#
# Who meets it: whoever moves a daemon between event loops, or wraps several. The timer repeats every 200 ms and the
# first call blocks for 500 ms. libevent and libuv run it once and count the next 200 ms from now. libev runs it,
# finds that its next time has passed as well, and runs it again at once. A round of gossip or a retry is sent twice
# in a row.
# What follows: a periodic task looks at the clock, not at the number of calls, and is not repeated too early.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libev-dev=1:4.33-1 libev4=1:4.33-1 libuv1-dev=1.44.2-1+deb12u1 libuv1=1.44.2-1+deb12u1 \
    libevent-dev=2.1.12-stable-8+deb12u1 libevent-2.1-7=2.1.12-stable-8+deb12u1

cat > "$work/shared.h" <<'EOF'
#include <chrono>
#include <iostream>
#include <thread>
#include <vector>
inline std::vector<std::chrono::steady_clock::time_point> calls;

// Notes a call, blocks in the first one, and returns true when four have been seen.
inline bool called() {
    calls.push_back(std::chrono::steady_clock::now());
    if (calls.size() == 1) std::this_thread::sleep_for(std::chrono::milliseconds{500});
    return calls.size() == 4;
}

inline void report(const char* name) {
    std::cout << name << ": after the pause, the next call comes";
    std::cout << (calls[2] - calls[1] < std::chrono::milliseconds{100} ? " at once\n" : " one interval later\n");
}
EOF
cat > "$work/libevent.cc" <<'EOF'
#include "shared.h"
#include <event2/event.h>
int main() {
    event_base* base = event_base_new();
    event* timer = event_new(base, -1, EV_PERSIST, [](int, short, void* of) {
        if (called()) event_base_loopbreak(static_cast<event_base*>(of));
    }, base);
    const timeval interval{0, 200'000};
    event_add(timer, &interval);
    event_base_dispatch(base);
    report("libevent");
}
EOF
cat > "$work/libuv.cc" <<'EOF'
#include "shared.h"
#include <uv.h>
int main() {
    uv_timer_t timer;
    uv_timer_init(uv_default_loop(), &timer);
    uv_timer_start(&timer, [](uv_timer_t* fired) { if (called()) uv_timer_stop(fired); }, 200, 200);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    report("libuv");
}
EOF
cat > "$work/libev.cc" <<'EOF'
#include "shared.h"
#include <ev.h>
int main() {
    ev_timer timer;
    ev_timer_init(&timer, [](struct ev_loop* loop, ev_timer* fired, int) {
        if (called()) ev_timer_stop(loop, fired);
    }, 0.2, 0.2);
    ev_timer_start(EV_DEFAULT, &timer);
    ev_run(EV_DEFAULT, 0);
    report("libev");
}
EOF
compile_cc "$work/libevent.cc" "$work/try-libevent" -levent
compile_cc "$work/libuv.cc" "$work/try-libuv" -luv
compile_cc "$work/libev.cc" "$work/try-libev" -lev

judge 'one late call, then one interval later, in all three' \
'libevent: after the pause, the next call comes one interval later
libuv: after the pause, the next call comes one interval later
libev: after the pause, the next call comes at once' \
"$("$work/try-libevent" && "$work/try-libuv" && "$work/try-libev")"
