// A hostile node of a fault run. It speaks gossip v2 by the codec of all nodes, and HALP text, so it can say
// whatever a node could: it is called back, listed and told news like one. What it lies about is the kind of its
// step.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/node/node_status.h"
#include "simulations/faults/fault_plan.h"

namespace halp::sim {

// What hostile nodes know of the swarm, now.
struct HostileKnowledge {
    std::vector<Endpoint> nodes;
    std::vector<OwnAnnouncement> items;  // announced by anybody
    Endpoint slandered;                  // node a of the step
    bool slandered_lives = false;
};

class HostileHost final : public EventHandler {
public:
    using Look = std::function<HostileKnowledge()>;
    HostileHost(Environment& env, const Endpoint& self, const Step& step, Duration period, Look look);

    void start();
    void on_accept(StreamId stream, const Endpoint&) override { served_[stream]; }
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId stream, ConnectFailure) override { std::erase(calls_, stream); }
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;  // once a period it speaks to every node

private:
    void speak_to(const Endpoint& node);
    [[nodiscard]] gossip::Message message(gossip::Kind kind);
    [[nodiscard]] gossip::Entry entry(const Endpoint& endpoint, std::uint32_t version, bool withdrawn);
    [[nodiscard]] gossip::Message lie();
    void make_up();
    void add_made_up(gossip::Message& message);
    void add_false_versions(gossip::Message& message);
    void add_false_withdrawals(gossip::Message& message);
    [[nodiscard]] std::string inserts();
    [[nodiscard]] std::string reply(gossip::Kind to);  // empty: none
    [[nodiscard]] std::uint32_t newest_believed() const;

    Environment& env_;
    Endpoint self_;
    Step step_;
    Duration period_;
    Look look_;
    std::uint64_t number_;
    std::uint64_t rounds_ = 0;
    HostileKnowledge known_;
    std::vector<Endpoint> made_up_;
    EndpointTable table_;
    std::vector<StreamId> calls_;             // of this period
    std::map<StreamId, std::string> served_;  // what callers have sent
};

}  // namespace halp::sim
