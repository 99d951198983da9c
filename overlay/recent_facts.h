// Facts heard lately, by hash, so that what was told once is not told again. Bounded: two generations of which the
// older is forgotten as a whole when the younger is full or long past, so a fact costs the same however many there
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "store/time.h"

namespace halp {

class RecentFacts {
public:
    RecentFacts(std::size_t facts_max, Duration kept) : generation_max_(facts_max / 2), kept_(kept) {}

    // True when it was not heard for `kept`, or so long ago that `facts_max` others came since, at least half of
    // them.
    bool first(std::uint64_t fact, Instant now) {
        const auto young = young_.find(fact);
        if (young != young_.end()) {
            const bool again = now - young->second > kept_;
            young->second = now;
            return again;
        }
        const auto old = old_.find(fact);
        const bool again = old == old_.end() || now - old->second > kept_;
        if (young_.size() >= generation_max_) {
            old_ = std::move(young_);
            young_.clear();
        }
        young_.emplace(fact, now);
        return again;
    }
    void forget(std::uint64_t fact) {
        young_.erase(fact);
        old_.erase(fact);
    }
    [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

private:
    std::size_t generation_max_;
    Duration kept_;
    std::unordered_map<std::uint64_t, Instant> young_, old_;  // never iterated
};

}  // namespace halp
