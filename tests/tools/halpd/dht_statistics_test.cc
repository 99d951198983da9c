// What a node tells of its requests and records: by the admin API, by the verb, and in its log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/dht_daemon.h"
#include "tests/tools/dht_programs.h"
#include "tests/tools/legacy_peer.h"
#include "tests/tools/neo_peer.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Object = nlohmann::json;

Object request_in(const Object& dht, const std::string& protocol, const std::string& name) {
    for (const Object& one : dht.at("requests_by_kind"))
        if (one.at("protocol") == protocol && one.at("request") == name) return one;
    return {};
}

Object dht_of(const Daemon& daemon) {
    return Object::parse(daemon.admin(cli::Method::get, "/v1/dht").body).at("dht");
}

Object count(std::uint64_t records, std::uint64_t bytes) {
    Object object;
    object["records"] = records;
    object["value_bytes"] = bytes;
    return object;
}

class DhtStatistics : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Engines, DhtStatistics, ::testing::Values("memory", "lmdb"),
                         [](const auto& engine) { return engine.param; });

TEST_P(DhtStatistics, CountRequestsByKindAndWhatTheyDid) {
    const Home home;
    Daemon daemon(home, dht_options(home, {"dht.engine=" + GetParam(), "dht.legacy_listen=127.0.0.1:0",
                                           "dht.request_times=true", "dht.statistics_interval=100ms"}));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    for (std::uint64_t key = 0; key < 10; ++key)
        ASSERT_EQ(peer.put("users", key, "hello"), static_cast<int>(neo::PutAnswer::put));
    EXPECT_EQ(peer.get("users", 3), "hello");
    EXPECT_EQ(peer.get("users", 30), std::nullopt);
    LegacyPeer legacy(legacy_port(daemon));
    EXPECT_EQ(legacy.ask(legacy::Command::get, "users", 4), 200U);
    EXPECT_EQ(legacy.ask(legacy::Command::remove, "users", 5), 200U);
    EXPECT_EQ(legacy.ask(legacy::Command::remove, "users", 5), 200U);

    const Object dht = dht_of(daemon);
    const Object put = request_in(dht, "neo", "Put"), get = request_in(dht, "neo", "Get");
    ASSERT_EQ(put.at("handled"), 10) << dht;
    EXPECT_EQ(put.at("active"), 0);
    EXPECT_EQ(get.at("handled"), 2);
    EXPECT_GE(put.at("mean_us"), 0);
    std::uint64_t timed = 0;
    for (const auto& limit : put.at("took").items()) timed += limit.value().get<std::uint64_t>();
    EXPECT_EQ(timed, 10U);
    EXPECT_EQ(request_in(dht, "legacy", "Get").at("handled"), 1);
    EXPECT_EQ(request_in(dht, "legacy", "Remove").at("handled"), 2);
    EXPECT_TRUE(request_in(dht, "neo", "Mirror").is_null()) << "there was none";
    const Object& actions = dht.at("actions");
    EXPECT_EQ(actions.at("written"), count(10, 50));
    EXPECT_EQ(actions.at("read"), count(2, 10));
    EXPECT_EQ(actions.at("deleted"), count(1, 5));
    ASSERT_EQ(peer.remove_channel("users"), static_cast<int>(neo::RemoveChannelAnswer::removed));
    EXPECT_EQ(dht_of(daemon).at("actions").at("deleted"), count(10, 50));
    ASSERT_EQ(peer.put("kept", 1, "hello"), static_cast<int>(neo::PutAnswer::put));

    const Finished shown = halp(home, {"dht", "stats", "--socket", home.admin()});
    EXPECT_EQ(shown.code, 0);
    EXPECT_THAT(shown.out, AllOf(HasSubstr("Put"), HasSubstr("legacy"), HasSubstr("<10us"), HasSubstr("deleted")));
    EXPECT_TRUE(eventually([&] {
        const std::string said = daemon.messages();  // the first removal may be in a line of its own
        return said.find(R"("deleted_records":9,)") != std::string::npos ||
               said.find(R"("deleted_records":10,)") != std::string::npos;
    })) << daemon.messages();
    EXPECT_THAT(daemon.messages(), HasSubstr(R"("request":"Put","handled":)"));
    EXPECT_TRUE(eventually([&] {
        return daemon.messages().find(R"({"channel":"kept","records":1,"value_bytes":5})") != std::string::npos;
    })) << daemon.messages();
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(RequestTimesOfANode, AreNotMeasuredUnlessTheyAreWanted) {
    const Home home;
    Daemon daemon(home, dht_options(home, {"dht.engine=memory"}));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    ASSERT_EQ(peer.put("users", 1, "hello"), static_cast<int>(neo::PutAnswer::put));
    const Object put = request_in(dht_of(daemon), "neo", "Put");
    ASSERT_FALSE(put.is_null());
    EXPECT_EQ(put.at("handled"), 1);
    EXPECT_TRUE(put.at("mean_us").is_null() && put.at("took").is_null());
    EXPECT_EQ(halp(home, {"dht", "stats", "--socket", home.admin()}).code, 0);
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
