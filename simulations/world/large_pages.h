// A block of memory that is read at random places. Where the system grants them it has large pages: with pages of
// 4 KiB, a swarm of a million views misses the translation cache of the processor at nearly every event.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace halp {

struct FreeBlock {
    void operator()(void* block) const { std::free(block); }
};
template <class T>
using LargePages = std::unique_ptr<T[], FreeBlock>;

// Not initialized. A block that fills no large page is like any other.
template <class T>
[[nodiscard]] LargePages<T> large_pages(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && std::is_trivially_copyable_v<T>);
    constexpr std::size_t large = std::size_t{1} << 21;
    const std::size_t bytes = count * sizeof(T);
    const std::size_t align = bytes < large ? 64 : large;
    void* const block = std::aligned_alloc(align, (bytes / align + 1) * align);
    if (!block) throw std::bad_alloc{};
    // Only a wish: without large pages the block is as good, but slower.
    if (bytes >= large) static_cast<void>(::madvise(block, bytes / large * large, MADV_HUGEPAGE));
    return LargePages<T>{static_cast<T*>(block)};
}

}  // namespace halp
