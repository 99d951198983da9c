#include "store/records/lmdb_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/store/records/store_fixture.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using tests::channel;
using tests::commit_all;
using tests::open_or_die;
using tests::quick_options;

constexpr WriteToken token{1};

Instant at(int ms) { return Instant{milliseconds{ms}}; }

class LmdbStoreTest : public ::testing::Test {
protected:
    tests::OwnDirectory directory_;
};

TEST_F(LmdbStoreTest, ShowsAndAnswersAWriteOnlyWhenItIsCommitted) {
    auto store = open_or_die(directory_.file(), LmdbOptions{});
    store->put(channel("chat"), Key{1}, "hello", token);
    std::vector<Completion> completions;
    store->take_completions(completions);
    EXPECT_TRUE(completions.empty());
    EXPECT_FALSE(store->exists(channel("chat"), Key{1}).value());
    EXPECT_FALSE(store->has_channel(channel("chat")));
    EXPECT_GT(store->waiting_bytes(), 0U);

    ASSERT_TRUE(store->commit());
    store->take_completions(completions);
    EXPECT_EQ(completions, (std::vector<Completion>{{token, Wrote::done}}));
    EXPECT_TRUE(store->exists(channel("chat"), Key{1}).value());
    EXPECT_EQ(store->waiting_bytes(), 0U);
}

TEST_F(LmdbStoreTest, GathersForFiveMilliseconds) {
    auto store = open_or_die(directory_.file(), quick_options());
    EXPECT_FALSE(store->commit_due(at(0)));
    EXPECT_EQ(store->next_deadline(), no_deadline);

    store->put(channel("chat"), Key{1}, "x", token);
    EXPECT_FALSE(store->commit_due(at(100)));
    EXPECT_EQ(store->next_deadline(), at(105));
    store->put(channel("chat"), Key{2}, "x", token);
    EXPECT_FALSE(store->commit_due(at(104)));
    EXPECT_TRUE(store->commit_due(at(105)));

    ASSERT_TRUE(store->commit());
    EXPECT_EQ(store->next_deadline(), no_deadline);
    EXPECT_FALSE(store->commit_due(at(200)));
    EXPECT_EQ(commit_all(*store).size(), 2U);
}

TEST_F(LmdbStoreTest, CommitsAtOnceWhenManyWait) {
    auto store = open_or_die(directory_.file(), quick_options());
    for (std::uint64_t i = 0; i < 4095; ++i) store->put(channel("chat"), Key{i}, "x", token);
    EXPECT_FALSE(store->commit_due(at(0)));
    store->put(channel("chat"), Key{4095}, "x", token);
    EXPECT_TRUE(store->commit_due(at(0)));
    EXPECT_EQ(commit_all(*store).size(), 4096U);
}

TEST_F(LmdbStoreTest, RemembersAcrossOpening) {
    {
        auto store = open_or_die(directory_.file(), LmdbOptions{});
        store->put(channel("chat"), Key{1}, "hello", token);
        store->create_channel(channel("empty"), token);
        commit_all(*store);
    }
    auto store = open_or_die(directory_.file(), LmdbOptions{});
    std::string value;
    EXPECT_TRUE(store->get(channel("chat"), Key{1}, value).value());
    EXPECT_EQ(value, "hello");
    EXPECT_TRUE(store->has_channel(channel("empty")));
    EXPECT_EQ(store->total(), (RecordCount{1, 5}));
}

TEST_F(LmdbStoreTest, FindsWhatDoesNotAgreeInTheFile) {
    {
        auto store = open_or_die(directory_.file(), quick_options());
        store->put(channel("chat"), Key{1}, "x", token);
        commit_all(*store);
    }
    {
        // A file as no store writes it: a second name for the same records, a count that is too high, a number
        // that was not assigned yet, and records of no channel.
        auto file = LmdbFile::open(directory_.file(), LmdbFile::Access::synced);
        ASSERT_TRUE(file);
        LmdbWrite write{**file};
        using Table = LmdbFile::Table;
        ASSERT_EQ(write.put(Table::channels, "twin", encode_row({ChannelNumber{0}, {2, 9}})), LmdbStatus::ok);
        ASSERT_EQ(write.put(Table::channels, "early", encode_row({ChannelNumber{77}, {}})), LmdbStatus::ok);
        ASSERT_EQ(write.put(Table::records, record_key(ChannelNumber{5}, Key{1}), "lost"), LmdbStatus::ok);
        ASSERT_EQ(write.commit(), LmdbStatus::ok);
    }
    auto store = open_or_die(directory_.file(), quick_options());
    const StoreCheck check = store->check().value();
    std::string found;
    for (const std::string& defect : check.defects) found += defect + "\n";
    EXPECT_NE(found.find("channels chat and twin have one number"), std::string::npos) << found;
    EXPECT_NE(found.find("channel early has a number not yet given"), std::string::npos) << found;
    EXPECT_NE(found.find("channel twin says it has 2 records of 9 bytes"), std::string::npos) << found;
    EXPECT_NE(found.find("1 records of 4 bytes of no channel, under number 5"), std::string::npos) << found;
}

