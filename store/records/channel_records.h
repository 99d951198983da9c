// The records of one channel in memory: an index over segments into which records are written one behind the other.
// What is overwritten or removed leaves a hole; a segment that is more hole than record is emptied into the newest
// one and given back, so the memory stays within twice what is stored and a segment. One call moves at most one
// segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/records/key.h"
#include "store/records/record_index.h"
#include "store/records/record_store.h"

namespace halp {

class ChannelRecords {
public:
    static constexpr std::size_t segment_bytes_min = 512;         // a channel of a few records stays small
    static constexpr std::size_t segment_bytes_max = 256 * 1024;  // evacuated in about a millisecond
    static constexpr std::size_t value_bytes_max = 1U << 30;

    // The view holds until the next put or remove.
    [[nodiscard]] std::optional<std::string_view> get(Key key) const;
    // At most value_bytes_max.
    void put(Key key, std::string_view value);
    bool remove(Key key);

    template <class Visit>
    bool walk(std::optional<Key> after, Visit visit) const {
        return index_.walk(after, [&](Key key, RecordPlace place) { return visit(key, value_at(place)); });
    }

    [[nodiscard]] RecordCount count() const { return {index_.size(), value_bytes_}; }
    [[nodiscard]] std::size_t memory_bytes() const;  // what is allocated; walks the index

private:
    // A record: key, value length (4 bytes), value.
    static constexpr std::size_t header_bytes = sizeof(Key) + sizeof(std::uint32_t);

    struct Segment {
        std::unique_ptr<char[]> bytes;  // null: the number is free
        std::size_t capacity = 0;
        std::size_t used = 0;
        std::size_t live = 0;
        bool shared = false;  // by more than one record
    };

    [[nodiscard]] static std::uint32_t segment_of(RecordPlace place);
    [[nodiscard]] const char* at(RecordPlace place) const;
    [[nodiscard]] std::string_view value_at(RecordPlace place) const;

    RecordPlace append(Key key, std::string_view value);
    // The segment that has room for so many bytes.
    std::uint32_t room_for(std::size_t bytes);
    std::uint32_t new_segment(std::size_t capacity, bool shared);
    void leave_hole(RecordPlace place);
    void note_if_sparse(std::uint32_t number);
    void evacuate_one();
    void evacuate(std::uint32_t number);
    void release(std::uint32_t number);

    RecordIndex index_;
    std::vector<Segment> segments_;
    std::vector<std::uint32_t> free_;    // numbers of segments_
    std::vector<std::uint32_t> sparse_;  // to be emptied; may name one twice
    std::optional<std::uint32_t> head_;  // where records are added
    std::size_t capacity_ = 0;
    std::size_t shared_capacity_ = 0;
    std::uint64_t value_bytes_ = 0;
};

}  // namespace halp
