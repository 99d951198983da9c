#include "store/records/index_rooms.h"

#include <cassert>
#include <iterator>

namespace halp {

IndexRooms::~IndexRooms() {
    assert(heap_bytes_ == 0);
    if (!segments_) return;
    for (const auto& entry : segments_->taken) memory_->give_back(entry.first);
}

char* IndexRooms::take(std::size_t bytes) {
    const bool of_heap = memory_ == nullptr || bytes != full_bytes_ || full_of_heap_ < of_heap_first;
    if (of_heap) {
        auto room = std::make_unique_for_overwrite<char[]>(bytes);
        heap_bytes_ += bytes;
        if (bytes == full_bytes_) ++full_of_heap_;
        return room.release();
    }
    if (!segments_ || segments_->free.empty()) add_segment();
    char* const room = segments_->free.back();
    segments_->free.pop_back();
    ++segments_->taken.at(segment_of(room));
    return room;
}

void IndexRooms::give_back(char* room, std::size_t bytes) {
    char* const segment = segment_of(room);
    if (segment == nullptr) {
        heap_bytes_ -= bytes;
        if (bytes == full_bytes_) --full_of_heap_;
        return delete[] room;
    }
    segments_->free.push_back(room);
    const auto taken = segments_->taken.find(segment);
    if (--taken->second > 0) return;
    segments_->taken.erase(taken);
    std::erase_if(segments_->free, [segment](const char* one) {
        return one >= segment && one < segment + SegmentMemory::segment_bytes;
    });
    memory_->give_back(segment);
}

char* IndexRooms::segment_of(char* room) const {
    if (!segments_) return nullptr;
    const auto behind = segments_->taken.upper_bound(room);
    if (behind == segments_->taken.begin()) return nullptr;
    char* const segment = std::prev(behind)->first;
    return room < segment + SegmentMemory::segment_bytes ? segment : nullptr;
}

void IndexRooms::add_segment() {
    if (!segments_) segments_ = std::make_unique<Segments>();
    char* const segment = memory_->take();
    segments_->taken.emplace(segment, 0);
    // The first room is taken first.
    for (std::size_t at = SegmentMemory::segment_bytes; at > 0; at -= full_bytes_)
        segments_->free.push_back(segment + at - full_bytes_);
}

std::size_t IndexRooms::bytes() const {
    return heap_bytes_ + (segments_ ? segments_->taken.size() * SegmentMemory::segment_bytes : 0);
}

}  // namespace halp
