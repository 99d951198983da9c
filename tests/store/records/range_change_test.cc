// A node whose range changes: what leaves the range is never shown again, in either engine, over restarts and
// crashes.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "store/records/lmdb_store.h"
#include "store/records/memory_store.h"
#include "tests/store/records/store_fixture.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::channel;
using tests::commit_all;
using tests::only;
using tests::records_of;
using tests::Seeded;

// By the reversed bits, small even keys are in the lower half.
const HashRange lower = HashRange::make(0, ~0ULL >> 1).value(), upper = HashRange::make(1ULL << 63, ~0ULL).value();

class RangeChange : public ::testing::TestWithParam<std::string> {
protected:
    RangeChange() { restart(); }

    // A memory store would forget its records, so it is made only once.
    void restart() {
        if (GetParam() == "memory" && store_) return;
        store_.reset();
        if (GetParam() == "memory")
            store_ = std::make_unique<MemoryStore>();
        else
            store_ = tests::open_or_die(directory_.file(), tests::quick_options());
    }
    void put(std::uint64_t key, const std::string& value, const std::string& name = "chat") {
        store_->put(channel(name), Key{key}, value, WriteToken{1});
        EXPECT_EQ(only(commit_all(*store_)), Wrote::done);
    }
    void sweep() {
        for (int slices = 0; store_->sweeping() && slices < 1000; ++slices) ASSERT_TRUE(store_->commit());
        ASSERT_FALSE(store_->sweeping());
    }
    void move_to(const HashRange& range) {
        ASSERT_TRUE(store_->set_range(range));
        sweep();
        EXPECT_EQ(store_->range(), range);
    }
    [[nodiscard]] std::map<std::uint64_t, std::string> shown(const std::string& name = "chat") const {
        std::map<std::uint64_t, std::string> all;
        for (const auto& [key, value] : records_of(*store_, channel(name))) all[halp::value_of(key)] = value;
        return all;
    }
    [[nodiscard]] std::map<std::uint64_t, std::string> aside(const std::string& name = "chat") const {
        std::map<std::uint64_t, std::string> all;
        EXPECT_TRUE(store_->scan_aside(channel(name), std::nullopt, [&](Key key, std::string_view value) {
            all[halp::value_of(key)] = value;
            return true;
        }));
        return all;
    }
    void expect_sound() {
        auto* file = dynamic_cast<LmdbStore*>(store_.get());
        if (!file) return;
        const auto check = file->check();
        ASSERT_TRUE(check);
        EXPECT_EQ(check->defects, std::vector<std::string>{});
        EXPECT_EQ(check->aside, store_->set_aside());
    }

    using Records = std::map<std::uint64_t, std::string>;
    tests::OwnDirectory directory_;
    std::unique_ptr<RecordStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Engines, RangeChange, ::testing::Values("memory", "lmdb"),
                         [](const auto& engine) { return engine.param; });

TEST_P(RangeChange, ARecordThatLeavesTheRangeIsNotShownAndDoesNotComeBack) {
    put(1, "upper");
    put(2, "lower");
    move_to(lower);
    EXPECT_EQ(shown(), (Records{{2, "lower"}}));
    EXPECT_EQ(store_->count(channel("chat")).records, 1U);
    EXPECT_EQ(store_->total(), (RecordCount{1, 5}));
    EXPECT_EQ(store_->set_aside(), (RecordCount{1, 5}));
    EXPECT_EQ(aside(), (Records{{1, "upper"}}));

    restart();
    move_to(HashRange::full());
    EXPECT_EQ(shown(), (Records{{2, "lower"}}));
    EXPECT_EQ(aside(), (Records{{1, "upper"}})) << "it can still be read by the operator";
    put(1, "new");
    EXPECT_EQ(shown(), (Records{{1, "new"}, {2, "lower"}}));
    expect_sound();
}

TEST_P(RangeChange, AChannelWhoseRecordsAllLeaveIsListedNoLonger) {
    put(1, "upper");
    put(2, "lower", "other");
    move_to(lower);
    EXPECT_EQ(store_->channels(std::nullopt, 9), std::vector{channel("other")});
    EXPECT_EQ(store_->channels_aside(), std::vector{channel("chat")});
    EXPECT_EQ(store_->channel_count(), 1U);
}

TEST_P(RangeChange, WhatBothRangesHaveInCommonIsServedMeanwhile) {
    const HashRange middle = HashRange::make(1ULL << 62, 3ULL << 62).value();
    put(1, "upper");
    put(2, "lower");
    move_to(lower);
    put(4, "in the middle");
    ASSERT_TRUE(store_->set_range(middle));
    EXPECT_TRUE(store_->sweeping());
    EXPECT_EQ(store_->range(), middle.common(lower));
    sweep();
    EXPECT_EQ(store_->range(), middle);
    EXPECT_TRUE(store_->set_range(middle));
    EXPECT_FALSE(store_->sweeping()) << "the same range again is no change";
}

TEST_P(RangeChange, ATypingMistakeThatIsCorrectedDuringTheSweepRevivesNothing) {
    for (std::uint64_t key = 0; key < 40; ++key) put(key, "v" + std::to_string(key));
    ASSERT_TRUE(store_->set_range(lower));
    restart();  // for the file: a crash before the first slice of the sweep
    ASSERT_TRUE(store_->set_range(HashRange::full()));
    EXPECT_EQ(store_->range(), lower) << "until the sweep is over";
    sweep();
    EXPECT_EQ(store_->range(), HashRange::full());
    EXPECT_EQ(shown().size(), 20U);
    EXPECT_EQ(store_->set_aside().records, 20U);
    expect_sound();
}

