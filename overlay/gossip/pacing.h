// How a node paces what it does: jitter, which keeps the nodes of a swarm out of step; the local health multiplier
// of Lifeguard, which gives everything more time while this node itself seems slow; and how long answers usually
// take.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "store/endpoint.h"
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

// How long answers take once a connection stands: a smoothed mean and deviation over all peers (RFC 6298), and more
// for peers that were slow to answer lately. A node, a machine or a line that is slow makes answers late; then an
// answer that has not come yet says less about the other side.
class AnswerTimes {
public:
    // An answer came. `usual`: an answer within it needs no memory of its own. `late`: it was doubted already.
    void note(EndpointId peer, Duration took, Duration usual, bool late) {
        late_share_ += ((late ? 1.0 : 0.0) - late_share_) / 16;
        const Duration off = took > mean_ ? took - mean_ : mean_ - took;
        deviation_ += (off - deviation_) / 4;
        mean_ += (took - mean_) / 8;
        if (took <= usual)
            slow_.erase(peer);
        else if (slow_.size() < slow_max || slow_.contains(peer))
            slow_[peer] = 2 * took;
        else
            ++not_noted_;
    }
    // Slow answers since the start whose peers had no place: the usual time counts for them.
    [[nodiscard]] std::uint64_t not_noted() const { return not_noted_; }
    // After this an answer of the peer is late; at least `least`.
    [[nodiscard]] Duration late_after(EndpointId peer, Duration least) const {
        const auto slow = slow_.find(peer);
        return std::max({least, mean_ + 4 * deviation_, slow == slow_.end() ? Duration{0} : slow->second});
    }
    // A late answer says something here. On a line that loses much, many late answers come after all.
    [[nodiscard]] bool telling() const { return late_share_ < telling_share_max; }
    template <class Mark>
    void mark_endpoints(Mark mark) const {
        for (const auto& slow : slow_) mark(slow.first);
    }

private:
    static constexpr std::size_t slow_max = 256;
    static constexpr double telling_share_max = 0.1;

    Duration mean_{0}, deviation_{0};
    double late_share_ = 0;  // of the answers that came, the newest count most
    std::map<EndpointId, Duration> slow_;
    std::uint64_t not_noted_ = 0;
};

}  // namespace halp
