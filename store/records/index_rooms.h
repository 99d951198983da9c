// Room for the blocks of an index. A block looks at another place for every key, and the processor finds a huge
// page faster: so rooms of full size lie in segments (segment_memory.h), when an index has many of them. All others
// are of the heap.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "store/records/segment_memory.h"

namespace halp {

class IndexRooms {
public:
    // A room of full size has `full_bytes`, a divisor of SegmentMemory::segment_bytes. `memory` outlives the rooms;
    // null: the heap.
    explicit IndexRooms(std::size_t full_bytes, SegmentMemory* memory = nullptr)
        : full_bytes_(full_bytes), memory_(memory) {}
    IndexRooms(const IndexRooms&) = delete;
    IndexRooms& operator=(const IndexRooms&) = delete;
    ~IndexRooms();

    // With any content. All rooms are given back before the end.
    [[nodiscard]] char* take(std::size_t bytes);
    void give_back(char* room, std::size_t bytes);

    [[nodiscard]] std::size_t bytes() const;  // allocated

private:
    // So many rooms of the heap come first: the last segment of a larger index may be nearly empty.
    static constexpr std::size_t of_heap_first = 64;

    // Made for the first segment: most channels are small.
    struct Segments {
        std::map<char*, std::size_t> taken;  // by segment: how many of its rooms
        std::vector<char*> free;             // rooms
    };
    void add_segment();
    // Null: the room is of the heap.
    [[nodiscard]] char* segment_of(char* room) const;

    std::size_t full_bytes_;
    SegmentMemory* memory_;
    std::size_t heap_bytes_ = 0, full_of_heap_ = 0;
    std::unique_ptr<Segments> segments_;
};

}  // namespace halp
