// What came of the calls of this node to what was only heard of, by a hash of host, endpoint or address group: how
// many are open or were in vain within ten minutes, and for how long an endpoint is left alone after calls in vain.
// Each one in a row doubles the pause, from ten minutes at the second one up to two hours. What others say changes
// nothing here. When there is no room, what would be forgotten first leaves (overlay/gossip/rules.md, section 3,
// "Hearsay").
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/time.h"

namespace halp {

class VainDials {
public:
    static constexpr Duration window = std::chrono::minutes{10};
    static constexpr Duration pause_first = std::chrono::seconds{30};
    static constexpr Duration pause_max = std::chrono::hours{2};
    static constexpr std::size_t tallies_max = 512;

    struct Tally {
        std::uint64_t key = 0;
        Instant since = never;          // of the ten minutes
        int open = 0, failed = 0;       // in them
        int silent = 0;                 // in them: taken, and not answered
        int excused = 0;                // in them: this node stood still meanwhile
        int in_a_row = 0;               // in vain
        std::uint32_t incarnation = 0;  // of what failed; a newer one is another process
        Instant retry_at = never;       // the pause is over then
        Instant failed_at = never;      // the last time
        Instant kept_until = never;
        bool called = false;  // it has called since `retry_at` was set

        [[nodiscard]] int made() const { return open + failed + excused; }
    };

    [[nodiscard]] bool empty() const { return tallies_.empty(); }
    [[nodiscard]] Tally of(std::uint64_t key, Instant now) const;
    [[nodiscard]] bool pauses(std::uint64_t key, Instant now) const { return now < of(key, now).retry_at; }

    void opened(std::uint64_t key, Instant now);
    void closed(std::uint64_t key);  // without a word of the other side
    // The same, and it was made: an opened one that says nothing of its target and counts as a call to it.
    void excused(std::uint64_t key);
    void failed(std::uint64_t key, std::uint32_t incarnation, Instant now);
    void silent(std::uint64_t key, Instant now);
    void called(std::uint64_t key);
    void forget(std::uint64_t key);
    // Since the start, for want of room.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

private:
    Tally& note(std::uint64_t key, Instant now);

    std::vector<Tally> tallies_;
    std::uint64_t dropped_ = 0;
};

}  // namespace halp
