// How many lines may be written on whose account: a burst, then one per `pause`. Remembers a bounded number of
// sources; those beyond it share one account, so that nobody gains by coming from many places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "store/time.h"

namespace halp {

class RateLimiter {
public:
    struct Limits {
        std::size_t burst = 10;
        Duration pause = std::chrono::seconds{10};
        std::size_t sources_max = 100;
    };
    explicit RateLimiter(Limits limits) : limits_(limits) {}

    // Nothing: keep silent. Else how many were held back since the last one that was let through.
    std::optional<std::uint64_t> allow(const std::string& source, Instant now);

    [[nodiscard]] std::size_t sources() const { return accounts_.size(); }

private:
    struct Account {
        Instant full_at = never;  // when the whole burst is available again
        std::uint64_t held_back = 0;
    };
    std::optional<std::uint64_t> charge(Account& account, Instant now) const;
    Account& account_of(const std::string& source, Instant now);

    Limits limits_;
    std::map<std::string, Account> accounts_;
    Account others_;
    Instant swept_ = never;
};

}  // namespace halp
