// `halp dht` as scripts use it: real programs, their input and output bytes, and exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/tools/dht_programs.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DhtVerbs : public ::testing::Test {
protected:
    Finished dht(std::vector<std::string> words) const {
        words.insert(words.begin(), "dht");
        words.insert(words.end(), {"--node", fake.node});
        return halp(home, words);
    }
    void put(const std::string& key, const std::string& value, const std::string& channel = "users") const {
        const Finished done = dht({"put", channel, key, value});
        ASSERT_EQ(done.code, 0) << done.error;
    }

    const Home home;
    const FakeProcess fake{home};
};

TEST_F(DhtVerbs, GiveBackEveryByteThatWasPut) {
    const std::string value = every_byte();
    const Finished by_stdin = halp_reading(home, value, {"dht", "put", "users", "7", "--node", fake.node});
    EXPECT_EQ(by_stdin.code, 0) << by_stdin.error;
    EXPECT_THAT(by_stdin.error, HasSubstr("stored 256 bytes as 0x0000000000000007"));
    EXPECT_EQ(dht({"get", "users", "0x7"}).out, value);

    const std::string file = written(home, "value", std::string("\0\n", 2));
    EXPECT_EQ(dht({"put", "users", "8", "--file", file}).code, 0);
    EXPECT_EQ(dht({"get", "users", "8"}).out, std::string("\0\n", 2));
    EXPECT_EQ(dht({"put", "users", "9", "--hex", "00ff"}).code, 0);
    EXPECT_EQ(dht({"get", "users", "9"}).out, std::string("\0\xff", 2));
    EXPECT_EQ(dht({"put", "users", "10", ""}).code, 0);
    const Finished empty = dht({"get", "users", "10"});
    EXPECT_EQ(empty.code, 0);
    EXPECT_EQ(empty.out, "");
}

TEST_F(DhtVerbs, ShowValuesAsTheyAreAskedFor) {
    ASSERT_EQ(dht({"put", "users", "1", "--escape", "a\\n\\x00\\\\"}).code, 0);
    EXPECT_EQ(dht({"get", "users", "1", "--hex"}).out, "610a005c\n");
    EXPECT_EQ(dht({"get", "users", "1", "--escape"}).out, "a\\n\\x00\\\\\n");
    EXPECT_EQ(dht({"get", "users", "1", "--base64"}).out, "YQoAXA==\n");
    EXPECT_EQ(dht({"get", "users", "1", "--json"}).out,
              "{\"schema_version\":1,\"channel\":\"users\",\"key\":\"0x0000000000000001\",\"bytes\":4,"
              "\"value_base64\":\"YQoAXA==\"}\n");
}

TEST_F(DhtVerbs, SayByExitCodeWhetherThereIsARecord) {
    put("1", "one");
    EXPECT_EQ(dht({"exists", "users", "1"}).out, "yes\n");
    const Finished none = dht({"exists", "users", "2"});
    EXPECT_EQ(none.code, 3);
    EXPECT_EQ(none.out, "no\n");
    const Finished missing = dht({"get", "users", "2"});
    EXPECT_EQ(missing.code, 3);
    EXPECT_THAT(missing.out, IsEmpty());
    EXPECT_THAT(missing.error, HasSubstr("no record 0x0000000000000002 in channel users"));
    EXPECT_EQ(dht({"get", "users", "2", "--json"}).code, 3);
    EXPECT_EQ(dht({"remove", "users", "1"}).code, 0);
    EXPECT_EQ(dht({"remove", "users", "1"}).code, 3);
    EXPECT_EQ(dht({"exists", "users", "1"}).code, 3);
}

TEST_F(DhtVerbs, RefuseTooLongAValueBeforeAnythingIsSent) {
    const std::string longest(65512, 'x');
    EXPECT_EQ(halp_reading(home, longest, {"dht", "put", "users", "1", "--node", fake.node}).code, 0);
    EXPECT_EQ(dht({"get", "users", "1"}).out, longest);
    // No node is named, and none is searched for.
    const Finished more = halp_reading(home, longest + "x", {"dht", "put", "users", "1"});
    EXPECT_EQ(more.code, 2);
    EXPECT_THAT(more.error, HasSubstr("65512 at most: nothing was sent"));
    EXPECT_EQ(halp(home, {"dht", "put", "users", "1", "--file", "/dev/zero"}).code, 2);
}

