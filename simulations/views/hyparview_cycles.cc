#include "simulations/views/hyparview_cycles.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace halp::sim {
namespace {

constexpr std::uint32_t nobody = 0xffffffff;

bool holds(const std::vector<std::uint32_t>& view, std::uint32_t node) {
    return std::ranges::find(view, node) != view.end();
}

}  // namespace

HyParViewCycles::HyParViewCycles(std::uint64_t seed, std::size_t nodes, const HyParViewOptions& options)
    : options_(options), random_(seed, 0x6879706172), heard_(nodes) {
    nodes_.reserve(nodes);
    for (Node node = 0; node < nodes; ++node) {
        nodes_.emplace_back();
        order_.push_back(node);
        ++living_;
        if (node > 0) join(node);
    }
}

void HyParViewCycles::join(Node newcomer) {
    constexpr Node contact = 0;
    const View told = nodes_[contact].active;
    link(contact, newcomer);
    for (const Node other : told)
        if (holds(nodes_[contact].active, other)) forward_join(newcomer, contact, other);
}

// The walk of a FORWARDJOIN. Nobody is dead yet.
void HyParViewCycles::forward_join(Node newcomer, Node from, Node at) {
    for (int left = options_.active_walk;; --left) {
        if (left == 0 || nodes_[at].active.size() <= 1) break;
        if (left == options_.passive_walk) add_passive(at, newcomer, {});
        const Node next = neighbour(at, from);
        if (next == nobody) break;
        from = std::exchange(at, next);
    }
    if (at != newcomer && !holds(nodes_[at].active, newcomer)) link(at, newcomer);
}

// Makes room on both sides. Who had to go looks for another link only when both have this one.
void HyParViewCycles::link(Node a, Node b) {
    assert(a != b && !holds(nodes_[a].active, b));
    View dropped;
    for (const auto& [node, other] : {std::pair{a, b}, std::pair{b, a}}) {
        std::erase(nodes_[node].passive, other);
        if (!has_room(node)) dropped.push_back(drop_one(node));
    }
    nodes_[a].active.push_back(b);
    nodes_[b].active.push_back(a);
    for (const Node one : dropped)
        if (nodes_[one].alive) fill(one, false);
}

HyParViewCycles::Node HyParViewCycles::drop_one(Node node) {
    View& active = nodes_[node].active;
    const Node other = active[random_.below(active.size())];
    std::erase(active, other);
    std::erase(nodes_[other].active, node);
    add_passive(node, other, {});
    if (nodes_[other].alive) add_passive(other, node, {});
    return other;
}

// A full view loses one that was sent to whom the news is from, else any.
void HyParViewCycles::add_passive(Node node, Node other, const View& sent) {
    State& own = nodes_[node];
    if (other == node || holds(own.active, other) || holds(own.passive, other)) return;
    if (own.passive.size() >= options_.passive_max) {
        const auto gone = std::ranges::find_if(own.passive, [&](Node one) { return holds(sent, one); });
        const auto any = own.passive.begin() + static_cast<std::ptrdiff_t>(random_.below(own.passive.size()));
        own.passive.erase(gone != own.passive.end() ? gone : any);
    }
    own.passive.push_back(other);
}

HyParViewCycles::Node HyParViewCycles::neighbour(Node node, Node except) {
    while (true) {
        View candidates = nodes_[node].active;
        std::erase(candidates, except);
        if (candidates.empty()) return nobody;
        const Node one = candidates[random_.below(candidates.size())];
        if (nodes_[one].alive) return one;
        lost(node, one);
    }
}

void HyParViewCycles::lost(Node node, Node dead) {
    std::erase(nodes_[node].active, dead);
    fill(node, true);
}

// Asks passive neighbours in random order. A dead one is forgotten. A living one that is full refuses, unless the
// asker has no link left and may take one from it (NEIGHBOR of high priority).
void HyParViewCycles::fill(Node node, bool may_take) {
    for (const Node other : some_of(nodes_[node].passive, nodes_[node].passive.size())) {
        if (!has_room(node)) return;
        if (!holds(nodes_[node].passive, other)) continue;
        if (!nodes_[other].alive)
            std::erase(nodes_[node].passive, other);
        else if (has_room(other) || (may_take && nodes_[node].active.empty()))
            link(node, other);
    }
}

HyParViewCycles::View HyParViewCycles::some_of(View from, std::size_t count) {
    random_.shuffle(from);
    from.resize(std::min(count, from.size()));
    return from;
}

void HyParViewCycles::shuffle(Node node) {
    Node from = node, at = neighbour(node, nobody);
    if (at == nobody) return;
    View offered = some_of(nodes_[node].active, options_.shuffle_active);
    for (const Node one : some_of(nodes_[node].passive, options_.shuffle_passive)) offered.push_back(one);
    const View sent = offered;
    offered.push_back(node);
    for (int left = options_.active_walk - 1; left > 0; --left) {
        const Node next = neighbour(at, from);
        if (next == nobody) break;
        from = std::exchange(at, next);
    }
    if (at == node) return;
    const View answer = some_of(nodes_[at].passive, offered.size());
    for (const Node one : offered) add_passive(at, one, answer);
    for (const Node one : answer) add_passive(node, one, sent);
}

void HyParViewCycles::cycle() {
    random_.shuffle(order_);
    for (const Node node : order_) {
        if (!nodes_[node].alive) continue;
        if (has_room(node)) fill(node, true);
        shuffle(node);
    }
}

void HyParViewCycles::kill(double share) {
    View candidates;
    for (Node node = 0; node < nodes_.size(); ++node)
        if (nodes_[node].alive) candidates.push_back(node);
    const auto count = std::llround(share * static_cast<double>(candidates.size()));
    for (const Node node : some_of(candidates, static_cast<std::size_t>(count))) {
        nodes_[node].alive = false;
        --living_;
    }
}

void HyParViewCycles::break_connections() {
    for (State& node : nodes_)
        if (node.alive) std::erase_if(node.active, [&](Node other) { return !nodes_[other].alive; });
    random_.shuffle(order_);
    for (const Node node : order_)
        if (nodes_[node].alive && has_room(node)) fill(node, true);
}

HyParViewCycles::Delivery HyParViewCycles::broadcast() {
    assert(living_ > 0);
    Node source = 0;
    do source = static_cast<Node>(random_.below(nodes_.size()));
    while (!nodes_[source].alive);
    ++broadcasts_;
    struct Hop {
        Node node, from;
        int hops;
    };
    std::vector<Hop> queue{{source, nobody, 0}};
    heard_[source] = broadcasts_;
    for (std::size_t next = 0; next < queue.size(); ++next) {
        const Hop hop = queue[next];
        const View told = nodes_[hop.node].active;  // failures change it
        for (const Node other : told) {
            if (other == hop.from || heard_[other] == broadcasts_) continue;
            if (!nodes_[other].alive) {
                lost(hop.node, other);
            } else {
                heard_[other] = broadcasts_;
                queue.push_back({other, hop.node, hop.hops + 1});
            }
        }
    }
    return {static_cast<double>(queue.size()) / static_cast<double>(living_), queue.back().hops};
}

ViewGraph HyParViewCycles::active_graph() const {
    ViewGraph all;
    std::vector<bool> stays;
    for (const State& node : nodes_) {
        stays.push_back(node.alive);
        all.views.push_back(node.active);
    }
    return induced(all, stays);
}

}  // namespace halp::sim
