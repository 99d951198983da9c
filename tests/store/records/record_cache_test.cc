// Values in memory beside a record file: never another one than the file has.
#include "store/records/record_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "store/records/lmdb_store.h"
#include "tests/store/records/store_fixture.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::channel;
using tests::Seeded;

constexpr std::size_t smallest = RecordCache::bytes_min;

std::string value_for(std::uint64_t number, std::size_t bytes) {
    std::string value = std::to_string(number) + ":";
    value.resize(std::max(value.size(), bytes), static_cast<char>('a' + number % 26));
    return value;
}

TEST(RecordCache, FindsWhatWasInsertedAndNothingElse) {
    RecordCache cache{smallest, nullptr};
    EXPECT_FALSE(cache.find(ChannelNumber{1}, Key{7}));
    cache.insert(ChannelNumber{1}, Key{7}, "seven");
    cache.insert(ChannelNumber{1}, Key{8}, "");
    EXPECT_EQ(cache.find(ChannelNumber{1}, Key{7}), "seven");
    EXPECT_EQ(cache.find(ChannelNumber{1}, Key{8}), "");
    EXPECT_FALSE(cache.find(ChannelNumber{2}, Key{7}));
    cache.erase(ChannelNumber{1}, Key{7});
    EXPECT_FALSE(cache.find(ChannelNumber{1}, Key{7}));
    cache.clear();
    EXPECT_FALSE(cache.find(ChannelNumber{1}, Key{8}));
    EXPECT_EQ(cache.counts().hits, 2U);
    EXPECT_EQ(cache.counts().misses, 4U);
}

