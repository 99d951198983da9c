// The record files of a node on LMDB when dht.threads changes between two starts.
#include "tools/halpd/record_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/hash.h"
#include "store/records/lmdb_store.h"
#include "tests/store/records/store_fixture.h"
#include "tools/halpd/workers/record_share.h"

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

using Found = std::map<std::string, std::map<std::uint64_t, std::string>>;

class RecordFiles : public ::testing::Test {
protected:
    RecordFiles() {
        auto notes = FileStorage::open(path(), IfMissing::create);
        EXPECT_TRUE(notes);
        notes_ = std::move(*notes);
    }

    [[nodiscard]] std::string path(const std::string& name = "") const { return directory_.file(name); }
    [[nodiscard]] Result<std::vector<RecordFile>> open(std::size_t shares) {
        return open_record_files({path(), shares, tests::quick_options(), [](const std::string&) {}}, *notes_);
    }
    // The records of all shares, each of which has its own only; what is set aside in channels named "aside NAME".
    [[nodiscard]] Found found(std::size_t shares) {
        Found all;
        const auto files = open(shares);
        if (!files) {
            ADD_FAILURE() << files.error().message;
            return all;
        }
        EXPECT_EQ(files->size(), shares);
        for (std::size_t i = 0; i < files->size(); ++i) {
            const LmdbStore& store = *(*files)[i].store;
            EXPECT_EQ(store.range(), held_);
            const auto add = [&](const std::string& channel) {
                return [&all, i, channel, shares](Key key, std::string_view value) {
                    EXPECT_EQ(share_of(key, shares), i);
                    all[channel].emplace(value_of(key), value);
                    return true;
                };
            };
            for (const Channel& channel : store.channels(std::nullopt, 100)) {
                all[channel.name()];
                EXPECT_TRUE(store.scan(channel, std::nullopt, add(channel.name())));
            }
            for (const Channel& channel : store.channels_aside())
                EXPECT_TRUE(store.scan_aside(channel, std::nullopt, add("aside " + channel.name())));
        }
        return all;
    }
    // Some channels, one of them empty, and records that are set aside, some of which exist as others, too.
    Found fill() {
        const HashRange full = std::exchange(held_, HashRange::full());
        auto files = open(1);
        EXPECT_TRUE(files);
        LmdbStore& store = *files->front().store;
        EXPECT_TRUE(store.set_range(HashRange::full()));
        Found all;
        const auto put = [&](const std::string& channel, std::uint64_t key, const std::string& value) {
            store.put(tests::channel(channel), Key{key}, value, WriteToken{});
            all[channel][key] = value;
        };
        for (std::uint64_t key = 0; key < 500; ++key) put("many", key, "old " + std::to_string(key));
        tests::commit_all(store);
        EXPECT_TRUE(store.set_range(HashRange{}));
        while (store.sweeping()) EXPECT_TRUE(store.commit());
        EXPECT_TRUE(store.set_range(full));
        held_ = full;
        all = {{"aside many", all["many"]}};
        for (std::uint64_t key = 0; key < 9000; ++key) put("many", key, "new " + std::to_string(key));
        for (std::uint64_t key = 0; key < 10; ++key) put("few", mix(key), std::string(3000, 'x'));
        store.create_channel(tests::channel("none"), WriteToken{});
        all["none"];
        tests::commit_all(store);
        return all;
    }
    void note(const std::string& text) { ASSERT_TRUE(notes_->replace(std::string{RecordLayout::file_name}, text)); }

    tests::OwnDirectory directory_;
    std::unique_ptr<FileStorage> notes_;
    HashRange held_ = HashRange::full();
};

TEST_F(RecordFiles, FollowTheNumberOfThreads) {
    const Found all = fill();
    for (const std::size_t shares : {2U, 3U, 1U, 2U, 1U}) {
        EXPECT_EQ(found(shares), all) << shares;
        EXPECT_EQ(fs::exists(path("records.lmdb")), shares == 1);
        EXPECT_EQ(fs::exists(path("share-1-of-2")), shares == 2);
        EXPECT_EQ(fs::exists(path("record-shares")), shares != 1);
    }
}

