// `halp dht --legacy`, with real programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "tests/tools/dht_daemon.h"
#include "tests/tools/dht_programs.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

class DhtVerbsByLegacy : public ::testing::Test {
protected:
    Finished dht(std::vector<std::string> words) const {
        words.insert(words.begin(), "dht");
        words.insert(words.end(), {"--legacy", "--node", fake.legacy});
        return halp(home, words);
    }
    const Home home;
    const FakeProcess fake{home};
};

TEST_F(DhtVerbsByLegacy, DoWhatTheProtocolHas) {
    EXPECT_EQ(dht({"put", "users", "7", "Ann"}).code, 0);
    EXPECT_EQ(dht({"put", "users", "8", "Bob"}).code, 0);
    EXPECT_EQ(dht({"get", "users", "7"}).out, "Ann");
    EXPECT_EQ(dht({"get", "users", "9"}).code, 3);
    EXPECT_EQ(dht({"exists", "users", "7"}).out, "yes\n");
    EXPECT_EQ(dht({"scan", "users", "--filter", "Bo"}).out, "0x0000000000000008 Bob\n");
    EXPECT_EQ(dht({"keys", "users", "--limit", "1"}).out.size(), 19U);
    EXPECT_EQ(dht({"size", "users"}).out, "CHANNEL  RECORDS  BYTES\nusers    2        6\n");
    EXPECT_EQ(dht({"size", "--json"}).out,
              "{\"schema_version\":1,\"channels\":[{\"channel\":\"users\",\"records\":2,\"bytes\":6}],"
              "\"records\":2,\"bytes\":6}\n");
    EXPECT_EQ(dht({"channels"}).out, "users\n");
    EXPECT_EQ(dht({"remove", "users", "8"}).code, 0);
    EXPECT_EQ(dht({"remove", "users", "8"}).code, 3);
    EXPECT_EQ(dht({"ranges"}).out, fake.legacy + " 0x0000000000000000 0xffffffffffffffff\n");
    EXPECT_EQ(dht({"status", "--count"}).code, 0);
    EXPECT_EQ(dht({"rm-channel", "users"}).code, 0);
    EXPECT_EQ(dht({"scan", "users"}).code, 3);
}

TEST_F(DhtVerbsByLegacy, SayWhatTheProtocolHasNot) {
    const Finished update = dht({"update", "users", "7", "x"});
    EXPECT_EQ(update.code, 2);
    EXPECT_THAT(update.error, HasSubstr("has no update"));
    EXPECT_THAT(dht({"put", "users", "7", ""}).error, HasSubstr("legacy takes no empty values"));
    EXPECT_THAT(dht({"put", "a b", "7", "x"}).error, HasSubstr("letters, digits, _ and -"));
    const Finished nobody = halp(home, {"dht", "--legacy", "get", "users", "7", "--node", "127.0.0.1:1"});
    EXPECT_EQ(nobody.code, 4) << nobody.error;
    EXPECT_THAT(nobody.error, HasSubstr("port is the one of the legacy protocol"));
}

// A label has the neo ports; the legacy port of a node is 100 below its own.
TEST_F(DhtVerbsByLegacy, FindTheNodesByTheirLabel) {
    const auto neo = Endpoint::parse(fake.node), by_legacy = Endpoint::parse(fake.legacy);
    ASSERT_TRUE(neo && by_legacy);
    ASSERT_EQ(neo->port, by_legacy->port + 100);
    const Daemon daemon;
    ASSERT_EQ(halp(daemon.home(),
                   {"insert", "dht", neo->host, std::to_string(neo->port), "--socket", daemon.home().admin()})
                  .code,
              0);
    const auto dht = [&](std::vector<std::string> words, std::vector<std::string> where) {
        words.insert(words.begin(), {"dht", "--legacy"});
        words.insert(words.end(), where.begin(), where.end());
        return halp(daemon.home(), words);
    };
    const std::vector<std::string> by_host{"--halp", daemon.endpoint().text()},
        by_socket{"--socket", daemon.home().admin()};
    const Finished put = dht({"put", "users", "7", "Ann"}, by_host);
    EXPECT_EQ(put.code, 0) << put.error;
    EXPECT_EQ(dht({"get", "users", "7"}, by_socket).out, "Ann");
    EXPECT_EQ(dht({"ranges"}, by_host).out, fake.legacy + " 0x0000000000000000 0xffffffffffffffff\n");
    EXPECT_EQ(dht({"get", "users", "7"}, {"--halp", daemon.endpoint().text(), "--label", "nobody"}).code, 4);
}

