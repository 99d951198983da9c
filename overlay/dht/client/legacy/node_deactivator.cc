#include "overlay/dht/client/legacy/node_deactivator.h"

#include <algorithm>

namespace halp::legacy {

NodeDeactivator::NodeDeactivator(const DeactivationSettings& settings) : settings_(settings) {
    constexpr double window_s_max = 3600;
    const double window_s =
        settings_.errors_per_s > 0 ? std::clamp(1 / settings_.errors_per_s, 1.0, window_s_max) : 1.0;
    window_ = Duration{static_cast<std::int64_t>(window_s * 1e6)};
}

bool NodeDeactivator::note_error(NodeNumber node, Instant now, std::size_t nodes) {
    if (settings_.errors_per_s <= 0 || disabled_.contains(node)) return false;
    Count& count = counts_[node];
    if (count.since == never || now - count.since >= window_) count = {now, 0};
    count.errors += 1;
    const double window_s = std::chrono::duration<double>(window_).count();
    if (count.errors <= settings_.errors_per_s * window_s) return false;
    const double most = settings_.part_max * static_cast<double>(nodes);
    if (static_cast<double>(disabled_.size() + 1) > most) return false;
    count = {};
    disabled_[node] = now + settings_.retry_after;
    return true;
}

std::vector<NodeNumber> NodeDeactivator::take_due(Instant now) {
    std::vector<NodeNumber> due;
    for (const auto& [node, until] : disabled_)
        if (until <= now) due.push_back(node);
    for (const NodeNumber node : due) disabled_.erase(node);
    return due;
}

Instant NodeDeactivator::next_deadline() const {
    Instant next = no_deadline;
    for (const auto& [node, until] : disabled_) next = std::min(next, until);
    return next;
}

}  // namespace halp::legacy
