// halpd with dht.threads above 1: to its clients it is one node, and what it has acknowledged survives kills and
// another number of threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
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

std::vector<std::string> with_threads(const std::string& threads, const std::string& engine) {
    return {"dht.threads=" + threads, "dht.engine=" + engine,          "dht.legacy_listen=127.0.0.1:0",
            "dht.durability=process", "dht.legacy_flush_interval=5ms", "gossip.leave_linger=0s",
            "dht.flush_interval=0ms"};
}

// Two clients of each protocol, on connections that a node with two threads shares out.
class Clients {
public:
    explicit Clients(const Daemon& daemon) {
        for (auto& peer : neo_) {
            peer = std::make_unique<NeoPeer>(dht_port(daemon));
            EXPECT_TRUE(peer->log_in());
        }
        for (auto& peer : legacy_) peer = std::make_unique<LegacyPeer>(legacy_port(daemon));
    }
    // What is answered to the request of this number, as text.
    std::string ask(std::uint64_t request) {
        std::mt19937_64 random(request);
        const std::size_t peer = random() % 2;
        const std::string channel(1, static_cast<char>('a' + random() % 3));
        const std::uint64_t key = random() % 30, kind = random() % 100;
        const std::string value = "value " + std::to_string(request);
        NeoPeer& neo = *neo_[peer];
        LegacyPeer& legacy = *legacy_[peer];
        if (kind < 25) return "put " + std::to_string(neo.put(channel, key, value));
        if (kind < 45) return "get " + neo.get(channel, key).value_or("nothing");
        if (kind < 46) return "remove_channel " + std::to_string(neo.remove_channel(channel));
        if (kind < 52) return "get_all " + text_of(neo.get_all(channel).value_or(Records{{0, "failed"}}));
        if (kind < 65) return "Put " + std::to_string(legacy.ask(Command::put, channel, key, value));
        if (kind < 75) return "Get " + std::to_string(legacy.ask(Command::get, channel, key)) + legacy.value;
        if (kind < 82) return "Remove " + std::to_string(legacy.ask(Command::remove, channel, key));
        if (kind < 88) return "GetAll " + text_of(legacy.get_all(channel));
        if (kind < 91) return "Exists " + std::to_string(legacy.ask(Command::exists, channel, key));
        if (kind < 94) return size(Command::get_channel_size, channel, legacy);
        if (kind < 97) return size(Command::get_size, "", legacy);
        return channels(legacy);
    }

private:
    using Records = std::map<std::uint64_t, std::string>;
    static std::string text_of(const Records& records) {
        std::string text;
        for (const auto& [key, value] : records) text += std::to_string(key) + "=" + value + " ";
        return text;
    }
    static std::string size(Command command, const std::string& channel, LegacyPeer& legacy) {
        const std::uint32_t status = legacy.ask(command, channel);
        return "size " + std::to_string(status) + " " + std::to_string(legacy.answer.count) + " " +
               std::to_string(legacy.answer.value_bytes);
    }
    static std::string channels(LegacyPeer& legacy) {
        std::string text = "channels " + std::to_string(legacy.ask(Command::get_channels));
        while (const auto one = legacy.item(Command::get_channels)) text += " " + one->first;
        return text;
    }

    std::array<std::unique_ptr<NeoPeer>, 2> neo_;
    std::array<std::unique_ptr<LegacyPeer>, 2> legacy_;
};

class DhtThreads : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Engines, DhtThreads, ::testing::Values("memory", "lmdb"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(DhtThreads, AnswerAsOneThread) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Home one_home, two_home;
    Daemon one(one_home, dht_options(one_home, with_threads("1", GetParam())));
    Daemon two(two_home, dht_options(two_home, with_threads("2", GetParam())));
    Clients of_one(one), of_two(two);
    for (std::uint64_t i = 0; i < 600 && !HasFailure(); ++i) EXPECT_EQ(of_one.ask(seed + i), of_two.ask(seed + i));
    EXPECT_EQ(two.stop(), 0) << two.messages();
}

