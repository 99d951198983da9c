// halpd with a DHT, as a user starts it: records survive kill -9, the swarm learns of the node, and it shuts down
// in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "overlay/dht/wire/neo_codec.h"
#include "store/endpoint.h"
#include "tests/tools/daemon_process.h"
#include "tests/tools/dht_daemon.h"
#include "tests/tools/neo_peer.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::Not;
using Steady = std::chrono::steady_clock;

constexpr std::string_view channel = "chan";

std::string value_of(std::uint64_t key) { return "value of " + std::to_string(key) + std::string(key % 200, 'v'); }

// Keeps `in_flight` puts under way until the daemon is gone. Returns the acknowledged keys.
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
        neo::encode_put(frame, ++next, request);  // request ids begin at 1, so the key is first_key + id - 1
        peer.say(frame);
    };
    while (next < in_flight) put_next();
    const auto end = Steady::now() + kill_after;
    bool killed = false;
    while (const auto message = peer.hear()) {
        if (!killed && Steady::now() >= end) {
            daemon.process().signal(SIGKILL);
            killed = true;  // what is under way was acknowledged too
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
    EXPECT_EQ(peer.get(channel, 7), "seven");  // from the cache
    EXPECT_EQ(peer.put(channel, 7, "eight"), static_cast<int>(neo::PutAnswer::put));
    EXPECT_EQ(peer.get(channel, 7), "eight");

    NeoPeer stranger(dht_port(daemon));
    EXPECT_FALSE(stranger.log_in("mallory"));
    const cli::AdminAnswer status = daemon.admin(cli::Method::get, "/v1/status");
    EXPECT_THAT(status.body, HasSubstr("\"dht\":{\"listening\":\"127.0.0.1:"));
    EXPECT_THAT(status.body, HasSubstr("\"engine\":\"lmdb\",\"durability\":\"power\""));
    EXPECT_THAT(status.body, HasSubstr("\"channels\":1,\"records\":1,\"value_bytes\":5"));
    EXPECT_THAT(status.body, HasSubstr("\"bytes_max\":134217728,\"hits\":1,\"misses\":3"));
    EXPECT_THAT(status.body, HasSubstr("\"rejected\":1"));
    EXPECT_THAT(daemon.messages(), HasSubstr("\"mallory\") was turned away: unknown name"));
}

TEST(DhtDaemon, LosesNoAcknowledgedRecordToTwentyKillNines) {
    const Home home;
    std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::set<std::uint64_t> acknowledged;
    std::size_t rounds_with_writes = 0;
    for (std::uint64_t round = 0; round < 20; ++round) {
        // Every other round works without fsync, which a killed process does not need. Then more writes are under
        // way.
        const std::string durability = round % 2 == 0 ? "power" : "process";
        Daemon daemon(home, dht_options(home, {"dht.durability=" + durability}));
        NeoPeer peer(dht_port(daemon));
        ASSERT_TRUE(peer.log_in());
        const milliseconds kill_after{5 + random() % 120};
        const auto keys = put_until_gone(peer, round << 32, daemon, kill_after);
        rounds_with_writes += keys.empty() ? 0U : 1U;
        acknowledged.insert(keys.begin(), keys.end());
        ASSERT_TRUE(daemon.process().wait(generous));
    }
    EXPECT_GE(rounds_with_writes, 15U);
    Daemon daemon(home, dht_options(home));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    const auto records = peer.get_all(channel);
    ASSERT_TRUE(records);
    std::size_t lost = 0, altered = 0;
    for (const std::uint64_t key : acknowledged) lost += records->contains(key) ? 0U : 1U;
    for (const auto& record : *records) altered += record.second == value_of(record.first) ? 0U : 1U;
    EXPECT_EQ(lost, 0U) << "of " << acknowledged.size();
    EXPECT_EQ(altered, 0U);
    RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
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
        static_cast<void>(peer.hear());  // the first one is under way
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

TEST(DhtDaemon, ChangesItsRangeAtAReload) {
    const Home home;
    const std::string file = home.path() + "/halpd.yaml";
    const auto reload_with = [&](Daemon& daemon, const std::string& text) {
        std::ofstream{file} << text;
        daemon.process().signal(SIGHUP);
    };
    std::ofstream{file} << "dht: {engine: memory}\n";
    DaemonOptions options = dht_options(home);
    options.more.insert(options.more.end(), {"--config", file});
    Daemon daemon(home, options);
    const std::uint64_t lower = 2, upper = 1;  // ranges contain the reversed bits of a key
    NeoPeer watcher(dht_port(daemon)), peer(dht_port(daemon));
    ASSERT_TRUE(watcher.log_in());
    ASSERT_TRUE(peer.log_in());
    std::string ask;
    neo::encode_get_hash_range(ask, 1);
    watcher.say(ask);
    EXPECT_EQ(watcher.hear()->second, "\xfd");
    EXPECT_EQ(watcher.hear()->second, std::string(8, '\0') + std::string(8, '\xff'));
    EXPECT_EQ(peer.put(channel, upper, "stays"), static_cast<int>(neo::PutAnswer::put));

    reload_with(daemon, "dht: {engine: memory, range_max: 7fffffffffffffff}\n");
    EXPECT_EQ(watcher.hear()->second, "\x02" + std::string(8, '\0') + std::string(7, '\xff') + "\x7f");
    EXPECT_EQ(peer.put(channel, upper, "not ours"), static_cast<int>(neo::PutAnswer::wrong_node));
    EXPECT_EQ(peer.put(channel, lower, "ours"), static_cast<int>(neo::PutAnswer::put));
    EXPECT_EQ(peer.get_all(channel)->size(), 1U) << "what is out of range is not listed";
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/dht").body, HasSubstr("\"set_aside\":1,"));
    EXPECT_THAT(daemon.messages(), HasSubstr("1 record of other keys set aside"));
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/dht").body, HasSubstr("\"range_max\":\"7fffffffffffffff\""));

    // An invalid range changes nothing. The same range again is not reported.
    reload_with(daemon, "dht: {engine: memory, range_min: 8000000000000000, range_max: 7fffffffffffffff}\n");
    EXPECT_TRUE(eventually([&] { return daemon.messages().find("the old one stays") != std::string::npos; }));
    EXPECT_EQ(peer.put(channel, upper, "not ours"), static_cast<int>(neo::PutAnswer::wrong_node));
    reload_with(daemon, "dht: {engine: memory, range_max: 7fffffffffffffff}\n");
    EXPECT_TRUE(eventually([&] {
        const std::string said = daemon.messages(), mark = "was read again";
        return said.find(mark) != said.rfind(mark);
    }));
    reload_with(daemon, "dht: {engine: memory}\n");
    EXPECT_EQ(watcher.hear()->second, "\x02" + std::string(8, '\0') + std::string(8, '\xff'));
    EXPECT_EQ(peer.get(channel, upper), std::nullopt) << "another node may have changed it meanwhile";
}

