// The dumps of the memory engine: which files are read, written, moved and left unchanged.
#include "tools/halpd/record_dumps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "store/records/memory_store.h"

namespace halp {
namespace HALP_TEST_FILE {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string other_version = std::string("\1\0\0\0\0\0\0\0", 8) + "of a later time";

class RecordDumpsTest : public ::testing::Test {
protected:
    RecordDumpsTest() {
        std::string name = ::testing::TempDir() + "dumps-XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }
    ~RecordDumpsTest() override { fs::remove_all(directory_); }

    [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
    void write(const std::string& name, const std::string& bytes) const {
        fs::create_directories(fs::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << bytes;
    }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    [[nodiscard]] std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(directory_))
            if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), directory_).string());
        std::sort(names.begin(), names.end());
        return names;
    }
    // Starts a node, calls the function, and ends the node.
    template <class Change>
    void live(Change change) {
        MemoryStore store{{}};
        RecordDumps dumps(directory_, log_);
        const auto read = dumps.load({}, store);
        ASSERT_TRUE(read) << read.error().message;
        change(store);
        EXPECT_TRUE(dumps.write(store));
    }
    static void put(RecordStore& store, const char* channel, const char* value) {
        store.put(*Channel::parse(channel), Key{1}, value, WriteToken{});
    }
    static void remove(RecordStore& store, const char* channel) {
        store.remove_channel(*Channel::parse(channel), WriteToken{});
    }
    static std::string value(RecordStore& store, const char* channel) {
        std::string found = "(none)";
        (void)store.scan(*Channel::parse(channel), std::nullopt, [&](Key, std::string_view bytes) {
            found = bytes;
            return true;
        });
        return found;
    }
    static void nothing(RecordStore&) {}

    std::string directory_;
    Log log_{{}, false};
};

TEST_F(RecordDumpsTest, MoveWhenTheirChannelIsRemoved) {
    live([](RecordStore& store) {
        put(store, "kept", "a");
        put(store, "gone", "b");
    });
    const std::string gone = content("gone.tcm");
    live([](RecordStore& store) { remove(store, "gone"); });
    EXPECT_THAT(files(), ElementsAre("deleted/gone.tcm", "kept.tcm"));
    EXPECT_EQ(content("deleted/gone.tcm"), gone);
}

TEST_F(RecordDumpsTest, NeverReplaceWhatWasPutAwayBefore) {
    write("deleted/gone.tcm", "first");
    write("deleted/gone%.1.tcm", "second");
    live([](RecordStore& store) { put(store, "gone", "third"); });
    live([](RecordStore& store) { remove(store, "gone"); });
    EXPECT_THAT(files(), ElementsAre("deleted/gone%.1.tcm", "deleted/gone%.2.tcm", "deleted/gone.tcm"));
    EXPECT_EQ(content("deleted/gone.tcm"), "first");
    EXPECT_EQ(content("deleted/gone%.1.tcm"), "second");
    EXPECT_THAT(content("deleted/gone%.2.tcm"), HasSubstr("third"));
}

TEST_F(RecordDumpsTest, StayWhereTheyAreWhenTheyWerePassedOver) {
    write("later.tcm", other_version);
    write("empty.tcm", "");
    write("old.tcm.AbCdEf.dumping", "half");
    live([](RecordStore& store) { put(store, "kept", "a"); });
    live(nothing);
    EXPECT_THAT(files(), ElementsAre("empty.tcm", "kept.tcm", "later.tcm", "old.tcm.AbCdEf.dumping"));
    EXPECT_EQ(content("later.tcm"), other_version);
}

TEST_F(RecordDumpsTest, KeepChannelsOfAnyName) {
    const std::string long_name(300, 'x');
    const std::vector<std::string> names = {"../evil", "a b", "gone.1", "my.channel", "\xc3\xa4\xff", long_name};
    live([&](RecordStore& store) {
        for (const std::string& name : names) put(store, name.c_str(), "mine");
    });
    EXPECT_THAT(files(),
                ElementsAre("%2E.%2Fevil.tcm", "a b.tcm", "gone.1.tcm", "my.channel.tcm",
                            std::string(236, 'x') + "%/" + std::string(64, 'x') + ".tcm", "\xc3\xa4\xff.tcm"));
    live([&](RecordStore& store) {
        EXPECT_EQ(store.channel_count(), names.size());
        for (const std::string& name : names) {
            EXPECT_EQ(value(store, name.c_str()), "mine") << name;
            remove(store, name.c_str());
        }
    });
    for (const std::string& file : files()) EXPECT_TRUE(file.starts_with("deleted/")) << file;
    live([](RecordStore& store) { EXPECT_EQ(store.channel_count(), 0U); });
}

