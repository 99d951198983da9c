// What others said of endpoints that are gone. It counts only for what was only heard of itself, and for each
// endpoint once in ten minutes, however often and by whomever it is said: the node is forgotten until somebody has
// seen it later. So nobody's word keeps an endpoint out of a list for good.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/incarnation.h"
#include "store/time.h"

namespace halp {

class ToldFailures {
public:
    static constexpr Duration counts_again = std::chrono::minutes{10};
    static constexpr std::size_t told_max = 256;

    // False: it has counted already, or there is no room; then nothing changes. The oldest must not leave, or what
    // was said of it would count again at once.
    [[nodiscard]] bool believe(std::uint64_t key, std::uint32_t incarnation, Instant now) {
        std::erase_if(told_, [now](const Told& told) { return now - told.at >= counts_again; });
        if (std::ranges::find(told_, key, &Told::key) != told_.end()) return false;
        if (told_.size() >= told_max) {
            ++dropped_;
            return false;
        }
        told_.push_back({key, now, incarnation});
        return true;
    }

    // It was, and nobody says that it was seen since or started anew.
    [[nodiscard]] bool gone(std::uint64_t key, std::uint32_t incarnation, Instant seen, Instant now) const {
        const auto told = std::ranges::find(told_, key, &Told::key);
        return told != told_.end() && now - told->at < counts_again && seen <= told->at &&
               !newer_incarnation(incarnation, told->incarnation);
    }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // for want of room

private:
    struct Told {
        std::uint64_t key;
        Instant at;
        std::uint32_t incarnation;
    };
    std::vector<Told> told_;  // oldest first
    std::uint64_t dropped_ = 0;
};

}  // namespace halp
