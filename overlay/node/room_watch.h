// Tells what this node forgets for want of room: each kind when its count has grown, at most once in ten minutes.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "store/time.h"

namespace halp {

class RoomWatch {
public:
    using Counts = std::array<std::uint64_t, room_kinds>;  // by RoomFor, since the start

    [[nodiscard]] bool due(Instant now) const { return now >= look_at_; }
    void look(const Counts& counts, Observer& observer, Instant now) {
        look_at_ = now + std::chrono::seconds{10};
        for (std::size_t kind = 0; kind < room_kinds; ++kind) {
            if (counts[kind] == noted_[kind] || now < again_at_[kind]) continue;
            noted_[kind] = counts[kind];
            again_at_[kind] = now + std::chrono::minutes{10};
            observer.note(RoomShort{static_cast<RoomFor>(kind), counts[kind]});
        }
    }

private:
    Counts noted_{};
    std::array<Instant, room_kinds> again_at_{};
    Instant look_at_{};
};

}  // namespace halp
