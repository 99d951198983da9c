// Requests that wait until the list of a label changes, or until their time is over.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <string>

#include "overlay/event.h"
#include "store/label.h"
#include "tools/halpd/admin/admin_api.h"

struct event;
struct event_base;
struct evhttp_request;

namespace halp {

class LongPolls {
public:
    using Send = std::function<void(evhttp_request* request, const AdminReply& reply)>;

    // References outlive this object.
    LongPolls(event_base* base, AdminApi& api, Send send);
    ~LongPolls();
    LongPolls(const LongPolls&) = delete;
    LongPolls& operator=(const LongPolls&) = delete;

    // `over` is called once, when the request was answered or its connection broke.
    void add(evhttp_request* request, AdminRequest asked, const ListWait& wait, std::function<void()> over);
    void note(const Event& event);
    // With what the lists are now; before the daemon leaves.
    void answer_all();

private:
    using Clock = std::chrono::steady_clock;
    struct Poll {
        LongPolls* polls = nullptr;
        evhttp_request* request = nullptr;
        AdminRequest asked;
        Label label;
        Clock::time_point until;
        bool due = false;  // something has happened to its label
        std::function<void()> over;
    };
    using Place = std::list<Poll>::iterator;

    void look();
    void plan();
    void answer(Place place, const AdminReply& reply);
    void remove(Place place);
    void broken(const Poll& poll);

    AdminApi& api_;
    Send send_;
    event* timer_;
    std::list<Poll> polls_;
};

}  // namespace halp
