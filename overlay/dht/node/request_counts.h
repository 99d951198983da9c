// Counts of requests by kind, and how long they took if that is wanted. A count costs a few additions; times cost
// two readings of the clock for each request.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "overlay/environment.h"
#include "store/time.h"

namespace halp {

struct RequestCount {
    // The limits of the original's statistics; the last place is for longer requests.
    static constexpr std::array<Duration, 5> limits{std::chrono::microseconds{10}, std::chrono::microseconds{100},
                                                    std::chrono::milliseconds{1}, std::chrono::milliseconds{10},
                                                    std::chrono::milliseconds{100}};

    std::uint64_t handled = 0;  // ended, with an answer or with their connection
    std::uint64_t active = 0, active_max = 0;
    std::uint64_t timed = 0;  // of those that have ended
    Duration total{0};
    std::array<std::uint64_t, limits.size() + 1> took{};

    void time(Duration span) {
        ++timed;
        total += span;
        ++took[static_cast<std::size_t>(std::ranges::lower_bound(limits, span) - limits.begin())];
    }
};

struct NamedRequestCount {
    std::string_view name;
    RequestCount count;
};

class RequestCounts {
public:
    static constexpr std::size_t kinds_max = 24;

    // From now on requests are timed by this clock, which outlives the object. Null: they are not.
    void set_stopwatch(const Clock* clock) { stopwatch_ = clock; }

    // The result is for end().
    [[nodiscard]] Instant begin(std::size_t kind) {
        RequestCount& count = counts_[kind];
        count.active_max = std::max(count.active_max, ++count.active);
        return stopwatch_ == nullptr ? never : stopwatch_->now();
    }
    void end(std::size_t kind, Instant begun) {
        RequestCount& count = counts_[kind];
        --count.active;
        ++count.handled;
        if (stopwatch_ != nullptr && begun != never) count.time(stopwatch_->now() - begun);
    }
    [[nodiscard]] const RequestCount& of(std::size_t kind) const { return counts_[kind]; }
    // active_max counts from now on.
    void begin_period() {
        for (RequestCount& count : counts_) count.active_max = count.active;
    }

private:
    std::array<RequestCount, kinds_max> counts_{};
    const Clock* stopwatch_ = nullptr;
};

}  // namespace halp
