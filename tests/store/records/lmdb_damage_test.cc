// A record file that was truncated, or replaced by another file.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "store/records/lmdb_store.h"
#include "tests/store/records/store_fixture.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::channel;
using tests::commit_all;

constexpr std::uint64_t records = 40;

std::string value_of(std::uint64_t key) { return std::string(50'000, static_cast<char>('a' + key % 26)); }

void put(LmdbStore& store, std::uint64_t key, Wrote expected = Wrote::done) {
    store.put(channel("chat"), Key{key}, value_of(key), WriteToken{key});
    EXPECT_EQ(tests::only(commit_all(store)), expected) << key;
}

void fill(const std::string& path) {
    const auto store = tests::open_or_die(path, LmdbOptions{});
    for (std::uint64_t key = 0; key < records; ++key) put(*store, key);
}

bool has(const LmdbStore& store, std::uint64_t key) {
    std::string found;
    const auto there = store.get(channel("chat"), Key{key}, found);
    return there && *there && found == value_of(key);
}

TEST(LmdbDamage, AFileWithoutItsEndIsRefusedWithTheRemedy) {
    const tests::OwnDirectory directory;
    fill(directory.file());
    const auto whole = std::filesystem::file_size(directory.file());
    for (const auto part : {whole / 2, whole - whole / 8, whole / 16}) {
        std::filesystem::resize_file(directory.file(), part / 4096 * 4096);
        const auto store = LmdbStore::open(directory.file(), LmdbOptions{});
        ASSERT_FALSE(store);
        EXPECT_NE(store.error().message.find("is cut short"), std::string::npos) << store.error().message;
        EXPECT_NE(store.error().message.find("Restore a whole copy"), std::string::npos);
    }
}

// LMDB counts pages that were taken and freed in one transaction, but never writes them.
TEST(LmdbDamage, AFileThatLacksOnlyUnusedPagesIsOpened) {
    const tests::OwnDirectory directory;
    {
        const auto store = tests::open_or_die(directory.file(), LmdbOptions{});
        for (std::uint64_t key = 0; key < 10; ++key) put(*store, key);
        store->put(channel("chat"), Key{100}, std::string(5'000'000, 'x'), WriteToken{1});
        store->remove(channel("chat"), Key{100}, WriteToken{2});
        EXPECT_EQ(commit_all(*store).size(), 2U);
    }
    const auto used = [&] { return tests::open_or_die(directory.file(), LmdbOptions{})->used_bytes(); }();
    EXPECT_LT(std::filesystem::file_size(directory.file()), used) << "this test shows nothing";
    const auto store = tests::open_or_die(directory.file(), LmdbOptions{});
    for (std::uint64_t key = 0; key < 10; ++key) EXPECT_TRUE(has(*store, key)) << key;
}

TEST(LmdbDamage, WritesToAFileWithoutItsNameAreNotAcknowledged) {
    const tests::OwnDirectory directory;
    fill(directory.file());
    const auto store = tests::open_or_die(directory.file(), LmdbOptions{});
    ASSERT_TRUE(store->copy_to(directory.file("copy")));
    put(*store, 1000);

    std::filesystem::rename(directory.file("copy"), directory.file());
    store->put(channel("chat"), Key{1001}, value_of(1001), WriteToken{1001});
    const auto committed = store->commit();
    ASSERT_FALSE(committed);
    EXPECT_NE(committed.error().message.find("another file has taken the place"), std::string::npos);
    EXPECT_EQ(tests::only(commit_all(*store)), Wrote::failed);

    // From now on the file at the path is used.
    EXPECT_TRUE(has(*store, 0));
    EXPECT_FALSE(has(*store, 1000));
    put(*store, 1002);
    EXPECT_EQ(store->recoveries(), 1U);
    EXPECT_EQ(store->count(channel("chat")).records, records + 1);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