TEST_F(RecordFiles, OfANewNodeAreInItsShares) {
    EXPECT_TRUE(open(2));
    EXPECT_FALSE(fs::exists(path("records.lmdb")));
    EXPECT_TRUE(fs::exists(path("share-2-of-2/records.lmdb")));
    EXPECT_EQ(*notes_->read("record-shares"), "shares 2\n");
}

TEST_F(RecordFiles, SurviveAMoveThatWasInterrupted) {
    const Found all = fill();
    // The new files were not whole yet: the old ones count.
    fs::create_directory(path("share-1-of-2"));
    fs::copy(path("records.lmdb"), path("share-1-of-2/records.lmdb"));
    note("shares 1\nmoving 2\n");
    EXPECT_EQ(found(2), all);
    // They were: the old ones are removed.
    fs::copy(path("share-1-of-2/records.lmdb"), path("records.lmdb"));
    note("shares 2\nremoving 1\n");
    EXPECT_EQ(found(2), all);
    EXPECT_FALSE(fs::exists(path("records.lmdb")));
    // The same on the way back.
    fs::copy(path("share-1-of-2/records.lmdb"), path("records.lmdb"));
    note("shares 2\nmoving 1\n");
    EXPECT_EQ(found(1), all);
    fs::create_directory(path("share-1-of-2"));
    note("shares 1\nremoving 2\n");
    EXPECT_EQ(found(1), all);
    EXPECT_FALSE(fs::exists(path("share-1-of-2")));
    EXPECT_FALSE(fs::exists(path("record-shares")));
}

TEST_F(RecordFiles, AreNotPassedOverForAMissingOrAWrongNote) {
    const Found all = fill();
    EXPECT_EQ(found(2), all);
    ASSERT_TRUE(notes_->remove("record-shares"));
    const auto without = open(2);
    ASSERT_FALSE(without);
    EXPECT_THAT(without.error().message, HasSubstr("put back a file with the line `shares 2`"));
    note("shares 2\n");
    fs::copy(path("share-1-of-2/records.lmdb"), path("records.lmdb"));
    const auto both = open(2);
    ASSERT_FALSE(both);
    EXPECT_THAT(both.error().message, HasSubstr("is there, but"));
    for (const char* bad : {"shares 0\n", "shares two\n", "shares 65\n", "2\n", "", "moving 2\n", "shares 2 3\n"}) {
        note(bad);
        EXPECT_FALSE(open(2)) << bad;
    }
}

TEST_F(RecordFiles, StayWhereTheyAreWhenTheNewOnesHaveNoRoom) {
    const Found all = fill();
    LmdbOptions tight = tests::quick_options();
    tight.value_bytes_max = 100;  // refuses a record, as a full file does
    const auto moved = open_record_files({path(), 8, tight, [](const std::string&) {}}, *notes_);
    ASSERT_FALSE(moved);
    EXPECT_THAT(moved.error().message, HasSubstr("the records stay where they were, and dht.threads 1 starts"));
    EXPECT_EQ(found(1), all);
    EXPECT_FALSE(fs::exists(path("share-1-of-8")));
}

TEST_F(RecordFiles, OfARangeMoveWithWhatIsSetAside) {
    EXPECT_FALSE(fill().empty());
    held_ = *HashRange::make(0, ~std::uint64_t{0} / 2);
    {
        const auto files = open(1);
        ASSERT_TRUE(files);
        LmdbStore& store = *files->front().store;
        ASSERT_TRUE(store.set_range(held_));
        while (store.sweeping()) ASSERT_TRUE(store.commit());
    }
    const Found in_one = found(1);
    EXPECT_EQ(in_one.at("many").size(), 4500U);
    EXPECT_EQ(in_one.at("aside many").size(), 4750U) << "those out of the range, and the old ones";
    EXPECT_EQ(found(2), in_one);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
