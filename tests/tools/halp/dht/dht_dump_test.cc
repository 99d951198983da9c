// Dumps of running nodes, and loading them, as an operator does both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "store/records/tcm_dump.h"
#include "tests/tools/dht_daemon.h"
#include "tests/tools/dht_programs.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string dump_of(std::uint64_t records, std::size_t value_bytes, char fill) {
    std::string bytes;
    TcmWriter writer;
    writer.begin(bytes);
    for (std::uint64_t i = 0; i < records; ++i)
        writer.record(Key{i << 32 | i}, std::string(value_bytes, fill), bytes);
    writer.end(bytes);
    return bytes;
}

class DhtDump : public ::testing::Test {
protected:
    static DaemonOptions node(const std::string& range) {
        DaemonOptions options;
        options.more = {"--dht-listen", "127.0.0.1:0", "--dht-test-client", "--set", "dht.engine=memory",
                        "--set",        range};
        return options;
    }
    [[nodiscard]] Finished dht(std::vector<std::string> words, std::vector<std::string> more = {}) const {
        words.insert(words.begin(), "dht");
        words.insert(words.end(), {"--node", at_});
        words.insert(words.end(), more.begin(), more.end());
        return halp(outside_, words);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return outside_.path() + "/" + name; }
    [[nodiscard]] std::string content(const std::string& name) const {
        return process::read_whole_file(path(name));
    }
    [[nodiscard]] std::vector<std::string> files(const std::string& directory) const {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(path(directory)))
            if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), path(directory)).string());
        std::sort(names.begin(), names.end());
        return names;
    }

    const Home home_, outside_;
    Daemon daemon_{home_, node("dht.admins=admin")};
    const std::string at_ = dht_port(daemon_).text();
};

TEST_F(DhtDump, HasEveryByteThatWasLoaded) {
    fs::create_directory(path("in"));
    fs::create_directory(path("in/deleted"));
    const std::string users = written(outside_, "in/users.tcm", dump_of(5000, 100, 'u'));
    written(outside_, "in/a b.tcm", dump_of(20, 65512, 'a'));
    written(outside_, "in/%2E.%2Fevil.tcm", dump_of(1, 0, 'e'));
    written(outside_, "in/deleted/old.tcm", dump_of(1, 1, 'x'));
    written(outside_, "in/b%zz.tcm", "no name of a channel");
    const Finished loaded = dht({"load", path("in")});
    ASSERT_EQ(loaded.code, 0) << loaded.error;
    EXPECT_THAT(loaded.error, HasSubstr("users.tcm: 5000 records are in channel users"));
    EXPECT_THAT(loaded.error, HasSubstr("b%zz.tcm is not the dump of a channel"));

    const Finished dumped = dht({"dump", path("out/deep")});
    ASSERT_EQ(dumped.code, 0) << dumped.error;
    EXPECT_THAT(dumped.error, HasSubstr("dumped 5021 records of 3 channels"));
    EXPECT_THAT(files("out/deep"), ElementsAre("%2E.%2Fevil.tcm", "a b.tcm", "users.tcm"));
    for (const std::string& name : files("out/deep")) EXPECT_EQ(content("out/deep/" + name), content("in/" + name));

    EXPECT_EQ(dht({"load", users}, {"--channel", "other"}).code, 0);
    EXPECT_EQ(dht({"load", path("none.tcm")}).code, 1);
    // Before any node is asked.
    const Finished none = halp(outside_, {"dht", "load", path("none.tcm"), "--node", "127.0.0.1:1"});
    EXPECT_EQ(none.code, 1);
    EXPECT_THAT(none.error, HasSubstr("none.tcm cannot be read: No such file or directory.\n"));
    EXPECT_EQ(dht({"load", written(outside_, "cut.tcm", dump_of(9, 9, 'c').substr(0, 300))}).code, 1);
    const Finished odd = dht({"load", written(outside_, "odd.tcm", dump_of(2, 65513, 'o'))});
    EXPECT_EQ(odd.code, 1);
    EXPECT_THAT(odd.error, HasSubstr("2 had a value above 65512 bytes"));
}

