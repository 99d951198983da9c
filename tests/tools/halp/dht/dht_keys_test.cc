// Keys of clients, from the verb that makes them to the node that takes them, and the files of the originals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/tools/dht_daemon.h"
#include "tests/tools/dht_programs.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

unsigned mode_of(const std::string& path) {
    struct stat about {};
    EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
    return about.st_mode & 07777U;
}

TEST(DhtKeygen, MakesAFileThatNobodyElseMayReadAndOverwritesNone) {
    const Home home;
    const Finished made = halp(home, {"dht", "keygen", "app"});
    ASSERT_EQ(made.code, 0) << made.error;
    const std::string path = made.out.substr(0, made.out.find('\n'));
    EXPECT_THAT(path, HasSubstr("halp/dht-client"));
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(mode_of(std::filesystem::path(path).parent_path()), 0700U);
    const std::string key = process::read_whole_file(path);
    EXPECT_EQ(key.size(), 4 + 256 + 1U);
    EXPECT_THAT(key, MatchesRegex("app:[0-9a-f]*\n"));
    EXPECT_THAT(made.out + made.error, Not(HasSubstr(key.substr(4, 20))));

    const Finished again = halp(home, {"dht", "keygen", "app"});
    EXPECT_EQ(again.code, 6);
    EXPECT_THAT(again.error, HasSubstr("is not overwritten"));
    EXPECT_EQ(process::read_whole_file(path), key);
    const Finished other = halp(home, {"dht", "keygen", "app", "--file", home.path() + "/other"});
    ASSERT_EQ(other.code, 0) << other.error;
    EXPECT_NE(process::read_whole_file(home.path() + "/other"), key);
    for (const char* name : {"a b", "a:b", "#a", ""})
        EXPECT_EQ(halp(home, {"dht", "keygen", name}).code, 2) << name;
}

// The daemon's file has what editors leave: comments, CR LF, blank lines at the end, and no line break behind the
// last.
TEST(DhtKeygen, AddsAClientToARunningNode) {
    const Home home;
    DaemonOptions options = dht_options(home);
    const std::string file = write_credentials(home, "# clients\r\n" + credentials_line("admin", '0') +
                                                         "\r\nops:" + std::string(256, 'A') + "  \r\n\r\n \n#");
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    Daemon daemon(home, options);
    const std::string node = dht_port(daemon).text(), key = home.path() + "/app.key";
    EXPECT_THAT(daemon.messages(), HasSubstr("other users may read " + file));
    const auto names = [&](const std::vector<std::string>& more) {
        std::vector<std::string> argv{"dht", "credentials", "--socket", home.admin()};
        argv.insert(argv.end(), more.begin(), more.end());
        return halp(home, argv);
    };
    EXPECT_THAT(lines_of(names({}).out), ElementsAre("admin", "ops"));
    EXPECT_THAT(names({}).error, HasSubstr("other users may read " + file));

    ASSERT_EQ(halp(home, {"dht", "keygen", "app", "--file", key, "--add-to", file}).code, 0);
    EXPECT_EQ(mode_of(file), 0644U) << "its owner chose that";
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
    const Finished read = names({"--reload"});
    EXPECT_THAT(lines_of(read.out), ElementsAre("admin", "app", "ops"));
    EXPECT_THAT(read.error, Not(HasSubstr("other users")));
    const Finished put = halp(home, {"dht", "put", "c", "1", "v", "--node", node, "--credentials", key});
    EXPECT_EQ(put.code, 0) << put.error;

    EXPECT_EQ(halp(home, {"dht", "keygen", "app", "--file", key + "2", "--add-to", file}).code, 6);
    EXPECT_FALSE(std::filesystem::exists(key + "2")) << "nothing is made when the node has such a client";
    write_credentials(home, "nonsense\n");
    const Finished kept = names({"--reload"});
    EXPECT_NE(kept.code, 0);
    EXPECT_THAT(kept.error, AllOf(HasSubstr(file), HasSubstr("line 1"), HasSubstr("the old ones stay")));
    EXPECT_THAT(lines_of(names({}).out), ElementsAre("admin", "app", "ops"));
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(DhtKeygen, NeedsADaemonForItsListOnly) {
    const Home home;
    EXPECT_EQ(halp(home, {"dht", "credentials"}).code, 4);
    Daemon daemon(home, DaemonOptions{});
    EXPECT_EQ(halp(home, {"dht", "credentials", "--socket", home.admin()}).code, 3) << "it keeps no records";
}

TEST(OriginalsFiles, OfNodesAreTakenAsTheyAre) {
    const Home home;
    FakeProcess fake(home);
    const std::string nodes =
        written(home, "dht.neo.nodes",
                "# the nodes\r\n\r\n  " + fake.node + "   # here\r\n" + fake.node + "#twice\n\n \n\n");
    const Finished put = halp(home, {"dht", "put", "c", "1", "v", "--nodes", nodes});
    EXPECT_EQ(put.code, 0) << put.error;
    const Finished bad = halp(home, {"dht", "put", "c", "1", "v", "--nodes", written(home, "bad", "\n\nhere\n")});
    EXPECT_EQ(bad.code, 2);
    EXPECT_THAT(bad.error, AllOf(HasSubstr(home.path() + "/bad"), HasSubstr("ine 3")));
    EXPECT_EQ(fake.stop(), 0);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
