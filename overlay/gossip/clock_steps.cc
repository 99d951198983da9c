#include "overlay/gossip/clock_steps.h"

#include <chrono>
#include <cstdlib>

namespace halp {

void ClockSteps::look(Instant now, UnixSeconds wall) {
    const bool first = looked_ == never;
    // Without a step the last look is kept while it is in the same second, so that fractions do not add up.
    const std::int64_t passed = first ? 0 : std::chrono::round<std::chrono::seconds>(now - looked_).count();
    const std::int64_t step = first ? 0 : count(wall) - count(wall_) - passed;
    if (!first && passed == 0 && std::abs(step) < step_min_s) return;
    looked_ = now;
    wall_ = wall;
    if (std::abs(step) < step_min_s) return;
    steps_.push_back({now, step});
    if (steps_.size() <= steps_max) return;
    steps_[1].seconds += steps_[0].seconds;
    steps_.erase(steps_.begin());
}

std::int64_t ClockSteps::since(Instant then) const {
    std::int64_t sum = 0;
    for (auto step = steps_.rbegin(); step != steps_.rend() && step->at > then; ++step) sum += step->seconds;
    return sum;
}

}  // namespace halp
