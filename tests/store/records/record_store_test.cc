// The behaviour that all engines share.
#include "store/records/record_store.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/hash.h"
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

constexpr WriteToken token{7};

class EveryStore : public ::testing::TestWithParam<std::string> {
protected:
    EveryStore() { reopen(); }

    // A memory store would forget its records, so it is made only once.
    void reopen() {
        if (GetParam() == "memory") {
            if (!store_) store_ = std::make_unique<MemoryStore>();
            return;
        }
        store_.reset();
        store_ = tests::open_or_die(directory_.file(), tests::quick_options());
    }

    Wrote put(const std::string& name, std::uint64_t key, std::string_view value) {
        store_->put(channel(name), Key{key}, value, token);
        return only(commit_all(*store_));
    }
    Wrote remove(const std::string& name, std::uint64_t key) {
        store_->remove(channel(name), Key{key}, token);
        return only(commit_all(*store_));
    }
    std::optional<std::string> get(const std::string& name, std::uint64_t key) {
        std::string value = "left over";
        const auto found = store_->get(channel(name), Key{key}, value);
        EXPECT_TRUE(found);
        EXPECT_EQ(store_->exists(channel(name), Key{key}).value(), *found);
        if (*found) return value;
        EXPECT_EQ(value, "");
        return std::nullopt;
    }

    tests::OwnDirectory directory_;
    std::unique_ptr<RecordStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Engines, EveryStore, ::testing::Values("memory", "lmdb"),
                         [](const auto& engine) { return engine.param; });

TEST_P(EveryStore, GivesBackWhatWasPut) {
    EXPECT_EQ(put("chat", 5, "hello"), Wrote::done);
    EXPECT_EQ(get("chat", 5), "hello");
    EXPECT_EQ(get("chat", 6), std::nullopt);
    EXPECT_EQ(get("other", 5), std::nullopt);
}

TEST_P(EveryStore, AnswersEachWriteWithItsTokenInOrder) {
    for (std::uint64_t i = 0; i < 100; ++i) store_->put(channel("chat"), Key{i}, "x", WriteToken{1000 + i});
    const auto completions = commit_all(*store_);
    ASSERT_EQ(completions.size(), 100U);
    for (std::uint64_t i = 0; i < 100; ++i)
        EXPECT_EQ(completions[i], (Completion{WriteToken{1000 + i}, Wrote::done}));
    EXPECT_TRUE(commit_all(*store_).empty());
}

TEST_P(EveryStore, KeepsAnEmptyValueAsARecord) {
    EXPECT_EQ(put("chat", 1, ""), Wrote::done);
    EXPECT_EQ(get("chat", 1), "");
    EXPECT_EQ(store_->count(channel("chat")), (RecordCount{1, 0}));
    EXPECT_EQ(remove("chat", 1), Wrote::done);
    EXPECT_EQ(get("chat", 1), std::nullopt);
}

TEST_P(EveryStore, TakesAnyBytesAndLongValues) {
    const std::string zeros(3, '\0'), longer(3'000'000, 'z');
    EXPECT_EQ(put("chat", 0, zeros), Wrote::done);
    EXPECT_EQ(put("chat", UINT64_MAX, longer), Wrote::done);
    EXPECT_EQ(get("chat", 0), zeros);
    EXPECT_EQ(get("chat", UINT64_MAX), longer);
}

TEST_P(EveryStore, RemovesAndSaysWhetherThereWasOne) {
    EXPECT_EQ(remove("chat", 1), Wrote::absent);
    EXPECT_FALSE(store_->has_channel(channel("chat")));
    put("chat", 1, "x");
    EXPECT_EQ(remove("chat", 2), Wrote::absent);
    EXPECT_EQ(remove("chat", 1), Wrote::done);
    EXPECT_EQ(remove("chat", 1), Wrote::absent);
    EXPECT_TRUE(store_->has_channel(channel("chat")));
}