TEST_F(DhtVerbsByLegacy, MirrorAndListen) {
    EXPECT_EQ(dht({"put", "users", "7", "Ann"}).code, 0);
    Running mirror(home, "mirror",
                   {HALP_BINARY, "dht", "mirror", "users", "--legacy", "--count", "2", "--node", fake.legacy});
    Running listen(home, "listen", {HALP_BINARY, "dht", "listen", "users", "--legacy", "--node", fake.legacy});
    EXPECT_TRUE(mirror.says("= 0x0000000000000007 Ann\n")) << mirror.error();
    // By neo, into a Listen of legacy. Nothing tells when that has begun, so it is put again.
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(halp(home, {"dht", "put", "users", "9", "Cid", "--node", fake.node}).code, 0);
        return listen.out().find("+ 0x0000000000000009 Cid\n") != std::string::npos;
    })) << listen.error();
    EXPECT_EQ(mirror.end(), 0);
    EXPECT_EQ(mirror.out(), "= 0x0000000000000007 Ann\n+ 0x0000000000000009 Cid\n");
    EXPECT_EQ(listen.end(SIGINT), 130);
}

// Real daemons: the lower half on LMDB, the upper one in memory.
TEST(DhtVerbsByLegacyAndHalpd, NameTheHalfThatIsMissing) {
    const Home first, second, outside;
    const auto half = [](const std::string& range, const std::string& engine) {
        DaemonOptions options;
        options.more = {"--dht-listen", "127.0.0.1:0", "--dht-test-client",
                        "--set",        range,         "--set",
                        engine,         "--set",       "dht.legacy_listen=127.0.0.1:0"};
        return options;
    };
    Daemon lower(first, half("dht.range_max=7fffffffffffffff", "dht.engine=lmdb"));
    Daemon upper(second, half("dht.range_min=8000000000000000", "dht.engine=memory"));
    const std::vector<std::string> both = {"--legacy", "--node", legacy_port(lower).text(), "--node",
                                           legacy_port(upper).text()};
    const auto dht = [&](std::vector<std::string> words, const std::vector<std::string>& where) {
        words.insert(words.begin(), "dht");
        words.insert(words.end(), where.begin(), where.end());
        return halp(outside, words);
    };
    for (const char* key : {"1", "2"}) EXPECT_EQ(dht({"put", "users", key, "v"}, both).code, 0);
    EXPECT_EQ(lines_of(dht({"scan", "users"}, both).out).size(), 2U);
    upper.process().signal(SIGKILL);
    EXPECT_TRUE(upper.process().wait(generous));
    EXPECT_EQ(dht({"get", "users", "2"}, both).out, "v");
    const Finished scanned = dht({"scan", "users", "--json"}, both);
    EXPECT_EQ(scanned.code, 1) << scanned.error;
    EXPECT_THAT(scanned.out, HasSubstr("missing_ranges"));
    EXPECT_THAT(scanned.error, HasSubstr("no answer for 0x8000000000000000 to 0xffffffffffffffff"));
    const Finished partial = dht({"scan", "users", "--partial"}, both);
    EXPECT_EQ(partial.code, 0) << partial.error;
    EXPECT_EQ(partial.out, "0x0000000000000002 v\n");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
