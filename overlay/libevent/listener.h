// The listening sockets of a libevent world. They accept in batches and then read what the whole batch has sent
// already. A connection beyond the limits is accepted and closed at once, so that nobody waits in the kernel's
// queue in vain.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <utility>
#include <vector>

#include "overlay/libevent/address.h"
#include "overlay/libevent/file_budget.h"
#include "overlay/libevent/limits.h"
#include "overlay/libevent/streams.h"
#include "store/endpoint.h"
#include "store/result.h"

struct event;
struct event_base;

namespace halp {

class LibeventListener {
public:
    LibeventListener(event_base* base, LibeventStreams& streams, FileBudget& files, const WorldLimits& limits,
                     WorldStats& stats);
    ~LibeventListener();
    LibeventListener(const LibeventListener&) = delete;
    LibeventListener& operator=(const LibeventListener&) = delete;

    // Returns the address it listens on, with a real port for port 0.
    [[nodiscard]] Result<Endpoint> listen(const Endpoint& local);
    // The same with a socket that listens already. It is closed by *this, also on an error.
    [[nodiscard]] Result<Endpoint> adopt(int fd);
    void stop();
    // Is asked about each accepted connection first. True: it has taken the descriptor.
    void on_accepted(std::function<bool(int, const SocketAddress&)> call) { accepted_call_ = std::move(call); }

private:
    static constexpr std::size_t batch_max = 64;
    struct ListeningSocket {
        LibeventListener* listener;
        int fd;
        event* readable;
    };

    // False, and the socket is closed, when the kernel does not watch it.
    [[nodiscard]] bool add(int fd);
    void accept_batch(int listening_fd);
    // Returns the connection, or -1 when there is none now.
    int accept_one(int listening_fd, SocketAddress& source);
    int accept_without_descriptor(int listening_fd, SocketAddress& source);
    void pause();
    void resume();

    event_base* base_;
    LibeventStreams& streams_;
    FileBudget& files_;
    const WorldLimits& limits_;
    WorldStats& stats_;
    std::list<ListeningSocket> sockets_;
    event* resume_event_;
    int spare_fd_ = -1;  // closed for a moment to shed a connection when no descriptor is left
    std::vector<StreamId> batch_;
    std::function<bool(int, const SocketAddress&)> accepted_call_;
};

}  // namespace halp
