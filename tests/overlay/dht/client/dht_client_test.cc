// A DhtClient against real nodes: requests about one key, and the records on two nodes while they move.
#include "overlay/dht/client/dht_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/overlay/dht/dht_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using dht::UpdateChoice;
using std::chrono::milliseconds;
using std::chrono::seconds;

class DhtClientTest : public Cluster {
protected:
    void split_in_two() {
        add_server(lower());
        add_server(upper());
    }
};

TEST_F(DhtClientTest, ConnectsAndLearnsTheRange) {
    add_server(HashRange::full());
    begin_client();
    EXPECT_FALSE(client->all_connected());
    EXPECT_TRUE(client->add_node(nodes[0]->address));
    EXPECT_FALSE(client->add_node(nodes[0]->address));
    run_world();
    EXPECT_EQ(heard,
              (Notes{"connected to 10.0.0.1:10100", "10.0.0.1:10100 covers 0000000000000000 to ffffffffffffffff"}));
    EXPECT_TRUE(client->all_connected() && client->all_ranges_known());
    EXPECT_EQ(client->stats().nodes_with_range, 1U);
    EXPECT_EQ(client->nodes()[0].range, HashRange::full());
}

TEST_F(DhtClientTest, PutsGetsAsksAndRemoves) {
    add_server(HashRange::full());
    connect();
    EXPECT_EQ(get(1), (Notes{"no record"}));
    EXPECT_EQ(put(1, "one"), (Notes{"succeeded"}));
    EXPECT_EQ(get(1), (Notes{"got one"}));
    EXPECT_EQ(exists(1), (Notes{"the record exists"}));
    EXPECT_EQ(exists(2), (Notes{"no record"}));
    EXPECT_EQ(remove(1), (Notes{"removed"}));
    EXPECT_EQ(remove(1), (Notes{"no record"}));
    EXPECT_EQ(client->stats().requests_active, 0U);
    EXPECT_EQ(client->stats().of(neo::RequestCode::get).count, 2U);
    EXPECT_EQ(client->stats().of(neo::RequestCode::remove).count, 2U);
}

TEST_F(DhtClientTest, CountsTheTrafficOfEachNode) {
    split_in_two();
    connect();
    const auto before = client->nodes();
    EXPECT_EQ(put(2, "lower"), (Notes{"succeeded"}));  // ranges contain the reversed bits of a key
    const auto after = client->nodes();
    ASSERT_EQ(after.size(), 2U);
    EXPECT_EQ(after[0].traffic.messages_out, before[0].traffic.messages_out + 1);
    EXPECT_EQ(after[0].traffic.messages_in, before[0].traffic.messages_in + 2);
    EXPECT_GT(after[0].traffic.bytes_out, before[0].traffic.bytes_out);
    EXPECT_GT(after[0].traffic.bytes_in, before[0].traffic.bytes_in);
    EXPECT_EQ(after[1].traffic.messages_out, before[1].traffic.messages_out);
    EXPECT_EQ(after[1].traffic.bytes_in, before[1].traffic.bytes_in);
    EXPECT_EQ(after[1].traffic.connects, 1U);
    EXPECT_EQ(client->stats().links.connects, 2U);
    EXPECT_EQ(client->stats().links.bytes_in, after[0].traffic.bytes_in + after[1].traffic.bytes_in);
}

TEST_F(DhtClientTest, RequestsOfOneTurnLeaveInOneWrite) {
    add_server(HashRange::full());
    connect();
    const auto told = [&] { return world.counters(nodes[0]->host).callbacks; };
    const auto before = told();
    std::size_t answered = 0;
    // The test begins the first fifty; their notifiers begin the next fifty.
    const auto again = [&](const dht::GetNote&) { ++answered; };
    const auto first = [&](const dht::GetNote&) {
        ++answered;
        EXPECT_TRUE(client->get("chan", Key{2}, again));
    };
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(client->get("chan", Key{1}, first));
    run_world();
    EXPECT_EQ(answered, 100U);
    EXPECT_EQ(told() - before, 2U);
}

TEST_F(DhtClientTest, ARequestThatIsCancelledBeforeItIsSentIsNeverSent) {
    add_server(HashRange::full());
    connect();
    Notes notes;
    const auto first = client->put("chan", Key{1}, "one", listen<dht::PutNote>(notes));
    const auto second = client->put("chan", Key{2}, "two", listen<dht::PutNote>(notes));
    EXPECT_TRUE(client->put("chan", Key{3}, "three", listen<dht::PutNote>(notes)));
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(client->cancel(*second));
    run_world();
    EXPECT_EQ(notes, (Notes{"succeeded", "succeeded"}));
    EXPECT_EQ(stored(0, "chan", 1) + stored(0, "chan", 2) + stored(0, "chan", 3), "one-three");
}