TEST(DhtDaemon, ItsLimitsAndWhoRemovesChannelsAreTheOperatorsToSet) {
    const Home home;
    DaemonOptions options = dht_options(home, {"dht.engine=memory", "dht.admins=keeper, other",
                                               "dht.message_bytes_max=128KiB", "dht.handshake_timeout=100ms"});
    write_credentials(home, credentials_line("admin", '0') + credentials_line("keeper", '0'));
    Daemon daemon(home, options);
    const auto remove_channel = [&](const std::string& client) {
        NeoPeer peer(dht_port(daemon));
        EXPECT_TRUE(peer.log_in(client));
        EXPECT_EQ(peer.put(channel, 1, "x"), static_cast<int>(neo::PutAnswer::put));
        std::string frame;
        neo::encode_remove_channel(frame, 7, channel);
        peer.say(frame);
        EXPECT_EQ(peer.hear()->second, "\xfd");
        return static_cast<neo::RemoveChannelAnswer>(peer.hear()->second.at(0));
    };
    EXPECT_EQ(remove_channel("admin"), neo::RemoveChannelAnswer::not_permitted);
    EXPECT_EQ(remove_channel("keeper"), neo::RemoveChannelAnswer::removed);

    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    EXPECT_EQ(peer.put(channel, 1, std::string(130'000, 'x')), static_cast<int>(neo::PutAnswer::put));
    std::string frame;
    neo::encode_put(frame, 9, {channel, 1, std::string(132'000, 'x')});
    peer.say(frame);
    EXPECT_FALSE(peer.hear()) << "too long: the connection is over";

    NeoPeer silent(dht_port(daemon));
    silent.say("\x01");
    const auto began = Steady::now();
    while (silent.hear()) {
    }
    EXPECT_LT(Steady::now() - began, std::chrono::seconds{8}) << "ten seconds unless set";
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

// ---- dumps of the memory engine ----

std::vector<std::string> with_dumps(const Home& home, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"dht.engine=memory", "dht.dumps=true", "dht.data_dir=" + home.path() + "/dht"});
    return more;
}

bool there(const std::string& path) { return std::ifstream{path}.good(); }

TEST(DhtDumps, BringEverythingBackAfterAnOrderlyEnd) {
    const Home home;
    const auto options = dht_options(home, with_dumps(home));
    std::map<std::uint64_t, std::string> records;
    {
        Daemon daemon(home, options);
        NeoPeer peer(dht_port(daemon));
        ASSERT_TRUE(peer.log_in());
        for (std::uint64_t key = 0; key < 2000; ++key) {
            records[key << 40 | key] = value_of(key + 1);
            ASSERT_EQ(peer.put(channel, key << 40 | key, value_of(key + 1)), static_cast<int>(neo::PutAnswer::put));
        }
        ASSERT_EQ(peer.put("gone", 1, "v"), static_cast<int>(neo::PutAnswer::put));
        EXPECT_EQ(daemon.stop(), 0);
    }
    const std::string kept = home.path() + "/dht/chan.tcm", gone = home.path() + "/dht/gone.tcm";
    EXPECT_EQ(process::read_whole_file(kept).size() % 512, 0U);
    EXPECT_TRUE(there(gone));
    {
        Daemon daemon(home, options);
        NeoPeer peer(dht_port(daemon));
        ASSERT_TRUE(peer.log_in());
        const auto back = peer.get_all(channel);
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, records);
        EXPECT_EQ(peer.remove_channel("gone"), static_cast<int>(neo::RemoveChannelAnswer::removed));
        EXPECT_EQ(daemon.stop(), 0);
    }
    EXPECT_TRUE(there(kept));
    EXPECT_FALSE(there(gone));
    EXPECT_TRUE(there(home.path() + "/dht/deleted/gone.tcm")) << "put away, not destroyed";
}

TEST(DhtDumps, PassOverWhatIsNoDumpAndSaySo) {
    const Home home;
    ::mkdir((home.path() + "/dht").c_str(), 0700);
    ::mkdir((home.path() + "/dht/directory").c_str(), 0700);
    const auto write = [&](const std::string& name, const std::string& bytes) {
        std::ofstream{home.path() + "/dht/" + name, std::ios::binary} << bytes;
    };
    // store/records/README.md, "Dumps": one record, key 1, value "val".
    const std::string zeros(8, '\0');
    write("good.tcm", zeros + std::string("\x10\0\0\0\0\0\0\0", 8) + "0000000000000001" +
                          std::string("\3\0\0\0\0\0\0\0", 8) + "val" + zeros);
    write("empty.tcm", "");
    write("version.tcm", std::string("\1\0\0\0\0\0\0\0", 8) + zeros);
    write("old.tcm.AbCdEf.dumping", "half");
    write("b%zzd.tcm", zeros + zeros);
    const auto options = dht_options(home, with_dumps(home));
    Daemon daemon(home, options);
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    EXPECT_EQ(peer.get("good", 1), "val");
    const std::string said = daemon.messages();
    for (const char* ignored : {"empty.tcm is not", "version.tcm is of an unknown version",
                                "old.tcm.AbCdEf.dumping is", "b%zzd.tcm is not", "directory is not"})
        EXPECT_THAT(said, HasSubstr(ignored));
    const std::string listed = daemon.admin(cli::Method::get, "/v1/dht/channels").body;
    EXPECT_THAT(listed, HasSubstr("\"channels\":[{\"name\":\"good\",\"records\":1,\"value_bytes\":3}]"));
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(DhtDumps, WithoutItsEndADumpIsNotStartedFrom) {
    const Home home;
    ::mkdir((home.path() + "/dht").c_str(), 0700);
    std::ofstream{home.path() + "/dht/chan.tcm", std::ios::binary} << std::string(8, '\0') << "\x10";
    DaemonOptions options = dht_options(home, with_dumps(home));
    options.awaited = false;
    Daemon daemon(home, options);
    EXPECT_EQ(daemon.process().wait(generous), 1);
    EXPECT_THAT(daemon.messages(), HasSubstr("chan.tcm ends in the middle"));
}

TEST(DhtDumps, ThatCannotBeWrittenAreAFailureWithASentence) {
    const Home home;
    Daemon daemon(home, dht_options(home, with_dumps(home)));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    ASSERT_EQ(peer.put(channel, 1, "v"), static_cast<int>(neo::PutAnswer::put));
    std::filesystem::rename(home.path() + "/dht", home.path() + "/away");
    EXPECT_EQ(daemon.stop(), 1);
    EXPECT_THAT(daemon.messages(), HasSubstr("halpd: 2 of the records' dumps could not be written"));
}

// ---- a range that moves away and comes back, with restarts between ----

std::vector<std::string> engine_settings(const Home& home, const std::string& engine) {
    return engine == "dumps" ? with_dumps(home) : std::vector<std::string>{"dht.engine=" + engine};
}

class DhtRange : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Engines, DhtRange, ::testing::Values("lmdb", "dumps"),
                         [](const auto& engine) { return engine.param; });

TEST_P(DhtRange, ThatComesBackAfterRestartsRevivesNothing) {
    const Home home;
    const std::uint64_t lower = 2, upper = 1;
    const auto begin = [&](const std::string& range_max) {
        auto settings = engine_settings(home, GetParam());
        settings.push_back("dht.range_max=" + range_max);
        return std::make_unique<Daemon>(home, dht_options(home, settings));
    };
    const std::string all = "ffffffffffffffff", half = "7fffffffffffffff";
    auto daemon = begin(all);
    {
        NeoPeer peer(dht_port(*daemon));
        ASSERT_TRUE(peer.log_in());
        for (const std::uint64_t key : {lower, upper})
            ASSERT_EQ(peer.put(channel, key, "old"), static_cast<int>(neo::PutAnswer::put));
    }
    EXPECT_EQ(daemon->stop(), 0);
    daemon.reset();
    daemon = begin(half);
    {
        NeoPeer peer(dht_port(*daemon));
        ASSERT_TRUE(peer.log_in());
        EXPECT_EQ(peer.get_all(channel)->size(), 1U);
        EXPECT_THAT(daemon->messages(), HasSubstr("1 record of other keys set aside"));
    }
    daemon->process().signal(SIGKILL);
    ASSERT_TRUE(daemon->process().wait(generous));
    daemon.reset();
    daemon = begin(all);
    NeoPeer peer(dht_port(*daemon));
    ASSERT_TRUE(peer.log_in());
    EXPECT_EQ(peer.get(channel, lower), "old");
    EXPECT_EQ(peer.get(channel, upper), std::nullopt);
}

TEST(DhtDaemon, EndsWithASentenceWhenItsFileIsCutShortWhileItRuns) {
    const Home home;
    Daemon daemon(home, dht_options(home, {"dht.data_dir=" + home.path() + "/dht"}));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    for (std::uint64_t key = 0; key < 20; ++key)
        ASSERT_EQ(peer.put(channel, key, std::string(50'000, 'x')), static_cast<int>(neo::PutAnswer::put));
    std::filesystem::resize_file(home.path() + "/dht/records.lmdb", 4 * 4096);
    for (std::uint64_t key = 0; key < 20 && !daemon.process().wait(milliseconds{1}); ++key)
        (void)peer.get(channel, key);
    EXPECT_EQ(daemon.process().wait(generous), 1);
    EXPECT_THAT(daemon.messages(), HasSubstr("the file was cut short while it was in use"));
}

TEST(DhtDaemon, ListsItsChannelsForTheOperator) {
    const Home home;
    Daemon daemon(home, dht_options(home));
    NeoPeer peer(dht_port(daemon));
    ASSERT_TRUE(peer.log_in());
    for (const char* name : {"a", "b", "c"})
        ASSERT_EQ(peer.put(name, 1, name), static_cast<int>(neo::PutAnswer::put));
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/dht").body, HasSubstr("\"dht\":{\"listening\":\"127.0.0.1:"));
    const std::string page = daemon.admin(cli::Method::get, "/v1/dht/channels?after=a&count=1").body;
    EXPECT_THAT(page, HasSubstr("\"channels\":[{\"name\":\"b\",\"records\":1,\"value_bytes\":1}]"));
    EXPECT_EQ(daemon.admin(cli::Method::get, "/v1/dht/channels?count=0").status, 400);
    EXPECT_EQ(daemon.admin(cli::Method::get, "/v1/dht/channels?after=%5Cq").status, 400);
    // Names are any bytes, and a page goes on behind the name that it has told.
    for (const char* name : {"\xfe", "\xff\\"})
        ASSERT_EQ(peer.put(name, 1, "v"), static_cast<int>(neo::PutAnswer::put));
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/dht/channels?after=c&count=1").body,
                HasSubstr(R"("channels":[{"name":"\\xfe",)"));
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/dht/channels?after=%5Cxfe").body,
                HasSubstr(R"("channels":[{"name":"\\xff\\\\",)"));
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/dht/channels?after=%5Cxff%5C%5C").body,
                HasSubstr("\"channels\":[]"));
    EXPECT_EQ(daemon.admin(cli::Method::post, "/v1/dht").status, 405);
}

TEST(DhtDaemon, ReadsCredentialsOfSeveralMegabytes) {
    const Home home;
    const auto options = dht_options(home);
    std::string many;
    for (int i = 0; i < 7000; ++i) many += credentials_line("client" + std::to_string(i), '2');
    ASSERT_GT(many.size(), std::size_t{1} << 20);
    write_credentials(home, many + credentials_line("admin", '0'));
    Daemon daemon(home, options);
    EXPECT_TRUE(NeoPeer(dht_port(daemon)).log_in("admin"));
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/dht").body, HasSubstr("\"credentials\":7001"));
}

TEST(DhtDaemon, SaysNothingOfADhtThatIsNotThere) {
    Daemon daemon;
    EXPECT_THAT(daemon.admin(cli::Method::get, "/v1/status").body, Not(HasSubstr("\"dht\"")));
    EXPECT_EQ(daemon.admin(cli::Method::get, "/v1/dht").status, 404);
    EXPECT_THAT(daemon.messages(), Not(HasSubstr("records")));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
