// The peer-sampling view of Jelasity, Voulgaris, Guerraoui, Kermarrec, van Steen, "Gossip-based peer sampling", ACM
// TOCS 25(3), 2007: at most c nodes, newest first, each once. The rules H (healer) and S (swapper) say which nodes
// leave when a merge brings too many. A view is a sorted array of words in memory that its owner lends, so a
// million views are one block, and a merge is one pass over two sorted arrays. PeerView keeps its fresh part in
// one; the simulator keeps nothing else of a node (simulations/views/).
//
// The outcome depends on the sightings, the rule and the tie hash alone, not on the order in which they came.
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

// When a node was last seen and which node: the stamp above the endpoint. The owner chooses unit and origin of the
// stamp. A word of 0 is no sighting.
struct Sighting {
    std::uint64_t word;

    static constexpr Sighting of(std::uint32_t stamp, EndpointId endpoint) {
        return {std::uint64_t{stamp} << 32 | static_cast<std::uint32_t>(endpoint)};
    }
    [[nodiscard]] constexpr std::uint32_t stamp() const { return static_cast<std::uint32_t>(word >> 32); }
    [[nodiscard]] constexpr EndpointId endpoint() const { return EndpointId{static_cast<std::uint32_t>(word)}; }
    auto operator<=>(const Sighting&) const = default;
};

// Room for up to 128 sightings on the stack, for more on the heap.
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

// Decides ties: the same number for the same endpoint on every machine.
class TieHash {
public:
    virtual ~TieHash() = default;
    [[nodiscard]] virtual std::uint64_t hash_of(EndpointId endpoint) const = 0;
};

class FreshView {
public:
    struct Rule {
        std::size_t size_max;  // c
        std::size_t healer;    // H: at most so many of the oldest leave first
        std::size_t swapper;   // S: then at most so many of those that were sent
        TieRule ties;
    };
    static Rule rule_of(const ViewOptions& options) {
        return {options.fresh_max, options.healer, options.swapper, options.ties};
    }
    // What decides where a rule leaves a choice. With ties by hash, both sides of an exchange give the same salt,
    // and another one at each exchange: with a constant hash the same few nodes would win in every view.
    struct Chance {
        Random& random;
        const TieHash& hash;
        std::uint64_t tie_salt;
    };

    // `room` holds at least c sightings; the first `size` of them are the view.
    FreshView(std::span<Sighting> room, std::size_t size) : room_(room), size_(size) {}

    [[nodiscard]] std::span<const Sighting> all() const { return room_.first(size_); }
    [[nodiscard]] std::size_t size() const { return size_; }

    // Merges `news`: newest first, no endpoint twice. `self` never enters. `sent` are the nodes that the swapper
    // gives away. Nodes that are not in the view afterwards are written to `left`, unless it is empty; else it has
    // room for all of them. Returns how many they are.
    std::size_t merge(std::span<const Sighting> news, EndpointId self, const Rule& rule, const Chance& chance,
                      std::span<const EndpointId> sent = {}, std::span<Sighting> left = {});

    // merge() for views that are kept elsewhere, where the rule's healer is at least what both hold together, so
    // that age and ties alone decide (Newscast). `own` and `news`: newest first, and a word of 0 behind the last;
    // `out` has room for both together. Returns how many of `out` are the view then.
    static std::size_t merge_whole(const Sighting* own, const Sighting* news, EndpointId self, const Rule& rule,
                                   const Chance& chance, Sighting* out);

    [[nodiscard]] EndpointId draw(Random& random) const;  // no_endpoint when empty
    // merge() of one sighting. False, and nothing is changed, where chance or the swapper would decide which node
    // leaves. The node that leaves is written to `left`; its word is 0 when none does.
    bool merge_one(Sighting news, const Rule& rule, Sighting& left);
    bool erase(EndpointId endpoint);
    // Changes when a member was seen.
    void move(EndpointId endpoint, std::uint32_t stamp);

private:
    [[nodiscard]] std::size_t find(EndpointId endpoint) const;  // size() when it is not there

    std::span<Sighting> room_;
    std::size_t size_;
};

// Turns instants into stamps: milliseconds, the unit in which ages travel (gossip_message.h), counted from an
// origin that moves on when the 49 days of 32 bits are over. Instants before the origin count as the origin.
class StampClock {
public:
    [[nodiscard]] bool covers(Instant when) const {  // else move_to(when) first
        return when == never || (origin_ != never && when - origin_ < behind + ahead);
    }
    // Returns by how much every stamp given before must shrink (never below 1).
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
    // 12 days before the first instant that is stamped, and 37 days after it until the origin must move.
    static constexpr Milliseconds behind{std::int64_t{1} << 30};
    static constexpr Milliseconds ahead{(std::int64_t{1} << 32) - 2 - behind.count()};

    Instant origin_ = never;
};

}  // namespace halp