TEST_F(DhtVerbs, UpdateOnlyWhatIsStillTheSame) {
    put("1", "one");
    const Finished stale = dht({"update", "users", "1", "two", "--expect", "zero"});
    EXPECT_EQ(stale.code, 6);
    EXPECT_THAT(stale.error, HasSubstr("not what was expected"));
    EXPECT_EQ(dht({"get", "users", "1"}).out, "one");
    EXPECT_EQ(dht({"update", "users", "1", "two", "--expect", "one"}).code, 0);
    EXPECT_EQ(dht({"update", "users", "1", "three"}).code, 0);
    EXPECT_EQ(dht({"get", "users", "1"}).out, "three");
    EXPECT_EQ(dht({"update", "users", "2", "x"}).code, 3);
    EXPECT_EQ(dht({"exists", "users", "2"}).code, 3);
    EXPECT_THAT(dht({"update", "users", "1", "--remove", "--json"}).out, HasSubstr("\"outcome\":\"removed\""));
    EXPECT_EQ(dht({"exists", "users", "1"}).code, 3);
}

TEST_F(DhtVerbs, UpdateByACommandLosesNothingToAnother) {
    put("1", "0");
    const std::string ten_times = "for i in 1 2 3 4 5; do " HALP_BINARY
                                  " dht update users 1 --exec 'expr $(cat) + 1' -q --node " +
                                  fake.node + "; done";
    Running one(home, "one", {"/bin/sh", "-c", ten_times}), other(home, "other", {"/bin/sh", "-c", ten_times});
    EXPECT_EQ(one.end(), 0) << one.error();
    EXPECT_EQ(other.end(), 0) << other.error();
    EXPECT_EQ(dht({"get", "users", "1"}).out, "10\n");
    const Finished failing = dht({"update", "users", "1", "--exec", "cat; false"});
    EXPECT_EQ(failing.code, 1);
    EXPECT_EQ(dht({"get", "users", "1"}).out, "10\n");
    EXPECT_EQ(dht({"update", "users", "1", "--exec", "cat /dev/zero"}).code, 2);
}

TEST_F(DhtVerbs, ScanPrintsRecordsOneALine) {
    put("1", "Ann\n");
    put("2", "Bob");
    put("0xffffffffffffffff", "Annette");
    EXPECT_EQ(dht({"scan", "users"}).out,
              "0x0000000000000001 Ann\\n\n0x0000000000000002 Bob\n0xffffffffffffffff Annette\n");
    EXPECT_EQ(dht({"scan", "users", "--filter", "Ann", "--hex"}).code, 2);  // --hex applies to the filter too
    EXPECT_EQ(dht({"scan", "users", "--filter", "426f", "--hex"}).out, "0x0000000000000002 426f62\n");
    EXPECT_EQ(lines_of(dht({"scan", "users", "--limit", "2"}).out).size(), 2U);
    EXPECT_EQ(dht({"keys", "users", "--filter", "Ann"}).out, "0x0000000000000001\n0xffffffffffffffff\n");
    EXPECT_EQ(dht({"keys", "users", "--limit", "1", "--json"}).out,
              "{\"schema_version\":1,\"key\":\"0x0000000000000001\"}\n");
    EXPECT_EQ(dht({"scan", "empty"}).code, 3);
}

TEST_F(DhtVerbs, ListAndRemoveChannels) {
    EXPECT_EQ(dht({"channels"}).code, 3);
    put("1", "x", "one");
    put("1", "x", "two");
    EXPECT_EQ(dht({"channels"}).out, "one\ntwo\n");
    EXPECT_EQ(dht({"rm-channel", "one"}).code, 0);
    EXPECT_EQ(dht({"channels", "--json"}).out, "{\"schema_version\":1,\"channels\":[\"two\"]}\n");
}

TEST_F(DhtVerbs, MirrorShowsWhatIsThereAndWhatChanges) {
    put("1", "one");
    Running mirror(home, "mirror", {HALP_BINARY, "dht", "mirror", "users", "--node", fake.node});
    ASSERT_TRUE(mirror.says("= 0x0000000000000001 one\n")) << mirror.error();
    put("2", "two\n");
    ASSERT_TRUE(mirror.says("+ 0x0000000000000002 two\\n\n"));
    ASSERT_EQ(dht({"remove", "users", "1"}).code, 0);
    ASSERT_TRUE(mirror.says("- 0x0000000000000001\n"));
    EXPECT_EQ(mirror.end(SIGINT), 130);
    EXPECT_THAT(lines_of(mirror.out()).size(), 3U);
}

