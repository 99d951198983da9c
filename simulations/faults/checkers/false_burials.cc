#include "simulations/faults/checkers/false_burials.h"

#include <chrono>

namespace halp::sim {

namespace {

// Streams across a cut end after 30 s (NetworkOptions::give_up). Local health lets calls go on for longer.
constexpr Duration recovery = std::chrono::seconds{50};

}  // namespace

FalseBurials::FalseBurials(const CheckerContext& context)
    : calm_for_(context.options.gossip.stall_patience + recovery) {}

void FalseBurials::end_fault(std::size_t node, Instant at) {
    Faults& faults = faults_[node];
    --faults.active;
    faults.last = at;
}

void FalseBurials::on_truth_change(const TruthChange& change) {
    if (change.item.label != Label::halp()) return;
    faults_[change.node].last = change.at;
    swarm_of_[change.node] = change.swarm;
    if (change.kind == TruthChange::Kind::appeared)
        living_.insert_or_assign(change.item.endpoint, Place{change.node, change.swarm});
    else
        living_.erase(change.item.endpoint);
}

bool FalseBurials::calm(std::size_t node, Instant at) const {
    const auto found = faults_.find(node);
    if (found == faults_.end()) return true;
    return found->second.active == 0 && (found->second.last == never || at - found->second.last >= calm_for_);
}

bool FalseBurials::in_peace(std::size_t a, std::size_t b, Instant at) const {
    return calm(a, at) && calm(b, at) && calm(network, at);
}

bool FalseBurials::in_peace(std::size_t a, const Endpoint& b, Instant at) const {
    const auto there = living_.find(b);
    if (there == living_.end()) return false;
    const auto swarm = swarm_of_.find(a);
    return swarm != swarm_of_.end() && swarm->second == there->second.swarm && in_peace(a, there->second.node, at);
}

void FalseBurials::on_event(std::size_t node, Instant at, const Event& event) {
    const auto* buried = std::get_if<PeerBuried>(&event);
    if (!buried) return;
    const auto there = living_.find(buried->peer);
    if (there == living_.end() || there->second.swarm != swarm_of_[node]) return;
    if (!calm(node, at) || !calm(there->second.node, at) || !calm(network, at)) return;
    report(node, at,
           "buries " + buried->peer.text() + ", where node " + std::to_string(there->second.node) + " lives");
}

}  // namespace halp::sim