TEST_F(LmdbStoreTest, SaysWhichFileItCannotOpen) {
    const auto store = LmdbStore::open(directory_.file("none/records.lmdb"), LmdbOptions{});
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().message.find("none/records.lmdb"), std::string::npos) << store.error().message;
}

TEST_F(LmdbStoreTest, GrowsItsMapAsItFills) {
    LmdbOptions options = quick_options();
    auto store = open_or_die(directory_.file(), options);
    const std::uint64_t before = store->map_bytes();
    EXPECT_EQ(before, 1024U * 1024);
    const std::string value(1000, 'x');
    for (std::uint64_t i = 0; i < 5000; ++i) {
        store->put(channel("chat"), Key{i}, value, token);
        if (i % 1000 == 999) {
            for (const Completion& completion : commit_all(*store)) ASSERT_EQ(completion.wrote, Wrote::done);
        }
    }
    EXPECT_GE(store->map_bytes(), 5'000'000U);
    EXPECT_EQ(store->count(channel("chat")), (RecordCount{5000, 5'000'000}));
    EXPECT_TRUE(store->check().value().defects.empty());
}

TEST_F(LmdbStoreTest, RefusesPutsWhenFullLosesNothingAndStillRemoves) {
    LmdbOptions options = quick_options();
    options.map_bytes_max = 4 * 1024 * 1024;
    auto store = open_or_die(directory_.file(), options);
    const std::string value(1000, 'x');

    std::uint64_t kept = 0;
    Wrote last = Wrote::done;
    while (last == Wrote::done && kept < 10'000) {
        store->put(channel("chat"), Key{kept}, value, token);
        const auto committed = store->commit();
        last = tests::only(commit_all(*store));
        EXPECT_EQ(committed.has_value(), last == Wrote::done);
        if (committed) {
            ++kept;
        } else {
            EXPECT_EQ(committed.error().code, ErrorCode::full);
        }
    }
    EXPECT_EQ(last, Wrote::refused);
    EXPECT_GT(kept, 1000U);
    EXPECT_EQ(store->count(channel("chat")).records, kept);
    EXPECT_EQ(tests::records_of(*store, channel("chat")).size(), kept);

    // Puts and removals wait together; the removals succeed.
    store->put(channel("chat"), Key{999'999}, std::string(100'000, 'y'), WriteToken{1});
    for (std::uint64_t i = 0; i < kept / 2; ++i) store->remove(channel("chat"), Key{i}, WriteToken{2});
    std::uint64_t removed = 0, refused = 0;
    for (const Completion& completion : commit_all(*store)) {
        removed += completion == Completion{WriteToken{2}, Wrote::done} ? 1 : 0;
        refused += completion == Completion{WriteToken{1}, Wrote::refused} ? 1 : 0;
    }
    EXPECT_EQ(refused, 1U);
    EXPECT_EQ(removed, kept / 2);

    // They make room: LMDB reuses pages two commits after they were freed.
    for (int i = 0; i < 3; ++i) {
        store->remove(channel("chat"), Key{kept - 1 - static_cast<std::uint64_t>(i)}, token);
        commit_all(*store);
    }
    store->put(channel("chat"), Key{5}, value, token);
    EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
    EXPECT_TRUE(store->check().value().defects.empty());
    EXPECT_LE(store->map_bytes(), options.map_bytes_max + 1024 * 1024);
}

TEST_F(LmdbStoreTest, RefusesTooManyChannelsAndTooLongValues) {
    LmdbOptions options = quick_options();
    options.channels_max = 3;
    options.value_bytes_max = 10;
    auto store = open_or_die(directory_.file(), options);
    for (const char* name : {"a", "b", "a", "c", "d", "b"}) store->put(channel(name), Key{1}, "x", WriteToken{5});
    store->put(channel("a"), Key{2}, std::string(11, 'x'), WriteToken{6});
    std::size_t done = 0;
    std::vector<WriteToken> refused;
    for (const Completion& completion : commit_all(*store)) {
        if (completion.wrote == Wrote::done) ++done;
        if (completion.wrote == Wrote::refused) refused.push_back(completion.token);
    }
    EXPECT_EQ(done, 5U);
    EXPECT_EQ(refused, (std::vector{WriteToken{5}, WriteToken{6}}));
    EXPECT_EQ(store->channel_count(), 3U);
}

