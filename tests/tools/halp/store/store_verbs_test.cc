// `halp store` on the record file of a halpd that has ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "store/records/lmdb_store.h"
#include "tests/tools/dht_programs.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::Not;

class StoreVerbs : public ::testing::Test {
protected:
    Finished store(std::vector<std::string> words) const {
        words.insert(words.begin(), "store");
        return halp(home, words);
    }
    std::string path(const std::string& name) const { return home.path() + "/" + name; }
    // All records as sorted lines.
    std::string contents(const std::string& directory) const {
        const Finished all = store({"export", directory, "--format", "json", "-q"});
        EXPECT_EQ(all.code, 0) << all.error;
        return all.out;
    }
    // Through the store itself, without a daemon.
    void fill(const std::string& directory, std::uint64_t records) const {
        std::filesystem::create_directories(directory);
        auto opened = LmdbStore::open(directory + "/records.lmdb", {});
        ASSERT_TRUE(opened);
        for (std::uint64_t i = 0; i < records; ++i)
            (*opened)->put(*Channel::parse(i % 2 == 0 ? "even" : "odd"), Key{i}, "value " + std::to_string(i),
                           WriteToken{i});
        ASSERT_TRUE((*opened)->commit());
    }

    const Home home;
};

TEST_F(StoreVerbs, KeepAwayFromTheRecordsOfARunningDaemon) {
    DaemonOptions options;
    options.more = {"--dht-listen", "127.0.0.1:0", "--dht-test-client"};
    const std::string data = home.state() + "/dht";
    {
        Daemon daemon(home, options);
        ASSERT_EQ(halp(home, {"dht", "put", "users", "7", "--hex", "00ff", "--socket", home.admin()}).code, 0);
        for (const std::vector<std::string>& words : {std::vector<std::string>{"check", data},
                                                      {"compact", data},
                                                      {"export", data, "--to", path("d")},
                                                      {"import", data, "-"}}) {
            const Finished refused = store(words);
            EXPECT_EQ(refused.code, 6) << words[0];
            EXPECT_THAT(refused.error, HasSubstr("already running (pid "));
            EXPECT_THAT(refused.error, HasSubstr("halp leave"));
        }
        EXPECT_EQ(daemon.stop(), 0);
    }
    const Finished checked = store({"check", data});
    EXPECT_EQ(checked.code, 0) << checked.error;
    EXPECT_THAT(checked.out, HasSubstr("users    1        2 B"));
    EXPECT_THAT(checked.error, HasSubstr("nothing is wrong"));
    EXPECT_EQ(store({"compact", data}).code, 0);
    Daemon daemon(home, options);
    EXPECT_EQ(halp(home, {"dht", "get", "users", "7", "--hex", "--socket", home.admin()}).out, "00ff\n");
}