TEST_P(RangeChange, AnEmptyRangeServesNothingAndKeepsEverythingAside) {
    for (std::uint64_t key = 0; key < 9; ++key) put(key, "v");
    move_to(HashRange{});
    EXPECT_EQ(store_->total(), RecordCount{});
    EXPECT_EQ(store_->channel_count(), 0U);
    EXPECT_EQ(store_->set_aside().records, 9U);
    move_to(upper);
    EXPECT_EQ(store_->total(), RecordCount{});
}

TEST_P(RangeChange, TheLaterOfTwoRecordsThatWereSetAsideIsKept) {
    put(1, "first");
    move_to(lower);
    move_to(HashRange::full());
    put(1, "second");
    move_to(lower);
    EXPECT_EQ(aside(), (Records{{1, "second"}}));
    EXPECT_EQ(store_->set_aside(), (RecordCount{1, 6}));
    expect_sound();
}

TEST_P(RangeChange, WhatIsSetAsideCanBeDroppedAndGoesWithItsChannel) {
    put(1, "one");
    put(1, "two", "other");
    move_to(lower);
    store_->remove_channel(channel("chat"), WriteToken{1});
    (void)commit_all(*store_);
    EXPECT_EQ(aside(), Records{});
    EXPECT_EQ(aside("other"), (Records{{1, "two"}}));
    ASSERT_TRUE(store_->drop_aside());
    EXPECT_EQ(store_->set_aside(), RecordCount{});
    restart();
    EXPECT_EQ(store_->set_aside(), RecordCount{});
    expect_sound();
}

TEST_P(RangeChange, AWriteThatWaitsWhenTheRangeChangesIsSetAsideToo) {
    store_->put(channel("chat"), Key{1}, "late", WriteToken{1});
    ASSERT_TRUE(store_->set_range(lower));
    EXPECT_EQ(only(commit_all(*store_)), Wrote::done) << "it was accepted, and its client is told so";
    sweep();
    EXPECT_EQ(shown(), Records{});
    EXPECT_EQ(aside(), (Records{{1, "late"}}));
}

TEST_P(RangeChange, ManyChangesAgreeWithANaiveModel) {
    Seeded random(11);
    Records model;
    HashRange range = HashRange::full();
    for (int step = 0; step < 400; ++step) {
        const std::uint64_t key = random.below(64) << (random.below(2) * 58);
        if (random.below(12) == 0) {
            const std::uint64_t one = random.next(), other = random.next();
            range = random.below(3) == 0 ? HashRange::full()
                                         : HashRange::make(std::min(one, other), std::max(one, other)).value();
            ASSERT_TRUE(store_->set_range(range));
            if (random.below(3) == 0) restart();
            ASSERT_TRUE(store_->set_range(range));
            sweep();
            std::erase_if(model, [&](const auto& record) { return !range.contains(Key{record.first}); });
        } else if (range.contains(Key{key})) {
            put(key, std::string(random.below(30), 'x') + std::to_string(step));
            model[key] = shown().at(key);
        }
        if (step % 20 == 0) {
            ASSERT_EQ(shown(), model) << "step " << step << " of seed 11";
        }
    }
    ASSERT_EQ(shown(), model);
    expect_sound();
}

TEST(RangeChangeOfAFile, WithoutARangeIsSweptAtTheFirstStart) {
    const tests::OwnDirectory directory;
    {
        const auto store = tests::open_or_die(directory.file(), tests::quick_options());
        for (std::uint64_t key = 0; key < 10; ++key) store->put(channel("chat"), Key{key}, "v", WriteToken{key});
        EXPECT_EQ(commit_all(*store).size(), 10U);
    }
    const auto store = tests::open_or_die(directory.file(), tests::quick_options());
    ASSERT_TRUE(store->set_range(upper));
    while (store->sweeping()) ASSERT_TRUE(store->commit());
    EXPECT_EQ(store->total().records, 5U);
    EXPECT_EQ(store->set_aside().records, 5U);
}

TEST(RangeChangeOfAFile, IsSweptInSlicesBetweenTheWrites) {
    const tests::OwnDirectory directory;
    const auto store = tests::open_or_die(directory.file(), tests::quick_options());
    for (std::uint64_t key = 0; key < 12'000; ++key) store->put(channel("chat"), Key{key}, "v", WriteToken{key});
    EXPECT_EQ(commit_all(*store).size(), 12'000U);
    ASSERT_TRUE(store->set_range(lower));
    ASSERT_TRUE(store->commit());
    ASSERT_TRUE(store->sweeping());
    ASSERT_TRUE(store->set_range(lower));
    EXPECT_EQ(store->next_deadline(), never) << "a node that begins with such a store goes on with the sweep";
    int writes = 0;
    for (; store->sweeping() && writes < 1000; ++writes) {
        store->put(channel("chat"), Key{0}, "w", WriteToken{1});
        ASSERT_TRUE(store->commit());
    }
    EXPECT_GT(writes, 8);
    EXPECT_LT(writes, 100);
    EXPECT_EQ(store->total().records, 6'000U);
    EXPECT_EQ(store->set_aside().records, 6'000U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
