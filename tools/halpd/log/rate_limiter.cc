#include "tools/halpd/log/rate_limiter.h"

#include <algorithm>
#include <utility>

namespace halp {

std::optional<std::uint64_t> RateLimiter::allow(const std::string& source, Instant now) {
    return charge(account_of(source, now), now);
}

// A token bucket, stored as the time at which it will be full. One line moves that time by one pause.
std::optional<std::uint64_t> RateLimiter::charge(Account& account, Instant now) const {
    const Instant begin = std::max(account.full_at, now);
    const Duration room = limits_.pause * static_cast<std::int64_t>(limits_.burst);
    if (begin + limits_.pause > now + room) {
        ++account.held_back;
        return std::nullopt;
    }
    account.full_at = begin + limits_.pause;
    return std::exchange(account.held_back, 0);
}

std::uint64_t RateLimiter::take_held_back() {
    std::uint64_t sum = std::exchange(others_.held_back, 0);
    for (auto& [source, account] : accounts_) sum += std::exchange(account.held_back, 0);
    return sum;
}

RateLimiter::Account& RateLimiter::account_of(const std::string& source, Instant now) {
    if (const auto found = accounts_.find(source); found != accounts_.end()) return found->second;
    const bool full = accounts_.size() >= limits_.sources_max;
    if (full && (swept_ == never || now - swept_ >= limits_.pause)) {
        swept_ = now;
        std::erase_if(accounts_, [&](const auto& entry) {
            const bool idle = entry.second.full_at <= now;
            if (idle) others_.held_back += entry.second.held_back;
            return idle;
        });
    }
    if (accounts_.size() >= limits_.sources_max) return others_;
    return accounts_[source];
}

}  // namespace halp
