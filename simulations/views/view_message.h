// Messages of a ViewSwarm in flight. The content of a message is in a slot of a pool, which the worker of the
// sender owns. In wire mode the slot holds a frame of gossip v2 (overlay/gossip/gossip-v2.md).
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "overlay/gossip/view/fresh_view.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "simulations/world/large_pages.h"
#include "store/endpoint.h"

namespace halp::sim {

enum class SwarmEventKind : std::uint8_t { wake, request, answer, ping, pong };

struct SwarmEvent {
    std::uint32_t at;    // tick
    std::uint32_t node;  // the receiver
    std::uint32_t from;
    std::uint32_t what;  // kind and slot; no two events differ only in the slot

    static constexpr unsigned slot_bits = 29;
    static std::uint32_t what_of(SwarmEventKind kind, std::uint32_t slot) {
        return static_cast<std::uint32_t>(kind) << slot_bits | slot;
    }
    [[nodiscard]] std::uint32_t tick() const { return at; }
    [[nodiscard]] SwarmEventKind kind() const { return static_cast<SwarmEventKind>(what >> slot_bits); }
    [[nodiscard]] std::uint32_t slot() const { return what & ((1U << slot_bits) - 1); }
    auto operator<=>(const SwarmEvent&) const = default;
};

struct SlotHead {
    std::uint32_t sent_at;  // tick; the receiver may use it because latencies are known here
    std::uint32_t began;    // tick of the wake-up that began the exchange
    std::uint32_t count;
    std::uint32_t next_free;
};

class SlotPool {
public:
    // At most `told_max` sightings in a message and `slots_max` messages in flight.
    SlotPool(std::size_t told_max, std::size_t slots_max, bool wire)
        : words_(told_max + sizeof(SlotHead) / sizeof(Sighting)), wire_(wire) {
        chunks_.reserve(slots_max / chunk_slots + 2);  // other threads read while it grows, so it must not move
        if (wire_) frames_.reserve(slots_max / chunk_slots + 2);
    }
    std::uint32_t take() {
        if (free_ == none) {
            if (used_ == chunks_.size() * chunk_slots) grow();
            return used_++;
        }
        const std::uint32_t slot = free_;
        free_ = head(slot).next_free;
        return slot;
    }
    void release(std::uint32_t slot) {
        head(slot).next_free = free_;
        free_ = slot;
    }
    SlotHead& head(std::uint32_t slot) { return *reinterpret_cast<SlotHead*>(begin(slot)); }
    [[nodiscard]] std::span<Sighting> told(std::uint32_t slot) {
        constexpr std::size_t head_words = sizeof(SlotHead) / sizeof(Sighting);
        return {begin(slot) + head_words, words_ - head_words};
    }
    std::string& frame(std::uint32_t slot) { return frames_[slot / chunk_slots][slot % chunk_slots]; }
    void prefetch(std::uint32_t slot) {
        const auto* bytes = reinterpret_cast<const char*>(begin(slot));
        for (std::size_t at = 0; at < words_ * sizeof(Sighting); at += 64) __builtin_prefetch(bytes + at);
    }

private:
    static constexpr std::uint32_t none = 0xffffffff;
    static constexpr std::uint32_t chunk_slots = 1U << 14;
    Sighting* begin(std::uint32_t slot) { return chunks_[slot / chunk_slots].get() + slot % chunk_slots * words_; }
    void grow() {
        assert(chunks_.size() < chunks_.capacity() && "more messages in flight than slots_max");
        chunks_.push_back(large_pages<Sighting>(words_ * chunk_slots));
        if (wire_) frames_.emplace_back(new std::string[chunk_slots]);
    }

    std::size_t words_;  // of a slot
    bool wire_;
    std::vector<LargePages<Sighting>> chunks_;  // what was never used of them is not touched
    std::vector<std::unique_ptr<std::string[]>> frames_;
    std::uint32_t free_ = none, used_ = 0;  // slots before used_ have been taken
};

// Sightings as a frame of gossip v2 and back: ages in milliseconds before `sent_at`, the sender in the hello.
void write_frame(std::string& out, SwarmEventKind kind, std::span<const Sighting> told, std::uint32_t sender,
                 std::uint32_t sent_at, const EndpointTable& endpoints);
// Returns the number of sightings; newest first.
std::size_t read_frame(const std::string& frame, std::uint32_t sent_at, EndpointTable& endpoints,
                       std::span<Sighting> told);

}  // namespace halp::sim