TEST_F(DhtDump, ThatFailsLeavesTheOneBefore) {
    ASSERT_EQ(dht({"load", written(outside_, "users.tcm", dump_of(2000, 100, 'u'))}).code, 0);
    fs::create_directory(path("out"));
    written(outside_, "out/users.tcm", "the one before");
    std::string command = "ulimit -f 8; exec " + quoted(HALP_BINARY);
    for (const std::string& word :
         {std::string{"dht"}, std::string{"dump"}, path("out"), std::string{"--node"}, at_})
        command += " " + quoted(word);
    const Finished full = run(outside_, {"/bin/sh", "-c", command});
    EXPECT_EQ(full.code, 1);
    EXPECT_THAT(full.error, HasSubstr("users.tcm: the file would be larger"));
    EXPECT_THAT(full.error, HasSubstr("What was dumped before is still there"));
    EXPECT_EQ(content("out/users.tcm"), "the one before");
    EXPECT_THAT(files("out"), ElementsAre("users.tcm"));
    EXPECT_EQ(dht({"dump", path("users.tcm")}).code, 1) << "a file, no directory";

    daemon_.process().signal(SIGKILL);
    EXPECT_EQ(dht({"dump", path("out")}, {"--timeout", "1", "--retries", "1", "--retry-wait", "10ms"}).code, 4);
    EXPECT_EQ(content("out/users.tcm"), "the one before");
    EXPECT_THAT(dht({"dump", path("out")}, {"--timeout", "1"}).error, HasSubstr(". Nothing was dumped.\n"));
}

TEST_F(DhtDump, OfOneNodeOfSeveralIsAskedFor) {
    const Home home;
    Daemon half(home, node("dht.range_max=7fffffffffffffff"));
    const std::string at = dht_port(half).text();
    const auto dump = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"dht", "dump", path("out")});
        return halp(outside_, words);
    };
    ASSERT_EQ(halp(outside_, {"dht", "put", "users", "2", "v", "--node", at}).code, 0);
    const Finished refused = dump({"--node", at});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.error, HasSubstr("no answer for 0x8000000000000000 to 0xffffffffffffffff"));
    EXPECT_EQ(dump({"--node", at, "--partial"}).code, 0);
    EXPECT_EQ(files("out"), std::vector<std::string>{"users.tcm"});
    const Finished twice = dump({"--node", at, "--node", at_});
    EXPECT_EQ(twice.code, 1) << "two nodes have the lower half";
    EXPECT_THAT(twice.error, HasSubstr("a dump would have some keys twice"));
    daemon_.process().signal(SIGKILL);
    EXPECT_EQ(dump({"--node", at, "--node", at_, "--partial", "--timeout", "1"}).code, 4)
        << "one that is named is gone";
}

TEST_F(DhtDump, ComesAgainAndAgainUntilItIsAskedToEnd) {
    ASSERT_EQ(dht({"put", "users", "1", "first"}).code, 0);
    Running dumping(outside_, "dump",
                    {HALP_BINARY, "dht", "dump", path("out"), "--node", at_, "--every", "50ms", "--min-wait",
                     "10ms", "--at-once"});
    ASSERT_TRUE(eventually([&] { return content("out/users.tcm").find("first") != std::string::npos; }))
        << dumping.error();
    ASSERT_EQ(dht({"put", "users", "1", "other"}).code, 0);
    ASSERT_TRUE(eventually([&] { return content("out/users.tcm").find("other") != std::string::npos; }));
    EXPECT_EQ(dumping.end(SIGTERM), 0) << dumping.error();
    EXPECT_EQ(halp(outside_, {"dht", "dump", path("out"), "--every", "soon"}).code, 2);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
