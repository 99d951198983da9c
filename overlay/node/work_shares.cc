#include "overlay/node/work_shares.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace halp {

namespace {

// Without anything waiting nobody wakes the node, so a turn ends by itself after a while. 285 small queries spend a
// turn: within this time they come only where queries take half of a core and more.
constexpr Duration turn_lasts_max = std::chrono::milliseconds{10};

}  // namespace

std::string WorkShares::source_of(const Endpoint& remote) {
    if (remote.host.find(':') == std::string::npos) return remote.host;
    return std::to_string(remote.group());
}

void WorkShares::begin_turn(Instant now) {
    spent_ = 0;
    cut_ = false;
    turn_began_ = now;
}

bool WorkShares::may_begin(const Endpoint& remote, Instant now) {
    if (ring_.empty() && (turn_began_ == never || now - turn_began_ >= turn_lasts_max)) begin_turn(now);
    if (spent_ >= work::per_turn) return false;
    return ring_.empty() || !waiting_.contains(source_of(remote));
}

void WorkShares::wait(const Endpoint& remote, StreamId id, Instant now) {
    const auto [queue, added] = waiting_.try_emplace(source_of(remote));
    if (added) ring_.push_back(queue->first);
    queue->second.push_back(id);
    if (due_ == no_deadline) due_ = now;
    if (!std::exchange(cut_, true)) ++turns_cut_;
}

bool WorkShares::next_step(StreamId& id) {
    if (ring_.empty() || spent_ >= work::per_turn) return false;
    const std::string source = std::move(ring_.front());
    ring_.pop_front();
    const auto queue = waiting_.find(source);
    id = queue->second.front();
    queue->second.pop_front();
    if (queue->second.empty())
        waiting_.erase(queue);
    else
        ring_.push_back(source);
    if (ring_.empty()) due_ = no_deadline;
    step_ends_ = std::min(spent_ + work::per_step, work::per_turn);
    return true;
}

}  // namespace halp
