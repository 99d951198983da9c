// Files in a directory that others write too, while processes are killed and disks are full.
#include "overlay/libevent/file_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "tests/as_nobody.h"

namespace halp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LibeventFileStorage : public ::testing::Test {
protected:
    LibeventFileStorage() {
        std::string pattern = ::testing::TempDir() + "halp-storage-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    ~LibeventFileStorage() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::unique_ptr<FileStorage> open() const {
        auto storage = FileStorage::open(directory_, IfMissing::fail);
        EXPECT_TRUE(storage);
        return std::move(*storage);
    }
    [[nodiscard]] std::vector<std::string> all_names() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(directory_))
            names.push_back(entry.path().filename());
        return names;
    }

    std::string directory_;
};

class ChangeBy final : public Storage::Change {
public:
    explicit ChangeBy(std::function<std::string(Bytes)> change) : change_(std::move(change)) {}
    std::string apply(Bytes old_content) override { return change_(old_content); }

private:
    std::function<std::string(Bytes)> change_;
};

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

TEST_F(LibeventFileStorage, KeepsWhatItIsGiven) {
    auto storage = open();
    const std::string large(3'000'000, 'x');
    EXPECT_TRUE(storage->replace("chat", "1 a 2"));
    EXPECT_TRUE(storage->replace("chat", large));
    EXPECT_TRUE(storage->replace("a~b", std::string("\0\n", 2)));
    EXPECT_TRUE(storage->replace("empty", ""));

    EXPECT_TRUE(*open()->read("chat") == large);
    EXPECT_EQ(*storage->read("a~b"), std::string("\0\n", 2));
    EXPECT_EQ(*storage->read("empty"), "");
    EXPECT_THAT(*storage->list(), ElementsAre("a~b", "chat", "empty"));
}

TEST_F(LibeventFileStorage, AnswersNotFoundAndRemovesWhatIsMissing) {
    auto storage = open();
    EXPECT_EQ(storage->read("chat").error().code, ErrorCode::not_found);
    EXPECT_TRUE(storage->remove("chat"));
    EXPECT_TRUE(storage->replace("chat", "x"));
    EXPECT_TRUE(storage->remove("chat"));
    EXPECT_THAT(*storage->list(), IsEmpty());
}

TEST_F(LibeventFileStorage, TakesOnlySingleComponentsAsNames) {
    auto storage = open();
    for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("a/b"),
                                    std::string("a\0b", 3), std::string(256, 'n'), std::string(".halp-tmp-1")}) {
        EXPECT_EQ(storage->replace(name, "x").error().code, ErrorCode::invalid) << name;
        EXPECT_EQ(storage->read(name).error().code, ErrorCode::invalid) << name;
    }
    EXPECT_TRUE(storage->replace(std::string(255, 'n'), "x"));
    EXPECT_EQ(*storage->read(std::string(255, 'n')), "x");
}

TEST_F(LibeventFileStorage, CreatesAMissingDirectoryForThisUserAlone) {
    const std::string deep = directory_ + "/a/b/c";
    EXPECT_EQ(FileStorage::open(deep, IfMissing::fail).error().code, ErrorCode::not_found);
    ASSERT_TRUE(FileStorage::open(deep, IfMissing::create));
    struct stat about {};
    ASSERT_EQ(::stat(deep.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0700U);
}

TEST_F(LibeventFileStorage, SaysThatAPathIsNotADirectory) {
    std::ofstream(directory_ + "/file") << "x";
    for (const char* below : {"/file", "/file/deeper"}) {
        const auto refused = FileStorage::open(directory_ + below, IfMissing::create);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("not a directory"));
    }
}

TEST_F(LibeventFileStorage, UpdatesByTheOldContent) {
    auto storage = open();
    ChangeBy grow([](Bytes old) { return std::string(old) + "+"; });
    EXPECT_TRUE(storage->update("chat", grow));
    EXPECT_TRUE(storage->update("chat", grow));
    EXPECT_EQ(*storage->read("chat"), "++");
}

TEST_F(LibeventFileStorage, DoesNotWriteWhatDidNotChange) {
    auto storage = open();
    ASSERT_TRUE(storage->replace("chat", "same"));
    struct stat before {};
    ASSERT_EQ(::stat((directory_ + "/chat").c_str(), &before), 0);
    ChangeBy keep([](Bytes old) { return std::string(old); });
    EXPECT_TRUE(storage->update("chat", keep));
    EXPECT_TRUE(storage->update("missing", keep));

    struct stat after {};
    ASSERT_EQ(::stat((directory_ + "/chat").c_str(), &after), 0);
    EXPECT_EQ(after.st_ino, before.st_ino);
    EXPECT_THAT(all_names(), ElementsAre("chat"));
}