TEST_P(EveryStore, UpdatesOnlyWhatIsAsItWasRead) {
    const auto update = [&](std::string_view original, std::string_view value) {
        store_->update(channel("chat"), Key{1}, fnv1a(original), value, token);
        return only(commit_all(*store_));
    };
    EXPECT_EQ(update("whatever", "first"), Wrote::done);  // a missing record counts as unchanged
    EXPECT_EQ(update("first", "second"), Wrote::done);
    EXPECT_EQ(update("first", "third"), Wrote::conflict);
    EXPECT_EQ(get("chat", 1), "second");
}

TEST_P(EveryStore, LetsOnlyTheFirstOfTwoUpdatesThroughThatWaitTogether) {
    put("chat", 1, "base");
    store_->update(channel("chat"), Key{1}, fnv1a("base"), "mine", WriteToken{1});
    store_->update(channel("chat"), Key{1}, fnv1a("base"), "yours", WriteToken{2});
    const std::vector<Completion> expected{{WriteToken{1}, Wrote::done}, {WriteToken{2}, Wrote::conflict}};
    EXPECT_EQ(commit_all(*store_), expected);
    EXPECT_EQ(get("chat", 1), "mine");
}

TEST_P(EveryStore, CountsRecordsAndBytesOfValues) {
    put("a", 1, "12345");
    put("a", 2, "1");
    put("b", 1, "123");
    put("a", 1, "12");
    remove("b", 1);
    EXPECT_EQ(store_->count(channel("a")), (RecordCount{2, 3}));
    EXPECT_EQ(store_->count(channel("b")), (RecordCount{0, 0}));
    EXPECT_EQ(store_->count(channel("none")), (RecordCount{0, 0}));
    EXPECT_EQ(store_->total(), (RecordCount{2, 3}));
}

TEST_P(EveryStore, ListsChannelsByNameInPages) {
    for (const char* name : {"m", "z", "a"}) store_->create_channel(channel(name), token);
    commit_all(*store_);
    EXPECT_EQ(store_->channels(std::nullopt, 2), (std::vector{channel("a"), channel("m")}));
    EXPECT_EQ(store_->channels(channel("m"), 2), (std::vector{channel("z")}));
    EXPECT_EQ(store_->channels(channel("b"), 9), (std::vector{channel("m"), channel("z")}));
    EXPECT_TRUE(store_->channels(channel("z"), 9).empty());
    EXPECT_EQ(store_->channel_count(), 3U);
}

TEST_P(EveryStore, RemovesAChannelWithAllItsRecordsAtOnce) {
    for (std::uint64_t i = 0; i < 5000; ++i) store_->put(channel("big"), Key{i}, "value", token);
    commit_all(*store_);
    put("small", 1, "stays");
    store_->remove_channel(channel("big"), token);
    EXPECT_EQ(only(commit_all(*store_)), Wrote::done);
    EXPECT_FALSE(store_->has_channel(channel("big")));
    EXPECT_EQ(get("big", 1), std::nullopt);
    EXPECT_TRUE(records_of(*store_, channel("big")).empty());
    EXPECT_EQ(store_->total(), (RecordCount{1, 5}));

    put("big", 4999, "new");
    EXPECT_EQ(records_of(*store_, channel("big")).size(), 1U);
    EXPECT_EQ(get("small", 1), "stays");
}

TEST_P(EveryStore, SaysThatAChannelToRemoveWasNotThere) {
    store_->remove_channel(channel("none"), token);
    EXPECT_EQ(only(commit_all(*store_)), Wrote::absent);
}

