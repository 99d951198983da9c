// A swarm of OverlayNodes in a SimWorld, for tests.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "overlay/node/overlay_node.h"
#include "simulations/world/sim_world.h"

namespace halp {

class Swarm {
public:
    explicit Swarm(std::uint64_t seed, OverlayOptions options = OverlayOptions::for_profile(Profile::lan),
                   SimOptions sim = {})
        : world(seed, collecting(sim)), options_(std::move(options)) {}

    // The first node is the seed of all others.
    std::size_t add(std::string swarm = "halp") {
        const std::size_t i = nodes_.size();
        const Endpoint me{"10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1", 3451};
        hosts_.push_back(world.add_host(me));
        endpoints_.push_back(me);
        swarms_.push_back(std::move(swarm));
        nodes_.push_back(nullptr);
        begin(i);
        return i;
    }
    void add(std::size_t count, int) {
        for (std::size_t i = 0; i < count; ++i) add();
    }
    void begin(std::size_t i) {
        OverlayOptions o = options_;
        o.swarm = swarms_[i];
        if (i > 0 && o.seeds.empty()) o.seeds = {endpoints_[0]};
        if (i == 0) o.seeds.clear();
        nodes_[i] = std::make_unique<OverlayNode>(world.env(hosts_[i]), table_, o, false);
        world.attach(hosts_[i], *nodes_[i]);
        nodes_[i]->start();
    }
    void crash(std::size_t i, Crash how = Crash::process) {
        world.crash(hosts_[i], how);
        nodes_[i].reset();
    }
    void restart(std::size_t i, bool keep_disk = true) {
        world.restart(hosts_[i], keep_disk);
        begin(i);
    }

    void move_to(std::size_t i, std::string swarm) { swarms_[i] = std::move(swarm); }   // at its next start
    void set_seeds(std::vector<Endpoint> seeds) { options_.seeds = std::move(seeds); }  // of nodes that start later

    [[nodiscard]] OverlayNode& node(std::size_t i) { return *nodes_[i]; }
    [[nodiscard]] bool up(std::size_t i) const { return nodes_[i] != nullptr; }
    [[nodiscard]] HostId host(std::size_t i) const { return hosts_[i]; }
    [[nodiscard]] const Endpoint& at(std::size_t i) const { return endpoints_[i]; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

    [[nodiscard]] bool lists(std::size_t i, const Label& label, const Endpoint& endpoint) const {
        for (const ListedHost& h : nodes_[i]->hosts(label, 0, 1000))
            if (h.endpoint == endpoint) return true;
        return false;
    }
    // The number of living nodes that list `endpoint` under `label`.
    [[nodiscard]] std::size_t listing(const Label& label, const Endpoint& endpoint) const {
        std::size_t n = 0;
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i] && lists(i, label, endpoint)) ++n;
        return n;
    }
    [[nodiscard]] std::size_t living() const {
        std::size_t n = 0;
        for (const auto& node : nodes_) n += node != nullptr;
        return n;
    }
    // True when every living node lists all living nodes, itself included, and no other.
    [[nodiscard]] bool all_know_all() const {
        std::set<Endpoint> alive;
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (nodes_[i]) alive.insert(endpoints_[i]);
        for (const auto& node : nodes_) {
            if (!node) continue;
            if (node->host_count(Label::halp()) != alive.size()) return false;
            for (const ListedHost& h : node->hosts(Label::halp(), 0, 1000))
                if (!alive.contains(h.endpoint)) return false;
        }
        return true;
    }

    // Asks `done` every 5 ms of virtual time, because conditions of tests cost more than the swarm.
    bool within(Duration span, const std::function<bool()>& done) {
        const Instant end = world.now() + span;
        while (!done()) {
            if (world.now() >= end) return false;
            world.run_for(std::chrono::milliseconds{5});
        }
        return true;
    }

    SimWorld world;

private:
    static SimOptions collecting(SimOptions sim) {
        sim.collect_events = true;
        return sim;
    }
    OverlayOptions options_;
    EndpointTable table_;
    std::vector<HostId> hosts_;
    std::vector<Endpoint> endpoints_;
    std::vector<std::string> swarms_;
    std::vector<std::unique_ptr<OverlayNode>> nodes_;
};

}  // namespace halp
