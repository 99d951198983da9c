#include "store/records/channel_records.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace halp {
namespace {

RecordPlace make_place(std::uint32_t segment, std::size_t offset) {
    return RecordPlace{(std::uint64_t{segment} << 32) | offset};
}

std::size_t offset_of(RecordPlace place) { return static_cast<std::size_t>(place) & 0xffffffff; }

}  // namespace

std::uint32_t ChannelRecords::segment_of(RecordPlace place) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(place) >> 32);
}

const char* ChannelRecords::at(RecordPlace place) const {
    return segments_[segment_of(place)].bytes.get() + offset_of(place);
}

std::string_view ChannelRecords::value_at(RecordPlace place) const {
    const char* record = at(place);
    std::uint32_t length = 0;
    std::memcpy(&length, record + sizeof(Key), sizeof length);
    return {record + header_bytes, length};
}

std::optional<std::string_view> ChannelRecords::get(Key key) const {
    const RecordPlace* place = index_.find(key);
    if (place == nullptr) return std::nullopt;
    return value_at(*place);
}

void ChannelRecords::put(Key key, std::string_view value) {
    assert(value.size() <= value_bytes_max);
    value_bytes_ += value.size();
    const auto [place, added] = index_.find_or_add(key);
    if (added) {
        place = append(key, value);
        return evacuate_one();
    }

    const std::string_view old = value_at(place);
    value_bytes_ -= old.size();
    if (old.size() == value.size()) {
        if (!value.empty())
            std::memmove(segments_[segment_of(place)].bytes.get() + offset_of(place) + header_bytes, value.data(),
                         value.size());
        return;
    }
    const RecordPlace was = place;
    place = append(key, value);
    leave_hole(was);
    evacuate_one();
}

void ChannelRecords::put_later(Key key, std::string_view value) {
    assert(value.size() <= value_bytes_max);
    constexpr std::size_t most = std::size_t{1} << 22;  // 64 MiB of keys and places
    value_bytes_ += value.size();
    later_.push_back({value_of(key), append(key, value)});
    if (later_.size() >= most) put_in_order();
}

// In the order of their keys a new index is only appended to, and an old one is changed block by block.
void ChannelRecords::put_in_order() {
    std::vector<PlacedKey> sorted = std::exchange(later_, {});
    sort_by_key(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const bool again = i + 1 < sorted.size() && sorted[i + 1].key == sorted[i].key;
        if (!again) {
            put_place(sorted[i]);
            continue;
        }
        value_bytes_ -= value_at(sorted[i].place).size();
        leave_hole(sorted[i].place);
    }
    while (!sparse_.empty()) evacuate_one();
}

void ChannelRecords::put_place(const PlacedKey& one) {
    const auto [place, added] = index_.find_or_add(Key{one.key});
    const RecordPlace was = std::exchange(place, one.place);
    if (added) return;
    value_bytes_ -= value_at(was).size();
    leave_hole(was);
}

bool ChannelRecords::remove(Key key) {
    const RecordPlace* found = index_.find(key);
    if (found == nullptr) return false;
    const RecordPlace place = *found;
    value_bytes_ -= value_at(place).size();
    index_.erase(key);
    leave_hole(place);
    evacuate_one();
    return true;
}

std::size_t ChannelRecords::memory_bytes() const {
    return capacity_ + segments_.capacity() * sizeof(Segment) +
           (free_.capacity() + sparse_.capacity()) * sizeof(std::uint32_t) + index_.bytes();
}

RecordPlace ChannelRecords::append(Key key, std::string_view value) {
    const std::size_t size = header_bytes + value.size();
    const std::uint32_t number = room_for(size);
    Segment& segment = segments_[number];
    char* const record = segment.bytes.get() + segment.used;
    const RecordPlace place = make_place(number, segment.used);
    const auto length = static_cast<std::uint32_t>(value.size());
    std::memcpy(record, &key, sizeof key);
    std::memcpy(record + sizeof key, &length, sizeof length);
    if (!value.empty()) std::memcpy(record + header_bytes, value.data(), value.size());
    segment.used += size;
    segment.live += size;
    return place;
}

std::uint32_t ChannelRecords::room_for(std::size_t bytes) {
    // A large value gets a segment of its own, which is freed with the record and never moved.
    if (bytes > segment_bytes_max / 4) return new_segment(bytes, false);
    if (head_ && segments_[*head_].capacity - segments_[*head_].used >= bytes) return *head_;

    const std::optional<std::uint32_t> full = head_;
    const std::size_t doubled = std::clamp(shared_capacity_, segment_bytes_min, segment_bytes_max);
    head_ = new_segment(std::max(bytes, doubled), true);
    if (full) note_if_sparse(*full);
    return *head_;
}

std::uint32_t ChannelRecords::new_segment(std::size_t capacity, bool shared) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(segments_.size()));
        segments_.emplace_back();
    }
    const std::uint32_t number = free_.back();
    free_.pop_back();
    segments_[number] = {allocate(capacity), capacity, 0, 0, shared};
    capacity_ += capacity;
    if (shared) shared_capacity_ += capacity;
    return number;
}

SegmentBytes ChannelRecords::allocate(std::size_t capacity) {
    if (!memory_ || capacity != SegmentMemory::segment_bytes)
        return SegmentBytes(std::make_unique_for_overwrite<char[]>(capacity).release());
    return {memory_->take(), GiveBackSegment{memory_}};
}

void ChannelRecords::leave_hole(RecordPlace place) {
    Segment& segment = segments_[segment_of(place)];
    segment.live -= header_bytes + value_at(place).size();
    note_if_sparse(segment_of(place));
}

void ChannelRecords::note_if_sparse(std::uint32_t number) {
    const Segment& segment = segments_[number];
    if (segment.live == 0) {
        release(number);
    } else if (number != head_ && segment.live * 2 < segment.used) {
        sparse_.push_back(number);
    }
}

void ChannelRecords::evacuate_one() {
    while (!sparse_.empty()) {
        const std::uint32_t number = sparse_.back();
        sparse_.pop_back();
        // A number may be listed twice. By now it may be free or belong to another segment.
        const Segment& segment = segments_[number];
        if (segment.bytes == nullptr || number == head_ || segment.live * 2 >= segment.used) continue;
        return evacuate(number);
    }
}

void ChannelRecords::evacuate(std::uint32_t number) {
    const std::size_t used = segments_[number].used;
    for (std::size_t offset = 0; offset < used;) {
        const RecordPlace place = make_place(number, offset);
        const std::string_view value = value_at(place);
        Key key{};
        std::memcpy(&key, at(place), sizeof key);
        RecordPlace* const known = index_.find(key);
        if (known != nullptr && *known == place) *known = append(key, value);
        offset += header_bytes + value.size();
    }
    release(number);
}

void ChannelRecords::release(std::uint32_t number) {
    if (number == head_) head_.reset();
    const Segment& segment = segments_[number];
    capacity_ -= segment.capacity;
    if (segment.shared) shared_capacity_ -= segment.capacity;
    segments_[number] = {};
    free_.push_back(number);
}

}  // namespace halp
