#include "store/files/named_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

class NamedFiles : public ::testing::Test {
protected:
    NamedFiles() {
        std::string pattern = ::testing::TempDir() + "halp-files-XXXXXX";
        root = ::mkdtemp(pattern.data());
    }
    ~NamedFiles() override { std::filesystem::remove_all(root); }

    [[nodiscard]] std::string at(const std::string& name) const { return root + "/" + name; }
    [[nodiscard]] std::string written(const std::string& name, const std::string& text) const {
        std::ofstream(at(name), std::ios::binary) << text;
        return at(name);
    }
    [[nodiscard]] static Error refused(const std::string& path, Pipes pipes = Pipes::refused) {
        const auto read = read_named_file(path, 100, pipes, Duration{0});
        return read ? Error{ErrorCode::invalid, "it was read"} : read.error();
    }
    std::string root;
};

TEST_F(NamedFiles, AreReadWholeUpToTheirLimit) {
    const std::string text(40'000, 'x');
    const std::string file = written("file", text);
    EXPECT_EQ(read_named_file(file, text.size(), Pipes::refused)->text, text);
    const auto longer = read_named_file(file, text.size() - 1, Pipes::refused);
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().code, ErrorCode::full);
    EXPECT_EQ(longer.error().message, "has more than 39999 bytes");
    EXPECT_EQ(read_named_file(written("empty", ""), 0, Pipes::refused)->text, "");
    EXPECT_EQ(read_named_file("/dev/null", 0, Pipes::refused)->text, "");
    EXPECT_GT(read_named_file("/proc/self/status", 100'000, Pipes::refused)->text.size(), 100U)
        << "it says no size";
}

TEST_F(NamedFiles, MayBeBehindALink) {
    std::filesystem::create_symlink(written("file", "text"), at("link"));
    EXPECT_EQ(read_named_file(at("link"), 100, Pipes::refused)->text, "text");
}

TEST_F(NamedFiles, TellOwnerAndMode) {
    ASSERT_EQ(::chmod(written("keys", "x").c_str(), 0640), 0);
    const FileAccess access = read_named_file(at("keys"), 100, Pipes::refused)->access;
    EXPECT_EQ(access.owner, ::geteuid());
    EXPECT_EQ(access.mode, 0640U);
}

TEST_F(NamedFiles, SayWhyTheyCannotBeRead) {
    EXPECT_EQ(refused(at("none")).code, ErrorCode::not_found);
    EXPECT_EQ(refused(at("none")).message, "cannot be read: No such file or directory");
    EXPECT_EQ(refused(root).message, "is a directory: name a file in it");
    EXPECT_EQ(refused("/dev/zero").message, "is a device: name a plain file");
    EXPECT_EQ(refused("/dev/zero", Pipes::awaited).code, ErrorCode::invalid);
    ASSERT_EQ(::mknod(at("s").c_str(), S_IFSOCK | 0600, 0), 0);
    EXPECT_EQ(refused(at("s")).message, "is a socket: name a plain file");
}

TEST_F(NamedFiles, DoNotWaitForTheWriterOfAPipe) {
    ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
    EXPECT_EQ(refused(at("pipe")).message, "is a pipe: name a plain file");
    EXPECT_EQ(refused(at("pipe"), Pipes::awaited).code, ErrorCode::timed_out);
    EXPECT_THAT(refused(at("pipe"), Pipes::awaited).message, HasSubstr("nobody has written into it"));
    const int silent = ::open(at("pipe").c_str(), O_RDWR);
    EXPECT_EQ(refused(at("pipe"), Pipes::awaited).code, ErrorCode::timed_out) << "a writer that writes nothing";
    ASSERT_EQ(::write(silent, "text", 4), 4);
    const auto opened = open_named_file(at("pipe"), Pipes::awaited, Duration{0});
    ::close(silent);
    ASSERT_TRUE(opened);
    char text[8] = "";
    EXPECT_EQ(::read(opened->handle.get(), text, sizeof text), 4);
    EXPECT_STREQ(text, "text");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