TEST_F(DhtClientTest, EachKeyGoesToTheNodeThatCoversItsReversedBits) {
    split_in_two();
    connect();
    for (std::uint64_t key = 0; key < 20; ++key) EXPECT_EQ(put(key, "v"), (Notes{"succeeded"}));
    EXPECT_EQ(nodes[0]->store.total().records, 10U);
    EXPECT_EQ(stored(0, "chan", 4), "v");
    EXPECT_EQ(stored(1, "chan", 5), "v");
    EXPECT_EQ(get(5), (Notes{"got v"}));
}

TEST_F(DhtClientTest, AValueThatIsTooBigIsRefusedBeforeAnythingIsSent) {
    add_server(HashRange::full());
    connect();
    const auto sent = client->stats().links.messages_out;
    EXPECT_EQ(put(1, std::string(neo::value_bytes_max + 1, 'x')),
              (Notes{"a value of 65513 bytes is too big, at most 65512 can be sent"}));
    EXPECT_EQ(client->stats().links.messages_out, sent);
    EXPECT_EQ(put(1, std::string(neo::value_bytes_max, 'x')), (Notes{"succeeded"}));
}

TEST_F(DhtClientTest, WithoutANodeForTheKeyNothingIsSent) {
    add_server(lower());
    connect();
    EXPECT_EQ(put(1, "x"), (Notes{"no connected node covers the key"}));
    EXPECT_EQ(get(1), (Notes{"no connected node covers the key"}));
    EXPECT_EQ(update(1, {}), (Notes{"no connected node covers the key"}));
    EXPECT_EQ(put(2, "x"), (Notes{"succeeded"}));
}

TEST_F(DhtClientTest, WithoutAnyNodeARequestAboutOneKeyDoesNotBegin) {
    begin_client();
    const auto never = [](const auto&) { ADD_FAILURE() << "a note"; };
    for (const auto& begun : {client->put("chan", Key{1}, "x", never), client->get("chan", Key{1}, never),
                              client->exists("chan", Key{1}, never), client->remove("chan", Key{1}, never),
                              client->update(
                                  "chan", Key{1}, [](Bytes) { return UpdateChoice::leave(); }, never)}) {
        ASSERT_FALSE(begun);
        EXPECT_EQ(begun.error().code, ErrorCode::unreachable);
        EXPECT_EQ(begun.error().message, "No DHT node is known to this client; add or find one first.");
    }
    run_world();
    EXPECT_EQ(client->stats().requests_active, 0U);
}

TEST_F(DhtClientTest, CountsRequestsByKindAndBeginsAgainWhenTold) {
    split_in_two();
    connect();
    EXPECT_EQ(put(1, "x"), (Notes{"succeeded"}));
    EXPECT_EQ(get(1), (Notes{"got x"}));
    EXPECT_EQ(get(2), (Notes{"no record"}));
    const DhtClientStats stats = client->stats();
    ASSERT_EQ(stats.occurred().size(), 2U);
    EXPECT_EQ(stats.occurred()[0].first, neo::RequestCode::put);
    EXPECT_EQ(stats.occurred()[1].first, neo::RequestCode::get);
    EXPECT_EQ(stats.occurred()[1].second.count, 2U);
    EXPECT_EQ(stats.requests_limit, 5000U);
    EXPECT_TRUE(stats.all_connected());
    EXPECT_EQ(stats.nodes_connected_share(), 1.0);
    EXPECT_EQ(stats.nodes_connecting(), 0U);
    crash(1);
    run_world();
    EXPECT_EQ(client->stats().nodes_connecting_share(), 0.5);
    EXPECT_FALSE(client->stats().all_connected());
    client->clear_stats();
    EXPECT_TRUE(client->stats().occurred().empty());
    EXPECT_EQ(client->stats().links.bytes_out, 0U);
    EXPECT_EQ(client->stats().nodes, 2U) << "what there is is not a count";
    EXPECT_EQ(put(2, "y"), (Notes{"succeeded"}));
    EXPECT_EQ(client->stats().of(neo::RequestCode::put).count, 1U);
}

