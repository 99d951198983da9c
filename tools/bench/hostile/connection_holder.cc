#include "tools/bench/hostile/connection_holder.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace halp::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds step{10};
constexpr milliseconds between_trickles{250};
constexpr std::size_t opened_per_step = 64;
constexpr std::size_t piece = 65536;

}  // namespace

ConnectionHolder::ConnectionHolder(HoldPlan plan)
    : plan_(std::move(plan)),
      held_(plan_.connections),
      thread_([this](const std::stop_token& over) { hold(over); }) {}

void ConnectionHolder::hold(const std::stop_token& over) {
    leave_processors_to_nodes();
    auto next_trickle = std::chrono::steady_clock::now() + between_trickles;
    while (!over.stop_requested()) {
        renew();
        const auto now = std::chrono::steady_clock::now();
        const bool trickles = now >= next_trickle;
        if (trickles) next_trickle = now + between_trickles;
        for (Held& held : held_)
            if (held.wire) feed(held, trickles);
        std::this_thread::sleep_for(step);
    }
}

void ConnectionHolder::renew() {
    std::size_t opened = 0;
    for (std::size_t seen = 0; seen < held_.size() && opened < opened_per_step; ++seen) {
        turn_ = (turn_ + 1) % held_.size();
        Held& held = held_[turn_];
        if (held.wire) continue;
        held.wire = plan_.open(turn_);
        held.sent = 0;
        ++opened;
    }
}

void ConnectionHolder::feed(Held& held, bool trickles) const {
    std::optional<std::size_t> taken{0};
    if (held.sent < plan_.first.size()) {
        taken = held.wire->send_some(
            std::string_view{plan_.first}.substr(held.sent, std::min(piece, plan_.first.size() - held.sent)));
        held.sent += taken.value_or(0);
    } else if (trickles && !plan_.trickle.empty()) {
        taken = held.wire->send_some(plan_.trickle);
    }
    if (!taken || !held.wire->receive_some()) held.wire.reset();
}

}  // namespace halp::bench
