// Requests of `halp dht` to all nodes with real daemons: missing ranges are an error that names them, and two nodes
// that answer for the same keys are said. Channels of any name are listed, read and removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/tools/dht_daemon.h"
#include "tests/tools/dht_programs.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string upper_half = "0x8000000000000000 to 0xffffffffffffffff";
const std::string upper_json =
    R"("missing_ranges":[{"range_min":"0x8000000000000000","range_max":"0xffffffffffffffff"}])";

class TwoHalves : public ::testing::Test {
protected:
    TwoHalves() {
        const auto half = [](const std::string& range, std::vector<Endpoint> join) {
            DaemonOptions options;
            options.more = {"--dht-listen", "127.0.0.1:0", "--dht-test-client", "--set", range};
            options.join = std::move(join);
            return options;
        };
        lower_.emplace(first_, half("dht.range_max=7fffffffffffffff", {}));
        upper_.emplace(second_, half("dht.range_min=8000000000000000", {lower_->endpoint()}));
        lower_at_ = dht_port(*lower_).text();
        upper_at_ = dht_port(*upper_).text();
        // The key 2 is in the lower half, the key 1 in the upper one.
        for (const char* key : {"2", "1"})
            EXPECT_EQ(dht({"put", "users", key, std::string{"v"} + key}, both()).code, 0);
    }
    [[nodiscard]] std::vector<std::string> both() const { return {"--node", lower_at_, "--node", upper_at_}; }
    [[nodiscard]] Finished dht(std::vector<std::string> words, const std::vector<std::string>& where) const {
        words.insert(words.begin(), "dht");
        words.insert(words.end(), where.begin(), where.end());
        return halp(outside_, words);
    }
    void kill_upper() {
        upper_->process().signal(SIGKILL);
        EXPECT_TRUE(upper_->process().wait(generous));
    }
    // Each verb fails with the missing half, does nothing, and accepts it with --partial.
    void expect_half(const std::vector<std::string>& where) const {
        for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"rm-channel", "users"},
                                                                                          {"scan", "users"},
                                                                                          {"keys", "users"},
                                                                                          {"channels"},
                                                                                          {"mirror", "users"}}) {
            std::vector<std::string> words = verb;
            words.emplace_back("--json");
            const Finished refused = dht(words, where);
            EXPECT_EQ(refused.code, 1) << verb[0] << refused.error;
            EXPECT_THAT(refused.error, HasSubstr("no answer for " + upper_half)) << verb[0];
            EXPECT_EQ(lines_of(refused.out).size(), 1U) << verb[0];
            EXPECT_THAT(refused.out, HasSubstr(upper_json)) << verb[0];
            EXPECT_THAT(refused.out, Not(HasSubstr("value_base64"))) << verb[0];
        }
    }
    void expect_partial(const std::vector<std::string>& where) const {
        const Finished scanned = dht({"scan", "users", "--partial"}, where);
        EXPECT_EQ(scanned.code, 0) << scanned.error;
        EXPECT_EQ(scanned.out, "0x0000000000000002 v2\n");
        EXPECT_THAT(scanned.error, HasSubstr("no answer for " + upper_half));
        const Finished listed = dht({"channels", "--partial", "--json"}, where);
        EXPECT_EQ(listed.code, 0) << listed.error;
        EXPECT_EQ(listed.out, R"({"schema_version":1,"channels":["users"],)" + upper_json + "}\n");
    }

    const Home first_, second_, outside_;
    std::optional<Daemon> lower_, upper_;
    std::string lower_at_, upper_at_;
};

