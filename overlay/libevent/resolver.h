// Host names to addresses, through libevent's asynchronous DNS and the hosts file. There is no cache: the DNS base
// lives only while questions are open. So both files are read afresh for the next name, no descriptor stays open,
// and an idle program does not probe a dead name server.
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
    static constexpr std::size_t addresses_max = 8;  // tried for one call; the next call begins with others

    // `resolved` gets an empty list when the name is unknown. It may be called before resolve() returns.
    using Resolved = std::function<void(StreamId, std::vector<SocketAddress>)>;
    LibeventResolver(event_base* base, std::string hosts_file, std::string resolver_file, Resolved resolved);
    ~LibeventResolver();
    LibeventResolver(const LibeventResolver&) = delete;
    LibeventResolver& operator=(const LibeventResolver&) = delete;

    void resolve(StreamId token, const Endpoint& name);
    // `resolved` is not called for it any more.
    void cancel(StreamId token);
    // True while libevent holds questions, and for a few turns of the loop after the last one. The resolver may be
    // destroyed while it is busy, but only the loop frees what it leaves.
    [[nodiscard]] bool busy() const { return session_ != nullptr; }
    // Since the start: addresses of an answer that were not read, and names whose next call begins with their first
    // address again, because there was no room.
    [[nodiscard]] std::uint64_t addresses_cut() const { return addresses_cut_; }
    [[nodiscard]] std::uint64_t turns_forgotten() const { return turns_forgotten_; }

private:
    struct Session;
    struct Question;
    friend struct ResolverCallbacks;

    bool open_session();
    void rotate(const std::string& name, std::vector<SocketAddress>& addresses);

    event_base* events_;
    std::string hosts_file_;
    std::string resolver_file_;
    Resolved resolved_;
    Session* session_ = nullptr;  // owned by the loop: a DNS base must live until its last callback
    std::unordered_map<std::uint64_t, Question*> open_;
    std::unordered_map<std::string, std::size_t> answers_;  // how often each name was resolved
    std::uint64_t addresses_cut_ = 0, turns_forgotten_ = 0;
};

}  // namespace halp
