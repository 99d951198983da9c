// A DHT node in virtual time, with clients that speak to it byte by byte.
#include "overlay/dht/node/dht_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "overlay/dht/client/neo_client_session.h"
#include "simulations/world/sim_world.h"
#include "store/records/memory_store.h"
#include "tests/overlay/dht/neo_bench.h"
#include "tests/overlay/dht/neo_bytes.h"
#include "tests/overlay/dht/slow_store.h"

namespace halp {
namespace HALP_TEST_FILE {

using neo::bytes;
using neo::framed;
using neo::hex;
using neo::messages_of;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Sends what the test says and keeps all received bytes.
class ScriptedClient final : public EventHandler {
public:
    explicit ScriptedClient(Environment& environment) : environment_(environment) {}

    void connect(const Endpoint& to) {
        heard.clear();
        ended = false;
        stream_ = environment_.transport.connect(to);
    }
    void say(std::string_view raw) { environment_.transport.write(stream_, raw); }
    void hang_up() { environment_.transport.close(stream_); }

    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override { connected = true; }
    void on_connect_failed(StreamId, ConnectFailure) override { ended = true; }
    void on_bytes(StreamId, Bytes arrived) override { heard += arrived; }
    void on_end(StreamId stream) override {
        ended = true;
        environment_.transport.close(stream);
    }
    void on_closed(StreamId) override { ended = true; }
    void on_wakeup() override {}

    std::string heard;
    bool connected = false, ended = false;

private:
    Environment& environment_;
    StreamId stream_{};
};

struct Watcher : DhtObserver {
    void note(const DhtEvent& event) override { events.push_back(event); }
    std::vector<DhtEvent> events;
};

// Records what the node writes, and in which event of the world.
class WriteRecorder final : public Transport {
public:
    WriteRecorder(const SimWorld& world, Transport& inner) : world_(world), inner_(inner) {}
    StreamId connect(const Endpoint& to) override { return inner_.connect(to); }
    void write(StreamId stream, Bytes bytes) override {
        writes.push_back({world_.events_executed(), stream});
        inner_.write(stream, bytes);
    }
    void close(StreamId stream) override { inner_.close(stream); }
    void abort(StreamId stream) override { inner_.abort(stream); }

    struct Write {
        std::uint64_t event;
        StreamId stream;
    };
    std::vector<Write> writes;

private:
    const SimWorld& world_;
    Transport& inner_;
};

constexpr std::string_view chan = "04 00*7 63 68 61 6e";

template <class Store>
class NodeTest : public ::testing::Test {
protected:
    NodeTest() { begin({}); }

    void begin(DhtNodeOptions options) {
        node.reset();
        clients.clear();
        SimOptions sim;
        sim.wall_at_start = UnixSeconds{static_cast<std::int64_t>(neo::bench_time)};
        world = std::make_unique<SimWorld>(7, sim);
        const HostId host = world->add_host(address);
        const Environment& environment = world->env(host);
        log = std::make_unique<WriteRecorder>(*world, environment.transport);
        node =
            std::make_unique<DhtNode>(Environment{environment.clock, environment.alarm, environment.random, *log},
                                      records, std::move(options), &watcher);
        world->attach(host, *node);
        for (int i = 0; i < 2; ++i) {
            const HostId at = world->add_host({"10.0.1." + std::to_string(i + 1), 1000});
            clients.push_back(std::make_unique<ScriptedClient>(world->env(at)));
            world->attach(at, *clients.back());
        }
    }
    ~NodeTest() override { node.reset(); }

    void run_world(Duration span = milliseconds{20}) { world->run_for(span); }
    // Computes the proof from the node's nonce.
    ScriptedClient& log_in(std::size_t i = 0, const std::string& name = "admin") {
        ScriptedClient& client = *clients[i];
        client.connect(address);
        run_world();
        client.say(bytes("01"));
        run_world();
        EXPECT_EQ(hex(client.heard), "01");
        std::string said;
        neo::encode_timestamp(said, neo::bench_time);
        client.say(said);
        run_world();
        EXPECT_EQ(client.heard.size(), 1U + 14U);
        const auto nonce = neo::decode_nonce(Bytes(client.heard).substr(11));
        said.clear();
        neo::encode_proof(said, {name, neo::handshake_hmac({}, neo::bench_time, std::get<neo::Nonce>(nonce))});
        client.heard.clear();
        client.say(said);
        run_world();
        return client;
    }
    ScriptedClient& open(std::size_t i = 0) {
        ScriptedClient& client = log_in(i);
        EXPECT_EQ(hex(client.heard), hex(bytes("02 01 00*7 03 01")));
        client.heard.clear();
        return client;
    }
    std::vector<std::string> ask(ScriptedClient& client, neo::RequestId id, std::string_view payload) {
        client.heard.clear();
        client.say(framed(id, payload));
        run_world();
        return messages_of(client.heard);
    }

