// Limits log lines per source: a burst, then one line per `pause`. The number of sources it remembers is bounded.
// Sources beyond that share one limit, so that using many addresses gains nothing.
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

    // Nothing: do not write the line. Else the number of lines held back since the last one that was allowed.
    std::optional<std::uint64_t> allow(const std::string& source, Instant now);

    // The lines held back that no line has told of yet; they count as told from now on.
    std::uint64_t take_held_back();

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
