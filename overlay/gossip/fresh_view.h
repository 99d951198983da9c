// The peer-sampling view of Jelasity, Voulgaris, Guerraoui, Kermarrec, van Steen, "Gossip-based peer sampling", ACM
// TOCS 25(3), 2007: at most c nodes, newest first, each once, with the rules H (healer) and S (swapper) that say
// who leaves when a merge brings more. A view is a sorted array of words in memory that its owner lends, so a
// million of them are one block and a merge is one pass over two sorted arrays. PeerView keeps its fresh part in
// one; the simulator keeps nothing else of a node (simulations/view_swarm.h).
//
// The outcome depends on the sightings, the rule and the tie hash alone, not on the order in which news were
// gathered.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "overlay/environment.h"
#include "overlay/overlay_options.h"
#include "store/endpoint.h"

namespace halp {

// When a node was last seen, above who it is. The unit and the origin of the stamp are the owner's; 0 is no
// sighting.
struct Sighting {
    std::uint64_t word;

    static constexpr Sighting of(std::uint32_t stamp, EndpointId endpoint) {
        return {std::uint64_t{stamp} << 32 | static_cast<std::uint32_t>(endpoint)};
    }
    [[nodiscard]] constexpr std::uint32_t stamp() const { return static_cast<std::uint32_t>(word >> 32); }
    [[nodiscard]] constexpr EndpointId endpoint() const { return EndpointId{static_cast<std::uint32_t>(word)}; }
    auto operator<=>(const Sighting&) const = default;
};

// Room for a few sightings on the stack, for many on the heap.
class SightingBuffer {
public:
    explicit SightingBuffer(std::size_t count) {
        if (count <= small_.size()) return;
        large_.resize(count);
        begin_ = large_.data();
    }
    SightingBuffer(const SightingBuffer&) = delete;
    SightingBuffer& operator=(const SightingBuffer&) = delete;
    Sighting* begin() { return begin_; }

private:
    std::array<Sighting, 128> small_;  // not initialised: written before it is read
    std::vector<Sighting> large_;
    Sighting* begin_ = small_.data();
};

// What ties are decided by: the same number for the same endpoint on every machine.
class TieHash {
public:
    virtual ~TieHash() = default;
    [[nodiscard]] virtual std::uint64_t hash_of(EndpointId endpoint) const = 0;
};

class FreshView {
public:
    struct Rule {
        std::size_t size_max;  // c
        std::size_t healer;    // H: of what is too much, so many of the oldest leave first
        std::size_t swapper;   // S: then so many of those that were sent
        TieRule ties;
    };
    static Rule rule_of(const ViewOptions& options) {
        return {options.fresh_max, options.healer, options.swapper, options.ties};
    }
    // What one merge draws on. With ties by hash both sides of an exchange give the same salt, another one at each
    // exchange: a hash that stays would let the same few nodes win everywhere.
    struct Chance {
        Random& random;
        const TieHash& hash;
        std::uint64_t tie_salt;
    };

    // `room` holds at least c sightings; the first `size` of them are the view.
    FreshView(std::span<Sighting> room, std::size_t size) : room_(room), size_(size) {}

    [[nodiscard]] std::span<const Sighting> all() const { return room_.first(size_); }
    [[nodiscard]] std::size_t size() const { return size_; }

    // Takes in `news`: newest first, no endpoint twice. `self` never enters. `sent` is what the swapper gives away.
    // Who is not in the view afterwards is written to `left`, if it is not empty: it then has room for all.
    // Answers how many those are.
    std::size_t merge(std::span<const Sighting> news, EndpointId self, const Rule& rule, const Chance& chance,
                      std::span<const EndpointId> sent = {}, std::span<Sighting> left = {});

    [[nodiscard]] EndpointId draw(Random& random) const;  // no_endpoint when empty
    // merge() of one, where neither chance nor the swapper has a say in who leaves; else it answers false and
    // changes nothing. Who leaves is written to `left`; its word is 0 when nobody does.
    bool merge_one(Sighting news, const Rule& rule, Sighting& left);
    bool erase(EndpointId endpoint);
    // Of a member: it was seen at another time.
    void move(EndpointId endpoint, std::uint32_t stamp);

private:
    [[nodiscard]] std::size_t find(EndpointId endpoint) const;  // size() when it is not there

    std::span<Sighting> room_;
    std::size_t size_;
};

// How an instant becomes a stamp: milliseconds, as ages travel (gossip_message.h), counted from an origin that
// moves on when the 49 days of 32 bits are over. What is older than the origin counts as of the origin.
class StampClock {
public:
    [[nodiscard]] bool covers(Instant when) const {  // else move_to(when) first
        return when == never || (origin_ != never && when - origin_ < behind + ahead);
    }
    // Answers by how much every stamp given before must shrink (never below 1).
    std::uint32_t move_to(Instant now);
    [[nodiscard]] std::uint32_t stamp(Instant when) const {  // 0 for `never`
        if (when == never) return 0;
        if (when <= origin_) return 1;
        return static_cast<std::uint32_t>((when - origin_) / Milliseconds{1}) + 1;
    }
    [[nodiscard]] Instant instant(std::uint32_t stamp) const {
        return stamp == 0 ? never : origin_ + Milliseconds{stamp - 1};
    }

private:
    using Milliseconds = std::chrono::milliseconds;
    // Room for what was seen before the first instant told, and ahead before the origin must move: 12 and 37 days.
    static constexpr Milliseconds behind{std::int64_t{1} << 30};
    static constexpr Milliseconds ahead{(std::int64_t{1} << 32) - 2 - behind.count()};

    Instant origin_ = never;
};

}  // namespace halp