    const Endpoint address{"10.0.0.1", 10100};
    Store store;
    WriteLog records{store};
    Watcher watcher;
    std::unique_ptr<SimWorld> world;
    std::unique_ptr<WriteRecorder> log;
    std::unique_ptr<DhtNode> node;
    std::vector<std::unique_ptr<ScriptedClient>> clients;
};
using DhtNodeInTheSimulator = NodeTest<MemoryStore>;
using DhtNodeOnASlowStore = NodeTest<SlowStore>;

TEST_F(DhtNodeInTheSimulator, SpeaksTheTranscriptOfTheOriginals) {
    ScriptedClient& client = open();
    client.say(
        bytes("01 2b 00*7 2a | 02 00*7 | 02 00 | 04 00*7 63 68 61 6e | 88 77 66 55 44 33 22 11 | 05 00*7 68 65 6c "
              "6c 6f"));
    run_world();
    EXPECT_EQ(hex(client.heard), hex(bytes("01 09 00*7 08 | 02 00*7 | fd | 01 09 00*7 08 | 02 00*7 | 01")));
    client.heard.clear();
    client.say(bytes("01 1e 00*7 1f | 03 00*7 | 03 00 | 04 00*7 63 68 61 6e | 88 77 66 55 44 33 22 11"));
    run_world();
    EXPECT_EQ(hex(client.heard), hex(bytes("01 09 00*7 08 | 03 00*7 | fd | 01 09 00*7 08 | 03 00*7 | 02 |"
                                           "01 15 00*7 14 | 03 00*7 | 05 00*7 68 65 6c 6c 6f")));
    client.heard.clear();
    client.say(bytes("01 29 00*7 28 07 00*7 05 00 00 04 00*7 63 68 61 6e 00 00*8 00 00*8"));
    run_world();
    EXPECT_EQ(hex(client.heard),
              hex(bytes("01 09 00*7 08 07 00*7 fd | 01 09 00*7 08 07 00*7 05 |"
                        "01 3a 00*7 3b 07 00*7 07 29 00*7 1d 00*7 2e 08 00*7 88 77 66 55 44 33 22 11 05 00*7 "
                        "68 65 6c 6c 6f 11 00 00 | 01 09 00*7 08 07 00*7 08")));
    client.say(bytes("01 09 00*7 08 07 00*7 04"));
    run_world();
    EXPECT_EQ(node->status().requests_active, 0U);
    EXPECT_EQ(node->status().requests, 3U);
}

TEST_F(DhtNodeInTheSimulator, EndsTheClientWhoseUnfinishedMessagesAreTheMost) {
    DhtNodeOptions options;
    options.session.message_bytes_max = std::uint64_t{64} << 20;
    begin(std::move(options));
    ScriptedClient& greedy = open(0);
    ScriptedClient& modest = open(1);
    const auto part_of_a_put = [](std::size_t bytes) {
        const std::string value(bytes + 100, 'x');
        std::string message;
        neo::encode_put(message, 1, {"chan", 7, value});
        return message.substr(0, bytes);
    };
    const std::string put = part_of_a_put(std::size_t{12} << 20);
    modest.say(put);
    run_world(seconds{1});
    greedy.say(part_of_a_put(std::size_t{21} << 20));
    run_world(seconds{1});
    EXPECT_TRUE(greedy.ended);
    EXPECT_FALSE(modest.ended);
    EXPECT_EQ(node->status().broken, 1U);
}

TEST_F(DhtNodeInTheSimulator, RepliesOfOneTurnLeaveInOneWrite) {
    ScriptedClient& client = open();
    std::string all;
    for (neo::RequestId id = 1; id <= 50; ++id) all += framed(id, "03 00 | " + std::string(chan) + "02 00*7");
    const auto before = world->counters(HostId{1}).callbacks;
    client.say(all);
    run_world();
    EXPECT_EQ(messages_of(client.heard).size(), 100U);
    EXPECT_EQ(world->counters(HostId{1}).callbacks - before, 1U);
}

TEST_F(DhtNodeInTheSimulator, OneClientsPutIsMirroredToAnother) {
    ScriptedClient& writer = open(0);
    ScriptedClient& reader = open(1);
    EXPECT_EQ(ask(reader, 10, "04 00 | 00 | " + std::string(chan) + "00 | 00*4"), (neo::Heard{"10:fd", "10:05"}));
    reader.heard.clear();
    EXPECT_EQ(ask(writer, 1, "02 00 | " + std::string(chan) + "02 00*7 | 02 00*7 78 79"),
              (neo::Heard{"1:fd", "1:01"}));
    EXPECT_EQ(messages_of(reader.heard), (neo::Heard{"10:" + hex(bytes("07 | 02 00*7 | 02 00*7 78 79"))}));
    reader.heard.clear();
    EXPECT_EQ(ask(writer, 1, "09 00 | " + std::string(chan)), (neo::Heard{"1:fd", "1:01"}));
    EXPECT_EQ(messages_of(reader.heard), (neo::Heard{"10:0a"}));
    EXPECT_EQ(ask(reader, 10, "04"), (neo::Heard{}));
    EXPECT_EQ(node->status().requests_active, 0U);
}

TEST_F(DhtNodeInTheSimulator, AWriteThatPassesByNoConnectionIsMirroredToo) {
    ScriptedClient& reader = open();
    ask(reader, 10, "04 00 | 00 | " + std::string(chan) + "00 | 00*4");
    reader.heard.clear();
    records.put(Channel::parse("chan").value(), Key{2}, "xy", {});
    records.collect();
    run_world();
    EXPECT_EQ(messages_of(reader.heard), (neo::Heard{"10:" + hex(bytes("07 | 02 00*7 | 02 00*7 78 79"))}));
}

TEST_F(DhtNodeInTheSimulator, AMirrorRefreshesByTheClockOfTheWorld) {
    ScriptedClient& reader = open();
    records.put(Channel::parse("chan").value(), Key{2}, "xy", {});
    records.collect();
    ask(reader, 10, "04 00 | 00 | " + std::string(chan) + "00 | 01 00*3");
    reader.heard.clear();
    run_world(milliseconds{3500});
    EXPECT_EQ(messages_of(reader.heard).size(), 3U);
}

TEST_F(DhtNodeInTheSimulator, EveryGetHashRangeHearsOfChanges) {
    ScriptedClient& client = open();
    EXPECT_EQ(ask(client, 1, "01 00"), (neo::Heard{"1:fd", "1:0000000000000000ffffffffffffffff"}));
    client.heard.clear();
    EXPECT_TRUE(node->set_range(HashRange::make(0, 0x7fffffffffffffff).value()));
    node->announce_node({127, 0, 0, 1}, 11100, HashRange::make(1ULL << 63, ~0ULL).value());
    run_world();
    EXPECT_EQ(messages_of(client.heard), (neo::Heard{"1:020000000000000000ffffffffffffff7f",
                                                     "1:017f0000012b5c0000000000000080ffffffffffffffff"}));
    EXPECT_EQ(ask(client, 2, "03 00 | " + std::string(chan) + "03 00*7"), (neo::Heard{"2:fd", "2:03"}));
}

TEST_F(DhtNodeInTheSimulator, AGetIsAnsweredWhileALongGetAllRuns) {
    for (std::uint64_t key = 0; key < 30000; ++key)
        records.put(Channel::parse("big").value(), Key{key}, std::string(100, static_cast<char>('a' + key % 26)),
                    {});
    records.collect();
    ScriptedClient& slow = open(0);
    ScriptedClient& quick = open(1);
    for (neo::RequestId id = 1; id <= 10; ++id)
        slow.say(framed(id, "05 00 | 00 | 03 00*7 62 69 67 | 00 | 00*8 | 00 | 00*8"));
    const auto wakeups = world->counters(HostId{0}).wakeups;
    ask(quick, 1, "03 00 | 03 00*7 62 69 67 | 02 00*7");
    EXPECT_EQ(messages_of(quick.heard).size(), 3U);
    const auto finished = [&] {
        const auto heard = messages_of(slow.heard);
        return std::ranges::count_if(heard, [](const auto& m) { return m.ends_with(":08"); });
    };
    run_world(seconds{1});
    EXPECT_EQ(finished(), 10);
    EXPECT_GT(world->counters(HostId{0}).wakeups - wakeups, 50U) << "the work was spread over many turns";
}

TEST_F(DhtNodeInTheSimulator, WhoAsksAWordIsNotMadeToWaitForATurnOfWhoAsksForEverything) {
    for (std::uint64_t key = 0; key < 30000; ++key)
        store.put_now(Channel::parse("big").value(), Key{key}, std::string(100, 'v'));
    ScriptedClient& slow = open(0);
    ScriptedClient& quick = open(1);
    world->set_latency(HostId{1}, HostId{0}, milliseconds{1});
    world->set_latency(HostId{2}, HostId{0}, milliseconds{1});
    log->writes.clear();
    // Both arrive at the same instant, in this order. The first wake-up comes after both.
    slow.say(framed(1, "05 00 | 00 | 03 00*7 62 69 67 | 00 | 00*8 | 00 | 00*8"));
    quick.say(framed(1, "03 00 | 03 00*7 62 69 67 | 02 00*7"));
    run_world(seconds{1});
    ASSERT_GT(log->writes.size(), 10U);
    const StreamId first = log->writes[0].stream;
    EXPECT_NE(log->writes[1].stream, first) << "the Get is answered before the GetAll goes on";
    EXPECT_LT(log->writes[1].event, log->writes[2].event) << "and its event gives nobody else a turn";
    EXPECT_EQ(messages_of(quick.heard).size(), 3U);
    EXPECT_EQ(messages_of(slow.heard).back(), "1:08");
}

TEST_F(DhtNodeInTheSimulator, MalformedInputEndsItsOwnConnectionOnly) {
    ScriptedClient& good = open(0);
    ScriptedClient& bad = open(1);
    bad.say(bytes("01 0a 00*7 0b | 00*8 | 02 00"));
    run_world();
    EXPECT_TRUE(bad.ended);
    EXPECT_EQ(bad.heard, "");
    EXPECT_EQ(ask(good, 1, "06 00"), (neo::Heard{"1:fd", "1:03"}));
    const auto& ended = std::get<DhtClientEnded>(watcher.events.back());
    EXPECT_EQ(ended.why, neo::SessionEnd::request_zero);
    EXPECT_EQ(ended.client, "admin");
    EXPECT_EQ(node->status().broken, 1U);
}

TEST_F(DhtNodeInTheSimulator, AStrangerIsToldNoAndTheOperatorWhy) {
    ScriptedClient& client = log_in(0, "nobody");
    EXPECT_EQ(hex(client.heard), hex(bytes("02 01 00*7 03 00")));
    EXPECT_TRUE(client.ended);
    EXPECT_EQ(std::get<DhtClientEnded>(watcher.events.back()).rejection, neo::Rejection::unknown_name);
    EXPECT_EQ(node->status().rejected, 1U);
}

TEST_F(DhtNodeInTheSimulator, WhoSaysNothingIsCutOff) {
    clients[0]->connect(address);
    run_world(seconds{9});
    EXPECT_FALSE(clients[0]->ended);
    run_world(seconds{2});
    EXPECT_TRUE(clients[0]->ended);
    EXPECT_EQ(node->status().connections, 0U);
}

TEST_F(DhtNodeInTheSimulator, NewCredentialsLeaveOldConnectionsAlone) {
    ScriptedClient& client = open(0);
    neo::Credentials others;
    others.set({"bob", {}});
    node->set_credentials(others);
    EXPECT_EQ(ask(client, 1, "06 00"), (neo::Heard{"1:fd", "1:03"}));
    EXPECT_EQ(log_in(1, "bob").heard, bytes("02 01 00*7 03 01"));
}

TEST_F(DhtNodeInTheSimulator, AClientThatLeavesTakesItsRequestsAlong) {
    ScriptedClient& client = open();
    ask(client, 10, "04 00 | 00 | " + std::string(chan) + "00 | 00*4");
    EXPECT_EQ(records.listener_count(Channel::parse("chan").value()), 1U);
    client.hang_up();
    run_world();
    EXPECT_EQ(records.listener_count(Channel::parse("chan").value()), 0U);
    EXPECT_EQ(node->status().connections, 0U);
}

TEST_F(DhtNodeInTheSimulator, DisconnectsEverybodyWhenTold) {
    open(0);
    open(1);
    node->disconnect_all();
    run_world();
    EXPECT_TRUE(clients[0]->ended && clients[1]->ended);
    open(0);
}

// ---- an engine that completes writes later ----

TEST_F(DhtNodeOnASlowStore, APutIsAcknowledgedOnlyWhenItIsSafe) {
    store.patience = milliseconds{100};
    ScriptedClient& writer = open(0);
    ScriptedClient& reader = open(1);
    ask(reader, 10, "04 00 | 00 | " + std::string(chan) + "00 | 00*4");
    run_world(milliseconds{200});
    reader.heard.clear();

    EXPECT_EQ(ask(writer, 1, "02 00 | " + std::string(chan) + "02 00*7 | 02 00*7 78 79"), (neo::Heard{"1:fd"}));
    EXPECT_EQ(ask(writer, 2, "03 00 | " + std::string(chan) + "02 00*7"), (neo::Heard{"2:fd", "2:01"}));
    EXPECT_EQ(reader.heard, "");
    writer.heard.clear();
    run_world(milliseconds{100});
    EXPECT_EQ(messages_of(writer.heard), (neo::Heard{"1:01"}));
    EXPECT_EQ(messages_of(reader.heard), (neo::Heard{"10:" + hex(bytes("07 | 02 00*7 | 02 00*7 78 79"))}));
    EXPECT_EQ(ask(writer, 3, "03 00 | " + std::string(chan) + "02 00*7"),
              (neo::Heard{"3:fd", "3:02", "3:02000000000000007879"}));
}

TEST_F(DhtNodeOnASlowStore, PutsOfManyTurnsAreCommittedTogether) {
    ScriptedClient& client = open();
    std::string all;
    for (neo::RequestId id = 1; id <= 500; ++id)
        all += framed(id, "02 00 | " + std::string(chan) + "02 00*7 | 02 00*7 78 79");
    client.say(all);
    run_world(milliseconds{50});
    EXPECT_EQ(messages_of(client.heard).size(), 1000U);
    EXPECT_LE(store.commits, 3);
    EXPECT_EQ(node->status().requests_active, 0U);
}

TEST_F(DhtNodeOnASlowStore, AnsweringAClientThatHasLeftDoesNoHarm) {
    ScriptedClient& client = open();
    client.say(framed(1, "02 00 | " + std::string(chan) + "02 00*7 | 02 00*7 78 79"));
    client.hang_up();
    run_world(milliseconds{50});
    EXPECT_TRUE(store.exists(Channel::parse("chan").value(), Key{2}).value());
    EXPECT_EQ(node->status().connections, 0U);
}

TEST_F(DhtNodeOnASlowStore, AStreamOnAMissingChannelWaitsForNoWrite) {
    store.patience = milliseconds{100};
    ScriptedClient& client = open();
    const neo::Heard heard = ask(client, 1, "05 00 | 00 | " + std::string(chan) + "00 | 00*8 | 00 | 00*8");
    EXPECT_EQ(heard.front(), "1:fd");
    EXPECT_EQ(heard.back(), "1:08");
    EXPECT_EQ(store.commits, 0);
}

TEST_F(DhtNodeOnASlowStore, ARangeThatMovesIsServedWholeWhenTheStaleRecordsAreSetAside) {
    const HashRange lower = HashRange::make(0, ~0ULL >> 1).value(),
                    upper = HashRange::make(1ULL << 63, ~0ULL).value();
    EXPECT_TRUE(node->set_range(lower));
    ScriptedClient& client = open();
    ask(client, 1, "02 00 | " + std::string(chan) + "02 00*7 | 02 00*7 78 79");
    ask(client, 2, "01 00");
    run_world(milliseconds{50});
    client.heard.clear();
    EXPECT_TRUE(node->set_range(upper));
    run_world(milliseconds{50});
    EXPECT_EQ(messages_of(client.heard), (neo::Heard{"2:02ffffffffffffffff0000000000000000",
                                                     "2:02" + hex(bytes("00*7 80")) + "ffffffffffffffff"}));
    EXPECT_EQ(node->range(), upper);
    EXPECT_EQ(store.set_aside().records, 1U);
}

TEST(DhtNode, ShedsConnectionsBeyondItsLimit) {
    SimWorld world{3};
    MemoryStore store;
    WriteLog records{store};
    Watcher watcher;
    DhtNodeOptions options;
    options.connections_max = 1;
    const Endpoint address{"10.0.0.1", 10100};
    const HostId host = world.add_host(address);
    DhtNode node(world.env(host), records, options, &watcher);
    world.attach(host, node);
    const HostId other = world.add_host({"10.0.0.2", 1});
    ScriptedClient a(world.env(other)), b(world.env(other));
    world.attach(other, b);
    a.connect(address);
    world.run_for(milliseconds{50});
    b.connect(address);
    world.run_for(milliseconds{50});
    EXPECT_TRUE(b.ended);
    EXPECT_EQ(node.status().connections, 1U);
    EXPECT_EQ(node.status().shed, 1U);
}

// ---- a world that reports its unsent bytes ----

struct HeldBack : Transport {
    explicit HeldBack(Transport& inner) : inner_(inner) {}
    StreamId connect(const Endpoint& to) override { return inner_.connect(to); }
    void write(StreamId stream, Bytes what) override { inner_.write(stream, what); }
    std::size_t unsent(StreamId) const override { return bytes; }
    void close(StreamId stream) override { inner_.close(stream); }
    void abort(StreamId stream) override { inner_.abort(stream); }
    std::size_t bytes = 0;

private:
    Transport& inner_;
};

TEST(DhtNode, StopsStreamingToWhoDoesNotReadAndGoesOnLater) {
    SimOptions sim;
    sim.wall_at_start = UnixSeconds{static_cast<std::int64_t>(neo::bench_time)};
    SimWorld world{3, sim};
    MemoryStore store;
    WriteLog records{store};
    for (std::uint64_t key = 0; key < 5000; ++key)
        store.put_now(Channel::parse("big").value(), Key{key}, std::string(100, 'v'));
    const Endpoint address{"10.0.0.1", 10100};
    const HostId host = world.add_host(address), other = world.add_host({"10.0.0.2", 1});
    const Environment& env = world.env(host);
    HeldBack held(env.transport);
    DhtNodeOptions options;
    DhtNode node(Environment{env.clock, env.alarm, env.random, held}, records, options);

    // Replaces the world: calls the node for one stream, without a network.
    struct Tap final : EventHandler {
        explicit Tap(DhtNode& to) : node(to) {}
        void on_accept(StreamId s, const Endpoint& e) override { stream = s, node.on_accept(s, e); }
        void on_connected(StreamId, const Endpoint&) override {}
        void on_connect_failed(StreamId, ConnectFailure) override {}
        void on_bytes(StreamId s, Bytes b) override { node.on_bytes(s, b); }
        void on_end(StreamId s) override { node.on_end(s); }
        void on_closed(StreamId s) override { node.on_closed(s); }
        void on_wakeup() override {
            node.on_wakeup();
            if (release) node.on_writable(stream);
            release = false;
        }
        DhtNode& node;
        StreamId stream{};
        bool release = false;
    } tap(node);
    world.attach(host, tap);
    ScriptedClient client(world.env(other));
    world.attach(other, client);

    client.connect(address);
    world.run_for(milliseconds{20});
    client.say("\x01");
    world.run_for(milliseconds{20});
    std::string said;
    neo::encode_timestamp(said, neo::bench_time);
    client.say(said);
    world.run_for(milliseconds{20});
    const auto nonce = neo::decode_nonce(Bytes(client.heard).substr(11));
    said.clear();
    neo::encode_proof(said, {"admin", neo::handshake_hmac({}, neo::bench_time, std::get<neo::Nonce>(nonce))});
    client.say(said);
    world.run_for(milliseconds{20});
    client.heard.clear();

    held.bytes = options.session.output_bytes_max;
    client.say(framed(1, "05 00 | 00 | 03 00*7 62 69 67 | 00 | 00*8 | 00 | 00*8"));
    world.run_for(seconds{5});
    EXPECT_EQ(client.heard, "");
    EXPECT_EQ(node.status().requests_active, 1U);

    held.bytes = 0;
    tap.release = true;
    world.env(host).alarm.wake_at(world.now());
    world.run_for(seconds{1});
    EXPECT_TRUE(messages_of(client.heard).back().ends_with(":08"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
