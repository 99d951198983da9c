// Segments for records in memory, eight in each chunk of 2 MiB, for which the kernel is asked to use one huge page.
// With small pages a Get or Put waits for the page tables about as long as for the record itself.
//
// A segment that is given back returns its memory at once, although the address stays with the chunk. Where the
// kernel has no huge pages (/sys/kernel/mm/transparent_hugepage/enabled: never) chunks consist of small ones.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include "store/records/segment_memory.h"

namespace halp {

class HugeSegments final : public SegmentMemory {
public:
    static constexpr std::size_t chunk_bytes = std::size_t{2} << 20;

    HugeSegments() = default;
    ~HugeSegments() override;

    [[nodiscard]] char* take() override;
    void give_back(char* segment) override;

    [[nodiscard]] std::size_t chunks() const { return used_.size(); }

private:
    static constexpr std::size_t segments_per_chunk = chunk_bytes / segment_bytes;

    [[nodiscard]] bool add_chunk();
    void drop(char* chunk);

    std::map<char*, std::size_t> used_;  // by chunk: how many of its segments
    std::vector<char*> free_;            // segments
};

}  // namespace halp
