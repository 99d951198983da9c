#include "overlay/libevent/file_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "tests/as_nobody.h"
#include "tests/overlay/libevent/file_storage_fixture.h"

namespace halp {
namespace HALP_TEST_FILE {

std::string process_read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST_F(LibeventFileStorage, TakesNoModeFromWhatALinkPointsTo) {
    auto storage = open();
    const std::string elsewhere = directory_ + "/elsewhere";
    std::ofstream(elsewhere) << "x";
    ASSERT_EQ(::chmod(elsewhere.c_str(), 0666), 0);
    std::filesystem::create_symlink(elsewhere, directory_ + "/chat");
    ASSERT_TRUE(storage->replace("chat", "2"));
    struct stat about {};
    ASSERT_EQ(::lstat((directory_ + "/chat").c_str(), &about), 0);
    EXPECT_TRUE(S_ISREG(about.st_mode));
    EXPECT_EQ(about.st_mode & 0022, 0U);
    EXPECT_EQ(process_read(elsewhere), "x");
}

TEST_F(LibeventFileStorage, FollowsNoLinks) {
    auto storage = open();
    const std::string elsewhere = directory_ + "/elsewhere";
    std::ofstream(elsewhere) << "x";
    std::filesystem::create_symlink(elsewhere, directory_ + "/chat");
    EXPECT_THAT(storage->read("chat").error().message, HasSubstr("it is a symbolic link"));
    EXPECT_THAT(storage->append("chat", "more").error().message, HasSubstr("it is a symbolic link"));
    EXPECT_EQ(process_read(elsewhere), "x");
    std::filesystem::create_symlink(elsewhere, directory_ + "/lock");
    EXPECT_THAT(StateLock::acquire(directory_).error().message, HasSubstr("it is a symbolic link"));
    EXPECT_EQ(process_read(elsewhere), "x");
}

TEST_F(LibeventFileStorage, LocksAFileThatOnlyWritersCanOpenWhereOthersReadTheDirectory) {
    auto storage = open();
    ASSERT_TRUE(storage->replace("chat", "1"));
    EXPECT_THAT(all_names(), ElementsAre("chat")) << "nobody else opens this directory";
    ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
    ASSERT_TRUE(storage->replace("chat", "2"));
    struct stat about {};
    ASSERT_EQ(::stat((directory_ + "/.halp-lock").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0600U);
    EXPECT_THAT(*storage->list(), ElementsAre("chat"));
    EXPECT_EQ(storage->replace(".halp-lock", "x").error().code, ErrorCode::invalid);

    ASSERT_EQ(::chmod(directory_.c_str(), 0775), 0);
    ASSERT_TRUE(storage->replace("chat", "3"));
    ASSERT_EQ(::stat((directory_ + "/.halp-lock").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0660U) << "the group may write there";
}

TEST_F(LibeventFileStorage, RefusesALockFileThatIsNone) {
    auto storage = open();
    ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
    std::filesystem::create_symlink("/dev/null", directory_ + "/.halp-lock");
    EXPECT_THAT(storage->replace("chat", "x").error().message, HasSubstr("it is a symbolic link"));
    std::filesystem::remove(directory_ + "/.halp-lock");
    ASSERT_EQ(::mkfifo((directory_ + "/.halp-lock").c_str(), 0600), 0);
    EXPECT_THAT(storage->replace("chat", "x").error().message, HasSubstr("not a plain file"));
    std::filesystem::remove(directory_ + "/.halp-lock");
    EXPECT_TRUE(storage->replace("chat", "x"));
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

TEST_F(LibeventFileStorage, KeepsOthersFromTheLockOfADirectory) {
    const std::string path = directory_ + "/lock";
    std::ofstream(path) << "";
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    const auto mine = StateLock::acquire(directory_);
    ASSERT_TRUE(mine);
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0600U);
}

TEST_F(LibeventFileStorage, WaitsForAHolderThatSaysThatItIsLeaving) {
    auto held = StateLock::acquire(directory_);
    ASSERT_TRUE(held);
    std::optional<StateLock> mine{std::move(*held)};
    std::string said;
    const auto patient = [&](const std::string& sentence) {
        said = sentence;
        mine.reset();
    };
    EXPECT_FALSE(StateLock::acquire(directory_, {std::chrono::seconds{60}, {}, patient})) << "it does not say so";
    EXPECT_EQ(said, "");
    ASSERT_TRUE(mine->state_leaving());
    const auto late = StateLock::acquire(directory_, {std::chrono::milliseconds{1}, {}, {}});
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().message, HasSubstr("although it is leaving"));

    auto next = StateLock::acquire(directory_, {std::chrono::seconds{60}, {}, patient});
    EXPECT_TRUE(next);
    EXPECT_THAT(said, HasSubstr("waiting for pid " + std::to_string(::getpid())));
    const auto third = StateLock::acquire(directory_);
    ASSERT_FALSE(third) << "the new holder has not said that it is leaving";
    EXPECT_THAT(third.error().message, HasSubstr("stop that one"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
