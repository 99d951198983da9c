// halpd with a DHT and clients of the legacy protocol on real sockets, beside clients of neo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tests/tools/dht_daemon.h"
#include "tests/tools/legacy_peer.h"
#include "tests/tools/neo_peer.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using legacy::Command;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t ok = 200;

std::vector<std::string> with_legacy(std::vector<std::string> more = {}) {
    more.emplace_back("dht.legacy_listen=127.0.0.1:0");
    return more;
}

class LegacyOnEngine : public ::testing::TestWithParam<const char*> {};

TEST_P(LegacyOnEngine, SharesTheRecordsWithNeo) {
    const Home home;
    Daemon daemon(home, dht_options(home, with_legacy({"dht.engine=" + std::string(GetParam())})));
    LegacyPeer peer(legacy_port(daemon)), second(legacy_port(daemon));
    NeoPeer neo(dht_port(daemon));
    ASSERT_TRUE(neo.log_in());
    ASSERT_EQ(peer.ask(Command::get_version), ok);
    EXPECT_EQ(peer.value, legacy::version_text);
    ASSERT_EQ(peer.ask(Command::put, "chan", 7, "by legacy"), ok);
    EXPECT_EQ(neo.get("chan", 7), "by legacy");
    EXPECT_EQ(neo.put("chan", 8, "by neo"), static_cast<int>(neo::PutAnswer::put));
    ASSERT_EQ(second.ask(Command::get, "chan", 8), ok);
    EXPECT_EQ(second.value, "by neo");
    EXPECT_EQ(second.get_all("chan"), (std::map<std::uint64_t, std::string>{{7, "by legacy"}, {8, "by neo"}}));
    ASSERT_EQ(second.ask(Command::get_num_connections), ok);
    EXPECT_EQ(second.answer.count, 2U);
    ASSERT_EQ(second.ask(Command::get_responsible_range), ok);
    EXPECT_EQ(second.answer.max, ~0ULL);
    EXPECT_EQ(peer.ask(Command::put, "a.b", 1, "x"), 409U);
    ASSERT_EQ(peer.ask(Command::remove_channel, "chan"), ok);
    EXPECT_EQ(neo.get("chan", 7), std::nullopt);
}

TEST_P(LegacyOnEngine, TellsAListenWhatNeoPuts) {
    const Home home;
    Daemon daemon(home, dht_options(home, with_legacy({"dht.engine=" + std::string(GetParam())})));
    LegacyPeer peer(legacy_port(daemon));
    NeoPeer neo(dht_port(daemon));
    ASSERT_TRUE(neo.log_in());
    ASSERT_EQ(peer.ask(Command::listen, "chan"), ok) << "the status comes with the first flush";
    EXPECT_EQ(neo.put("chan", 9, "val"), static_cast<int>(neo::PutAnswer::put));
    const auto change = peer.item(Command::listen);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->first, "0000000000000009");
    EXPECT_EQ(change->second, "val");
    EXPECT_GT(neo.remove_channel("chan"), 0);
    EXPECT_FALSE(peer.item(Command::listen)) << "the channel is gone";
    EXPECT_EQ(peer.ask(Command::get_version), ok) << "the connection can be used again";
}

INSTANTIATE_TEST_SUITE_P(DhtLegacy, LegacyOnEngine, ::testing::Values("memory", "lmdb"),
                         [](const auto& engine) { return std::string(engine.param); });

TEST(DhtLegacy, KeepsWhatItHasAnsweredOverAKill) {
    const Home home;
    DaemonOptions options = dht_options(home, with_legacy());
    {
        Daemon daemon(home, options);
        LegacyPeer peer(legacy_port(daemon));
        for (std::uint64_t key = 0; key < 20; ++key) ASSERT_EQ(peer.ask(Command::put, "chan", key, "kept"), ok);
        daemon.process().signal(SIGKILL);
    }
    Daemon again(home, options);
    LegacyPeer peer(legacy_port(again));
    EXPECT_EQ(peer.get_all("chan").size(), 20U);
}

TEST(DhtLegacy, IsServedOnlyWhereItIsAskedFor) {
    const Home home;
    Daemon silent(home, dht_options(home));
    EXPECT_THAT(silent.messages(), Not(HasSubstr("by legacy")));
    EXPECT_THAT(silent.admin(cli::Method::get, "/v1/status").body, HasSubstr("\"legacy\":null"));
    const Home other;
    Daemon open(other, dht_options(other, {"dht.legacy_listen=0.0.0.0:0"}));
    EXPECT_THAT(open.messages(), HasSubstr("may change every record: the legacy protocol knows no credentials"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
