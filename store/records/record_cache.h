// Values that were read from the disk lately, in memory. The owner takes out what is written, so a value that is
// found is the one that the file has. Bounded in bytes, index included.
//
//     bucket of the key  -> 8 slots: 16 bits of the hash, place          a bucket is one line of the cache
//     place              -> channel, key, length, value                  in a ring of segments, appended
//
// The index grows by linear hashing, a segment at a time: the slots of one segment are dealt out to it and a new
// one. A place counts bytes since the cache was made and is never used again: what the ring has overwritten is seen
// by its place alone. A full bucket forgets its oldest value. The hash has no key: whoever fills one bucket makes
// the node forget eight values, and no search takes longer than those.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/hash.h"
#include "store/records/channel_row.h"
#include "store/records/key.h"
#include "store/records/segment_memory.h"

namespace halp {

class RecordCache {
public:
    // A longer one is not kept: the disk needs more for it than a search.
    static constexpr std::size_t value_bytes_max = std::size_t{16} << 10;
    static constexpr std::size_t bytes_min = 4 * SegmentMemory::segment_bytes;

    struct Counts {
        std::uint64_t hits = 0, misses = 0;
        std::uint64_t bytes = 0, bytes_max = 0;  // of memory, the index included
    };

    // `bytes_max` is at least bytes_min. `memory` may be null: the heap.
    RecordCache(std::size_t bytes_max, std::unique_ptr<SegmentMemory> memory);

    // The view is valid until the next insert.
    [[nodiscard]] std::optional<std::string_view> find(ChannelNumber channel, Key key);
    // Of a value that was not found.
    void insert(ChannelNumber channel, Key key, std::string_view value);
    void erase(ChannelNumber channel, Key key);
    void clear();

    // Fetches the bucket of a key that is asked for soon. Some requests later `fetch` fetches the value, and says
    // whether there is one. In the header, because GCC leaves out a call that only prefetches.
    void fetch_bucket(ChannelNumber channel, Key key) const {
        if (const Slot* bucket = bucket_of(hash_of(channel, key))) __builtin_prefetch(bucket);
    }
    [[nodiscard]] bool fetch(ChannelNumber channel, Key key) const;

    [[nodiscard]] Counts counts() const;

private:
    using Slot = std::uint64_t;
    static constexpr std::size_t slots_per_bucket = 8;
    static constexpr std::size_t bucket_bytes = slots_per_bucket * sizeof(Slot);
    static constexpr std::size_t buckets_per_segment = SegmentMemory::segment_bytes / bucket_bytes;
    static constexpr std::size_t unit = 16;  // of places
    static constexpr unsigned place_bits = 48;

    struct Header {
        ChannelNumber channel{};
        Key key{};
        std::uint64_t value_bytes = 0;
    };

    [[nodiscard]] static std::uint64_t hash_of(ChannelNumber channel, Key key) {
        return mix(value_of(key) ^ static_cast<std::uint64_t>(channel) * 0x9e3779b97f4a7c15);
    }
    // One bit for each slot of the bucket that may be the one, all looked at without a branch.
    [[nodiscard]] static unsigned candidates(const Slot* bucket, std::uint64_t hash) {
        unsigned found = 0;
        for (unsigned i = 0; i < slots_per_bucket; ++i)
            found |= static_cast<unsigned>((bucket[i] ^ hash) >> place_bits == 0) << i;
        return found;
    }
    [[nodiscard]] static std::uint64_t place_in(Slot slot) {
        return (slot & ((std::uint64_t{1} << place_bits) - 1)) * unit;
    }
    // Null: there is no index yet.
    [[nodiscard]] Slot* bucket_of(std::uint64_t hash) const {
        if (index_.empty()) return nullptr;
        const std::size_t tag = hash >> place_bits;
        std::size_t segment = tag & (round_ - 1);
        if (segment < split_) segment = tag & (2 * round_ - 1);
        return slots_in(index_[segment]) + hash % buckets_per_segment * slots_per_bucket;
    }
    [[nodiscard]] static Slot* slots_in(const SegmentBytes& segment) {
        return reinterpret_cast<Slot*>(segment.get());
    }
    [[nodiscard]] Slot* slot_of(ChannelNumber channel, Key key, std::uint64_t hash) const;
    [[nodiscard]] char* at(std::uint64_t place) const;
    [[nodiscard]] bool lives(Slot slot) const { return place_in(slot) >= oldest_; }
    [[nodiscard]] Slot& free_slot(std::uint64_t hash);
    [[nodiscard]] std::uint64_t append(ChannelNumber channel, Key key, std::string_view value);
    void next_segment();
    [[nodiscard]] SegmentBytes take_segment();
    void add_index_segment();
    void split_segment();

    std::unique_ptr<SegmentMemory> memory_;
    std::size_t index_segments_max_, ring_segments_max_;
    std::vector<SegmentBytes> index_;
    std::size_t round_ = 1, split_ = 0;  // so many segments this round began with, and so many of them are split
    std::size_t filled_ = 0;             // slots that were filled, and not erased since
    std::vector<SegmentBytes> ring_;
    std::uint64_t head_ = 0;                               // the next place
    std::uint64_t oldest_ = SegmentMemory::segment_bytes;  // what is before it is overwritten
    std::uint64_t hits_ = 0, misses_ = 0;
};

}  // namespace halp
