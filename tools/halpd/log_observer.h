// Writes a node's events to the log. Lines that strangers can cause are limited per source and in total, so that
// nobody can fill the disk.
#pragma once

#include <cstdint>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "store/time.h"
#include "tools/halpd/log.h"
#include "tools/halpd/rate_limiter.h"

namespace halp {

class LogObserver final : public Observer {
public:
    LogObserver(Log& log, const Clock& clock) : log_(log), clock_(clock) {}
    void note(const Event& event) override;

private:
    Log& log_;
    const Clock& clock_;
    RateLimiter by_source_{{10, std::chrono::seconds{10}, 1000}};
    RateLimiter in_sum_{{100, std::chrono::seconds{1}, 1}};
    RateLimiter mismatches_{{1, std::chrono::hours{1}, 256}};
    RateLimiter details_{{2000, std::chrono::milliseconds{20}, 1}};  // debug and below
    std::uint64_t unsaid_ = 0;  // held back by the limit of a source, and then by the one for all
};

}  // namespace halp