TEST_F(StoreVerbs, CheckSaysWhatItFinds) {
    fill(path("data"), 10);
    EXPECT_THAT(store({"check", path("data"), "--json"}).out,
                HasSubstr("\"records\":10,\"value_bytes\":70,\"to_purge\":0,\"channels\":[{\"channel\":\"even\","
                          "\"records\":5,\"value_bytes\":35},"));
    const Finished missing = store({"check", path("nowhere")});
    EXPECT_EQ(missing.code, 1);
    EXPECT_THAT(missing.error, HasSubstr("does not exist"));
    EXPECT_FALSE(std::filesystem::exists(path("nowhere")));
    std::filesystem::create_directories(path("rubbish"));
    written(home, "rubbish/records.lmdb", std::string(100'000, 'x'));
    EXPECT_EQ(store({"check", path("rubbish")}).code, 1);
    std::filesystem::resize_file(path("data") + "/records.lmdb", 8192);
    const Finished cut = store({"check", path("data")});
    EXPECT_EQ(cut.code, 1);
    EXPECT_THAT(cut.error, HasSubstr("cut short"));
}

// Without an object on stdout a script could believe that the file is sound.
TEST_F(StoreVerbs, CheckPrintsAnObjectWhateverIsWrong) {
    const auto defect = [&](const std::string& directory) {
        const Finished checked = store({"check", directory, "--json"});
        EXPECT_EQ(checked.code, 1);
        const auto object = nlohmann::json::parse(checked.out, nullptr, false);
        if (!object.is_object() || object.value("defects", nlohmann::json::array()).size() != 1)
            return "no such object: " + checked.out;
        EXPECT_EQ(object["schema_version"], 1);
        EXPECT_EQ(object["file"], directory + "/records.lmdb");
        EXPECT_THAT(checked.error, HasSubstr(object["defects"][0].get<std::string>()));
        return object["defects"][0].get<std::string>();
    };
    EXPECT_THAT(defect(path("nowhere")), HasSubstr("does not exist"));
    std::filesystem::create_directories(path("rubbish"));
    written(home, "rubbish/records.lmdb", std::string(100'000, 'x'));
    EXPECT_THAT(defect(path("rubbish")), HasSubstr(path("rubbish") + "/records.lmdb"));
    written(home, "rubbish/records.lmdb", "");
    EXPECT_THAT(defect(path("rubbish")), HasSubstr("is empty"));
    fill(path("cut"), 1000);
    std::filesystem::resize_file(path("cut") + "/records.lmdb", 8192);
    EXPECT_THAT(defect(path("cut")), HasSubstr("cut short"));
    // Damage the flags of a leaf page in the middle of the records. LMDB aborts when it reads the page.
    fill(path("torn"), 4000);
    {
        constexpr std::size_t page_bytes = 4096, at_flags = 10;
        constexpr char leaf = 2;
        const std::string file = path("torn") + "/records.lmdb";
        const std::string bytes = process::read_whole_file(file);
        std::vector<std::size_t> leaves;
        for (std::size_t at = 2 * page_bytes + at_flags; at < bytes.size(); at += page_bytes)
            if (bytes[at] == leaf) leaves.push_back(at);
        ASSERT_GT(leaves.size(), 10U);
        std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(static_cast<std::streamoff>(leaves[leaves.size() / 2]));
        out.put('\0');
    }
    EXPECT_THAT(defect(path("torn")), HasSubstr("damaged"));
}

TEST_F(StoreVerbs, CompactGivesBackTheRoomOfWhatWasRemoved) {
    const std::string data = path("data");
    fill(data, 2000);
    {
        auto opened = LmdbStore::open(data + "/records.lmdb", {});
        ASSERT_TRUE(opened);
        for (std::uint64_t i = 0; i < 2000; ++i)
            (*opened)->put(*Channel::parse("large"), Key{i}, std::string(3000, 'x'), WriteToken{i});
        ASSERT_TRUE((*opened)->commit());
        (*opened)->remove_channel(*Channel::parse("large"), WriteToken{1});
        ASSERT_TRUE((*opened)->commit());
    }
    const std::string before = contents(data);
    const auto size = std::filesystem::file_size(data + "/records.lmdb");
    written(home, "data/records.lmdb.compact", "left behind by a compaction that was killed");
    const Finished done = store({"compact", data});
    EXPECT_EQ(done.code, 0) << done.error;
    EXPECT_LT(std::filesystem::file_size(data + "/records.lmdb"), size / 4);
    EXPECT_EQ(contents(data), before);
    EXPECT_FALSE(std::filesystem::exists(data + "/records.lmdb.compact"));
    EXPECT_FALSE(std::filesystem::exists(data + "/records.lmdb.compact-lock"));
}

TEST_F(StoreVerbs, CompactChangesNothingWhenThereIsNoRoomForTheCopy) {
    const std::string data = path("data");
    fill(data, 5000);
    const std::string before = contents(data);
    // Files of at most 64 KiB, as on a full disk: the limit is the shell's, in blocks of 512 bytes.
    const Finished failed =
        run(home, {"/bin/sh", "-c", "ulimit -f 128; exec " HALP_BINARY " store compact " + data});
    EXPECT_EQ(failed.code, 1);
    EXPECT_THAT(failed.error, HasSubstr("Nothing was changed"));
    EXPECT_FALSE(std::filesystem::exists(data + "/records.lmdb.compact"));
    EXPECT_EQ(contents(data), before);
}

TEST_F(StoreVerbs, ExportAndImportKeepEveryRecord) {
    const std::string data = path("data");
    fill(data, 500);
    const Finished exported = store({"export", data, "--to", path("dumps")});
    EXPECT_EQ(exported.code, 0) << exported.error;
    EXPECT_EQ(std::filesystem::file_size(path("dumps/even.tcm")) % 512, 0U);
    const Finished dumps = store({"import", path("by-tcm"), path("dumps/even.tcm"), path("dumps/odd.tcm")});
    EXPECT_EQ(dumps.code, 0) << dumps.error;
    EXPECT_THAT(dumps.error, HasSubstr("even.tcm: 250 records imported"));
    EXPECT_EQ(contents(path("by-tcm")), contents(data));

    ASSERT_EQ(store({"export", data, "--format", "json", "--to", path("all.jsonl")}).code, 0);
    EXPECT_EQ(store({"import", path("by-json"), path("all.jsonl")}).code, 0);
    EXPECT_EQ(contents(path("by-json")), contents(data));
    const Finished piped = halp_reading(home, contents(data), {"store", "import", path("by-stdin"), "-", "--json"});
    EXPECT_THAT(piped.out, HasSubstr("\"file\":\"stdin\",\"records\":500,\"kept\":0,\"skipped\":0"));
    EXPECT_EQ(contents(path("by-stdin")), contents(data));
    EXPECT_EQ(store({"export", data, "--format", "json", "--channel", "none"}).code, 3);
    EXPECT_EQ(lines_of(store({"export", data, "--format", "json", "--channel", "odd"}).out).size(), 250U);
}

TEST_F(StoreVerbs, ImportWhatANodeTakesAndExportWrites) {
    {
        std::filesystem::create_directories(path("long"));
        auto opened = LmdbStore::open(path("long") + "/records.lmdb", {});
        ASSERT_TRUE(opened);
        const Channel channel = *Channel::parse("blobs");
        (*opened)->put(channel, Key{1}, std::string(900'000, '\0'), WriteToken{1});
        (*opened)->put(channel, Key{2}, std::string(5'000'000, 'x'), WriteToken{2});
        (*opened)->put(channel, Key{3}, "short", WriteToken{3});
        (*opened)->put(channel, Key{4}, "", WriteToken{4});
        ASSERT_TRUE((*opened)->commit());
    }
    ASSERT_EQ(store({"export", path("long"), "--to", path("dumps")}).code, 0);
    const Finished dumps = store({"import", path("by-tcm"), path("dumps/blobs.tcm")});
    EXPECT_EQ(dumps.code, 0) << dumps.error;
    EXPECT_EQ(contents(path("by-tcm")), contents(path("long")));
    ASSERT_EQ(store({"export", path("long"), "--format", "json", "--to", path("all.jsonl")}).code, 0);
    const Finished imported = store({"import", path("again"), path("all.jsonl")});
    EXPECT_EQ(imported.code, 0) << imported.error;
    EXPECT_EQ(contents(path("again")), contents(path("long")));
}

TEST_F(StoreVerbs, ReadPutBackAndRemoveWhatLeftTheRangeOfTheNode) {
    const HashRange lower = HashRange::make(0, ~0ULL >> 1).value();
    fill(path("data"), 100);
    {
        auto opened = LmdbStore::open(path("data") + "/records.lmdb", {});
        ASSERT_TRUE(opened);
        ASSERT_TRUE((*opened)->set_range(lower));  // the sweep is left to the tool, as after a crash
    }
    ASSERT_EQ(store({"export", path("data"), "--set-aside", "--to", path("aside")}).code, 0);
    EXPECT_EQ(lines_of(contents(path("data"))).size(), 50U) << "not shown among what is served";
    EXPECT_THAT(store({"check", path("data")}).error, HasSubstr("50 records set aside"));
    EXPECT_EQ(store({"compact", path("data")}).code, 0);
    EXPECT_THAT(store({"check", path("data")}).error, HasSubstr("50 records set aside"));
    const Finished dropped = store({"drop-set-aside", path("data")});
    EXPECT_EQ(dropped.code, 0) << dropped.error;
    EXPECT_EQ(store({"drop-set-aside", path("data")}).code, 3);
    EXPECT_EQ(store({"export", path("data"), "--set-aside", "--to", path("aside")}).code, 3);
    ASSERT_EQ(store({"import", path("data"), path("aside/odd.tcm")}).code, 0);
    EXPECT_EQ(lines_of(contents(path("data"))).size(), 100U);
}

TEST_F(StoreVerbs, TakeTheOriginalsDumps) {
    const std::string people = HALP_TEST_DATA "/tcm/people.tcm";
    ASSERT_EQ(store({"import", path("data"), people}).code, 0);
    ASSERT_EQ(store({"export", path("data"), "--to", path("out")}).code, 0);
    EXPECT_EQ(lines_of(contents(path("data"))).size(), 300U);
    ASSERT_EQ(store({"import", path("again"), path("out/people.tcm"), "--channel", "others"}).code, 0);
    EXPECT_THAT(store({"check", path("again")}).out, HasSubstr("others   300"));
}

TEST_F(StoreVerbs, SayWhatWasImportedWhenTheInputIsBadHalfWay) {
    fill(path("data"), 100);
    ASSERT_EQ(store({"export", path("data"), "--to", path("dumps")}).code, 0);
    std::filesystem::resize_file(path("dumps/even.tcm"), 1000);
    const Finished cut = store({"import", path("new"), path("dumps/even.tcm"), path("dumps/odd.tcm")});
    EXPECT_EQ(cut.code, 1);
    EXPECT_THAT(cut.error, HasSubstr("records imported, then: the dump is cut"));
    EXPECT_THAT(cut.error, HasSubstr("the files behind it were not read"));
    const std::string there = contents(path("new"));
    EXPECT_THAT(cut.error, HasSubstr("even.tcm: " + std::to_string(lines_of(there).size()) + " records imported"));
    EXPECT_GT(lines_of(there).size(), 10U);

    const std::string lines =
        written(home, "bad.jsonl", "{\"channel\":\"c\",\"key\":\"1\",\"value_base64\":\"YQ==\"}\n\nrubbish\n");
    const Finished bad = store({"import", path("new"), lines});
    EXPECT_EQ(bad.code, 1);
    EXPECT_THAT(bad.error, HasSubstr("bad.jsonl: 1 records imported, then: line 3: "));
    EXPECT_THAT(contents(path("new")), HasSubstr("\"channel\":\"c\""));
    EXPECT_EQ(store({"import", path("new"), path("none.tcm")}).code, 1);
}

TEST_F(StoreVerbs, KeepWhatWasImportedWhenTheRoomIsAtItsEnd) {
    std::string lines;
    for (int i = 0; i < 12'000; ++i)
        lines += R"({"channel":"c","key":")" + std::to_string(i) + R"(","value_base64":")" + std::string(400, 'A') +
                 "\"}\n";
    const std::string file = written(home, "all.jsonl", lines);
    const Finished full = store({"import", path("data"), file, "--bytes-max", "2MB"});
    EXPECT_EQ(full.code, 6) << full.error;
    EXPECT_THAT(full.error, HasSubstr("--bytes-max"));
    const std::size_t there = lines_of(contents(path("data"))).size();
    EXPECT_THAT(full.error, HasSubstr("all.jsonl: " + std::to_string(there) + " records imported, then: "));
    EXPECT_GE(there, 4096U);
    EXPECT_LT(there, 12'000U);
    EXPECT_EQ(store({"check", path("data")}).code, 0);
    const Finished rest = store({"import", path("data"), file, "--keep-existing"});
    EXPECT_EQ(rest.code, 0) << rest.error;
    EXPECT_THAT(rest.error, HasSubstr(std::to_string(there) + " left as they were"));
    EXPECT_EQ(lines_of(contents(path("data"))).size(), 12'000U);
}

TEST_F(StoreVerbs, LeaveNoHalfDumpBehind) {
    fill(path("data"), 5000);
    ASSERT_EQ(store({"export", path("data"), "--to", path("dumps")}).code, 0);
    const auto size = std::filesystem::file_size(path("dumps/even.tcm"));
    const Finished failed =
        run(home, {"/bin/sh", "-c",
                   "ulimit -f 64; exec " HALP_BINARY " store export " + path("data") + " --to " + path("dumps")});
    EXPECT_EQ(failed.code, 1);
    EXPECT_THAT(failed.error, HasSubstr("even.tcm: the file would be larger"));
    EXPECT_EQ(std::filesystem::file_size(path("dumps/even.tcm")), size);  // the one of before
    for (const auto& entry : std::filesystem::directory_iterator(path("dumps")))
        EXPECT_EQ(entry.path().extension(), ".tcm") << entry.path();
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
