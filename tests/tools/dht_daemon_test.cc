// halpd with a DHT, as a user starts it: records survive kill -9, the swarm hears of the node, it leaves in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "overlay/dht/neo_codec.h"
#include "store/endpoint.h"
#include "tests/tools/daemon_process.h"
#include "tests/tools/neo_peer.h"

namespace halp::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Steady = std::chrono::steady_clock;

constexpr std::string_view channel = "chan";

std::string credentials_line(const std::string& name, char digit) {
    return name + ":" + std::string(2 * neo::secret_bytes, digit) + "\n";
}

std::string write_credentials(const Home& home, const std::string& text) {
    std::string path = home.path() + "/credentials";
    std::ofstream{path} << text;
    return path;
}

DaemonOptions dht_options(const Home& home, const std::vector<std::string>& settings = {}) {
    DaemonOptions options;
    const std::string credentials = write_credentials(home, credentials_line("admin", '0'));
    for (const std::string& setting : {std::string{"dht.listen=127.0.0.1:0"}, "dht.credentials=" + credentials})
        options.more.insert(options.more.end(), {"--set", setting});
    for (const std::string& setting : settings) options.more.insert(options.more.end(), {"--set", setting});
    return options;
}

Endpoint dht_port(const Daemon& daemon) {
    const std::string said = daemon.messages();
    const std::string mark = "serving records on ";
    const auto at = said.rfind(mark);
    if (at == std::string::npos) {
        ADD_FAILURE() << "no DHT. It said:\n" << said;
        return {};
    }
    const auto begin = at + mark.size();
    return Endpoint::parse(said.substr(begin, said.find('\n', begin) - begin)).value_or(Endpoint{});
}

std::string value_of(std::uint64_t key) { return "value of " + std::to_string(key) + std::string(key % 200, 'v'); }

// Keeps `in_flight` puts under way until the daemon is gone; returns the keys that were acknowledged.
std::vector<std::uint64_t> put_until_gone(NeoPeer& peer, std::uint64_t first_key, Daemon& daemon,
                                          milliseconds kill_after) {
    constexpr std::uint64_t in_flight = 200;
    std::vector<std::uint64_t> acknowledged;
    std::uint64_t next = 0;
    const auto put_next = [&] {
        const std::string value = value_of(first_key + next);
        neo::PutRequest request;
        request.channel = channel;
        request.key = first_key + next;
        request.value = value;
        std::string frame;
        neo::encode_put(frame, ++next, request);  // request ids from 1: the key is first_key + id - 1
        peer.say(frame);
    };
    while (next < in_flight) put_next();
    const auto end = Steady::now() + kill_after;
    bool killed = false;
    while (const auto message = peer.hear()) {
        if (!killed && Steady::now() >= end) {
            daemon.process().signal(SIGKILL);
            killed = true;  // what is on its way was acknowledged all the same
        }
        if (message->second.size() != 1 || static_cast<std::int8_t>(message->second[0]) < 0) continue;
        EXPECT_EQ(message->second[0], static_cast<char>(neo::PutAnswer::put));
        acknowledged.push_back(first_key + message->first - 1);
        if (!killed) put_next();
    }
    return acknowledged;
}

TEST(DhtDaemon, AnswersPutAndGetAndTurnsStrangersAway) {
    const Home home;
    Daemon daemon(home, dht_options(home));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    EXPECT_EQ(peer.put(channel, 7, "seven"), static_cast<int>(neo::PutAnswer::put));
    EXPECT_EQ(peer.get(channel, 7), "seven");
    EXPECT_EQ(peer.get(channel, 8), std::nullopt);

    NeoPeer stranger(dht_port(daemon));
    EXPECT_FALSE(stranger.log_in("mallory"));
    const cli::AdminAnswer status = daemon.admin(cli::Method::get, "/v1/status");
    EXPECT_THAT(status.body, HasSubstr("\"dht\":{\"listening\":\"127.0.0.1:"));
    EXPECT_THAT(status.body, HasSubstr("\"engine\":\"lmdb\",\"durability\":\"power\""));
    EXPECT_THAT(status.body, HasSubstr("\"channels\":1,\"records\":1,\"value_bytes\":5"));
    EXPECT_THAT(status.body, HasSubstr("\"rejected\":1"));
    EXPECT_THAT(daemon.messages(), HasSubstr("\"mallory\") was turned away: unknown name"));
}

TEST(DhtDaemon, LosesNoAcknowledgedRecordToKillNine) {
    const Home home;
    std::map<std::uint64_t, bool> acknowledged;
    for (int round = 0; round < 5; ++round) {
        Daemon daemon(home, dht_options(home));
        NeoPeer peer(dht_port(daemon));
        ASSERT_TRUE(peer.log_in());
        const auto keys =
            put_until_gone(peer, static_cast<std::uint64_t>(round) << 32, daemon, milliseconds{150 + 70 * round});
        EXPECT_GT(keys.size(), 20U);
        for (const std::uint64_t key : keys) acknowledged[key] = true;
        ASSERT_TRUE(daemon.process().wait(generous));
    }
    Daemon daemon(home, dht_options(home));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    for (const auto& entry : acknowledged)
        ASSERT_EQ(peer.get(channel, entry.first), value_of(entry.first)) << "key " << entry.first;
}