TEST_F(LibeventFileStorage, KeepsTheModeOfAFile) {
    auto storage = open();
    ASSERT_TRUE(storage->replace("chat", "1"));
    ASSERT_EQ(::chmod((directory_ + "/chat").c_str(), 0640), 0);
    ASSERT_TRUE(storage->replace("chat", "2"));
    struct stat about {};
    ASSERT_EQ(::stat((directory_ + "/chat").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0640U);
}

TEST_F(LibeventFileStorage, AppendsToTheEnd) {
    auto storage = open();
    EXPECT_TRUE(storage->append("journal", "one\n"));
    EXPECT_TRUE(storage->append("journal", "two\n"));
    EXPECT_EQ(*storage->read("journal"), "one\ntwo\n");
}

TEST_F(LibeventFileStorage, DoesNotReadWhatIsNoPlainFile) {
    auto storage = open();
    ASSERT_EQ(::mkfifo((directory_ + "/pipe").c_str(), 0600), 0);
    ASSERT_EQ(::mkdir((directory_ + "/folder").c_str(), 0700), 0);
    EXPECT_EQ(storage->read("pipe").error().code, ErrorCode::io);
    EXPECT_EQ(storage->read("folder").error().code, ErrorCode::io);
    EXPECT_EQ(storage->replace("folder", "x").error().code, ErrorCode::io);
    EXPECT_THAT(*storage->list(), IsEmpty());
}

TEST_F(LibeventFileStorage, RemovesWhatDeadWritersLeft) {
    std::ofstream(directory_ + "/.halp-tmp-99999") << "half";
    std::ofstream(directory_ + "/chat") << "whole";
    auto storage = open();
    EXPECT_THAT(all_names(), ElementsAre("chat"));
}

TEST_F(LibeventFileStorage, GoesOnInADirectoryThatWasRemovedAndMadeAgain) {
    auto storage = FileStorage::open(directory_ + "/cache", IfMissing::create);
    ASSERT_TRUE(storage);
    std::filesystem::remove_all(directory_ + "/cache");
    EXPECT_TRUE((*storage)->replace("chat", "again"));
    EXPECT_EQ(*(*storage)->read("chat"), "again");
    EXPECT_TRUE(std::filesystem::exists(directory_ + "/cache/chat"));
}

TEST_F(LibeventFileStorage, LosesNothingBetweenTwoProcesses) {
    constexpr int rounds = 60;
    const auto count_up = [&] {
        auto storage = open();
        ChangeBy next([](Bytes old) { return std::to_string(std::atoi(std::string(old).c_str()) + 1); });
        // On a slow disk a writer may be told to come again; it is not told that it was done.
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

// The content is a number and as many bytes as it takes to be caught half written.
std::string padded(int number) {
    return std::to_string(number) + "\n" + std::string(20'000, static_cast<char>('a' + number % 26));
}

TEST_F(LibeventFileStorage, IsWholeWheneverAWriterIsKilled) {
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

TEST_F(LibeventFileStorage, SaysThatAnotherProgramHoldsTheLock) {
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

TEST_F(LibeventFileStorage, LeavesTheOldFileWhenTheNewOneGrowsTooLarge) {
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

// Runs `work` in a child that sees `directory` as a file system of its own; nothing when that is not permitted.
template <class Work>
int on_own_mount(const std::string& directory, Work work) {
    constexpr int not_permitted = 77;
    const pid_t pid = ::fork();
    if (pid == 0) {
        if (::unshare(CLONE_NEWNS) != 0) ::_exit(not_permitted);
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(not_permitted);
        if (::mount("none", directory.c_str(), "tmpfs", 0, "size=64k") != 0) ::_exit(not_permitted);
        ::_exit(work() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

TEST_F(LibeventFileStorage, SaysThatTheDiskIsFullAndKeepsTheOldFile) {
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

TEST_F(LibeventFileStorage, SaysThatTheFileSystemIsReadOnly) {
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

TEST_F(LibeventFileStorage, SaysThatPermissionIsDenied) {
    ASSERT_EQ(::chmod(directory_.c_str(), 0500), 0);
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(directory_.c_str(), testing_rights::nobody, 0), 0);
    }
    {
        const testing_rights::AsNobody rights;
        EXPECT_THAT(open()->replace("chat", "x").error().message, HasSubstr("permission denied"));
    }
    ::chmod(directory_.c_str(), 0700);
}

TEST_F(LibeventFileStorage, LetsOneProgramHaveADirectory) {
    {
        auto mine = StateLock::acquire(directory_);
        ASSERT_TRUE(mine);
        const auto second = StateLock::acquire(directory_);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, ErrorCode::busy);
        EXPECT_THAT(second.error().message, HasSubstr("already running (pid " + std::to_string(::getpid()) + ")"));
        EXPECT_THAT(second.error().message, HasSubstr(directory_));
    }
    EXPECT_TRUE(StateLock::acquire(directory_));
}

}  // namespace
}  // namespace halp
