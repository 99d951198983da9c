// Follows what every agent of a swarm lists, by one event stream per admin socket, from one thread. An agent pays
// one small write per change, because nothing is polled.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/halp/daemon/event_stream.h"

namespace halp::bench {

using Steady = std::chrono::steady_clock;

// The set of watched endpoints that one agent lists under one label, and the stream that says so.
class AgentWatch {
public:
    AgentWatch(std::string socket, const std::string& label, std::size_t endpoints);
    ~AgentWatch();
    AgentWatch(AgentWatch&& other) noexcept;
    AgentWatch& operator=(AgentWatch&&) = delete;

    bool connect();     // false as long as the agent's socket is not there
    void disconnect();  // forgets nothing; a new connection starts with the whole list
    [[nodiscard]] int descriptor() const { return descriptor_; }
    // Reads what is there; false when the stream ended.
    bool read(const std::unordered_map<std::string, std::size_t>& index_of);

    [[nodiscard]] bool lists(std::size_t endpoint) const { return listed_[endpoint]; }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] bool complete() const { return complete_; }  // the initial list has arrived
    [[nodiscard]] std::uint64_t events() const { return events_; }

private:
    bool feed_chunks(const std::unordered_map<std::string, std::size_t>& index_of);
    void take(const cli::StreamEvent& event, const std::unordered_map<std::string, std::size_t>& index_of);
    void set(std::size_t endpoint, bool listed);

    std::string socket_, request_;
    int descriptor_ = -1;
    std::string pending_;  // bytes that are no whole header or chunk yet
    bool in_body_ = false, complete_ = false;
    cli::EventStream stream_;
    std::vector<bool> listed_;
    std::size_t count_ = 0;
    std::uint64_t events_ = 0;
};

class SwarmObserver {
public:
    // `sockets` of the agents; `endpoints` are what they may list, by index.
    SwarmObserver(const std::vector<std::string>& sockets, const std::string& label,
                  const std::vector<std::string>& endpoints);
    ~SwarmObserver();
    SwarmObserver(const SwarmObserver&) = delete;
    SwarmObserver& operator=(const SwarmObserver&) = delete;

    // Handles events, connecting to agents as their sockets appear, until `done` holds or time is up.
    bool watch_until(const std::function<bool()>& done, std::chrono::milliseconds patience);
    void disconnect_all();
    void ignore(std::size_t agent);  // it is being killed: its stream is closed and stays so

    [[nodiscard]] const AgentWatch& agent(std::size_t i) const { return agents_[i].watch; }
    [[nodiscard]] bool ignored(std::size_t i) const { return agents_[i].ignored; }
    [[nodiscard]] std::size_t agents() const { return agents_.size(); }

private:
    struct Agent {
        AgentWatch watch;
        bool ignored = false;
    };
    void connect_missing();
    void drop(std::size_t agent);

    int epoll_;
    std::vector<Agent> agents_;
    std::unordered_map<std::string, std::size_t> index_of_;
};

}  // namespace halp::bench
