#include "tools/halpd/huge_segments.h"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <iterator>

namespace halp {

HugeSegments::~HugeSegments() {
    for (const auto& entry : used_) ::munmap(entry.first, chunk_bytes);
}

// Without room for a chunk a segment is of the heap, which has an answer of its own when there is no memory.
char* HugeSegments::take() {
    if (free_.empty() && !add_chunk()) return new char[segment_bytes];
    char* const segment = free_.back();
    free_.pop_back();
    ++std::prev(used_.upper_bound(segment))->second;
    return segment;
}

void HugeSegments::give_back(char* segment) {
    auto chunk = used_.upper_bound(segment);
    const bool ours = chunk != used_.begin() && segment < std::prev(chunk)->first + chunk_bytes;
    if (!ours) {
        delete[] segment;
        return;
    }
    --chunk;
    assert(chunk->second > 0);
    if (--chunk->second == 0) return drop(chunk->first);
    // If it fails, the memory stays in use until the segment is used again.
    ::madvise(segment, segment_bytes, MADV_DONTNEED);
    free_.push_back(segment);
}

// A mapping of twice the size has an aligned chunk in it; the rest goes back.
bool HugeSegments::add_chunk() {
    void* const mapped =
        ::mmap(nullptr, 2 * chunk_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return false;
    char* const begin = static_cast<char*>(mapped);
    const std::size_t before = (chunk_bytes - reinterpret_cast<std::uintptr_t>(begin) % chunk_bytes) % chunk_bytes;
    char* const chunk = begin + before;
    if (before > 0) ::munmap(begin, before);
    ::munmap(chunk + chunk_bytes, chunk_bytes - before);
    ::madvise(chunk, chunk_bytes, MADV_HUGEPAGE);  // a wish: small pages do, too
    used_.emplace(chunk, 0);
    for (std::size_t i = segments_per_chunk; i-- > 0;) free_.push_back(chunk + i * segment_bytes);
    return true;
}

void HugeSegments::drop(char* chunk) {
    std::erase_if(free_, [&](const char* segment) { return segment >= chunk && segment < chunk + chunk_bytes; });
    used_.erase(chunk);
    ::munmap(chunk, chunk_bytes);
}

}  // namespace halp
