// The connections of the admin socket, or of HTTP. evhttp accepts and closes them by itself. This counts them and
// keeps them within a maximum and the budget of files. When there is no room for another one, those that have been
// idle longest are closed; when none has been idle long enough, accepting pauses. Requests that are not whole are
// counted among the unfinished input of the process. So the socket goes on answering however many clients hold
// connections, and the loop does not spin when descriptors are short. A connection whose request does not become
// whole in time is closed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "overlay/input_account.h"
#include "overlay/libevent/file_budget.h"

struct bufferevent;
struct evbuffer;
struct evbuffer_cb_info;
struct event;
struct event_base;
struct evconnlistener;
struct evhttp;

namespace halp {

class AdminConnections final : InputHolder {
public:
    struct Counters {
        std::uint64_t idle_closed = 0;  // to make room
        std::uint64_t pauses = 0;       // of accepting
    };

    // What makes the buffers of a connection without a descriptor; null: no memory.
    using MakeBuffers = std::function<bufferevent*()>;

    // Lets `http` serve the listening socket and owns the socket from now on. `full` is called whenever there is no
    // room. All references outlive this object; `http` must be freed before it.
    AdminConnections(event_base* base, evhttp* http, int listening_fd, std::size_t connections_max,
                     FileBudget& files, InputAccount& input, std::function<void()> full,
                     MakeBuffers make_buffers = {});
    ~AdminConnections();
    AdminConnections(const AdminConnections&) = delete;
    AdminConnections& operator=(const AdminConnections&) = delete;

    // A request came over this connection. One that streams is never idle.
    void used(int fd, bool streams);
    // How many connections there can be at the same time, as things are now.
    [[nodiscard]] std::size_t possible() const;
    [[nodiscard]] std::size_t count() const { return open_.size() + unknown_.size(); }
    // Bytes of answers that are not read yet, of all connections.
    [[nodiscard]] std::size_t unsent() const { return unsent_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    using Clock = std::chrono::steady_clock;
    // What has come of a request that is not whole.
    struct Input {
        std::uint64_t number = 0;  // of the connection
        int fd = -1;
        std::size_t bytes = 0;
        bool ended = false;  // evhttp will read what is left of it, and close it
        InputAccount::Share kept;
    };
    struct Connection {
        ino_t inode = 0;  // tells whether the descriptor is still this connection
        Clock::time_point used;
        bool streams = false;
        bool closing = false;  // shut down; evhttp will close it
        bool budgeted = false;
        const evbuffer* buffer = nullptr;  // of its input; maybe that of a later connection by now
        std::uint64_t number = 0;
        const evbuffer* output = nullptr;  // the same
    };
    struct Output {
        std::uint64_t number = 0;  // of the connection
        std::size_t bytes = 0;
    };

    bufferevent* begin();
    void watch_output(evbuffer* output);
    void on_output(const evbuffer* output, const evbuffer_cb_info& change);
    void forget_output(const evbuffer* output);
    void on_input(const evbuffer* buffer, std::size_t added);
    void set_input(Input& input, std::size_t bytes);
    [[nodiscard]] Input* input_of(const Connection& connection);
    void forget_input(const Connection& connection);
    void drop_input(StreamId stream) override;
    void learn_descriptors();
    void forget_closed();
    void close_slow();
    void give_back(bool budgeted);
    [[nodiscard]] bool full() const;
    bool close_idle();
    void make_room();
    void pause(std::chrono::milliseconds time);
    void resume_accepting();
    void accept_failed();

    event_base* base_;
    FileBudget& files_;
    InputAccount& input_;
    std::size_t connections_max_;
    std::function<void()> full_call_;
    MakeBuffers make_buffers_;
    evconnlistener* listener_ = nullptr;
    event* learn_event_;
    event* resume_event_;
    event* sweep_event_;
    struct Unknown {
        bufferevent* buffers;
        bool budgeted;
        std::uint64_t number;
    };
    std::vector<Unknown> unknown_;    // accepted in this turn of the loop
    std::map<int, Connection> open_;  // by descriptor
    // By buffer. evhttp frees the buffers, so nothing here is pointed to by them, and an address may come again.
    std::map<const evbuffer*, Input> inputs_;
    std::map<const evbuffer*, Output> outputs_;
    std::size_t unsent_ = 0;
    std::uint64_t last_number_ = 0;
    bool paused_ = false;
    Counters counters_;
};

}  // namespace halp
