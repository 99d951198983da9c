// Host names to addresses, through libevent's asynchronous DNS and the hosts file. Nothing is remembered: the DNS
// base lives only while questions are open, so that both files are read afresh for the next name, no descriptor
// stays open and a dead name server is not probed by an idle program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "overlay/environment.h"
#include "overlay/libevent/address.h"
#include "store/endpoint.h"

struct event_base;

namespace halp {

class LibeventResolver {
public:
    static constexpr std::size_t addresses_max = 8;

    // `resolved` is told an empty list when the name is unknown. It may be called before resolve() returns.
    using Resolved = std::function<void(StreamId, std::vector<SocketAddress>)>;
    LibeventResolver(event_base* base, std::string hosts_file, std::string resolver_file, Resolved resolved);
    ~LibeventResolver();
    LibeventResolver(const LibeventResolver&) = delete;
    LibeventResolver& operator=(const LibeventResolver&) = delete;

    void resolve(StreamId token, const Endpoint& name);
    // `resolved` is not told of it any more.
    void cancel(StreamId token);
    // True while libevent holds questions or has not let go of them: a few turns of the loop after the last one.
    // The resolver may be destroyed then, but what it leaves is freed only by turning the loop.
    [[nodiscard]] bool busy() const { return session_ != nullptr; }

private:
    struct Session;
    struct Question;
    friend struct ResolverCallbacks;

    bool open_session();

    event_base* events_;
    std::string hosts_file_;
    std::string resolver_file_;
    Resolved resolved_;
    Session* session_ = nullptr;  // owned by the loop: a DNS base cannot be freed before its last callback has been
    std::unordered_map<std::uint64_t, Question*> open_;
};

}  // namespace halp
