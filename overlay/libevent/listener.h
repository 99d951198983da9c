// The listening sockets of a libevent world. Accepts in batches, then reads what the whole batch has sent already;
// whom the limits do not admit is let in and closed at once, so that nobody waits in the kernel's queue for
// nothing.
#pragma once

#include <cstddef>
#include <list>
#include <vector>

#include "overlay/libevent/address.h"
#include "overlay/libevent/limits.h"
#include "overlay/libevent/streams.h"
#include "store/endpoint.h"
#include "store/result.h"

struct event;
struct event_base;

namespace halp {

class LibeventListener {
public:
    LibeventListener(event_base* base, LibeventStreams& streams, WorldStats& stats);
    ~LibeventListener();
    LibeventListener(const LibeventListener&) = delete;
    LibeventListener& operator=(const LibeventListener&) = delete;

    // The address it listens on: port 0 has become a real one.
    [[nodiscard]] Result<Endpoint> listen(const Endpoint& local);
    void stop();

private:
    static constexpr std::size_t batch_max = 64;
    struct Door {
        LibeventListener* listener;
        int fd;
        event* readable;
    };

    Result<Endpoint> open_door(int fd);
    void accept_batch(int listening_fd);
    // The connection, or -1 when there is none to be had now.
    int accept_one(int listening_fd, SocketAddress& source);
    void shed_without_descriptor(int listening_fd);
    void pause();
    void resume();

    event_base* base_;
    LibeventStreams& streams_;
    WorldStats& stats_;
    std::list<Door> doors_;
    event* resume_event_;
    int spare_fd_ = -1;  // given up for a moment to shed a connection when no descriptor is left
    std::vector<StreamId> batch_;
};

}  // namespace halp
