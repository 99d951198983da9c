// The latest events with their ids, for readers of a stream that lost their connection and come back. Bounded;
// empty while nobody reads streams.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/event.h"

namespace halp {

class EventRing {
public:
    static constexpr std::size_t events_max = 2048;
    using Entry = std::pair<std::uint64_t, Event>;

    [[nodiscard]] bool recording() const { return recording_; }
    // All events after the one with this id will be here. Changes nothing when it records already.
    void begin(std::uint64_t newest) {
        if (!std::exchange(recording_, true)) oldest_ = newest;
    }
    void end() {
        recording_ = false;
        entries_.clear();
    }
    void add(std::uint64_t id, const Event& event) {
        if (entries_.size() == events_max) {
            oldest_ = entries_.front().first;
            entries_.pop_front();
        }
        entries_.emplace_back(id, event);
    }

    // The lowest id for which the next is true.
    [[nodiscard]] std::uint64_t oldest() const { return oldest_; }
    [[nodiscard]] bool has_all_after(std::uint64_t id) const { return recording_ && id >= oldest_; }
    [[nodiscard]] std::vector<Entry> after(std::uint64_t id) const {
        std::vector<Entry> found;
        for (const Entry& entry : entries_)
            if (entry.first > id) found.push_back(entry);
        return found;
    }

    // The number of a Last-Event-ID header; nothing for anything else.
    [[nodiscard]] static std::optional<std::uint64_t> id_of(std::string_view header) {
        std::uint64_t id = 0;
        const auto [rest, error] = std::from_chars(header.data(), header.data() + header.size(), id);
        if (error != std::errc{} || rest != header.data() + header.size()) return std::nullopt;
        return id;
    }

private:
    bool recording_ = false;
    std::uint64_t oldest_ = 0;
    std::deque<Entry> entries_;
};

}  // namespace halp
