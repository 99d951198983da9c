#include "store/records/record_cache.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace halp {
namespace {

constexpr std::size_t line_bytes = 64;
// So many values a bucket, of eight, before the index grows: one bucket in fifty forgets one too early then.
constexpr std::size_t filled_per_bucket_max = 4;
// Of the memory; the rest is for values. It suffices for values of 100 bytes.
constexpr std::size_t index_share = 8;
constexpr std::size_t index_limit = 4096;  // a slot has 16 bits of the hash, 12 of them to choose a segment

}  // namespace

RecordCache::RecordCache(std::size_t bytes_max, std::unique_ptr<SegmentMemory> memory)
    : memory_(std::move(memory)),
      index_segments_max_(
          std::clamp<std::size_t>(bytes_max / SegmentMemory::segment_bytes / index_share, 1, index_limit)),
      ring_segments_max_(bytes_max / SegmentMemory::segment_bytes - index_segments_max_) {
    assert(bytes_max >= bytes_min);
}

RecordCache::Slot* RecordCache::slot_of(ChannelNumber channel, Key key, std::uint64_t hash) const {
    Slot* const bucket = bucket_of(hash);
    if (!bucket) return nullptr;
    for (unsigned left = candidates(bucket, hash); left != 0; left &= left - 1) {
        Slot* const slot = bucket + std::countr_zero(left);
        if (!lives(*slot)) continue;
        Header header;
        std::memcpy(&header, at(place_in(*slot)), sizeof header);
        if (header.channel == channel && header.key == key) return slot;
    }
    return nullptr;
}

char* RecordCache::at(std::uint64_t place) const {
    const std::uint64_t segment = place / SegmentMemory::segment_bytes % ring_segments_max_;
    return ring_[static_cast<std::size_t>(segment)].get() + place % SegmentMemory::segment_bytes;
}

std::optional<std::string_view> RecordCache::find(ChannelNumber channel, Key key) {
    const Slot* const slot = slot_of(channel, key, hash_of(channel, key));
    ++(slot ? hits_ : misses_);
    if (!slot) return std::nullopt;
    const char* const record = at(place_in(*slot));
    Header header;
    std::memcpy(&header, record, sizeof header);
    return std::string_view{record + sizeof header, static_cast<std::size_t>(header.value_bytes)};
}

bool RecordCache::fetch(ChannelNumber channel, Key key) const {
    const std::uint64_t hash = hash_of(channel, key);
    const Slot* const bucket = bucket_of(hash);
    if (!bucket) return false;
    for (unsigned left = candidates(bucket, hash); left != 0; left &= left - 1) {
        const Slot slot = bucket[std::countr_zero(left)];
        if (!lives(slot)) continue;
        const char* const record = at(place_in(slot));
        __builtin_prefetch(record);
        __builtin_prefetch(record + line_bytes);
        return true;
    }
    return false;
}

// ---- changes ----

void RecordCache::insert(ChannelNumber channel, Key key, std::string_view value) {
    if (value.size() > value_bytes_max) return;
    if (index_.empty()) add_index_segment();
    const std::size_t enough = index_.size() * buckets_per_segment * filled_per_bucket_max;
    if (filled_ > enough && index_.size() < index_segments_max_) split_segment();
    const std::uint64_t hash = hash_of(channel, key);
    const std::uint64_t place = append(channel, key, value);
    free_slot(hash) = hash >> place_bits << place_bits | place / unit;
}

// That of the value that was inserted first, if all are taken.
RecordCache::Slot& RecordCache::free_slot(std::uint64_t hash) {
    Slot* const bucket = bucket_of(hash);
    Slot* const oldest = std::min_element(bucket, bucket + slots_per_bucket,
                                          [](Slot one, Slot other) { return place_in(one) < place_in(other); });
    filled_ += lives(*oldest) ? 0U : 1U;
    return *oldest;
}

void RecordCache::add_index_segment() {
    index_.push_back(take_segment());
    std::memset(index_.back().get(), 0, SegmentMemory::segment_bytes);
}

// The next bit of the hash, which the slot has, says which of them leave. It takes some 50 us.
void RecordCache::split_segment() {
    add_index_segment();
    Slot* const from = slots_in(index_[split_]);
    Slot* const to = slots_in(index_.back());
    for (std::size_t i = 0; i < buckets_per_segment * slots_per_bucket; ++i) {
        if ((from[i] >> place_bits & round_) == 0) continue;
        to[i] = std::exchange(from[i], 0);
    }
    if (++split_ < round_) return;
    round_ *= 2;
    split_ = 0;
}

std::uint64_t RecordCache::append(ChannelNumber channel, Key key, std::string_view value) {
    const std::size_t bytes = (sizeof(Header) + value.size() + unit - 1) / unit * unit;
    const std::size_t left = SegmentMemory::segment_bytes - head_ % SegmentMemory::segment_bytes;
    if (left < bytes || head_ % SegmentMemory::segment_bytes == 0) next_segment();
    const Header header{channel, key, value.size()};
    char* const record = at(head_);
    std::memcpy(record, &header, sizeof header);
    value.copy(record + sizeof header, value.size());
    return std::exchange(head_, head_ + bytes);
}

// The first place is a segment's length, so no value has place 0, which is an empty slot.
void RecordCache::next_segment() {
    constexpr std::uint64_t bytes = SegmentMemory::segment_bytes;
    head_ = std::max((head_ + bytes - 1) / bytes * bytes, bytes);
    if ((head_ + bytes) / unit >> place_bits != 0) {  // after 4 PiB
        clear();
        add_index_segment();
        head_ = bytes;
    }
    const std::uint64_t number = head_ / bytes;
    const auto where = static_cast<std::size_t>(number % ring_segments_max_);
    if (ring_.size() <= where) ring_.resize(where + 1);
    if (!ring_[where]) ring_[where] = take_segment();
    const std::uint64_t first = number < ring_segments_max_ ? 1 : number + 1 - ring_segments_max_;
    oldest_ = first * bytes;
}

SegmentBytes RecordCache::take_segment() {
    char* const bytes = memory_ ? memory_->take() : new char[SegmentMemory::segment_bytes];
    return SegmentBytes{bytes, GiveBackSegment{memory_.get()}};
}

void RecordCache::erase(ChannelNumber channel, Key key) {
    Slot* const slot = slot_of(channel, key, hash_of(channel, key));
    if (!slot) return;
    *slot = 0;
    --filled_;
}

void RecordCache::clear() {
    index_.clear();
    round_ = 1;
    split_ = filled_ = 0;
}

RecordCache::Counts RecordCache::counts() const {
    const auto taken = [](const SegmentBytes& one) { return one != nullptr; };
    const std::size_t segments = index_.size() + static_cast<std::size_t>(std::ranges::count_if(ring_, taken));
    constexpr std::size_t bytes = SegmentMemory::segment_bytes;
    return {hits_, misses_, segments * bytes, (index_segments_max_ + ring_segments_max_) * bytes};
}

}  // namespace halp
