// How a node paces what it does: jitter, which keeps the nodes of a swarm out of step, and the local health
// multiplier of Lifeguard, which gives everything more time while this node itself seems slow.
#pragma once

#include <algorithm>
#include <cstdint>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "store/time.h"

namespace halp {

// `d` within 20 % up or down.
inline Duration jittered(Duration d, Random& random) {
    const auto spread = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count() * 2 / 5, 1));
    return d * 4 / 5 + Duration{static_cast<std::int64_t>(random.below(spread))};
}

// Local health multiplier (Dadgar, Phillips, Currey, "Lifeguard: local health awareness for more accurate failure
// detection", DSN 2018): 1 for a healthy node to 8. It stretches the period and every time-out, so that a node that
// is slow itself does not declare others dead.
class LocalHealth {
public:
    explicit LocalHealth(Observer& observer) : observer_(observer) {}

    void improve() { set(multiplier_ - 1); }  // a call was answered in time
    void worsen() { set(multiplier_ + 1); }   // an answer that should have come did not
    [[nodiscard]] int multiplier() const { return multiplier_; }

private:
    static constexpr int multiplier_max = 8;

    void set(int multiplier) {
        multiplier = std::clamp(multiplier, 1, multiplier_max);
        if (multiplier == multiplier_) return;
        multiplier_ = multiplier;
        observer_.note(HealthChanged{multiplier_});
    }

    Observer& observer_;
    int multiplier_ = 1;
};

}  // namespace halp