// An operator copies a dump into the directory for the next start.
TEST_F(RecordDumpsTest, StayWhereTheyAreWhenTheyCameMeanwhile) {
    live([&](RecordStore&) { write("new.tcm", "a file of somebody else"); });
    EXPECT_THAT(files(), ElementsAre("new.tcm"));
}

TEST_F(RecordDumpsTest, AreNotWrittenOverWhatWasPassedOver) {
    write("chan.tcm", other_version);
    write("empty.tcm", "");
    live([](RecordStore& store) {
        put(store, "chan", "mine");
        put(store, "empty", "too");
    });
    EXPECT_THAT(files(), ElementsAre("chan%.1.tcm", "chan.tcm", "empty.tcm"));
    EXPECT_EQ(content("chan%.1.tcm"), other_version);
    live([](RecordStore& store) {
        EXPECT_EQ(value(store, "chan"), "mine");
        EXPECT_EQ(value(store, "empty"), "too");
    });
    EXPECT_THAT(files(), ElementsAre("chan%.1.tcm", "chan.tcm", "empty.tcm"));
}

TEST_F(RecordDumpsTest, HoldWhatIsServedAndWhatLeftTheRangeApart) {
    const HashRange lower = HashRange::make(0, ~0ULL >> 1).value();
    live([](RecordStore& store) { put(store, "chan", "left"); });  // key 1: its place begins with a 1
    const std::string left = content("chan.tcm");
    for (int again = 0; again < 2; ++again)
        live([&](RecordStore& store) {
            EXPECT_TRUE(store.set_range(lower));
            while (store.sweeping()) EXPECT_TRUE(store.commit());
        });
    EXPECT_THAT(files(), ElementsAre("deleted/chan.tcm", "range", "set-aside/chan.tcm"));
    EXPECT_EQ(content("set-aside/chan.tcm"), left);
    EXPECT_EQ(content("range"), "0000000000000000 7fffffffffffffff\n");
    live([](RecordStore& store) { EXPECT_EQ(value(store, "chan"), "(none)"); });
    EXPECT_EQ(content("range"), "0000000000000000 ffffffffffffffff\n");
}

TEST_F(RecordDumpsTest, AreNotStartedFromWhenTheirRangeCannotBeRead) {
    write("range", "everything");
    const auto range = RecordDumps(directory_, log_).range();
    ASSERT_FALSE(range);
    EXPECT_THAT(range.error().message, HasSubstr("/range is not a range"));
}

// A dump with a record of each kind: in the lower half, in the upper half, without a value, long, and without a
// key.
std::string mixed_dump() {
    std::string bytes;
    TcmWriter writer;
    writer.begin(bytes);
    writer.record(Key{2}, "in", bytes);
    writer.record(Key{1}, "out", bytes);
    writer.record(Key{4}, "", bytes);
    writer.record(Key{6}, std::string(100, 'x'), bytes);
    const std::size_t last = bytes.size();
    writer.record(Key{8}, "bad", bytes);
    bytes[last + 8] = '?';  // in its key
    writer.end(bytes);
    return bytes;
}

TEST_F(RecordDumpsTest, FollowTheRulesForRecordsOfEachKind) {
    write("c.tcm", mixed_dump());
    const auto read = [&](const TcmRules& rules) -> std::string {
        MemoryStore store{{}};
        RecordDumps dumps(directory_, log_);
        const auto done = dumps.load(rules, store);
        return done ? std::to_string(store.total().records) : done.error().message;
    };
    TcmRules rules;
    rules.range = HashRange::make(0, ~0ULL >> 1).value();  // the even keys
    rules.value_bytes_max = 10;
    EXPECT_EQ(read(rules), "2");
    rules.empty_values = EmptyValues::load;
    EXPECT_EQ(read(rules), "3");
    rules.out_of_range = OutOfRange::ignore;
    EXPECT_EQ(read(rules), "2");
    rules.value_bytes_max = 100;
    EXPECT_EQ(read(rules), "3");
    rules.bad_records = BadRecords::fatal;
    EXPECT_THAT(read(rules), HasSubstr("c.tcm: record 5 has no valid key"));
    rules.value_bytes_max = 10;
    EXPECT_THAT(read(rules), HasSubstr("c.tcm: record 4 has no valid key, or too long a value"));
    rules.empty_values = EmptyValues::fatal;
    EXPECT_THAT(read(rules), HasSubstr("c.tcm: record 3 has an empty value (dht.dump_empty_values)"));
    rules.out_of_range = OutOfRange::fatal;
    EXPECT_THAT(read(rules), HasSubstr("c.tcm: record 2 is out of the range"));
    rules.out_of_range = OutOfRange::load;
    rules.range = HashRange::make(5, 5).value();
    rules.abort_after_all_out_of_range = 1;
    EXPECT_THAT(read(rules), HasSubstr("c.tcm: record 2 is out of the range"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
