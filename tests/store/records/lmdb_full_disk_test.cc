// A disk that is really full: a small file system made by the test.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "store/records/lmdb_store.h"
#include "tests/store/records/store_fixture.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::channel;
using tests::commit_all;

constexpr int no_such_rights = 77;

bool mount_small_disk(const std::string& at) {
    const std::string user = std::to_string(getuid());
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        std::ofstream{"/proc/self/setgroups"} << "deny";
        std::ofstream{"/proc/self/uid_map"} << "0 " << user << " 1";
    }
    return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("small", at.c_str(), "tmpfs", 0, "size=4m") == 0;
}

std::uint64_t fill(LmdbStore& store, std::vector<Key>& kept) {
    const std::string value(1000, 'x');
    std::uint64_t failed = 0;
    for (std::uint64_t i = 0; i < 10'000 && failed < 100; i += 10) {
        for (std::uint64_t j = i; j < i + 10; ++j) store.put(channel("chat"), Key{j}, value, WriteToken{j});
        for (const Completion& completion : commit_all(store)) {
            if (completion.wrote == Wrote::done) kept.push_back(Key{static_cast<std::uint64_t>(completion.token)});
            if (completion.wrote == Wrote::failed) ++failed;
        }
    }
    return failed;
}

void expect_exactly(const LmdbStore& store, const std::vector<Key>& kept) {
    std::vector<Key> found;
    for (const auto& [key, value] : tests::records_of(store, channel("chat"))) {
        found.push_back(key);
        EXPECT_EQ(value, std::string(1000, 'x'));
    }
    EXPECT_EQ(found, kept);
    EXPECT_EQ(store.count(channel("chat")).records, kept.size());
    EXPECT_TRUE(store.check().value().defects.empty());
}

void use_a_full_disk(const std::string& path) {
    std::vector<Key> kept;
    {
        auto store = tests::open_or_die(path, LmdbOptions{});
        EXPECT_GE(fill(*store, kept), 100U);
        EXPECT_GT(kept.size(), 500U);
        std::ranges::sort(kept);
        expect_exactly(*store, kept);

        // The pages that earlier commits have freed suffice for removals, with the room of the redo log.
        for (int i = 0; i < 200; ++i) {
            store->remove(channel("chat"), kept.back(), WriteToken{});
            ASSERT_EQ(tests::only(commit_all(*store)), Wrote::done) << i;
            kept.pop_back();
        }
        store->put(channel("chat"), Key{1'000'000}, std::string(1000, 'x'), WriteToken{});
        EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
        kept.push_back(Key{1'000'000});
    }
    expect_exactly(*tests::open_or_die(path, LmdbOptions{}), kept);
}

TEST(LmdbFullDisk, AnswersFailedLosesNothingAndGoesOnWhenThereIsRoom) {
    const tests::OwnDirectory directory;
    const std::string disk = directory.file("disk");
    std::filesystem::create_directory(disk);
    const pid_t child = fork();
    if (child == 0) {
        if (!mount_small_disk(disk)) _exit(no_such_rights);
        use_a_full_disk(disk + "/records.lmdb");
        _exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == no_such_rights) GTEST_SKIP() << "may not mount a file system here";
    EXPECT_EQ(WEXITSTATUS(status), 0) << "see the expectations of the child above";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