TEST_P(EveryStore, ScansInTheOrderOfKeysAndGoesOnBehindTheLast) {
    for (const std::uint64_t key : {UINT64_MAX, std::uint64_t{3}, std::uint64_t{0}, std::uint64_t{200}})
        store_->put(channel("chat"), Key{key}, std::to_string(key), token);
    store_->put(channel("chau"), Key{1}, "next channel", token);
    commit_all(*store_);

    std::vector<Key> seen;
    std::optional<Key> after;
    for (bool ended = false; !ended;) {
        const auto scan = store_->scan(channel("chat"), after, [&](Key key, std::string_view value) {
            EXPECT_EQ(value, std::to_string(value_of(key)));
            seen.push_back(key);
            after = key;
            return false;
        });
        ended = scan.value() == Scan::ended;
    }
    EXPECT_EQ(seen, (std::vector{Key{0}, Key{3}, Key{200}, Key{UINT64_MAX}}));
}

TEST_P(EveryStore, ScansEveryRecordThatStaysOnceWhileOthersComeAndGo) {
    Seeded random(11);
    for (std::uint64_t i = 0; i < 2000; ++i) store_->put(channel("chat"), Key{2 * i}, "stays", token);
    commit_all(*store_);

    std::map<Key, int> seen;
    std::optional<Key> after;
    for (bool ended = false; !ended;) {
        int left = 37;
        const auto scan = store_->scan(channel("chat"), after, [&](Key key, std::string_view) {
            if (left-- == 0) return false;
            ++seen[key];
            after = key;
            return true;
        });
        ended = scan.value() == Scan::ended;
        for (int i = 0; i < 40; ++i) {
            const Key odd{random.below(2000) * 2 + 1};
            if (random.one_in(2)) {
                store_->put(channel("chat"), odd, std::string(random.below(300), 'o'), token);
            } else {
                store_->remove(channel("chat"), odd, token);
            }
        }
        commit_all(*store_);
    }
    for (std::uint64_t i = 0; i < 2000; ++i) EXPECT_EQ(seen[Key{2 * i}], 1) << i;
    for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << value_of(key);
}

// ---- against a model ----

using Model = std::map<std::string, std::map<std::uint64_t, std::string>>;

class ModelRun {
public:
    ModelRun(std::uint64_t seed, RecordStore& store) : random_(seed), store_(&store) {}

    void use(RecordStore& store) { store_ = &store; }
    void write_some(std::size_t count);
    void compare();

private:
    std::string name() { return "c" + std::to_string(random_.below(3)); }
    std::string value() {
        static constexpr std::size_t sizes[] = {0, 1, 100, 100, 100, 250, 3000, 70'000};
        const std::size_t size = sizes[random_.below(random_.one_in(20) ? 8 : 6)];
        return std::string(size, static_cast<char>('a' + random_.below(26)));
    }
    void expect(Wrote wrote) { expected_.push_back({WriteToken{next_++}, wrote}); }
    void put();
    void update();
    void remove();
    void channel_write();

    Seeded random_;
    RecordStore* store_;
    Model model_;
    std::uint64_t next_ = 0;
    std::vector<Completion> expected_;
};

void ModelRun::put() {
    const std::string in = name(), bytes = value();
    const std::uint64_t key = random_.below(400);
    store_->put(channel(in), Key{key}, bytes, WriteToken{next_});
    model_[in][key] = bytes;
    expect(Wrote::done);
}

void ModelRun::update() {
    const std::string in = name(), bytes = value();
    const std::uint64_t key = random_.below(400);
    const auto records = model_.find(in);
    const bool known = records != model_.end() && records->second.count(key) != 0;
    const bool right = random_.one_in(2);
    const std::uint64_t hash = known && right ? fnv1a(records->second[key]) : 12345;
    store_->update(channel(in), Key{key}, hash, bytes, WriteToken{next_});
    if (!known || right) model_[in][key] = bytes;
    expect(!known || right ? Wrote::done : Wrote::conflict);
}

void ModelRun::remove() {
    const std::string in = name();
    const std::uint64_t key = random_.below(400);
    store_->remove(channel(in), Key{key}, WriteToken{next_});
    const auto records = model_.find(in);
    expect(records != model_.end() && records->second.erase(key) == 1 ? Wrote::done : Wrote::absent);
}

void ModelRun::channel_write() {
    const std::string in = name();
    if (random_.one_in(2)) {
        store_->create_channel(channel(in), WriteToken{next_});
        model_[in];
        expect(Wrote::done);
    } else {
        store_->remove_channel(channel(in), WriteToken{next_});
        expect(model_.erase(in) == 1 ? Wrote::done : Wrote::absent);
    }
}

void ModelRun::write_some(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t what = random_.below(1000);
        if (what < 500) put();
        if (what >= 500 && what < 600) update();
        if (what >= 600 && what < 995) remove();
        if (what >= 995) channel_write();
    }
    ASSERT_EQ(commit_all(*store_), expected_);
    expected_.clear();
}

