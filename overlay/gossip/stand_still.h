// Notices that this node stood still: its machine was suspended, its process was stopped, or nobody gave it the CPU.
// Then nothing that waits for it is as young as it seems, and a missing answer says nothing about others
// (overlay/gossip/rules.md, section 5).
#pragma once

#include <algorithm>

#include "overlay/overlay_options.h"
#include "store/time.h"

namespace halp {

class StandStill {
public:
    explicit StandStill(const GossipOptions& options) : options_(options) {}

    // The node acts now, and is to be woken at `next`.
    void plan(Instant next) { planned_ = next; }
    // Late enough to count: later than what a busy machine explains.
    [[nodiscard]] bool late(Instant now) const {
        return planned_ != no_deadline && now > planned_ &&
               now - planned_ > std::max<Duration>(2 * options_.exchange_timeout, std::chrono::seconds{2});
    }
    // The node acts at `now`. Returns for how long it stood still until then; zero when it was not late.
    Duration end(Instant now) {
        const Duration gap = late(now) ? now - planned_ : Duration{0};
        if (gap == Duration{0}) return gap;
        ++count_;
        ended_ = planned_ = now;
        gap_ = gap;
        return gap;
    }

    // By how much a message that others sent may be older than it seems. What waited in sockets is handled at once
    // after the end.
    [[nodiscard]] Duration delay(Instant now) const {
        return lately(now, options_.exchange_timeout) ? gap_ : Duration{0};
    }
    // The network of a machine that woke may need a while.
    [[nodiscard]] bool settling(Instant now) const { return lately(now, settle_max); }
    [[nodiscard]] Instant ended() const { return ended_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    static constexpr Duration settle_max = std::chrono::seconds{30};

    [[nodiscard]] bool lately(Instant now, Duration span) const { return ended_ != never && now - ended_ < span; }

    const GossipOptions& options_;
    Instant planned_ = no_deadline;
    Instant ended_ = never;
    Duration gap_{0};
    std::uint64_t count_ = 0;
};

}  // namespace halp
