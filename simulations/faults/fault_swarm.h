// The nodes of a fault run: their hosts, their processes, what is true of them, and the checkers that watch them.
// The run decides what happens to them and when (fault_run.h).
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulations/faults/checkers/checker.h"
#include "simulations/faults/checkers/collisions_told.h"
#include "simulations/faults/checkers/false_burials.h"
#include "simulations/faults/checkers/few_dials.h"
#include "simulations/faults/checkers/no_reentrance.h"
#include "simulations/faults/fault_plan.h"
#include "simulations/faults/fault_run.h"
#include "simulations/faults/hostile_host.h"
#include "simulations/faults/repeated_draws.h"
#include "simulations/faults/strangers.h"
#include "simulations/swarm/convergence.h"
#include "simulations/world/sim_world.h"

namespace halp::sim {

class FaultSwarm final : SimWatcher {
public:
    FaultSwarm(const FaultPlan& plan, const FaultRunOptions& options);

    struct Node {
        Endpoint endpoint;  // where its machine is
        HostId host{};
        std::unique_ptr<RepeatedDraws> draws;
        std::unique_ptr<ReentranceGuard> guard;
        std::unique_ptr<OverlayNode> overlay;  // while its process runs
        std::unique_ptr<OtherServer> other;    // while another server has its port
        std::set<std::int64_t> items;          // announced by its applications
        std::size_t swarm = 0;                 // 0: home; 1: the other one
        std::optional<Endpoint> advertise;     // of its next start
        std::vector<std::uint64_t> copied;     // draws of its next start
        bool with_seeds = true;                // at its next start
        bool dead = false;                     // does not come back
        bool leaving = false, left = false;
        Instant frozen_until = never;  // its process does not run
    };

    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const Node& node(std::size_t i) const { return nodes_[i]; }
    [[nodiscard]] SimWorld& world() { return world_; }
    [[nodiscard]] Duration passed() const { return world_.now() - start_; }
    [[nodiscard]] FalseBurials& burials() { return *burials_; }
    [[nodiscard]] CollisionsTold& collisions() { return *collisions_; }
    [[nodiscard]] const FewDials& dials() const { return *dials_; }

    // Called when the process of a node is there, before its node reads its files.
    void when_started(std::function<void(std::size_t node)> call) { started_ = std::move(call); }

    // Processes and machines.
    void start(std::size_t i);
    void end(std::size_t i, Crash how);
    void restart(std::size_t i) { end(i, Crash::process), start(i); }
    void leave(std::size_t i);  // in order; reap() ends the process
    void kill_for_good(std::size_t i);
    void give_port_away(std::size_t i, OtherServer::Kind to);
    void stall(std::size_t i, Duration span);
    void suspend(std::size_t i, Duration span);
    void reap();  // ends the processes that have left or were killed at a write
    void move(std::size_t i, const Endpoint& to);
    // Settings of the next start.
    void set_swarm(std::size_t i, std::size_t swarm) { nodes_[i].swarm = swarm; }
    void set_advertise(std::size_t i, std::optional<Endpoint> endpoint) {
        nodes_[i].advertise = std::move(endpoint);
    }
    void set_seeds(std::size_t i, bool with) { nodes_[i].with_seeds = with; }
    void copy_state(std::size_t from, std::size_t to);  // its disk and its draws

    // Users.
    void announce(std::size_t i, std::int64_t number);
    void withdraw(std::size_t i, std::int64_t number);
    void query(std::size_t i, const std::string& text) { stranger_->send(nodes_[i].endpoint, text); }
    [[nodiscard]] static OwnAnnouncement item(std::int64_t number);

    // Hostile nodes, one for each step of that kind.
    void begin_attack(std::size_t step);
    void end_attack(std::size_t step);

    void take_snapshots();  // of up to snapshots_max nodes, in turn
    // Members that live, dead ones, and former addresses where nobody is.
    [[nodiscard]] std::vector<SwarmMember> members() const;
    [[nodiscard]] const OverlayOptions& options() const { return node_options_; }
    void report(std::string_view rule, std::size_t node, std::string what);
    [[nodiscard]] std::vector<Violation> violations() const;

private:
    void on_event(HostId host, Instant at, const Event& event) override;
    void change_truth(TruthChange::Kind kind, std::size_t node, const OwnAnnouncement& what);
    void change_own_truth(TruthChange::Kind kind, std::size_t node);
    [[nodiscard]] OverlayOptions options_of(std::size_t i) const;
    void add_hostile_hosts();
    [[nodiscard]] bool nowhere(const Endpoint& endpoint) const;
    [[nodiscard]] HostileKnowledge known_to_hostile(const Step& step) const;
    [[nodiscard]] CheckerSet& checkers(std::size_t i) { return checkers_[nodes_[i].swarm]; }

    struct Hostile {
        Endpoint endpoint;
        HostId host{};
        std::unique_ptr<HostileHost> process = {};
        bool lived = false;
    };

    const FaultPlan& plan_;
    const FaultRunOptions& given_;
    OverlayOptions node_options_;
    SimWorld world_;
    Instant start_;
    EndpointTable table_;
    std::array<CheckerSet, 2> checkers_;  // by swarm
    CheckerSet between_;                  // hears of both swarms
    FalseBurials* burials_ = nullptr;     // in between_
    CollisionsTold* collisions_ = nullptr;
    FewDials* dials_ = nullptr;
    std::vector<Node> nodes_;
    std::unique_ptr<Stranger> stranger_;
    std::map<std::size_t, Hostile> hostile_;  // by step
    std::set<std::size_t> lived_;
    std::set<Endpoint> former_;  // addresses of nodes that have moved
    std::vector<Violation> reported_;
    std::function<void(std::size_t)> started_;
    std::size_t turn_ = 0;
};

}  // namespace halp::sim
