#include "store/records/memory_store.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/hash.h"
#include "store/records/record_index.h"
#include "tests/store/records/store_fixture.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::channel;
using tests::Seeded;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool counts_memory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool counts_memory = false;
#else
constexpr bool counts_memory = true;
#endif
#else
constexpr bool counts_memory = true;
#endif

std::size_t heap_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

TEST(RecordIndex, AgreesWithAnOrderedMap) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE(seed);
        Seeded random(seed);
        RecordIndex index;
        std::map<Key, RecordPlace> model;
        for (int step = 0; step < 30000; ++step) {
            const Key key{random.below(4000) * (seed % 2 == 0 ? 1 : 0x9e3779b97f4a7c15)};
            const bool grow = random.below(10) < (step < 15000 ? 7U : 3U);
            if (grow && model.count(key) == 0) {
                model[key] = RecordPlace{random.next()};
                index.find_or_add(key).place = model[key];
            } else if (!grow && model.erase(key) == 1) {
                index.erase(key);
            }
            ASSERT_EQ(index.size(), model.size());
            const RecordPlace* found = index.find(key);
            ASSERT_EQ(found != nullptr, model.count(key) == 1);
            if (found != nullptr) {
                ASSERT_EQ(*found, model[key]);
            }
            if (step % 1000 != 0) continue;
            std::map<Key, RecordPlace> walked;
            const Key after{random.next()};
            index.walk(after,
                       [&](Key k, RecordPlace place) { return walked.emplace_hint(walked.end(), k, place), true; });
            ASSERT_EQ(walked, (std::map<Key, RecordPlace>(model.upper_bound(after), model.end())));
        }
    }
}

// Expected keys are noted with their places; blocks that are split, merged and walked meanwhile move them.
TEST(RecordIndex, FindsExpectedKeysWhereverTheyHaveMoved) {
    Seeded random(7);
    RecordIndex index;
    std::map<Key, RecordPlace> model;
    for (int step = 0; step < 60000; ++step) {
        const Key key{random.below(3000) * 0x9e3779b97f4a7c15}, expected{random.below(3000) * 0x9e3779b97f4a7c15};
        index.fetch_near(expected);
        const bool grow = random.below(100) < (step / 15000 % 2 == 0 ? 70U : 30U);
        if (grow) {
            const auto added = index.find_or_add(key);
            ASSERT_EQ(added.added, model.count(key) == 0);
            model[key] = added.place = RecordPlace{random.next()};
        } else if (model.erase(key) == 1) {
            index.erase(key);
        }
        for (const Key asked : {key, expected, expected}) {
            const RecordPlace* const found = index.find(asked);
            ASSERT_EQ(found != nullptr, model.count(asked) == 1);
            if (found != nullptr) {
                ASSERT_EQ(*found, model[asked]);
            }
        }
        if (step % 500 == 0) index.walk(std::nullopt, [](Key, RecordPlace) { return true; });
    }
}

