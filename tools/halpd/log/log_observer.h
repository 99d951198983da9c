// Writes a node's events to the log. Lines that strangers can cause are limited per source and in total, so that
// nobody can fill the disk. Events of different peers are of different sources: thirty nodes that leave are thirty
// lines. What is left out is counted: in the next line of its source, else in a line of its own a minute later.
#pragma once

#include <cstdint>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "store/time.h"
#include "tools/halpd/log/log.h"
#include "tools/halpd/log/rate_limiter.h"

namespace halp {

class LogObserver final : public Observer {
public:
    LogObserver(Log& log, const Clock& clock) : log_(log), clock_(clock) {}
    void note(const Event& event) override;
    [[nodiscard]] std::uint64_t lines_held_back() const { return held_back_; }

private:
    void tell_left_out(Instant now);

    Log& log_;
    const Clock& clock_;
    RateLimiter by_source_{{10, std::chrono::seconds{10}, 1000}};
    RateLimiter in_sum_{{100, std::chrono::seconds{1}, 1}};
    RateLimiter mismatches_{{1, std::chrono::hours{1}, 256}};
    std::uint64_t held_back_ = 0;                                    // since the start
    std::uint64_t left_out_ = 0;                                     // by in_sum_
    Instant left_out_since_ = never;                                 // no line has told since then
    RateLimiter details_{{2000, std::chrono::milliseconds{20}, 1}};  // debug and below
};

}  // namespace halp