TEST_F(TwoHalves, OfWhichOneIsDeadAreNotTakenForAll) {
    EXPECT_EQ(lines_of(dht({"scan", "users"}, both()).out).size(), 2U);
    expect_half({"--node", lower_at_});  // a client that knows one of two
    kill_upper();
    expect_half(both());
    expect_partial(both());
    // By label: nothing was ever known of the other half.
    const std::vector<std::string> by_label = {"--halp", lower_->endpoint().text()};
    const Finished scanned = dht({"scan", "users"}, by_label);
    EXPECT_EQ(scanned.code, 1);
    EXPECT_THAT(scanned.out, IsEmpty());
    EXPECT_THAT(scanned.error, HasSubstr("no answer for " + upper_half));
    expect_partial(by_label);

    const Finished ranges = dht({"ranges", "--json"}, both());
    EXPECT_EQ(ranges.code, 1);
    EXPECT_THAT(ranges.out, HasSubstr(upper_json));
    const Finished removed = dht({"rm-channel", "users", "--partial", "--json"}, both());
    EXPECT_EQ(removed.code, 0) << removed.error;
    EXPECT_EQ(removed.out, R"({"schema_version":1,"channel":"users","removed":false,)" + upper_json + "}\n");
    EXPECT_EQ(dht({"exists", "users", "2"}, {"--node", lower_at_}).code, 3);
}

TEST_F(TwoHalves, OfWhichOneDiesUnderAMirrorAreNotMirroredBoth) {
    Running mirror(outside_, "mirror",
                   {HALP_BINARY, "dht", "mirror", "users", "--json", "--for", "1.5", "--node", lower_at_, "--node",
                    upper_at_});
    ASSERT_TRUE(mirror.says("djE=")) << mirror.error();  // v1, of the upper half
    kill_upper();
    EXPECT_EQ(mirror.end(), 1) << mirror.error();
    EXPECT_THAT(mirror.out(), HasSubstr(R"({"schema_version":1,"event":"ranges",)" + upper_json + "}"));
}

TEST(DhtCover, TwoNodesThatAnswerForTheSameKeysAreSaidAndNotMerged) {
    const Home home;
    const FakeProcess one(home, "one"), other(home, "other");
    EXPECT_EQ(halp(home, {"dht", "put", "users", "1", "a", "--node", one.node}).code, 0);
    EXPECT_EQ(halp(home, {"dht", "put", "users", "1", "b", "--node", other.node}).code, 0);
    const Finished scanned = halp(home, {"dht", "scan", "users", "--node", one.node, "--node", other.node});
    EXPECT_EQ(scanned.code, 0) << scanned.error;
    EXPECT_THAT(scanned.out, HasSubstr("0x0000000000000001 a\n"));
    EXPECT_THAT(scanned.out, HasSubstr("0x0000000000000001 b\n"));
    EXPECT_THAT(scanned.error,
                HasSubstr("more than one node answers for 0x0000000000000000 to 0xffffffffffffffff"));
    const Finished listed = halp(home, {"dht", "channels", "--json", "--node", one.node, "--node", other.node});
    EXPECT_THAT(listed.out, HasSubstr(R"("overlapping_ranges":[{"range_min":"0x0000000000000000",)"));
}

TEST(DhtChannelNames, AreReadAndRemovedAsTheyAreListed) {
    const Home home;
    const FakeProcess fake(home);
    const auto dht = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "dht");
        words.insert(words.end(), {"--node", fake.node});
        return halp(home, words);
    };
    for (const std::string& name : {std::string("my.channel"), std::string("a b"), std::string("\xc3\xa4"),
                                    std::string(300, 'x'), std::string("../evil"), std::string(R"(back\\slash)"),
                                    std::string(R"(\n\x00\xff)"), std::string("say \"hi\"")})
        EXPECT_EQ(dht({"put", name, "1", "v"}).code, 0) << name;
    EXPECT_THAT(dht({"scan", "say \"hi\"", "--json"}).out, HasSubstr(R"("channel":"say \"hi\"")"));
    const std::vector<std::string> listed = lines_of(dht({"channels"}).out);
    EXPECT_EQ(listed.size(), 8U);
    for (const std::string& name : listed) {
        EXPECT_EQ(dht({"get", name, "1"}).out, "v") << name;
        EXPECT_EQ(dht({"rm-channel", name}).code, 0) << name;
    }
    EXPECT_EQ(dht({"channels"}).code, 3);
    EXPECT_EQ(dht({"put", std::string(481, 'x'), "1", "v"}).code, 2);
    EXPECT_EQ(dht({"put", R"(\q)", "1", "v"}).code, 2);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
