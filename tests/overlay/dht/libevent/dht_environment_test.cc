// DhtEnvironment as the tests of other programs use it: with a client in the same event loop, on real sockets.
#include "overlay/dht/libevent/dht_environment.h"

#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/client/legacy/legacy_handshake.h"
#include "overlay/dht/client/legacy/legacy_mirror.h"
#include "overlay/libevent/limits.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr Patience patient{seconds{10}, milliseconds{5}};  // for events that must happen on a busy machine

FakeNode::Condition is(std::string_view expected) {
    return [expected](const std::optional<std::string>& value) { return value == expected; };
}

// The DHT client of a program under test.
struct Client {
    explicit Client(DhtEnvironment& dht) : Client(dht.base()) { client.add_node(dht.neo_address()); }
    explicit Client(event_base* base)
        : world(limits_for_streaming(1), base), client(world.environment(), as_admin()) {
        world.attach(client);
    }
    static DhtClientOptions as_admin() {
        DhtClientOptions options;
        options.credential.name = "admin";
        return options;
    }
    void put(std::string_view channel, Key key, std::string_view value) {
        const auto stored = [](const dht::PutNote& note) {
            EXPECT_TRUE(std::holds_alternative<dht::Succeeded>(note)) << describe(note);
        };
        EXPECT_TRUE(client.put(channel, key, value, stored));
    }

    LibeventWorld world;
    DhtClient client;
};

// A small application: copies the records of one channel to another.
class Copier {
public:
    Copier(DhtEnvironment& dht, std::string_view from, std::string_view to) : copier_(dht) {
        const auto hear = [this, to](const dht::MirrorNote& note) {
            if (const auto* now = std::get_if<dht::Updated>(&note)) copier_.put(to, now->key, now->value);
        };
        EXPECT_TRUE(copier_.client.mirror(from, {false, 0}, hear));
    }

private:
    Client copier_;
};

class DhtEnvironmentWithAClient : public ::testing::Test {
protected:
    void SetUp() override {
        const auto started = dht.start();
        ASSERT_TRUE(started) << started.error().message;
        client.emplace(dht);
        ASSERT_TRUE(dht.run_until([&] { return client->client.all_ranges_known(); }, seconds{10}));
    }
    DhtEnvironment dht;
    std::optional<Client> client;
};

// ---- the `env` test of the originals ----

TEST_F(DhtEnvironmentWithAClient, ExpectsAChangeWhereThereIsNoRecord) {
    client->put("test_channel", Key{0}, "value");
    EXPECT_TRUE(dht.expect_change("test_channel", Key{0}, patient));
    EXPECT_EQ(dht.get("test_channel", Key{0}).value(), "value");
}

TEST_F(DhtEnvironmentWithAClient, ExpectsAChangeOfWhatThereIs) {
    ASSERT_TRUE(dht.put("test_channel", Key{0}, "initial value"));
    client->put("test_channel", Key{0}, "value");
    EXPECT_TRUE(dht.expect_change("test_channel", Key{0}, patient));
    EXPECT_EQ(dht.get("test_channel", Key{0}).value(), "value");
}

TEST_F(DhtEnvironmentWithAClient, GivesUpAChangeThatDoesNotComeInTime) {
    ASSERT_TRUE(dht.put("test_channel", Key{0}, "initial value"));
    client->put("test_channel", Key{0}, "initial value");
    client->put("test_channel", Key{1}, "value");
    const auto changed = dht.expect_change("test_channel", Key{0}, {milliseconds{100}});
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, ErrorCode::timed_out);
}

TEST_F(DhtEnvironmentWithAClient, ExpectsARecordThatMeetsACondition) {
    client->put("test_channel", Key{0}, "value");
    EXPECT_TRUE(dht.expect_record("test_channel", Key{0}, is("value"), patient));
}