TEST(RecordCache, StaysBelowItsLimitAndKeepsTheNewest) {
    RecordCache cache{8 * smallest, nullptr};
    constexpr std::uint64_t count = 300'000;
    for (std::uint64_t i = 0; i < count; ++i) cache.insert(ChannelNumber{1}, Key{i}, value_for(i, 100));
    EXPECT_LE(cache.counts().bytes, cache.counts().bytes_max);
    EXPECT_EQ(cache.counts().bytes_max, 8 * smallest);
    std::uint64_t found = 0;
    for (std::uint64_t i = count - 30'000; i < count; ++i) found += cache.find(ChannelNumber{1}, Key{i}) ? 1U : 0U;
    EXPECT_GE(found, 29'000U) << "a bucket may be full";
    EXPECT_FALSE(cache.find(ChannelNumber{1}, Key{0}));
}

TEST(RecordCache, LeavesLongValuesOut) {
    RecordCache cache{smallest, nullptr};
    cache.insert(ChannelNumber{1}, Key{1}, std::string(RecordCache::value_bytes_max, 'x'));
    cache.insert(ChannelNumber{1}, Key{2}, std::string(RecordCache::value_bytes_max + 1, 'x'));
    EXPECT_TRUE(cache.find(ChannelNumber{1}, Key{1}));
    EXPECT_FALSE(cache.find(ChannelNumber{1}, Key{2}));
}

TEST(RecordCache, AgreesWithAModel) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE(seed);
        Seeded random{seed};
        RecordCache cache{smallest * (1 + random.below(6)), nullptr};
        std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> model;
        const std::size_t longest = random.one_in(2) ? 200 : 5000;
        std::uint64_t hits = 0;
        for (std::uint64_t step = 0; step < 60'000; ++step) {
            const std::pair at{random.below(3), random.below(5000)};
            const ChannelNumber number{at.first};
            const Key key{at.second};
            const auto found = cache.find(number, key);
            ASSERT_TRUE(!found || (model.count(at) && *found == model[at])) << step;
            hits += found ? 1U : 0U;
            if (random.one_in(3)) {
                cache.erase(number, key);
                model.erase(at);
            } else if (!found) {
                model[at] = value_for(step, random.below(longest));
                cache.insert(number, key, model[at]);
            }
            if (random.one_in(20'000)) {
                cache.clear();
                model.clear();
            }
        }
        EXPECT_GT(hits, 5000U);
    }
}

// ---- in front of a record file ----

// Records are put, removed, read during a commit, moved out of the range and back; the file is small, so writes
// fail, and channels are removed and made again.
class CachedStore {
public:
    explicit CachedStore(std::uint64_t seed) : random_(seed) {
        LmdbOptions options = tests::quick_options();
        options.map_bytes_max = options.map_bytes = std::uint64_t{256} << 10;
        options.purged_per_commit = 16;
        store_ = tests::open_or_die(directory_.file(), options);
        store_->use_cache(std::make_unique<RecordCache>(smallest, nullptr));
        EXPECT_TRUE(store_->set_range(HashRange::full()));
    }

    void step() {
        const std::uint64_t what = random_.below(100);
        if (what < 40) return read();
        if (what < 70) return put();
        if (what < 85) return remove();
        if (what < 86) return remove_channel();
        if (what < 87 && store_->writes_waiting() == 0) return move();
        commit();
    }
    [[nodiscard]] RecordCache::Counts counts() const { return *store_->cache_counts(); }
    [[nodiscard]] std::uint64_t failed() const { return failed_; }

private:
    using At = std::pair<int, std::uint64_t>;
    struct Change {
        bool whole_channel = false;
        At at{};
        std::optional<std::string> value;
    };

    [[nodiscard]] At draw() { return {static_cast<int>(random_.below(3)), random_.below(400)}; }
    [[nodiscard]] static Channel name(int number) { return channel("chat" + std::to_string(number)); }

    void read() {
        const At at = draw();
        if (!store_->range().contains(Key{at.second})) return;
        std::string value;
        store_->expect(name(at.first), Key{at.second}, RecordStore::Expected::soon);
        store_->expect(name(at.first), Key{at.second}, RecordStore::Expected::next);
        const auto found = store_->get(name(at.first), Key{at.second}, value);
        ASSERT_TRUE(found);
        const auto known = model_.find(at);
        ASSERT_EQ(*found, known != model_.end()) << at.first << " " << at.second;
        ASSERT_EQ(value, *found ? known->second : "");
        ASSERT_EQ(store_->exists(name(at.first), Key{at.second}).value(), *found);
    }
    void put() {
        const At at = draw();
        std::string value = value_for(++written_, random_.below(random_.one_in(20) ? 20'000 : 300));
        store_->put(name(at.first), Key{at.second}, value, WriteToken{written_});
        changes_[written_] = {false, at, std::move(value)};
    }
    void remove() {
        const At at = draw();
        store_->remove(name(at.first), Key{at.second}, WriteToken{++written_});
        changes_[written_] = {false, at, std::nullopt};
    }
    void remove_channel() {
        const int number = static_cast<int>(random_.below(3));
        store_->remove_channel(name(number), WriteToken{++written_});
        changes_[written_] = {true, {number, 0}, std::nullopt};
    }
    // Keys below 200 leave the range, or come back without their records.
    void move() {
        settle();
        const bool whole = store_->range() == HashRange::full();
        const HashRange wanted = whole ? HashRange::make(0, ~0ULL >> 1).value() : HashRange::full();
        ASSERT_TRUE(store_->set_range(wanted));
        for (int i = 0; store_->sweeping() && i < 1000; ++i) {
            read();
            ASSERT_TRUE(store_->commit());
        }
        settle();
        std::erase_if(model_, [&](const auto& one) { return !wanted.contains(Key{one.first.second}); });
    }
    void commit() {
        if (!store_->prepare_commit()) return;
        for (Result<bool> again = true; again && *again;) {
            for (int i = 0; i < 3; ++i) read();
            store_->run_commit();
            for (int i = 0; i < 3; ++i) read();
            again = store_->finish_commit();
        }
        settle();
        store_->rest();
    }
    void settle() {
        std::vector<Completion> over;
        store_->take_completions(over);
        for (const Completion& one : over) {
            const auto found = changes_.find(static_cast<std::uint64_t>(one.token));
            ASSERT_NE(found, changes_.end());
            const Change change = std::move(found->second);
            changes_.erase(found);
            failed_ += one.wrote == Wrote::refused || one.wrote == Wrote::failed ? 1U : 0U;
            if (one.wrote != Wrote::done) continue;
            if (change.whole_channel)
                std::erase_if(model_, [&](const auto& record) { return record.first.first == change.at.first; });
            else if (change.value)
                model_[change.at] = *change.value;
            else
                model_.erase(change.at);
        }
    }

    Seeded random_;
    tests::OwnDirectory directory_;
    std::unique_ptr<LmdbStore> store_;
    std::map<At, std::string> model_;  // of completed writes
    std::map<std::uint64_t, Change> changes_;
    std::uint64_t written_ = 0, failed_ = 0;
};

TEST(RecordCache, ACachedStoreNeverAnswersWithAnOldValue) {
    std::uint64_t failed = 0, hits = 0;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE(seed);
        CachedStore store{seed};
        for (int i = 0; i < 6000 && !::testing::Test::HasFatalFailure(); ++i) store.step();
        failed += store.failed();
        hits += store.counts().hits;
    }
    EXPECT_GT(failed, 10U) << "the file was full at times";
    EXPECT_GT(hits, 1000U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
