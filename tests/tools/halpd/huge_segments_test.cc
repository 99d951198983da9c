// Segments of huge pages: each is its holder's alone, and a chunk goes back with its last segment.
#include "tools/halpd/huge_segments.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "store/records/memory_store.h"

namespace halp {
namespace {

TEST(HugeSegments, AreApartAndGoBackWithTheirChunk) {
    HugeSegments memory;
    std::vector<char*> segments;
    for (int i = 0; i < 20; ++i) {
        segments.push_back(memory.take());
        std::memset(segments.back(), i, SegmentMemory::segment_bytes);
    }
    EXPECT_EQ(memory.chunks(), 3U);
    for (int i = 0; i < 20; ++i) {
        const char* const segment = segments[static_cast<std::size_t>(i)];
        ASSERT_EQ(segment[0], i);
        ASSERT_EQ(segment[SegmentMemory::segment_bytes - 1], i);
    }
    memory.give_back(segments.back());
    segments.back() = memory.take();
    EXPECT_EQ(memory.chunks(), 3U) << "a segment is used again";
    for (char* segment : segments) memory.give_back(segment);
    EXPECT_EQ(memory.chunks(), 0U);
}

TEST(HugeSegments, HoldTheRecordsOfAStore) {
    auto memory = std::make_unique<HugeSegments>();
    const HugeSegments& its = *memory;
    MemoryStore store({}, std::move(memory));
    const Channel channel = *Channel::parse("chat");
    const std::string value(1000, 'v');
    for (std::uint64_t i = 0; i < 5000; ++i)
        ASSERT_EQ(store.put_now(channel, Key{i}, value + std::to_string(i)), Wrote::done);
    EXPECT_GE(its.chunks(), 2U);
    for (std::uint64_t i = 0; i < 5000; ++i) ASSERT_EQ(store.find(channel, Key{i}), value + std::to_string(i));
    store.remove_channel(channel, WriteToken{});
    EXPECT_EQ(its.chunks(), 0U);
}

}  // namespace
}  // namespace halp