TEST_F(DhtEnvironmentWithAClient, GivesUpAConditionThatIsNotMetInTime) {
    client->put("test_channel", Key{0}, "value");
    const auto met = dht.expect_record("test_channel", Key{0}, is("another"), {milliseconds{100}});
    ASSERT_FALSE(met);
    EXPECT_EQ(met.error().code, ErrorCode::timed_out);
}

// ---- the `dhtrestart` test of the originals ----

TEST(DhtEnvironment, AnApplicationGoesOnBehindARestart) {
    const Key key{0xABCD};
    DhtEnvironment dht;
    ASSERT_TRUE(dht.start());
    const Copier app(dht, "test_channel1", "test_channel2");
    ASSERT_TRUE(dht.expect_listeners({"test_channel1"}, 1, patient));
    ASSERT_TRUE(dht.put("test_channel1", key, "value"));
    ASSERT_TRUE(dht.expect_record("test_channel2", key, is("value"), patient));

    ASSERT_TRUE(dht.stop());
    EXPECT_EQ(dht.listeners("test_channel1"), 0U);
    ASSERT_TRUE(dht.restart());
    EXPECT_EQ(dht.get("test_channel1", key).value(), "value") << "records survive";
    ASSERT_TRUE(dht.expect_listeners({"test_channel1"}, 1, patient));
    ASSERT_TRUE(dht.put("test_channel1", key, "value2"));
    EXPECT_TRUE(dht.expect_record("test_channel2", key, is("value2"), patient));
}

// The test application of the originals: it listens by legacy, begins again 100 ms after a loss, and copies.
TEST(DhtEnvironment, AnApplicationThatListensByLegacyGoesOnBehindARestart) {
    const Key key{0xABCD};
    DhtEnvironment dht;
    ASSERT_TRUE(dht.start());
    LibeventWorld world(limits_for_streaming(1), dht.base());
    LegacyDhtClient app(world.environment(), &world.reading());
    world.attach(app);
    ASSERT_TRUE(app.add_node(dht.node_addrport()));
    std::optional<LegacyMirror> copier;
    const LegacyHandshake handshake(app, {.retry_after = milliseconds{100}}, [&](const HandshakeOutcome& how) {
        if (!how.complete) return;
        copier.emplace(
            app, "test_channel1",
            LegacyMirrorSettings{.fill = LegacyMirrorSettings::Fill::none, .retry_after = milliseconds{100}},
            [&](const dht::MirrorNote& note) {
                if (const auto* now = std::get_if<dht::Updated>(&note))
                    app.put("test_channel2", now->key, now->value, {});
            });
    });
    ASSERT_TRUE(dht.expect_listeners({"test_channel1"}, 1, patient));
    ASSERT_TRUE(dht.put("test_channel1", key, "value"));
    ASSERT_TRUE(dht.expect_record("test_channel2", key, is("value"), patient));
    ASSERT_TRUE(dht.stop());
    ASSERT_TRUE(dht.restart());
    ASSERT_TRUE(dht.expect_listeners({"test_channel1"}, 1, patient));
    ASSERT_TRUE(dht.put_and_wait("test_channel1", key, "value2", patient));
    EXPECT_EQ(dht.node().sending_listeners("test_channel1"), 0U);
    EXPECT_TRUE(dht.expect_record("test_channel2", key, is("value2"), patient));
}