TEST(DhtDaemon, CommitsEverythingItAnswersWhenItIsAskedToEnd) {
    const Home home;
    std::vector<std::uint64_t> keys;
    {
        Daemon daemon(home, dht_options(home, {"dht.flush_interval=50ms", "gossip.leave_linger=0s"}));
        NeoPeer peer(dht_port(daemon));
        ASSERT_TRUE(peer.log_in());
        std::string frames;
        const std::string value(100, 'x');
        for (std::uint64_t id = 1; id <= 500; ++id) {
            neo::PutRequest request;
            request.channel = channel;
            request.key = id;
            request.value = value;
            neo::encode_put(frames, id, request);
        }
        peer.say(frames);
        static_cast<void>(peer.hear());  // the first is under way
        daemon.process().signal(SIGTERM);
        while (const auto message = peer.hear())
            if (message->second == std::string(1, '\x01')) keys.push_back(message->first);
        EXPECT_EQ(daemon.process().wait(generous), 0) << daemon.messages();
    }
    EXPECT_GT(keys.size(), 0U);
    Daemon daemon(home, dht_options(home));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    for (const std::uint64_t key : keys) ASSERT_TRUE(peer.get(channel, key)) << key;
}

TEST(DhtDaemon, IsListedInTheSwarmUntilItLeaves) {
    const Home one;
    Daemon keeper(one, dht_options(one));
    const Endpoint port = dht_port(keeper);
    DaemonOptions joining;
    joining.join = {keeper.endpoint()};
    Daemon other(joining);
    const auto get_dht = [&] { return halp(other.home(), {"--socket", other.home().admin(), "get", "dht"}).out; };
    const auto listed = [&] {
        const std::string said = get_dht();
        return said.find(port.host + " " + std::to_string(port.port)) != std::string::npos ||
               said.find(port.text()) != std::string::npos;
    };
    EXPECT_TRUE(eventually(listed)) << get_dht();
    EXPECT_THAT(keeper.admin(cli::Method::get, "/v1/status").body, HasSubstr("\"announced\":\"" + port.text()));

    EXPECT_EQ(keeper.stop(), 0);
    EXPECT_TRUE(eventually([&] { return !listed(); }));
}

TEST(DhtDaemon, ReadsCredentialsAgainAtAReload) {
    const Home home;
    Daemon daemon(home, dht_options(home));
    neo::Secret secret{};
    secret.fill('\x11');
    ASSERT_FALSE(NeoPeer(dht_port(daemon)).log_in("newcomer", secret));

    write_credentials(home, credentials_line("newcomer", '1'));
    daemon.process().signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return NeoPeer(dht_port(daemon)).log_in("newcomer", secret); }));
    EXPECT_FALSE(NeoPeer(dht_port(daemon)).log_in("admin"));

    write_credentials(home, "rubbish\n");
    daemon.process().signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon.messages().find("the old ones stay") != std::string::npos; }));
    EXPECT_TRUE(NeoPeer(dht_port(daemon)).log_in("newcomer", secret));
}

TEST(DhtDaemon, SaysWhatItNeedsBeforeItStarts) {
    const Home home;
    DaemonOptions options = dht_options(home, {"dht.credentials=" + home.path() + "/missing"});
    options.awaited = false;
    Daemon daemon(home, options);
    EXPECT_EQ(daemon.process().wait(generous), 1);
    EXPECT_THAT(daemon.messages(), HasSubstr("256 hex digits (dht.credentials)"));
}

TEST(DhtDaemon, KeepsRecordsOfItsRangeOnlyAndForgetsThemWithTheMemoryEngine) {
    const Home home;
    const auto options = dht_options(home, {"dht.engine=memory", "dht.range_max=7fffffffffffffff"});
    {
        Daemon daemon(home, options);
        NeoPeer peer(dht_port(daemon));
        ASSERT_TRUE(peer.log_in());
        EXPECT_EQ(peer.put(channel, 2, "even"), static_cast<int>(neo::PutAnswer::put));
        EXPECT_EQ(peer.put(channel, 1, "odd: its place begins with a 1"),
                  static_cast<int>(neo::PutAnswer::wrong_node));
        EXPECT_EQ(daemon.stop(), 0);
    }
    Daemon daemon(home, options);
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    EXPECT_EQ(peer.get(channel, 2), std::nullopt);
}

TEST(DhtDaemon, SaysNothingOfADhtThatIsNotThere) {
    Daemon daemon;
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/status").body, Not(HasSubstr("\"dht\"")));
    EXPECT_THAT(daemon.messages(), Not(HasSubstr("records")));
}

}  // namespace
}  // namespace halp::testing