TEST_P(DhtThreads, TellMirrorsAndCountsOfEachOther) {
    const Home home;
    Daemon daemon(home, dht_options(home, with_threads("2", GetParam())));
    std::vector<std::unique_ptr<LegacyPeer>> listeners;
    for (int i = 0; i < 4; ++i) {
        listeners.push_back(std::make_unique<LegacyPeer>(legacy_port(daemon)));
        ASSERT_EQ(listeners.back()->ask(Command::listen, "chan"), 200U);
    }
    NeoPeer first(dht_port(daemon)), second(dht_port(daemon));
    ASSERT_TRUE(first.log_in() && second.log_in());
    EXPECT_EQ(first.put("chan", 1, "one"), static_cast<int>(neo::PutAnswer::put));
    EXPECT_EQ(second.put("chan", 2, "two"), static_cast<int>(neo::PutAnswer::put));
    for (const auto& listener : listeners) {
        std::map<std::string, std::string> heard;
        while (heard.size() < 2) {
            const auto change = listener->item(Command::listen);
            ASSERT_TRUE(change);
            heard[change->first] = change->second;
        }
        EXPECT_EQ(heard["0000000000000001"], "one");
        EXPECT_EQ(heard["0000000000000002"], "two");
    }
    LegacyPeer asking(legacy_port(daemon));
    ASSERT_EQ(asking.ask(Command::get_num_connections), 200U);
    EXPECT_EQ(asking.answer.count, 5U);
    EXPECT_EQ(asking.ask(Command::redistribute), 500U) << "with one thread only";
    const cli::AdminAnswer status = daemon.admin(cli::Method::get, "/v1/status");
    EXPECT_THAT(status.body, HasSubstr("\"threads\":2,"));
    EXPECT_THAT(status.body, HasSubstr("\"redistributes\":false"));
    EXPECT_THAT(status.body, HasSubstr("\"connections\":2,\"clients\":2,"));
    EXPECT_GT(second.remove_channel("chan"), 0);
    for (const auto& listener : listeners) EXPECT_FALSE(listener->item(Command::listen)) << "the channel is gone";
    EXPECT_EQ(daemon.stop(), 0) << daemon.messages();
}

TEST(DhtThreadsChange, LosesNothingThatWasAcknowledgedNotEvenToKills) {
    const Home home;
    std::map<std::uint64_t, std::string> written;
    for (const char* threads : {"1", "2", "3", "2", "1"}) {
        Daemon daemon(home, dht_options(home, with_threads(threads, "lmdb")));
        NeoPeer first(dht_port(daemon)), second(dht_port(daemon));
        ASSERT_TRUE(first.log_in() && second.log_in()) << daemon.messages();
        EXPECT_EQ(second.get_all("chan"), written) << threads;
        for (std::uint64_t i = 0; i < 50; ++i) {
            const std::uint64_t key = written.size() + i % 40;
            NeoPeer& peer = i % 2 == 0 ? first : second;
            written[key] = std::string(threads) + " " + std::to_string(i);
            ASSERT_EQ(peer.put("chan", key, written[key]), static_cast<int>(neo::PutAnswer::put));
        }
        daemon.process().kill_and_wait();
    }
    Daemon daemon(home, dht_options(home, with_threads("2", "lmdb")));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    EXPECT_EQ(peer.get_all("chan"), written);
}

TEST(DhtThreadsChange, KeepsTheDumpsOfTheMemoryEngine) {
    const Home home;
    std::map<std::uint64_t, std::string> written;
    for (const char* threads : {"2", "1", "3"}) {
        std::vector<std::string> settings = with_threads(threads, "memory");
        settings.emplace_back("dht.dumps=true");
        Daemon daemon(home, dht_options(home, settings));
        NeoPeer peer(dht_port(daemon));
        ASSERT_TRUE(peer.log_in());
        EXPECT_EQ(peer.get_all("chan"), written);
        for (std::uint64_t i = 0; i < 20; ++i) {
            const std::uint64_t key = written.size();
            written[key] = std::string(threads) + " " + std::to_string(i);
            ASSERT_EQ(peer.put("chan", key, written[key]), static_cast<int>(neo::PutAnswer::put));
        }
        EXPECT_EQ(daemon.stop(), 0) << daemon.messages();
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