TEST_F(DhtVerbs, MirrorEndsAfterACountOrATimeOrWithItsChannel) {
    put("1", "one");
    put("2", "two");
    const Finished counted = dht({"mirror", "users", "--count", "2", "--json"});
    EXPECT_EQ(counted.code, 0) << counted.error;
    EXPECT_EQ(counted.out,
              "{\"schema_version\":1,\"event\":\"started\"}\n"
              "{\"schema_version\":1,\"event\":\"refreshed\",\"key\":\"0x0000000000000001\",\"bytes\":3,"
              "\"value_base64\":\"b25l\"}\n"
              "{\"schema_version\":1,\"event\":\"refreshed\",\"key\":\"0x0000000000000002\",\"bytes\":3,"
              "\"value_base64\":\"dHdv\"}\n");
    const Finished timed = dht({"mirror", "users", "--no-refresh", "--for", "0.1"});
    EXPECT_EQ(timed.code, 0);
    EXPECT_THAT(timed.out, IsEmpty());
    Running mirror(home, "mirror", {HALP_BINARY, "dht", "mirror", "users", "--json", "--node", fake.node});
    ASSERT_TRUE(mirror.says("refreshed"));
    EXPECT_EQ(dht({"rm-channel", "users"}).code, 0);
    EXPECT_EQ(mirror.end(), 0);
    EXPECT_THAT(mirror.out(), HasSubstr("\"event\":\"channel_removed\",\"node\":\"" + fake.node + "\""));
}

TEST_F(DhtVerbs, SayWhichNodesAnswer) {
    put("1", "one");
    EXPECT_EQ(dht({"ranges"}).out, fake.node + " 0x0000000000000000 0xffffffffffffffff\n");
    const Finished all = dht({"status", "--count"});
    EXPECT_EQ(all.code, 0) << all.error;
    EXPECT_THAT(all.out, HasSubstr("connected"));
    EXPECT_THAT(all.out, HasSubstr("users    1\n"));
    const Finished one = dht({"status", "--json", "--node", "127.0.0.1:1"});
    EXPECT_EQ(one.code, 1);
    EXPECT_THAT(one.out,
                HasSubstr("\"endpoint\":\"127.0.0.1:1\",\"connected\":false,\"error\":\"connection refused\""));
    EXPECT_THAT(one.out, HasSubstr("\"covers_all\":true"));
    const Finished none = halp(home, {"dht", "status", "--node", "127.0.0.1:1"});
    EXPECT_EQ(none.code, 4);
}

TEST_F(DhtVerbs, DoWithoutANodeThatTheKeyDoesNotNeed) {
    const Finished stored = dht({"put", "users", "1", "x", "--node", "127.0.0.1:1"});
    EXPECT_EQ(stored.code, 0);
    EXPECT_THAT(stored.error, HasSubstr("127.0.0.1:1: connection refused; going on without it"));
    // An incomplete answer of a channel is an error.
    const Finished scanned = dht({"scan", "users", "--node", "127.0.0.1:1"});
    EXPECT_EQ(scanned.code, 4);
    EXPECT_THAT(scanned.out, IsEmpty());
}

TEST_F(DhtVerbs, FindNodesInAFileAndInTheEnvironment) {
    const std::string nodes = written(home, "nodes", "# ours\n" + fake.node + "  # the only one\n");
    EXPECT_EQ(halp(home, {"dht", "put", "users", "1", "x", "--nodes", nodes}).code, 0);
    const std::string get = "HALP_DHT_NODES=" + fake.node + " exec " HALP_BINARY " dht get users 1";
    EXPECT_EQ(run(home, {"/bin/sh", "-c", get}).out, "x");
    const std::string bad = written(home, "bad", "127.0.0.1\n");
    const Finished refused = halp(home, {"dht", "get", "users", "1", "--nodes", bad});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.error, HasSubstr(bad));
}

TEST_F(DhtVerbs, CallADirectoryADirectory) {
    const std::string is_one = "`" + home.path() + "` is a directory";
    const Finished nodes = halp(home, {"dht", "get", "users", "1", "--nodes", home.path()});
    EXPECT_EQ(nodes.code, 2);
    EXPECT_THAT(nodes.error, HasSubstr(is_one));
    const Finished credentials = dht({"get", "users", "1", "--credentials", home.path()});
    EXPECT_EQ(credentials.code, 2);
    EXPECT_THAT(credentials.error, HasSubstr(is_one));
    const Finished run_result = halp(home, {"dht", "conformance", fake.node, "--credentials", home.path()});
    EXPECT_EQ(run_result.code, 2);
    EXPECT_THAT(run_result.error, HasSubstr(is_one));
    const Finished value = dht({"put", "users", "1", "--file", home.path()});
    EXPECT_EQ(value.code, 2);
    EXPECT_THAT(value.error, HasSubstr("directory"));
}

