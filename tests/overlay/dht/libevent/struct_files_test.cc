// Files of structs by key, and the files that take what finds no room in a queue.
#include "overlay/dht/libevent/struct_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <tuple>

#include "overlay/dht/libevent/overflow_files.h"

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

struct Visit {
    std::int32_t number = 0;
    bool first = false;
    std::string name;
    static constexpr auto fields = std::tuple{&Visit::number, &Visit::first, &Visit::name};
    bool operator==(const Visit&) const = default;
};
struct OtherThing {
    std::uint64_t number = 0;
    static constexpr auto fields = std::tuple{&OtherThing::number};
};

class StructFiles : public ::testing::Test {
protected:
    StructFiles() {
        std::string name = (std::filesystem::temp_directory_path() / "struct_files.XXXXXX").string();
        directory = ::mkdtemp(name.data());
    }
    ~StructFiles() override { std::filesystem::remove_all(directory); }
    [[nodiscard]] std::string path(const std::string& name) const { return directory + "/" + name; }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream file(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path(name), std::ios::binary) << bytes;
    }
    [[nodiscard]] auto files() const { return std::distance(std::filesystem::directory_iterator(directory), {}); }
    std::string directory;
    const std::map<Key, Visit> visits = {{Key{1}, {7, true, "Ann"}}, {Key{0xabc}, {8, false, ""}}};
};

// The channelserializer test of the originals.
TEST_F(StructFiles, BringBackWhatWasWritten) {
    ASSERT_TRUE(write_struct_file(path("map"), visits));
    const auto read = read_struct_file<Visit>(path("map"));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, visits);
    EXPECT_EQ(files(), 1);
    const std::string bytes = content("map");
    EXPECT_EQ(bytes.substr(0, 24), std::string("\2\0\0\0\0\0\0\0"
                                               "\1\0\0\0\0\0\0\0"
                                               "\x23\0\0\0\0\0\0\0",
                                               24));
    EXPECT_EQ(bytes.substr(24, 0x23), to_contiguous(visits.at(Key{1})));
    ASSERT_TRUE(write_struct_file(path("map"), std::map<Key, Visit>{}));
    EXPECT_EQ(content("map"), std::string(8, '\0'));
    EXPECT_TRUE(read_struct_file<Visit>(path("map"))->empty());
}

TEST_F(StructFiles, SayWhatIsWrongWithThem) {
    EXPECT_EQ(read_struct_file<Visit>(path("none")).error().code, ErrorCode::not_found);
    ASSERT_TRUE(write_struct_file(path("map"), visits));
    const std::string whole = content("map");
    for (const std::size_t bytes : {0U, 7U, 8U, 20U, 30U, 59U}) {
        write("cut", whole.substr(0, bytes));
        EXPECT_THAT(read_struct_file<Visit>(path("cut")).error().message, HasSubstr("cut ends in the middle"))
            << bytes;
    }
    write("long", whole + "x");
    EXPECT_THAT(read_struct_file<Visit>(path("long")).error().message, HasSubstr("goes on behind its last record"));
    write("huge", std::string(16, '\xff') + std::string(8, '\x7f') + "x");
    EXPECT_THAT(read_struct_file<Visit>(path("huge")).error().message, HasSubstr("ends in the middle"));
    EXPECT_THAT(read_struct_file<OtherThing>(path("map")).error().message,
                HasSubstr("map, record 0000000000000001: "));
}

TEST_F(StructFiles, AreWrittenByAChildWhileTheProgramGoesOn) {
    StructDump dump;
    std::map<Key, Visit> now = visits;
    ASSERT_TRUE(dump.begin(path("map"), now).value());
    now.clear();
    ASSERT_TRUE(dump.wait());
    EXPECT_FALSE(dump.running());
    EXPECT_EQ(*read_struct_file<Visit>(path("map")), visits);
    // One that fails leaves nothing, and the one before as it was.
    ASSERT_TRUE(dump.begin(path("none/map"), visits).value());
    EXPECT_FALSE(dump.wait());
    EXPECT_EQ(files(), 1);
}

TEST_F(StructFiles, OverflowFilesGiveBackInOrderAndLeaveNothing) {
    OverflowFiles overflow(directory, 4096);
    EXPECT_EQ(overflow.pop(NodeNumber{0}), std::nullopt);
    for (int round = 0; round < 3; ++round) {
        for (const char* request : {"one", "two", ""}) EXPECT_TRUE(overflow.push(NodeNumber{0}, request));
        EXPECT_TRUE(overflow.push(NodeNumber{1}, std::string(1000, 'x')));
        EXPECT_EQ(overflow.pop(NodeNumber{0}), "one");
        EXPECT_EQ(overflow.pop(NodeNumber{1}), std::string(1000, 'x'));
        EXPECT_EQ(overflow.pop(NodeNumber{0}), "two");
        EXPECT_EQ(overflow.pop(NodeNumber{0}), "");
        EXPECT_EQ(overflow.bytes(), 0U);
    }
    EXPECT_EQ(files(), 0) << "the files have no names";
    EXPECT_FALSE(overflow.push(NodeNumber{0}, std::string(4096, 'x')));
    EXPECT_THAT(overflow.trouble(), HasSubstr("most bytes"));
    OverflowFiles nowhere(path("none"));
    EXPECT_FALSE(nowhere.push(NodeNumber{0}, "one"));
    EXPECT_THAT(nowhere.trouble(), HasSubstr("none"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
