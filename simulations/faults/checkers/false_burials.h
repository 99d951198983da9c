// No node buries a living one while both of them, and the network between all, have been left in peace for some
// time.
#pragma once

#include <map>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class FalseBurials final : public Checker {
public:
    explicit FalseBurials(const CheckerContext& context);
    [[nodiscard]] std::string_view name() const override { return "false burials"; }

    // A fault that can keep messages from arriving in time, of one node or of the whole network.
    void begin_fault(std::size_t node, Instant) { ++faults_[node].active; }
    void end_fault(std::size_t node, Instant at);
    static constexpr std::size_t network = static_cast<std::size_t>(-1);

    // Both nodes, and the network between all, have been left in peace for some time; of an endpoint: by the node
    // that lives there. False where nobody lives.
    [[nodiscard]] bool in_peace(std::size_t a, std::size_t b, Instant at) const;
    [[nodiscard]] bool in_peace(std::size_t a, const Endpoint& b, Instant at) const;

    void on_truth_change(const TruthChange& change) override;
    void on_event(std::size_t node, Instant at, const Event& event) override;

private:
    struct Faults {
        int active = 0;
        Instant last = never;  // end of the last one, or begin of the node's process
    };
    [[nodiscard]] bool calm(std::size_t node, Instant at) const;

    Duration calm_for_;
    std::map<std::size_t, Faults> faults_;  // by node
    struct Place {
        std::size_t node;
        std::size_t swarm;
    };
    std::map<Endpoint, Place> living_;
    std::map<std::size_t, std::size_t> swarm_of_;
};

}  // namespace halp::sim