TEST_F(DhtEnvironmentWithAClient, AWaitingPutReturnsWhenTheMirrorsHaveSentIt) {
    const Copier app(dht, "from", "to");
    ASSERT_TRUE(dht.expect_listeners({"from"}, 1, patient));
    // More than the sockets take, while the loop stands still.
    const std::string long_value(60'000, 'v');
    for (std::uint64_t key = 0; key < 400; ++key) ASSERT_TRUE(dht.put("from", Key{key}, long_value));
    EXPECT_EQ(dht.node().sending_listeners("from"), 1U);
    ASSERT_TRUE(dht.put_and_wait("from", Key{1000}, "v", patient));
    EXPECT_EQ(dht.node().sending_listeners("from"), 0U);
    EXPECT_TRUE(dht.remove_and_wait("from", Key{1000}, patient).value());
    EXPECT_FALSE(dht.remove_and_wait("from", Key{1000}, patient).value());
    EXPECT_TRUE(dht.expect_record("to", Key{1000}, is("v"), patient));
}

// ---- start, stop and restart ----

TEST(DhtEnvironment, LivesInTheLoopOfTheTest) {
    const std::unique_ptr<event_base, decltype(&event_base_free)> base(event_base_new(), event_base_free);
    DhtEnvironment dht(base.get());
    EXPECT_EQ(dht.base(), base.get());
    ASSERT_TRUE(dht.start());
    Client client(base.get());
    client.client.add_node(dht.neo_address());
    while (!client.client.all_ranges_known()) event_base_loop(base.get(), EVLOOP_ONCE);  // without a runner
    client.put("chan", Key{1}, "one");
    while (dht.missing("chan", Key{1})) event_base_loop(base.get(), EVLOOP_ONCE);
    EXPECT_EQ(dht.get("chan", Key{1}).value(), "one");
}

TEST_F(DhtEnvironmentWithAClient, AStopEndsConnectionsAndARestartIsAtTheSameAddress) {
    const Endpoint before = dht.neo_address();
    EXPECT_TRUE(dht.running());
    EXPECT_FALSE(dht.start()) << "once";
    EXPECT_FALSE(dht.restart()) << "it is running";
    for (int round = 0; round < 3; ++round) {
        ASSERT_TRUE(dht.stop());
        EXPECT_FALSE(dht.running());
        EXPECT_FALSE(dht.stop());
        ASSERT_TRUE(dht.run_until([&] { return !client->client.all_connected(); }, seconds{10}));
        ASSERT_TRUE(dht.put("chan", Key{1}, "while it is stopped"));
        const auto again = dht.restart();
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(dht.neo_address(), before);
        ASSERT_TRUE(dht.run_until(
            [&] { return client->client.all_ranges_known() && client->client.all_connected(); }, seconds{10}));
    }
    std::optional<std::string> heard;
    ASSERT_TRUE(client->client.get("chan", Key{1}, [&](const dht::GetNote& note) {
        const auto* received = std::get_if<dht::Received>(&note);
        heard = received ? std::string(received->value) : describe(note);
    }));
    ASSERT_TRUE(dht.run_until([&] { return heard.has_value(); }, seconds{10}));
    EXPECT_EQ(heard, "while it is stopped");
}

TEST(DhtEnvironment, ItsNeoPortIsAHundredAboveTheOneItIsStartedWith) {
    // The port was free a moment ago. Another process may take it, so try again.
    for (int attempt = 0; attempt < 10; ++attempt) {
        std::uint16_t legacy = 0;
        {
            DhtEnvironment before;
            EXPECT_EQ(before.neo_address(), Endpoint{}) << "none yet";
            EXPECT_EQ(before.node_addrport(), Endpoint{});
            EXPECT_FALSE(before.stop());
            EXPECT_FALSE(before.restart()) << "it was never started";
            ASSERT_TRUE(before.start());
            EXPECT_EQ(before.node_addrport().host, "127.0.0.1");
            EXPECT_EQ(before.node_addrport().port + 100, before.neo_address().port);
            legacy = before.node_addrport().port;
        }
        DhtEnvironment dht;
        const auto started = dht.start("127.0.0.1", legacy);
        if (!started && started.error().code == ErrorCode::busy) continue;
        ASSERT_TRUE(started) << started.error().message;
        EXPECT_EQ(dht.node_addrport(), (Endpoint{"127.0.0.1", legacy}));
        EXPECT_EQ(dht.neo_address().port, legacy + 100);
        DhtEnvironment second;
        const auto taken = second.start("127.0.0.1", legacy);
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().code, ErrorCode::busy);
        EXPECT_TRUE(second.start()) << "after a failure it can be started elsewhere";
        return;
    }
    FAIL() << "every port was taken by somebody else";
}

