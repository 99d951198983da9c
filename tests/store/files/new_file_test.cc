#include "store/files/new_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NewFiles : public ::testing::Test {
protected:
    NewFiles() {
        std::string pattern = ::testing::TempDir() + "halp-new-XXXXXX";
        root = ::mkdtemp(pattern.data());
    }
    ~NewFiles() override { std::filesystem::remove_all(root); }
    [[nodiscard]] std::string at(const std::string& name) const { return root + "/" + name; }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(root))
            all.push_back(entry.path().filename().string());
        return all;
    }
    [[nodiscard]] static std::string content(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::string root;
};

TEST_F(NewFiles, HaveTheirNameWhenTheyAreComplete) {
    std::ofstream(at("file")) << "before";
    auto file = NewFile::make(at("file"));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("some "));
    ASSERT_TRUE(file->write("bytes"));
    EXPECT_EQ(content(at("file")), "before");
    ASSERT_TRUE(file->finish(0640));
    EXPECT_EQ(content(at("file")), "some bytes");
    struct stat about {};
    ASSERT_EQ(::stat(at("file").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777U, 0640U);
    EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(NewFiles, LeaveNothingWhenTheyAreGivenUp) {
    {
        auto file = NewFile::make(at("file"));
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write("half"));
        EXPECT_THAT(names(), ElementsAre(HasSubstr(".dumping")));
    }
    EXPECT_THAT(names(), IsEmpty());
}

TEST_F(NewFiles, ReplaceNothingThatIsToBeKept) {
    {
        auto first = NewFile::make(at("keys"), ".part"), second = NewFile::make(at("keys"), ".part");
        ASSERT_TRUE(first && second);
        ASSERT_TRUE(first->write("first"));
        ASSERT_TRUE(first->finish(0600, NewFile::Present::kept));
        const auto refused = second->finish(0600, NewFile::Present::kept);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::refused);
        EXPECT_THAT(refused.error().message, HasSubstr(at("keys") + " is there"));
    }
    EXPECT_EQ(content(at("keys")), "first");
    EXPECT_THAT(names(), ElementsAre("keys"));
}

TEST_F(NewFiles, SayWhereTheyCannotBe) {
    const auto none = NewFile::make(at("no/file"));
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("cannot write " + at("no/file")));
}

TEST_F(NewFiles, SayWhenTheDiskIsFull) {
    auto file = NewFile::make(at("file"));
    ASSERT_TRUE(file);
    std::filesystem::create_directory(at("file"));
    EXPECT_FALSE(file->finish(0640)) << "a directory has the name";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