TEST_F(DhtClientTest, ABadChannelNameIsTheNodesToRefuse) {
    add_server(HashRange::full());
    connect();
    EXPECT_EQ(put(1, "x", std::string(Channel::length_max + 1, 'x')),
              (Notes{"10.0.0.1:10100 answered with an error"}));
    for (const std::string& name : {std::string("../evil"), std::string("my.channel"), std::string("a\0b", 3),
                                    std::string("\xc3\xa4"), std::string(300, 'x')}) {
        EXPECT_EQ(put(1, "x", name), (Notes{"succeeded"})) << name;
        EXPECT_EQ(stored(0, name, 1), "x") << name;
    }
}

TEST_F(DhtClientTest, TakesSoManyRequestsAtATimeAndNoMore) {
    add_server(HashRange::full());
    connect();
    Notes notes;
    for (int i = 0; i < 5000; ++i) EXPECT_TRUE(client->get("chan", Key{1}, listen<dht::GetNote>(notes)));
    const auto refused = client->get("chan", Key{1}, listen<dht::GetNote>(notes));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::busy);
    run_world(seconds{2});
    EXPECT_EQ(notes.size(), 5000U);
    EXPECT_EQ(client->stats().requests_max, 5000U);
}

TEST_F(DhtClientTest, ANotifierMayBeginTheNextRequest) {
    add_server(HashRange::full());
    connect();
    int left = 100;
    dht::PutNotifier next = [&](const dht::PutNote& note) {
        EXPECT_TRUE(std::holds_alternative<dht::Succeeded>(note));
        if (--left == 0) return;
        EXPECT_TRUE(client->put("chan", Key{static_cast<std::uint64_t>(left)}, "v", next));
    };
    EXPECT_TRUE(client->put("chan", Key{1000}, "v", next));
    EXPECT_TRUE(world.run_until([&] { return left == 0; }, seconds{60}));
    EXPECT_EQ(nodes[0]->store.total().records, 100U);
}

// ---- Update on one node ----