// `halp dht remove users "$ID"` without ID.
TEST_F(DhtVerbs, TakeAnEmptyWordForNoKey) {
    ASSERT_EQ(dht({"put", "users", "0", "kept"}).code, 0);
    EXPECT_EQ(dht({"remove", "users", ""}).code, 2);
    EXPECT_EQ(dht({"put", "users", "", "lost"}).code, 2);
    EXPECT_EQ(dht({"update", "users", "0", "--exec", ""}).code, 2);
    EXPECT_EQ(dht({"get", "users", "0"}).out, "kept");
}

TEST_F(DhtVerbs, SaySoWhenThereIsNobody) {
    const Finished refused = halp(home, {"dht", "get", "users", "1", "--node", "127.0.0.1:1"});
    EXPECT_EQ(refused.code, 4);
    EXPECT_THAT(refused.error, HasSubstr("127.0.0.1:1: connection refused. Is a node running there?"));
    const Finished unknown = halp(home, {"dht", "get", "users", "1"});
    EXPECT_EQ(unknown.code, 4);
    EXPECT_THAT(unknown.error, HasSubstr("Name a node with --node HOST:PORT"));
    const std::string named = "HALP_DHT_NODES=127.0.0.1:1 exec " HALP_BINARY " dht get users 1";
    const Finished by_variable = run(home, {"/bin/sh", "-c", named});
    EXPECT_EQ(by_variable.code, 4);
    EXPECT_THAT(by_variable.error, HasSubstr("127.0.0.1:1: connection refused. That is what the variable "
                                             "HALP_DHT_NODES of the environment names"));
}

TEST_F(DhtVerbs, SpeakAsWhoeverTheFileNames) {
    const std::string stranger = written(home, "stranger", "mallory:" + std::string(256, '0') + "\n");
    const Finished refused = dht({"get", "users", "1", "--credentials", stranger});
    EXPECT_EQ(refused.code, 6);
    EXPECT_THAT(refused.error, HasSubstr("rejected. The client was `mallory` of " + stranger));
    EXPECT_THAT(refused.error, HasSubstr("takes `admin` with 128 zero bytes"));
    EXPECT_THAT(refused.error, HasSubstr("--credentials FILE"));
    EXPECT_EQ(dht({"get", "users", "1", "--credentials", home.path() + "/none"}).code, 2);
    const std::string by_variable =
        "HALP_DHT_CLIENT=" + stranger + " exec " HALP_BINARY " dht get users 1 --node " + fake.node;
    EXPECT_EQ(run(home, {"/bin/sh", "-c", by_variable}).code, 6);
    const std::string admin = written(home, "admin", "admin:" + std::string(256, '0') + "\n");
    EXPECT_EQ(dht({"get", "users", "1", "--credentials", admin}).code, 3);
    const std::string edited =
        written(home, "edited", "# mine\r\n\r\nadmin:" + std::string(256, '0') + "  # for tests\r\n");
    EXPECT_EQ(dht({"get", "users", "1", "--credentials", edited}).code, 3);
    const Finished wrong =
        dht({"get", "users", "1", "--credentials", written(home, "wrong", "\r\n# x\r\nadmin\r\n")});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.error, HasSubstr("/wrong: credentials, line 3: it is not NAME:KEY"));
}

TEST_F(DhtVerbs, MakeNoChannelByReadingAndSayWhatIsSo) {
    for (const char* verb : {"get", "exists", "remove"}) EXPECT_EQ(dht({verb, "nope", "1"}).code, 3) << verb;
    EXPECT_EQ(dht({"update", "nope", "1", "x"}).code, 3);
    const Finished missing = dht({"scan", "nope"});
    EXPECT_EQ(missing.code, 3);
    EXPECT_THAT(missing.error, HasSubstr("there is no channel nope"));
    EXPECT_EQ(dht({"channels"}).code, 3) << "none of these has made a channel";
    put("1", "x");
    EXPECT_THAT(dht({"scan", "users", "--filter", "y"}).error,
                HasSubstr("no record of channel users contains `y`"));
    ASSERT_EQ(dht({"remove", "users", "1"}).code, 0);
    EXPECT_THAT(dht({"keys", "users"}).error, HasSubstr("channel users has no records"));
}

