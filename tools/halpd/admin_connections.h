// The connections of the admin socket. evhttp accepts and closes them by itself. This counts them and keeps them
// within a maximum and the budget of files. When there is no room for another one, those that have been idle
// longest are closed; when none has been idle long enough, accepting pauses. So the socket goes on answering
// however many clients hold connections, and the loop does not spin when descriptors are short.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "overlay/libevent/file_budget.h"

struct bufferevent;
struct event;
struct event_base;
struct evconnlistener;
struct evhttp;

namespace halp {

class AdminConnections {
public:
    struct Counters {
        std::uint64_t idle_closed = 0;  // to make room
        std::uint64_t pauses = 0;       // of accepting
    };

    // Lets `http` serve the listening socket and owns the socket from now on. `full` is called whenever there is no
    // room. All references outlive this object; `http` must be freed before it.
    AdminConnections(event_base* base, evhttp* http, int listening_fd, std::size_t connections_max,
                     FileBudget& files, std::function<void()> full);
    ~AdminConnections();
    AdminConnections(const AdminConnections&) = delete;
    AdminConnections& operator=(const AdminConnections&) = delete;

    // A request came over this connection. One that streams is never idle.
    void used(int fd, bool streams);
    // How many connections there can be at the same time, as things are now.
    [[nodiscard]] std::size_t possible() const;
    [[nodiscard]] std::size_t count() const { return open_.size() + unknown_.size(); }
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    using Clock = std::chrono::steady_clock;
    struct Connection {
        ino_t inode = 0;  // tells whether the descriptor is still this connection
        Clock::time_point used;
        bool streams = false;
        bool closing = false;  // shut down; evhttp will close it
        bool budgeted = false;
    };

    bufferevent* begin();
    void learn_descriptors();
    void forget_closed();
    void give_back(bool budgeted);
    [[nodiscard]] bool full() const;
    bool close_idle();
    void make_room();
    void pause(std::chrono::milliseconds time);
    void resume_accepting();
    void accept_failed();

    event_base* base_;
    FileBudget& files_;
    std::size_t connections_max_;
    std::function<void()> full_call_;
    evconnlistener* listener_ = nullptr;
    event* learn_event_;
    event* resume_event_;
    event* sweep_event_;
    struct Unknown {
        bufferevent* buffers;
        bool budgeted;
    };
    std::vector<Unknown> unknown_;    // accepted in this turn of the loop
    std::map<int, Connection> open_;  // by descriptor
    bool paused_ = false;
    Counters counters_;
};

}  // namespace halp