TEST(DhtEnvironment, SaysWhyItCannotStart) {
    DhtEnvironment dht;
    EXPECT_EQ(dht.start("127.0.0.1", 65436).error().message,
              "Port 65436 is too high: neo listens 100 above it, at most at 65535.");
    EXPECT_THAT(dht.start("no.such.host.invalid").error().message, HasSubstr("no.such.host.invalid"));
    EXPECT_FALSE(dht.running());
}

// ---- the files ----

class DhtEnvironmentFiles : public ::testing::Test {
protected:
    DhtEnvironmentFiles() {
        std::string pattern = (std::filesystem::temp_directory_path() / "halp-dht-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        root = pattern;
    }
    ~DhtEnvironmentFiles() override { std::filesystem::remove_all(root); }
    static std::string text_of(const std::filesystem::path& path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::filesystem::path root;
};

TEST_F(DhtEnvironmentFiles, NameTheNodeInADirectoryThatIsMade) {
    DhtEnvironment dht;
    EXPECT_FALSE(dht.gen_config_files(root)) << "before start";
    ASSERT_TRUE(dht.start());
    const auto etc = root / "some" / "etc";
    const auto written = dht.gen_config_files(etc);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(text_of(etc / "dht.nodes"), dht.node_addrport().text() + "\n");
    EXPECT_EQ(text_of(etc / "dht.neo.nodes"), dht.neo_address().text() + "\n");
    EXPECT_TRUE(dht.gen_config_files(etc)) << "again";

    Client client(dht.base());
    ASSERT_TRUE(client.client.add_nodes(text_of(etc / "dht.neo.nodes")));
    EXPECT_TRUE(dht.run_until([&] { return client.client.all_ranges_known(); }, seconds{10}));
}

TEST_F(DhtEnvironmentFiles, SayWhatIsInTheWay) {
    DhtEnvironment dht;
    ASSERT_TRUE(dht.start());
    std::ofstream(root / "file") << "x";
    const auto in_a_file = dht.gen_config_files(root / "file");
    ASSERT_FALSE(in_a_file);
    EXPECT_THAT(in_a_file.error().message, HasSubstr((root / "file").string() + "` cannot be made: "));
    std::filesystem::create_directories(root / "etc" / "dht.neo.nodes");
    const auto over_a_directory = dht.gen_config_files(root / "etc");
    ASSERT_FALSE(over_a_directory);
    EXPECT_EQ(over_a_directory.error().message,
              "`" + (root / "etc" / "dht.neo.nodes").string() + "` cannot be written: Is a directory.");
}

// ---- contents ----

struct User {
    std::string name;
    std::uint32_t visits = 0;
    static constexpr auto fields = std::tuple{&User::name, &User::visits};
};

TEST(DhtEnvironment, HoldsStructsOfD) {
    DhtEnvironment dht;
    ASSERT_TRUE(dht.put("users", Key{7}, User{"Ann", 3}));
    EXPECT_EQ(dht.get<User>("users", Key{7}).value().visits, 3U);
    EXPECT_EQ(dht.get("users", Key{7}).value(), to_contiguous(User{"Ann", 3}));
    EXPECT_EQ(dht.get<User>("users", Key{8}).error().code, ErrorCode::not_found);
    const auto all = dht.all<User>("users");
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front().first, Key{7});
    EXPECT_EQ(all->front().second.visits, 3U);
    ASSERT_TRUE(dht.put("users", Key{9}, "no struct"));
    EXPECT_EQ(dht.all<User>("users").error().message.substr(0, 25), "Record 0000000000000009: ");
}

TEST_F(DhtEnvironmentWithAClient, ItsContentsAreOpenToTheTest) {
    EXPECT_EQ(dht.missing("chan", Key{1}), Missing::channel);
    ASSERT_TRUE(dht.put("chan", Key{1}, "one"));
    client->put("chan", Key{2}, "two");
    ASSERT_TRUE(dht.expect_change("chan", Key{2}, patient));
    EXPECT_EQ(dht.missing("chan", Key{3}), Missing::record);
    EXPECT_EQ(dht.keys("chan").value(), (std::vector<Key>{Key{1}, Key{2}}));
    EXPECT_EQ(dht.all("chan").value().back(), (std::pair{Key{2}, std::string("two")}));
    EXPECT_EQ(dht.size("chan"), (RecordCount{2, 6}));
    EXPECT_EQ(dht.channels(), std::vector<std::string>{"chan"});
    EXPECT_TRUE(dht.remove("chan", Key{1}).value());
    dht.clear();
    EXPECT_EQ(dht.size("chan"), RecordCount{});
    EXPECT_EQ(dht.missing("chan", Key{2}), Missing::record) << "the channel is still there";
    dht.reset();
    EXPECT_TRUE(dht.channels().empty());
}

TEST_F(DhtEnvironmentWithAClient, ListenersAreCountedDroppedAndToldOfAReset) {
    bool removed = false;
    const auto hear = [&](const dht::MirrorNote& note) {
        removed = removed || std::holds_alternative<dht::ChannelRemoved>(note);
    };
    ASSERT_TRUE(client->client.mirror("one", {}, hear));
    ASSERT_TRUE(client->client.mirror("two", {}, hear));
    EXPECT_TRUE(dht.expect_listeners({"one", "two"}, 1, patient));
    EXPECT_EQ(dht.expect_listeners({"one", "two"}, 2, {milliseconds{20}, milliseconds{10}}).error().message,
              "`one` has 1 listeners instead of 2.");
    dht.drop_listeners();
    EXPECT_TRUE(dht.expect_listeners({"one", "two"}, 0, {Duration{0}, Duration{0}}));
    ASSERT_TRUE(client->client.mirror("three", {}, hear));
    ASSERT_TRUE(dht.expect_listeners({"three"}, 1, patient));
    dht.reset();
    EXPECT_TRUE(dht.run_until([&] { return removed; }, seconds{10}));
}

TEST(DhtEnvironment, TellsOfErrorsUntilItIsUnregistered) {
    struct Ears final : DhtObserver {
        void note(const DhtEvent& event) override {
            const auto* ended = std::get_if<DhtClientEnded>(&event);
            rejected += ended && ended->why == neo::SessionEnd::rejected ? 1 : 0;
        }
        int rejected = 0;
    } ears;
    DhtEnvironmentOptions options;
    options.observer = &ears;
    options.node.node.credentials = neo::Credentials();  // no client is accepted
    DhtEnvironment dht(nullptr, options);
    ASSERT_TRUE(dht.start());
    const Client stranger(dht);
    ASSERT_TRUE(dht.run_until([&] { return ears.rejected > 0; }, seconds{10}));
    dht.unregister();
    const int told = ears.rejected;
    const auto turned_away = dht.node().node().status().rejected;
    ASSERT_TRUE(dht.run_until([&] { return dht.node().node().status().rejected > turned_away + 1; }, seconds{10}));
    EXPECT_EQ(ears.rejected, told);
}

// ---- the instance of the process ----

TEST(DhtEnvironment, ThereIsOneOfTheProcessOnceItIsInitialized) {
    EXPECT_DEATH(static_cast<void>(DhtEnvironment::dht()), "before DhtEnvironment::initialize");
    ASSERT_TRUE(DhtEnvironment::initialize());
    EXPECT_EQ(DhtEnvironment::initialize().error().code, ErrorCode::busy);
    ASSERT_TRUE(DhtEnvironment::dht().start());
    ASSERT_TRUE(DhtEnvironment::dht().put("chan", Key{1}, "one"));
    EXPECT_EQ(DhtEnvironment::dht().get("chan", Key{1}).value(), "one");
    DhtEnvironment::release();
    DhtEnvironment::release();
    ASSERT_TRUE(DhtEnvironment::initialize());
    EXPECT_EQ(DhtEnvironment::dht().missing("chan", Key{1}), Missing::channel) << "another one";
    DhtEnvironment::release();
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