TEST_F(DhtClientTest, UpdatesLeavesAndRemovesARecord) {
    add_server(HashRange::full());
    connect();
    std::string seen;
    const auto replace = [&](Bytes value) {
        seen = value;
        return UpdateChoice::replace("two");
    };
    EXPECT_EQ(update(1, replace), (Notes{"no record"}));
    EXPECT_EQ(seen, "");
    put(1, "one");
    EXPECT_EQ(update(1, replace), (Notes{"succeeded"}));
    EXPECT_EQ(seen, "one");
    EXPECT_EQ(get(1), (Notes{"got two"}));
    EXPECT_EQ(update(1, [](Bytes) { return UpdateChoice::leave(); }), (Notes{"succeeded"}));
    EXPECT_EQ(get(1), (Notes{"got two"}));
    EXPECT_EQ(update(1, [](Bytes) { return UpdateChoice::replace(std::string(70'000, 'x')); }),
              (Notes{"a value of 70000 bytes is too big, at most 65512 can be sent"}));
    EXPECT_EQ(update(1, [](Bytes) { return UpdateChoice::remove(); }), (Notes{"succeeded"}));
    EXPECT_EQ(get(1), (Notes{"no record"}));
    EXPECT_EQ(nodes[0]->node->status().requests_active, 1U) << "GetHashRange alone";
}

TEST_F(DhtClientTest, TwoUpdatesOfOneRecordConflict) {
    add_server(HashRange::full());
    connect();
    put(1, "one");
    Notes first, second;
    EXPECT_TRUE(client->update(
        "chan", Key{1}, [](Bytes) { return UpdateChoice::replace("a"); }, listen<dht::UpdateNote>(first)));
    EXPECT_TRUE(client->update(
        "chan", Key{1}, [](Bytes) { return UpdateChoice::replace("b"); }, listen<dht::UpdateNote>(second)));
    run_world();
    EXPECT_EQ(first, (Notes{"succeeded"}));
    EXPECT_EQ(second, (Notes{"the record was changed by somebody else"}));
    EXPECT_EQ(get(1), (Notes{"got a"}));
}

TEST_F(DhtClientTest, ACancelledUpdateLeavesNothingBehindOnTheNode) {
    add_server(HashRange::full());
    connect();
    put(1, "one");
    Notes notes;
    const auto id = client->update(
        "chan", Key{1}, [](Bytes) { return UpdateChoice::replace("a"); }, listen<dht::UpdateNote>(notes));
    EXPECT_TRUE(client->cancel(*id));
    run_world();
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(get(1), (Notes{"got one"}));
    EXPECT_FALSE(client->active(*id));
    EXPECT_EQ(nodes[0]->node->status().requests_active, 1U);
}

// While records move, two nodes cover a key. The node whose range arrived last is the newest.
class DhtClientBetweenTwoOwners : public DhtClientTest {
protected:
    void SetUp() override {
        add_server(HashRange::full());
        add_server(HashRange::full());
        connect();
        EXPECT_TRUE(nodes[1]->node->set_range(HashRange::full()));
        run_world();
        old = 0;
        newest = 1;
    }
    std::size_t old = 0, newest = 1;
};

TEST_F(DhtClientBetweenTwoOwners, ReadsWhereTheRecordIsAndWritesWhereItBelongs) {
    store(old, "chan", 1, "old");
    EXPECT_EQ(get(1), (Notes{"got old"}));
    EXPECT_EQ(exists(1), (Notes{"the record exists"}));
    EXPECT_EQ(put(1, "new"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(old, "chan", 1), "old");
    EXPECT_EQ(stored(newest, "chan", 1), "new");
    EXPECT_EQ(get(1), (Notes{"got new"}));
    EXPECT_EQ(get(2), (Notes{"no record"}));
}

TEST_F(DhtClientBetweenTwoOwners, RemovesFromBothAndSaysSoWhicheverHadIt) {
    store(old, "chan", 1, "x");
    EXPECT_EQ(remove(1), (Notes{"removed"}));
    EXPECT_EQ(stored(old, "chan", 1), "-");
    store(newest, "chan", 2, "x");
    EXPECT_EQ(remove(2), (Notes{"removed"}));
    EXPECT_EQ(remove(3), (Notes{"no record"}));
}

TEST_F(DhtClientBetweenTwoOwners, NoRecordIsNotGuessedWhileAnOwnerIsAway) {
    crash(old);
    run_world();
    const Notes notes = get(1);
    EXPECT_EQ(notes, (Notes{"10.0.0.1:10100 disconnected: not connected"}));
}

TEST_F(DhtClientBetweenTwoOwners, ReadsAskTheOldOwnerWhileTheNewestIsAway) {
    store(old, "chan", 1, "old");
    crash(newest);
    run_world();
    EXPECT_EQ(get(1), (Notes{"got old"}));
    EXPECT_EQ(exists(1), (Notes{"the record exists"}));
    const Notes away{"10.0.0.2:10100 disconnected: not connected"};
    EXPECT_EQ(get(2), away) << "it may have the record";
    EXPECT_EQ(exists(2), away);
}

TEST_F(DhtClientBetweenTwoOwners, AWriteNamesTheOwnerThatIsAwayAndSendsNothing) {
    store(old, "chan", 1, "old");
    crash(newest);
    run_world();
    EXPECT_EQ(put(1, "new"), (Notes{"10.0.0.2:10100 covers the key and is not connected"}));
    EXPECT_EQ(stored(old, "chan", 1), "old");
    crash(old);
    run_world();
    EXPECT_EQ(get(1), (Notes{"10.0.0.2:10100 covers the key and is not connected"}));
    EXPECT_EQ(remove(1), (Notes{"10.0.0.1:10100 covers the key and is not connected"}));
    EXPECT_EQ(update(1, [](Bytes) { return UpdateChoice::leave(); }),
              (Notes{"10.0.0.2:10100 covers the key and is not connected"}));
}

TEST_F(DhtClientBetweenTwoOwners, AnUpdateMovesTheRecordToTheNewOwner) {
    store(old, "chan", 1, "old");
    EXPECT_EQ(update(1, [](Bytes value) { return UpdateChoice::replace(std::string(value) + "er"); }),
              (Notes{"succeeded"}));
    EXPECT_EQ(stored(newest, "chan", 1), "older");
    EXPECT_EQ(stored(old, "chan", 1), "-");
}

TEST_F(DhtClientBetweenTwoOwners, AnUpdateLosesNothingWhenTheNewOwnerIsAway) {
    store(old, "chan", 1, "old");
    crash(newest);
    run_world();
    EXPECT_EQ(update(1, [](Bytes) { return UpdateChoice::replace("new"); }),
              (Notes{"10.0.0.2:10100 disconnected: not connected"}));
    EXPECT_EQ(stored(old, "chan", 1), "old");
    run_world();
    EXPECT_EQ(nodes[old]->node->status().requests_active, 1U) << "GetHashRange alone";
}

TEST_F(DhtClientBetweenTwoOwners, AnUpdateThatTheNewOwnerRefusesLeavesTheOldRecord) {
    store(old, "chan", 1, "old");
    const auto choose = [&](Bytes) {
        store(newest, "chan", 1, "somebody was faster");
        return UpdateChoice::replace("new");
    };
    EXPECT_EQ(update(1, choose), (Notes{"the record was changed by somebody else"}));
    EXPECT_EQ(stored(old, "chan", 1), "old");
    EXPECT_EQ(stored(newest, "chan", 1), "somebody was faster");
    EXPECT_EQ(nodes[old]->node->status().requests_active, 1U);
}

// A transport whose sockets are full or empty as the test decides.
class FullSockets final : public Transport {
public:
    explicit FullSockets(Transport& inner) : inner_(inner) {}
    StreamId connect(const Endpoint& to) override { return inner_.connect(to); }
    void write(StreamId stream, Bytes bytes) override { inner_.write(stream, bytes); }
    void close(StreamId stream) override { inner_.close(stream); }
    void abort(StreamId stream) override { inner_.abort(stream); }
    std::size_t unsent(StreamId stream) const override {
        asked = stream;
        return waiting;
    }
    std::size_t waiting = 0;
    mutable StreamId asked{};

private:
    Transport& inner_;
};

class DhtClientWithoutRoom : public DhtClientTest {
protected:
    void SetUp() override {
        add_server(HashRange::full());
        DhtClientOptions options;
        options.credential.name = "admin";
        const HostId at = world.add_host({"10.0.1.99", 1000});
        const Environment& env = world.env(at);
        sockets.emplace(env.transport);
        client = std::make_unique<DhtClient>(Environment{env.clock, env.alarm, env.random, *sockets}, options);
        world.attach(at, *client);
        client->add_node(nodes[0]->address);
        ASSERT_TRUE(world.run_until([&] { return client->all_ranges_known(); }, seconds{5}));
        sockets->waiting = std::size_t{1} << 30;
    }
    ~DhtClientWithoutRoom() override { client.reset(); }
    std::optional<FullSockets> sockets;
};

TEST_F(DhtClientWithoutRoom, WaitsAndThenSaysEverythingInOrder) {
    const auto before = client->stats().links.bytes_out;
    Notes notes;
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(client->put("chan", Key{7}, "value " + std::to_string(i), listen<dht::PutNote>(notes)));
    run_world();
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(client->stats().links.bytes_out, before) << "nothing is added to what the world holds";

    EXPECT_GT(client->stats().links.stalls, 0U);
    const auto passed_at_once = client->stats().links.queued.count;
    sockets->waiting = 0;
    client->on_writable(sockets->asked);
    run_world();
    EXPECT_EQ(notes, Notes(100, "succeeded"));
    const RequestTimes queued = client->stats().links.queued;
    EXPECT_EQ(queued.count, passed_at_once + 100);
    EXPECT_GE(queued.longest, milliseconds{200}) << "they waited as long as the world ran";
    EXPECT_LT(queued.longest, milliseconds{400});
    EXPECT_GT(client->nodes()[0].traffic.stalls, 0U);
    client->clear_stats();
    EXPECT_EQ(client->stats().links.queued.count, 0U);
    EXPECT_EQ(stored(0, "chan", 7), "value 99") << "in the order in which they were said";
}

TEST_F(DhtClientWithoutRoom, LosesWhatWaitsWithItsConnectionAndSaysSo) {
    Notes notes;
    ASSERT_TRUE(client->put("chan", Key{7}, "never", listen<dht::PutNote>(notes)));
    run_world();
    sockets->waiting = 0;
    nodes[0]->node->disconnect_all();
    run_world();
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0], "succeeded");
    ASSERT_TRUE(world.run_until([&] { return client->all_connected(); }, seconds{5}));
    EXPECT_EQ(stored(0, "chan", 7), "-");
    EXPECT_EQ(put(7, "again"), (Notes{"succeeded"}));
}

TEST_F(DhtClientWithoutRoom, ForgetsWhatIsCancelledBeforeItWasSaid) {
    Notes notes;
    const auto id = client->put("chan", Key{7}, "cancelled", listen<dht::PutNote>(notes));
    ASSERT_TRUE(id && client->cancel(*id));
    sockets->waiting = 0;
    client->on_writable(sockets->asked);
    run_world();
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(stored(0, "chan", 7), "-");
    EXPECT_EQ(put(7, "again"), (Notes{"succeeded"}));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