TEST_F(DhtVerbs, StoreNothingForAValueThatWasForgotten) {
    for (const char* verb : {"put", "update"}) {
        const Finished forgotten = halp_reading(home, "", {"dht", verb, "users", "1", "--node", fake.node});
        EXPECT_EQ(forgotten.code, 2) << verb;
        EXPECT_THAT(forgotten.error, HasSubstr("VALUE is missing, and nothing came from stdin: nothing was sent."));
    }
    EXPECT_EQ(dht({"exists", "users", "1"}).code, 3);
    EXPECT_EQ(dht({"put", "users", "1", ""}).code, 0) << "an empty value that is written is meant";
    const Finished negative = dht({"put", "users", "1", "-x"});
    EXPECT_EQ(negative.code, 2);
    EXPECT_THAT(negative.error, HasSubstr("A value that begins with - stands behind --"));
}

TEST_F(DhtVerbs, EndWithOneAndWithoutAWordWhenNobodyReadsAnyMore) {
    for (int key = 0; key < 20; ++key)
        ASSERT_EQ(halp_reading(home, std::string(60'000, 'x'),
                               {"dht", "put", "big", std::to_string(key), "-q", "--node", fake.node})
                      .code,
                  0);
    const Finished head =
        run(home, {"/bin/sh", "-c",
                   "{ " HALP_BINARY " dht scan big --node " + fake.node + "; echo code $? >&2; } | head -c 10"});
    EXPECT_EQ(head.out, "0x00000000");
    EXPECT_EQ(head.error, "code 1\n");
}

TEST(DhtVerbsThroughHalp, FindTheNodesOfASwarmByTheirLabel) {
    const Home first, second, outside;
    DaemonOptions options;
    options.more = {"--dht-listen", "127.0.0.1:0", "--dht-test-client"};
    options.more.insert(options.more.end(), {"--set", "dht.range_max=7fffffffffffffff"});
    Daemon lower(first, options);
    options.more.back() = "dht.range_min=8000000000000000";
    options.join = {lower.endpoint()};
    Daemon upper(second, options);
    // Both clients are told of both nodes: keys 1 and 2 belong to different nodes.
    const auto put = [&](const std::string& key, const std::vector<std::string>& where) {
        std::vector<std::string> words{"dht", "put", "users", key, "value " + key};
        words.insert(words.end(), where.begin(), where.end());
        return halp(outside, words);
    };
    EXPECT_TRUE(eventually([&] { return put("1", {"--halp", upper.endpoint().text()}).code == 0; }));
    EXPECT_TRUE(eventually([&] { return put("2", {"--socket", second.admin()}).code == 0; }));
    const Finished scanned = halp(outside, {"dht", "keys", "users", "--halp", lower.endpoint().text()});
    EXPECT_EQ(lines_of(scanned.out).size(), 2U) << scanned.error;
    EXPECT_EQ(lines_of(halp(outside, {"dht", "ranges", "--socket", first.admin()}).out).size(), 2U);
    // Without a daemon the HALP hosts of the cache directory are asked.
    ASSERT_EQ(halp(outside, {"insert", "halp", lower.endpoint().host, std::to_string(lower.endpoint().port)}).code,
              0);
    const Finished got = halp(outside, {"dht", "get", "users", "2", "-v"});
    EXPECT_EQ(got.out, "value 2") << got.error;
}

// The two lines of the README: the node listens on loopback, so it is not announced to others, and is found
// nevertheless.
TEST(DhtVerbsThroughHalp, FindTheNodeForTestsThroughItsDaemon) {
    const Home home;
    DaemonOptions options;
    options.listen = "0.0.0.0:0";
    options.more = {"--dht-listen", "127.0.0.1:0", "--dht-test-client"};
    Daemon daemon(home, options);
    const Finished put = halp(home, {"dht", "put", "users", "7", "Ann Example", "--socket", home.admin()});
    EXPECT_EQ(put.code, 0) << put.error;
    EXPECT_EQ(halp(home, {"dht", "get", "users", "7", "--socket", home.admin()}).out, "Ann Example");
    EXPECT_EQ(halp(home, {"get", "dht", "--socket", home.admin()}).code, 3) << "not announced";
    EXPECT_THAT(halp(home, {"status", "--socket", home.admin()}).out, HasSubstr("1 in 1 channels"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
