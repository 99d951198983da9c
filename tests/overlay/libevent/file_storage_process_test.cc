// FileStorage in a directory that other processes write too, with processes that are killed and full disks.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/as_nobody.h"
#include "tests/overlay/libevent/file_storage_fixture.h"

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using LibeventFileStorageProcesses = LibeventFileStorage;

// Runs `work` in a child process, which ends without the parent's destructors.
template <class Work>
pid_t in_child(Work work) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(work() ? 0 : 1);
    return pid;
}
bool succeeded(pid_t pid) {
    int status = 0;
    return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(LibeventFileStorageProcesses, LosesNothingBetweenTwoProcesses) {
    constexpr int rounds = 60;
    const auto count_up = [&] {
        auto storage = open();
        ChangeBy next([](Bytes old) { return std::to_string(std::atoi(std::string(old).c_str()) + 1); });
        // On a slow disk an update may fail as busy. Then it is tried again.
        const auto until_done = [](const auto& write) {
            for (Result<void> done = write(); !done; done = write())
                if (done.error().code != ErrorCode::busy) return false;
            return true;
        };
        bool good = true;
        for (int i = 0; i < rounds; ++i) good = until_done([&] { return storage->update("count", next); }) && good;
        for (int i = 0; i < 20; ++i)
            good = until_done([&] { return storage->append("journal", "line\n"); }) && good;
        return good;
    };
    const pid_t one = in_child(count_up);
    const pid_t other = in_child(count_up);
    EXPECT_TRUE(succeeded(one));
    EXPECT_TRUE(succeeded(other));
    EXPECT_EQ(*open()->read("count"), std::to_string(2 * rounds));
    EXPECT_EQ(open()->read("journal")->size(), 2 * 20 * std::string("line\n").size());
}

// A number and so many bytes that a half-written file would be noticed.
std::string padded(int number) {
    return std::to_string(number) + "\n" + std::string(20'000, static_cast<char>('a' + number % 26));
}

TEST_F(LibeventFileStorageProcesses, IsWholeWheneverAWriterIsKilled) {
    unsigned seed = 42;
    for (int kill_number = 0; kill_number < 20; ++kill_number) {
        int acknowledged[2];
        ASSERT_EQ(::pipe(acknowledged), 0);
        const pid_t writer = in_child([&] {
            auto storage = open();
            for (;;) {
                int written = 0;
                ChangeBy next([&](Bytes old) { return padded(written = std::atoi(std::string(old).c_str()) + 1); });
                if (!storage->update("chat", next)) return false;
                if (::write(acknowledged[1], &written, sizeof written) < 0) return false;
            }
        });
        ::close(acknowledged[1]);
        int last = 0;
        ASSERT_EQ(::read(acknowledged[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
        ::usleep(static_cast<useconds_t>(::rand_r(&seed) % 5000));
        ::kill(writer, SIGKILL);
        EXPECT_FALSE(succeeded(writer));
        for (int number = 0;
             ::read(acknowledged[0], &number, sizeof number) == static_cast<ssize_t>(sizeof number);)
            last = number;
        ::close(acknowledged[0]);

        const auto content = open()->read("chat");
        ASSERT_TRUE(content);
        const int number = std::atoi(content->c_str());
        EXPECT_TRUE(*content == padded(number)) << "torn at kill " << kill_number;
        EXPECT_GE(number, last) << "an acknowledged update is lost";
        EXPECT_THAT(all_names(), ElementsAre("chat"));
    }
}

TEST_F(LibeventFileStorageProcesses, SaysThatAnotherProgramHoldsTheLock) {
    auto storage = open();
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t holder = in_child([&] {
        auto other = open();
        ChangeBy hang([&](Bytes) {
            static_cast<void>(!::write(ready[1], "x", 1));
            for (;;) ::pause();
            return std::string();
        });
        return other->update("chat", hang).has_value();
    });
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    const auto refused = storage->replace("chat", "x");
    ::kill(holder, SIGKILL);
    EXPECT_FALSE(succeeded(holder));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::busy);
    EXPECT_THAT(refused.error().message, HasSubstr(directory_));
    EXPECT_TRUE(storage->replace("chat", "x"));
}

// Another user who may read the directory, and nothing else, keeps its lock.
TEST_F(LibeventFileStorageProcesses, AReaderThatKeepsTheLockStopsNoWriter) {
    ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t reader = in_child([&] {
        if (::geteuid() == 0 && ::setuid(testing_rights::nobody) != 0) return false;
        const int directory = ::open(directory_.c_str(), O_RDONLY);
        if (::flock(directory, LOCK_EX) != 0 || ::write(ready[1], "x", 1) != 1) return false;
        for (;;) ::pause();
    });
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);

    auto storage = open();
    std::string said;
    storage->on_lock_passed_over([&](const std::string& sentence) { said = sentence; });
    const auto refused = storage->replace("chat", "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::busy) << "at once";
    EXPECT_EQ(storage->locks().put_off, 1U);
    storage->wait_for_writers(std::chrono::seconds{30});
    EXPECT_TRUE(storage->replace("chat", "x"));
    EXPECT_EQ(storage->locks().passed_over, 1U);
    EXPECT_THAT(said, HasSubstr(directory_));
    storage->wait_for_writers(Duration{0});
    EXPECT_TRUE(storage->replace("chat", "y")) << "it is known by now";

    // Writers still take turns.
    const pid_t writer = in_child([&] {
        auto other = open();
        other->wait_for_writers(std::chrono::seconds{30});
        ChangeBy hang([&](Bytes) {
            static_cast<void>(!::write(ready[1], "x", 1));
            for (;;) ::pause();
            return std::string();
        });
        return other->update("chat", hang).has_value();
    });
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_EQ(storage->replace("chat", "z").error().code, ErrorCode::busy);
    for (const pid_t pid : {writer, reader}) {
        ::kill(pid, SIGKILL);
        EXPECT_FALSE(succeeded(pid));
    }
    EXPECT_TRUE(storage->replace("chat", "z"));
}

TEST_F(LibeventFileStorageProcesses, LeavesTheOldFileWhenTheNewOneGrowsTooLarge) {
    auto storage = open();
    ASSERT_TRUE(storage->replace("chat", "old"));
    const pid_t limited = in_child([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit small{10'000, 10'000};
        ::setrlimit(RLIMIT_FSIZE, &small);
        const auto replaced = storage->replace("chat", std::string(20'000, 'n'));
        const auto appended = storage->append("chat", std::string(20'000, 'n'));
        return !replaced && replaced.error().code == ErrorCode::full && !appended;
    });
    EXPECT_TRUE(succeeded(limited));
    EXPECT_EQ(*storage->read("chat"), "old");
    EXPECT_THAT(all_names(), ElementsAre("chat"));
}

// Runs `work` in a child process to which `directory` is a file system of its own. Nothing when that is not
// permitted.
template <class Work>
int on_own_mount(const std::string& directory, Work work) {
    constexpr int not_permitted = 77;
    const pid_t pid = ::fork();
    if (pid == 0) {
        if (::unshare(CLONE_NEWNS) != 0) ::_exit(not_permitted);
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(not_permitted);
        if (::mount("none", directory.c_str(), "tmpfs", 0, "size=64k,mode=700") != 0) ::_exit(not_permitted);
        ::_exit(work() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

TEST_F(LibeventFileStorageProcesses, SaysThatTheDiskIsFullAndKeepsTheOldFile) {
    const int outcome = on_own_mount(directory_, [&] {
        auto storage = open();
        EXPECT_TRUE(storage->replace("chat", "old"));
        const auto refused = storage->replace("chat", std::string(200'000, 'n'));
        const auto appended = storage->append("chat", std::string(200'000, 'n'));
        return !refused && refused.error().code == ErrorCode::full &&
               refused.error().message ==
                   "cannot write " + directory_ + "/chat: the disk is full; free some space" &&
               !appended && *storage->read("chat") == "old" && all_names().size() == 1;
    });
    if (outcome == 77) GTEST_SKIP() << "this user may not mount file systems";
    EXPECT_EQ(outcome, 0);
}

TEST_F(LibeventFileStorageProcesses, SaysThatTheFileSystemIsReadOnly) {
    const int outcome = on_own_mount(directory_, [&] {
        auto storage = open();
        if (!storage->replace("chat", "old")) return false;
        if (::mount(nullptr, directory_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) ::_exit(77);
        const auto refused = storage->replace("chat", "new");
        const auto below = FileStorage::open(directory_ + "/below", IfMissing::create);
        return !refused && refused.error().message.find("the file system is read-only") != std::string::npos &&
               !storage->remove("chat") && !storage->append("chat", "x") && *storage->read("chat") == "old" &&
               !below && below.error().message.find("the file system is read-only") != std::string::npos;
    });
    if (outcome == 77) GTEST_SKIP() << "this user may not mount file systems";
    EXPECT_EQ(outcome, 0);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
