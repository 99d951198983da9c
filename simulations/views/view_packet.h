// Messages of a ViewSwarm on their way to another rank, as bytes: for each its event, and the content if it has
// one.
//
//     at, node, from, kind (4 bytes each)
//     requests and answers: sent_at, began, count (4 bytes each), count sightings of 8 bytes; in wire mode the
//     length of the frame (4 bytes) and the frame instead of the sightings
//
// Both ends are this program, on machines of one kind, so nothing is checked but that a packet ends with a message.
#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "simulations/views/view_message.h"

namespace halp::sim {

class PacketWriter {
public:
    void add(const SwarmEvent& event, SlotPool* slots, bool wire) {
        put(event.at);
        put(event.node);
        put(event.from);
        put(static_cast<std::uint32_t>(event.kind()));
        if (!slots) return;
        const SlotHead& head = slots->head(event.slot());
        put(head.sent_at);
        put(head.began);
        put(head.count);
        if (wire) {
            const std::string& frame = slots->frame(event.slot());
            put(static_cast<std::uint32_t>(frame.size()));
            bytes_ += frame;
        } else {
            bytes_.append(reinterpret_cast<const char*>(slots->told(event.slot()).data()),
                          head.count * sizeof(Sighting));
        }
    }
    [[nodiscard]] std::string& bytes() { return bytes_; }

private:
    void put(std::uint32_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
    std::string bytes_;
};

class PacketReader {
public:
    explicit PacketReader(std::string_view bytes) : rest_(bytes) {}
    [[nodiscard]] bool more() const { return !rest_.empty(); }

    // The next message. `carries`: whether an event of its kind has content, which goes into a slot of `slots`.
    template <class Carries>
    SwarmEvent next(SlotPool& slots, bool wire, Carries carries) {
        SwarmEvent event{take(), take(), take(), 0};
        const auto kind = static_cast<SwarmEventKind>(take());
        std::uint32_t slot = 0;
        if (carries(kind)) {
            slot = slots.take();
            SlotHead& head = slots.head(slot);
            head.sent_at = take();
            head.began = take();
            head.count = take();
            if (wire) {
                const std::uint32_t length = take();
                slots.frame(slot).assign(take_bytes(length));
            } else {
                const std::string_view told = take_bytes(head.count * sizeof(Sighting));
                std::memcpy(static_cast<void*>(slots.told(slot).data()), told.data(), told.size());
                slots.told(slot)[head.count] = {0};
            }
        }
        event.what = SwarmEvent::what_of(kind, slot);
        return event;
    }

private:
    std::string_view take_bytes(std::size_t count) {
        assert(count <= rest_.size() && "a packet ends with a message");
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    std::uint32_t take() {
        std::uint32_t value = 0;
        take_bytes(sizeof value).copy(reinterpret_cast<char*>(&value), sizeof value);
        return value;
    }
    std::string_view rest_;
};

}  // namespace halp::sim
