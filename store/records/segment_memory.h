// Where the segments of records in memory come from, those of full size. Of many records each one lies on another
// page than the one before, and the processor finds a huge page faster: a daemon gives segments of such pages
// (tools/halpd/huge_segments.h).
#pragma once

#include <cstddef>
#include <memory>

namespace halp {

class SegmentMemory {
public:
    static constexpr std::size_t segment_bytes = 256 * 1024;  // takes about a millisecond to empty

    SegmentMemory() = default;
    SegmentMemory(const SegmentMemory&) = delete;
    SegmentMemory& operator=(const SegmentMemory&) = delete;
    virtual ~SegmentMemory() = default;

    // segment_bytes, with any content. Never null.
    [[nodiscard]] virtual char* take() = 0;
    virtual void give_back(char* segment) = 0;
};

struct GiveBackSegment {
    SegmentMemory* memory = nullptr;  // null: the heap
    void operator()(char* bytes) const {
        if (memory)
            memory->give_back(bytes);
        else
            delete[] bytes;
    }
};
using SegmentBytes = std::unique_ptr<char[], GiveBackSegment>;

}  // namespace halp
