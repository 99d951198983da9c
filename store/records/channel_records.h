// The records of one channel in memory: an index, and segments into which records are appended. A record that is
// overwritten or removed leaves a hole. A segment with more holes than records is emptied into the newest segment
// and freed, so the memory stays within twice the stored bytes plus one segment. One call empties at most one
// segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/records/key.h"
#include "store/records/key_sort.h"
#include "store/records/record_index.h"
#include "store/records/record_store.h"
#include "store/records/segment_memory.h"

namespace halp {

class ChannelRecords {
public:
    static constexpr std::size_t segment_bytes_min = 512;  // small, for a channel of a few records
    static constexpr std::size_t segment_bytes_max = SegmentMemory::segment_bytes;
    static constexpr std::size_t value_bytes_max = 1U << 30;

    // `memory` outlives the records; null: the heap.
    explicit ChannelRecords(SegmentMemory* memory = nullptr) : memory_(memory), index_(memory) {}

    // The view is valid until the next put or remove.
    [[nodiscard]] std::optional<std::string_view> get(Key key) const;
    // Fetches the part of the index, or the record when that was done some time ago, into the cache. In the header,
    // because GCC leaves out a call that only prefetches.
    void expect(Key key, RecordStore::Expected when) const {
        if (index_.size() < cached_anyway) return;
        if (when != RecordStore::Expected::next)
            return index_.fetch_near(key, when == RecordStore::Expected::write);
        if (const RecordPlace* place = index_.find(key)) RecordIndex::fetch(at(*place));
    }
    // `value` has at most value_bytes_max bytes.
    void put(Key key, std::string_view value);
    bool remove(Key key);
    // A put whose key comes into the index at put_in_order(), the next time that so many wait, or before the end of
    // a dump. Until then nothing else may be called but these two and count(), which counts a key twice that comes
    // twice.
    void put_later(Key key, std::string_view value);
    void put_in_order();

    template <class Visit>
    bool walk(std::optional<Key> after, Visit visit) const {
        return index_.walk(
            after, [&](Key key, RecordPlace place) { return visit(key, value_at(place)); },
            [&](RecordPlace place) { return at(place); });
    }

    [[nodiscard]] RecordCount count() const { return {index_.size() + later_.size(), value_bytes_}; }
    [[nodiscard]] std::size_t memory_bytes() const;  // allocated bytes; walks the index

private:
    static constexpr std::size_t cached_anyway = 4096;  // so few records
    // The header of a stored record: key, then value length (4 bytes).
    static constexpr std::size_t header_bytes = sizeof(Key) + sizeof(std::uint32_t);

    struct Segment {
        SegmentBytes bytes;  // null: this number is free
        std::size_t capacity = 0;
        std::size_t used = 0;
        std::size_t live = 0;
        bool shared = false;  // holds more than one record
    };

    [[nodiscard]] static std::uint32_t segment_of(RecordPlace place);
    [[nodiscard]] const char* at(RecordPlace place) const;
    [[nodiscard]] std::string_view value_at(RecordPlace place) const;

    RecordPlace append(Key key, std::string_view value);
    // The number of the segment with room for `bytes` more.
    std::uint32_t room_for(std::size_t bytes);
    std::uint32_t new_segment(std::size_t capacity, bool shared);
    [[nodiscard]] SegmentBytes allocate(std::size_t capacity);
    void leave_hole(RecordPlace place);
    void put_place(const PlacedKey& one);
    void note_if_sparse(std::uint32_t number);
    void evacuate_one();
    void evacuate(std::uint32_t number);
    void release(std::uint32_t number);

    SegmentMemory* memory_;
    RecordIndex index_;
    std::vector<PlacedKey> later_;  // in the order in which they came
    std::vector<Segment> segments_;
    std::vector<std::uint32_t> free_;    // free numbers of segments_
    std::vector<std::uint32_t> sparse_;  // numbers of segments to be emptied, possibly repeated
    std::optional<std::uint32_t> head_;  // the segment that records are appended to
    std::size_t capacity_ = 0;
    std::size_t shared_capacity_ = 0;
    std::uint64_t value_bytes_ = 0;
};

}  // namespace halp
