#include "tools/halpd/http/long_polls.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include <algorithm>
#include <utility>

#include "overlay/libevent/loop_calls.h"
#include "tools/halpd/http/held_connection.h"

namespace halp {

LongPolls::LongPolls(event_base* base, AdminApi& api, Send send)
    : api_(api),
      send_(std::move(send)),
      timer_(new_event(
          base, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<LongPolls*>(self)->look(); }, this)) {}

LongPolls::~LongPolls() {
    for (Poll& poll : polls_) forget_closing(poll.request);
    event_free(timer_);
}

void LongPolls::add(evhttp_request* request, AdminRequest asked, const ListWait& wait, std::function<void()> over) {
    Poll& poll = polls_.emplace_back(
        Poll{this, request, std::move(asked), wait.label, Clock::now() + wait.patience, false, std::move(over)});
    api_.watch(poll.label);
    evhttp_connection_set_closecb(
        evhttp_request_get_connection(request),
        [](evhttp_connection*, void* context) {
            const auto* poll_gone = static_cast<Poll*>(context);
            poll_gone->polls->broken(*poll_gone);
        },
        &poll);
    // Without it the poll is answered at its time, at the latest.
    static_cast<void>(notice_closing(request));
    plan();
}

void LongPolls::note(const Event& event) {
    bool any = false;
    for (Poll& poll : polls_)
        if (AdminApi::change_of(event, poll.label)) any = poll.due = true;
    if (any) set_timer(timer_, Duration{0});  // the node is in the middle of a turn
}

// The reply to the same request waits again when nothing of the list has changed.
void LongPolls::look() {
    const Clock::time_point now = Clock::now();
    for (Place next = polls_.begin(); next != polls_.end();) {
        const Place place = next++;
        const bool over = place->until <= now;
        if (!over && !std::exchange(place->due, false)) continue;
        const AdminReply reply = api_.handle(place->asked);
        if (over || !reply.wait) answer(place, reply);
    }
    plan();
}

void LongPolls::plan() {
    if (polls_.empty()) return unwatch(timer_);
    const auto first = std::min_element(polls_.begin(), polls_.end(),
                                        [](const Poll& a, const Poll& b) { return a.until < b.until; });
    const auto left = std::chrono::duration_cast<Duration>(first->until - Clock::now());
    set_timer(timer_, std::max(left + Duration{1}, Duration{0}));
}

void LongPolls::answer(Place place, const AdminReply& reply) {
    evhttp_request* const request = place->request;
    forget_closing(request);
    remove(place);
    send_(request, reply);
}

void LongPolls::remove(Place place) {
    const std::function<void()> over = std::move(place->over);
    api_.unwatch(place->label);
    polls_.erase(place);
    over();
}

void LongPolls::broken(const Poll& poll) {
    free_request_of_broken(poll.request);
    const auto place =
        std::find_if(polls_.begin(), polls_.end(), [&](const Poll& other) { return &other == &poll; });
    remove(place);
}

void LongPolls::answer_all() {
    while (!polls_.empty()) answer(polls_.begin(), api_.handle(polls_.front().asked));
    unwatch(timer_);
}

}  // namespace halp