void ModelRun::compare() {
    RecordCount total;
    ASSERT_EQ(store_->channel_count(), model_.size());
    for (const auto& [in, records] : model_) {
        RecordCount count;
        std::vector<std::pair<Key, std::string>> listed;
        for (const auto& [key, bytes] : records) {
            listed.emplace_back(Key{key}, bytes);
            ++count.records;
            count.bytes += bytes.size();
        }
        ASSERT_EQ(records_of(*store_, channel(in)), listed);
        ASSERT_EQ(store_->count(channel(in)), count);
        total.records += count.records;
        total.bytes += count.bytes;
    }
    ASSERT_EQ(store_->total(), total);
}

// Records that are expected are found where they are, as others: small and large values, in several channels, while
// they come, change and go.
TEST_P(EveryStore, FindsExpectedRecordsWhereverTheyAre) {
    Seeded random(3);
    std::map<std::pair<std::size_t, std::uint64_t>, std::string> model;
    const std::vector<Channel> channels{channel("a"), channel("bench"), channel("c")};
    const auto key_at = [](std::uint64_t n) { return Key{n * 0x9e3779b97f4a7c15}; };
    for (int round = 0; round < 30; ++round) {
        for (int i = 0; i < 300; ++i) {
            const std::size_t in = random.below(3);
            const std::uint64_t n = random.below(2000);
            if (random.one_in(4)) {
                store_->remove(channels[in], key_at(n), token);
                model.erase({in, n});
                continue;
            }
            std::string& value = model[{in, n}];
            value.assign(random.one_in(50) ? 5000 + random.below(5000) : random.below(200), 'a');
            value += std::to_string(round);
            store_->put(channels[in], key_at(n), value, token);
        }
        commit_all(*store_);
        std::vector<std::pair<std::size_t, std::uint64_t>> asked;
        for (int i = 0; i < 308; ++i) asked.emplace_back(random.below(3), random.below(2200));
        for (std::size_t i = 0; i + 8 < asked.size(); ++i) {
            const auto expect = [&](std::size_t ahead, RecordStore::Expected when) {
                const auto& [in, n] = asked[i + ahead];
                store_->expect(channels[in], key_at(n), when);
            };
            expect(8, RecordStore::Expected::soon);
            expect(4, RecordStore::Expected::next);
            std::string value;
            const auto found = store_->get(channels[asked[i].first], key_at(asked[i].second), value);
            const auto known = model.find(asked[i]);
            ASSERT_TRUE(found);
            ASSERT_EQ(*found, known != model.end());
            if (*found) {
                ASSERT_EQ(value, known->second);
            }
        }
        store_->rest();
    }
}

TEST_P(EveryStore, AgreesWithAMap) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        ModelRun run(seed, *store_);
        for (int round = 0; round < 25; ++round) {
            run.write_some(200);
            run.compare();
            reopen();
            run.use(*store_);
            if (HasFatalFailure()) return;
        }
        run.compare();
        for (const Channel& name : store_->channels(std::nullopt, 10)) store_->remove_channel(name, token);
        commit_all(*store_);
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