TEST_F(LmdbStoreTest, PurgesARemovedChannelInSlicesEvenAfterOpening) {
    LmdbOptions options = quick_options();
    options.purged_per_commit = 100;
    {
        auto store = open_or_die(directory_.file(), options);
        for (std::uint64_t i = 0; i < 450; ++i) store->put(channel("old"), Key{i}, "x", token);
        store->put(channel("new"), Key{1}, "x", token);
        commit_all(*store);
        store->remove_channel(channel("old"), token);
        commit_all(*store);
        EXPECT_TRUE(store->purging());
        EXPECT_EQ(store->check().value().to_purge, 450U);
        ASSERT_TRUE(store->commit());
        EXPECT_EQ(store->check().value().to_purge, 350U);
    }
    auto store = open_or_die(directory_.file(), options);
    EXPECT_TRUE(store->purging());
    EXPECT_FALSE(store->commit_due(at(0)));
    EXPECT_TRUE(store->commit_due(at(5)));
    for (int i = 0; i < 10 && store->purging(); ++i) ASSERT_TRUE(store->commit());
    EXPECT_FALSE(store->purging());
    const StoreCheck check = store->check().value();
    EXPECT_EQ(check.to_purge, 0U);
    EXPECT_EQ(check.found, (RecordCount{1, 1}));
    EXPECT_TRUE(check.defects.empty());
}

TEST_F(LmdbStoreTest, PurgesUnderALoadThatNeverRests) {
    LmdbOptions options = quick_options();
    options.purged_per_commit = 100;
    auto store = open_or_die(directory_.file(), options);
    for (std::uint64_t i = 0; i < 250; ++i) store->put(channel("old"), Key{i}, "x", token);
    commit_all(*store);
    store->remove_channel(channel("old"), token);
    for (int i = 0; i < 60; ++i) {
        store->put(channel("new"), Key{1}, "x", token);
        ASSERT_TRUE(store->commit());
    }
    EXPECT_FALSE(store->purging());
    EXPECT_EQ(store->check().value().to_purge, 0U);
}

TEST_F(LmdbStoreTest, CopiesWithoutHoles) {
    auto store = open_or_die(directory_.file(), quick_options());
    const std::string value(5000, 'x');
    for (std::uint64_t i = 0; i < 1000; ++i) store->put(channel("chat"), Key{i}, value, token);
    commit_all(*store);
    for (std::uint64_t i = 0; i < 990; ++i) store->remove(channel("chat"), Key{i}, token);
    commit_all(*store);
    ASSERT_TRUE(store->copy_to(directory_.file("copy.lmdb")));
    EXPECT_LT(std::filesystem::file_size(directory_.file("copy.lmdb")),
              std::filesystem::file_size(directory_.file()) / 10);
    const auto copy = open_or_die(directory_.file("copy.lmdb"), quick_options());
    EXPECT_EQ(tests::records_of(*copy, channel("chat")), tests::records_of(*store, channel("chat")));
}

TEST_F(LmdbStoreTest, ReadsOnWhileAThreadCommits) {
    auto store = open_or_die(directory_.file(), quick_options());
    store->put(channel("chat"), Key{0}, "always", token);
    commit_all(*store);

    std::uint64_t written = 1;
    std::size_t reads = 0;
    for (int round = 0; round < 30; ++round) {
        for (int i = 0; i < 300; ++i) store->put(channel("chat"), Key{written++}, std::string(300, 'x'), token);
        ASSERT_TRUE(store->prepare_commit());
        for (bool again = true; again;) {
            std::atomic<bool> over{false};
            std::thread committer([&] {
                store->run_commit();
                over = true;
            });
            std::string value;
            do {
                EXPECT_TRUE(store->get(channel("chat"), Key{0}, value).value());
                EXPECT_EQ(value, "always");
                store->put(channel("chat"), Key{written++}, "meanwhile", token);
                EXPECT_FALSE(store->prepare_commit());
                ++reads;
            } while (!over);
            committer.join();
            const auto finished = store->finish_commit();
            ASSERT_TRUE(finished);
            again = *finished;
        }
    }
    commit_all(*store);
    EXPECT_GE(reads, 30U);
    EXPECT_EQ(store->count(channel("chat")).records, written);
    EXPECT_GT(store->map_bytes(), 1024U * 1024);  // so it has grown
    EXPECT_TRUE(store->check().value().defects.empty());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
