// One hostile process with 150 endpoints that behave as nodes do: they answer calls, call honest nodes, and tell
// them of each other and that the honest nodes are suspect.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"
#include "tools/bench/hostile/gossip_speaker.h"
#include "tools/bench/hostile/wire.h"

namespace halp::bench {

class ManyFaces {
public:
    static constexpr std::size_t hosts = 50, ports = 3;

    explicit ManyFaces(std::vector<Endpoint> honest);
    [[nodiscard]] bool listening() const { return listeners_.size() == hosts * ports; }

private:
    struct Connection {
        Wire wire;
        std::size_t face;
        bool called;  // by us
        std::chrono::steady_clock::time_point since;
        bool sent = false;
    };
    void speak(const std::stop_token& over);
    void call_honest();
    [[nodiscard]] bool serve(Connection& connection);  // false when it is over
    [[nodiscard]] std::string frame(std::size_t face, gossip::Kind kind, bool poisoned);

    std::vector<Endpoint> honest_;
    std::vector<GossipSpeaker> faces_;
    std::vector<Wire> listeners_;
    std::vector<Connection> connections_;
    std::size_t turn_ = 0;
    std::jthread thread_;  // last: it uses the others
};

}  // namespace halp::bench