TEST(RecordIndex, FillsItsBlocksWithRisingKeys) {
    RecordIndex index;
    for (std::uint64_t i = 0; i < 100'000; ++i) index.find_or_add(Key{i}).place = RecordPlace{i};
    EXPECT_LE(index.bytes(), 100'000U * 17);
}

class CountedSegments final : public SegmentMemory {
public:
    ~CountedSegments() override { EXPECT_EQ(taken, 0U); }
    [[nodiscard]] char* take() override {
        ++taken;
        return std::make_unique_for_overwrite<char[]>(segment_bytes).release();
    }
    void give_back(char* segment) override {
        --taken;
        delete[] segment;
    }
    std::size_t taken = 0;
};

TEST(RecordIndex, HasManyBlocksInSegmentsAndGivesThemBack) {
    CountedSegments memory;
    RecordIndex index(&memory);
    const auto key = [](std::uint64_t i) { return Key{i * 0x9e3779b97f4a7c15}; };
    constexpr std::uint64_t few = 10'000, many = 100'000;
    for (std::uint64_t i = 0; i < few; ++i) index.find_or_add(key(i)).place = RecordPlace{i};
    EXPECT_EQ(memory.taken, 0U) << "a segment is more than a small index needs";
    for (std::uint64_t i = few; i < many; ++i) index.find_or_add(key(i)).place = RecordPlace{i};
    EXPECT_GT(memory.taken, 4U);
    EXPECT_GT(index.bytes(), memory.taken * SegmentMemory::segment_bytes);
    EXPECT_LE(index.bytes(), many * 27);
    for (std::uint64_t i = 0; i < many; ++i) ASSERT_EQ(*index.find(key(i)), RecordPlace{i});
    for (std::uint64_t i = few / 10; i < many; ++i) index.erase(key(i));
    EXPECT_EQ(memory.taken, 0U);
    for (std::uint64_t i = 0; i < few; ++i) ASSERT_EQ(index.find(key(i)) != nullptr, i < few / 10);
    // Blocks of both kinds grow and shrink together.
    for (std::uint64_t i = few / 10; i < many; ++i) index.find_or_add(key(i)).place = RecordPlace{~i};
    for (std::uint64_t i = 0; i < many; i += 7) index.erase(key(i));
    std::uint64_t seen = 0;
    index.walk(std::nullopt, [&](Key, RecordPlace) { return ++seen > 0; });
    EXPECT_EQ(seen, index.size());
}

TEST(MemoryStore, KeepsARecordOfAHundredBytesInAHundredAndFifty) {
    if (!counts_memory) GTEST_SKIP() << "the sanitizer's own memory would be counted";
    for (const bool rising : {true, false}) {
        Seeded random(5);
        const std::string value(100, 'v');
        constexpr std::uint64_t records = 1'000'000;
        const std::size_t before = heap_bytes();
        auto store = std::make_unique<MemoryStore>();
        for (std::uint64_t i = 0; i < records; ++i)
            ASSERT_EQ(store->put_now(channel("chat"), Key{rising ? i : random.next()}, value), Wrote::done);
        const std::size_t measured = heap_bytes() - before;
        EXPECT_LE(measured, records * 150);
        EXPECT_LE(store->memory_bytes(), measured + measured / 50);
        EXPECT_GE(store->memory_bytes(), measured - measured / 50);
        RecordProperty(rising ? "bytes_rising" : "bytes_random", static_cast<int>(measured / records));
        std::printf("%s keys: %.1f bytes a record\n", rising ? "rising" : "random",
                    static_cast<double>(measured) / records);
    }
}

TEST(MemoryStore, ReclaimsWhatIsOverwrittenAndRemoved) {
    Seeded random(9);
    MemoryStore store;
    std::size_t most = 0;
    for (int step = 0; step < 300'000; ++step) {
        const Key key{random.below(3000)};
        if (random.one_in(3)) {
            store.remove(channel("chat"), key, WriteToken{});
        } else {
            store.put_now(channel("chat"), key, std::string(random.below(400), 'x'));
        }
        if (step % 1000 == 0) {
            std::vector<Completion> completions;
            store.take_completions(completions);
            most = std::max(most, store.memory_bytes());
        }
    }
    // About 2000 records of 200 bytes exist at any time, so 400 kB and their headers.
    EXPECT_LE(most, 2 * (store.total().bytes + store.total().records * 36) + 2 * ChannelRecords::segment_bytes_max);

    for (std::uint64_t i = 0; i < 3000; ++i) store.remove(channel("chat"), Key{i}, WriteToken{});
    std::vector<Completion> completions;
    store.take_completions(completions);
    EXPECT_EQ(store.total(), RecordCount{});
    EXPECT_LE(store.memory_bytes(), 100'000U);
}

TEST(MemoryStore, GivesABigValueBackAtOnce) {
    MemoryStore store;
    const std::string big(10'000'000, 'b');
    store.put_now(channel("chat"), Key{1}, big);
    EXPECT_GE(store.memory_bytes(), big.size());
    store.put_now(channel("chat"), Key{1}, "small");
    EXPECT_LE(store.memory_bytes(), 100'000U);
    EXPECT_EQ(store.find(channel("chat"), Key{1}), "small");
}

TEST(MemoryStore, CostsLittleForAnEmptyChannel) {
    MemoryStore store;
    for (int i = 0; i < 1000; ++i) store.create_channel(channel("c" + std::to_string(i)), WriteToken{});
    std::vector<Completion> completions;
    store.take_completions(completions);
    EXPECT_LE(store.memory_bytes(), 1000U * 400);
}

TEST(MemoryStore, RefusesWhatDoesNotFitAndKeepsTheRest) {
    MemoryStore store{{.bytes_max = 10 * 136, .channels_max = 2, .value_bytes_max = 1000}};
    const std::string value(100, 'v');
    for (std::uint64_t i = 0; i < 10; ++i) ASSERT_EQ(store.put_now(channel("chat"), Key{i}, value), Wrote::done);
    EXPECT_EQ(store.put_now(channel("chat"), Key{10}, value), Wrote::refused);
    EXPECT_EQ(store.put_now(channel("chat"), Key{3}, value), Wrote::done);  // replaces the existing value
    EXPECT_EQ(store.put_now(channel("chat"), Key{3}, value + "x"), Wrote::refused);
    EXPECT_EQ(store.find(channel("chat"), Key{3}), value);
    EXPECT_EQ(store.total(), (RecordCount{10, 1000}));
}

TEST(MemoryStore, RefusesTooManyChannelsAndTooLongValues) {
    MemoryStore store{{.bytes_max = 0, .channels_max = 2, .value_bytes_max = 10}};
    EXPECT_EQ(store.put_now(channel("a"), Key{1}, std::string(10, 'x')), Wrote::done);
    EXPECT_EQ(store.put_now(channel("a"), Key{2}, std::string(11, 'x')), Wrote::refused);
    EXPECT_EQ(store.put_now(channel("b"), Key{1}, ""), Wrote::done);
    EXPECT_EQ(store.put_now(channel("c"), Key{1}, ""), Wrote::refused);
    EXPECT_EQ(store.channel_count(), 2U);
}

// ---- loading ----

TEST(MemoryStore, LoadsRecordsOfAnyOrderAsPutsInTheirOrder) {
    const Channel chan = channel("chan");
    // Spread, in order, few, and all alike but for the lowest bits; in each some keys come again.
    const std::function<std::uint64_t(std::uint64_t)> orders[] = {
        [](std::uint64_t i) { return mix(i % 4000); }, [](std::uint64_t i) { return i; },
        [](std::uint64_t i) { return i * 7919 % 101; },
        [](std::uint64_t i) {
            return (std::uint64_t{0xabc} << 52) + i * 7919 % 4999 + (i % 9 == 0 ? 1ULL << 63 : 0);
        }};
    for (const auto& key_of : orders) {
        MemoryStore loaded, put;
        for (MemoryStore* store : {&loaded, &put})
            for (std::uint64_t i = 0; i < 50; ++i) store->put_now(chan, Key{key_of(3 * i)}, "before");
        const auto text_of = [](std::uint64_t i) { return std::string(i % 300, static_cast<char>('a' + i % 26)); };
        EXPECT_EQ(loaded.load(chan,
                              [&](const RecordStore::PutRecord& add) {
                                  for (std::uint64_t i = 0; i < 6000; ++i) add(Key{key_of(i)}, text_of(i));
                              }),
                  0U);
        for (std::uint64_t i = 0; i < 6000; ++i) put.put_now(chan, Key{key_of(i)}, text_of(i));
        EXPECT_EQ(loaded.total(), put.total());
        std::vector<std::pair<Key, std::string>> one, other;
        const auto into = [](auto& list) {
            return [&list](Key key, std::string_view value) {
                list.emplace_back(key, value);
                return true;
            };
        };
        EXPECT_EQ(loaded.scan(chan, std::nullopt, into(one)).value(), Scan::ended);
        EXPECT_EQ(put.scan(chan, std::nullopt, into(other)).value(), Scan::ended);
        EXPECT_EQ(one, other);
        // And it goes on as ever.
        for (std::uint64_t i = 0; i < 6000; i += 2) loaded.remove(chan, Key{key_of(i)}, {});
        EXPECT_LT(loaded.total().records, put.total().records);
    }
}

TEST(MemoryStore, LoadsNoMoreThanItsLimitsAllow) {
    const Channel chan = channel("chan");
    const std::uint64_t each = 100 + MemoryStore::record_overhead_bytes;
    MemoryStore store{{.bytes_max = 10 * each, .channels_max = 1, .value_bytes_max = 100}};
    const auto load = [&](const Channel& into, std::uint64_t records, std::uint64_t keys, std::size_t bytes) {
        return store.load(into, [&](const RecordStore::PutRecord& add) {
            for (std::uint64_t i = 0; i < records; ++i) add(Key{i % keys}, std::string(bytes, 'v'));
        });
    };
    EXPECT_EQ(load(chan, 40, 10, 100), 0U) << "each key counts once";
    EXPECT_EQ(store.total().records, 10U);
    EXPECT_EQ(load(chan, 13, 13, 100), 3U);
    EXPECT_EQ(store.total().records, 10U);
    EXPECT_EQ(load(chan, 2, 2, 101), 2U) << "too long";
    EXPECT_EQ(load(channel("other"), 2, 2, 1), 2U) << "a channel too many";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
