// A DhtClient against real nodes: requests about one key, nodes that come, go and change their ranges.
#include "overlay/dht/client/dht_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "overlay/dht/client/node_source.h"
#include "overlay/dht/client/nodes_file.h"
#include "overlay/node/overlay_node.h"
#include "simulations/swarm/scripted_hosts.h"
#include "store/hash.h"
#include "tests/overlay/dht/dht_cluster.h"

namespace halp {
namespace {

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
    EXPECT_EQ(put(2, "lower"), (Notes{"succeeded"}));  // keys are judged with their bits reversed
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
    // The first fifty are begun by the program, the next fifty by the notifiers of the first.
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
    EXPECT_EQ(put(1, "x", "../evil"), (Notes{"10.0.0.1:10100 answered with an error"}));
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

// ---- connections lost and made again ----

TEST_F(DhtClientTest, ALostConnectionEndsItsRequestsAndIsMadeAgain) {
    add_server(HashRange::full());
    connect();
    Notes notes;
    EXPECT_TRUE(client->get("chan", Key{1}, listen<dht::GetNote>(notes)));
    client->reconnect();
    run_world(milliseconds{500});
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0].substr(0, 28), "10.0.0.1:10100 disconnected:");
    EXPECT_TRUE(client->all_connected());
    EXPECT_EQ(put(1, "again"), (Notes{"succeeded"}));
    EXPECT_EQ(client->stats().links.losses, 1U);
}

TEST_F(DhtClientTest, ANodeThatIsAwayIsTriedAgainEverLessOften) {
    add_server(HashRange::full());
    connect();
    crash(0);
    run_world(milliseconds{100});
    EXPECT_EQ(get(1), (Notes{"no connected node covers the key"}));
    world.run_for(seconds{30});
    const auto failures = client->stats().links.failures;
    EXPECT_GT(failures, 10U);
    EXPECT_LT(failures, 30U);
    restart(0);
    world.run_for(seconds{3});
    EXPECT_TRUE(client->all_connected());
    EXPECT_EQ(get(1), (Notes{"no record"}));
}

TEST_F(DhtClientTest, AttemptsFollowTheScheduleOfTheOriginals) {
    add_server(HashRange::full());
    crash(0);
    const HostId host = world.add_host({"10.0.2.1", 1000});
    std::vector<Instant> told;
    DhtClient other(world.env(host), {}, [&](const dht::ConnectionNote&) { told.push_back(world.now()); });
    world.attach(host, other);
    other.add_node(nodes[0]->address);
    world.run_for(seconds{20});
    std::vector<Duration> gaps;
    for (std::size_t i = 1; i < told.size(); ++i) gaps.push_back(told[i] - told[i - 1]);
    ASSERT_GE(gaps.size(), 12U);
    EXPECT_LT(gaps[0], milliseconds{10}) << "the second attempt follows at once";
    Duration expected{19'531};
    for (std::size_t i = 1; i < 12; ++i) {
        EXPECT_NEAR(static_cast<double>(gaps[i].count()), static_cast<double>(expected.count()), 1000) << i;
        expected = std::min<Duration>(2 * expected, milliseconds{2500});
    }
}

TEST_F(DhtClientTest, WhatASlowAttemptHasOverrunIsLeftOut) {
    struct Silent final : sim::ScriptedHost {
        void start() override {}
    } silent;
    const HostId host = world.add_host({"10.0.3.1", 10100});
    world.attach(host, silent);
    std::vector<Instant> told;
    const HostId own = world.add_host({"10.0.2.1", 1000});
    DhtClient other(world.env(own), {}, [&](const dht::ConnectionNote&) { told.push_back(world.now()); });
    world.attach(own, other);
    other.add_node({"10.0.3.1", 10100});
    world.run_for(seconds{50});
    // The handshake gives up after 10 s. The second attempt begins then, and with it the schedule: 0.02, 0.06, ...
    // 2.48, then every 2.5 s: 12.48 is the first moment behind the second attempt.
    ASSERT_GE(told.size(), 3U);
    EXPECT_NEAR(static_cast<double>((told[1] - told[0]).count()), 10e6, 1e5);
    EXPECT_NEAR(static_cast<double>((told[2] - told[1]).count()), 12.48e6, 1e5);
    EXPECT_NEAR(static_cast<double>((told[3] - told[2]).count()), 12.5e6, 1e5);
}

TEST_F(DhtClientTest, ANodeThatLetsEverybodyInAndThenDropsThemIsTriedAsSeldomAsOneThatIsAway) {
    DhtNodeOptions options;
    options.session.requests_max = 0;  // the first request ends the connection
    add_server(HashRange::full(), options);
    begin_client();
    client->add_node(nodes[0]->address);
    world.run_for(seconds{30});
    EXPECT_GT(client->stats().links.connects, 10U);
    EXPECT_LT(client->stats().links.connects, 25U);
    EXPECT_LT(nodes[0]->node->status().accepted, 25U);
}

TEST_F(DhtClientTest, HintsDoNotKeepOutNodesThatAreNamed) {
    struct Listed final : NodeSource {
        std::vector<Endpoint> nodes() override {
            std::vector<Endpoint> all;
            for (std::uint16_t port = 1; port <= 100; ++port) all.push_back({"10.9.9.9", port});
            return all;
        }
    } list;
    add_server(HashRange::full());
    DhtClientOptions options;
    options.links.nodes_max = 10;
    begin_client(options);
    client->add_source(list);
    run_world();
    EXPECT_EQ(client->nodes().size(), 5U);
    EXPECT_TRUE(client->add_node(nodes[0]->address));
    run_world();
    EXPECT_TRUE(client->all_connected());
}

TEST_F(DhtClientTest, ReconnectsWhenTold) {
    split_in_two();
    connect();
    client->reconnect();
    run_world(seconds{1});
    EXPECT_EQ(client->stats().links.losses, 2U);
    EXPECT_TRUE(client->all_connected());
    EXPECT_EQ(put(1, "x"), (Notes{"succeeded"}));
}

TEST_F(DhtClientTest, AfterShutdownNothingIsConnectedAnyMore) {
    add_server(HashRange::full());
    connect();
    client->shutdown();
    run_world(seconds{5});
    EXPECT_EQ(nodes[0]->node->status().connections, 0U);
    EXPECT_EQ(get(1), (Notes{"no connected node covers the key"}));
}

TEST_F(DhtClientTest, AfterShutdownItConnectsAgainWhenTold) {
    split_in_two();
    connect();
    client->shutdown();
    run_world(seconds{5});
    EXPECT_EQ(client->stats().nodes_connected, 0U);
    client->connect();
    run_world(seconds{3});
    EXPECT_TRUE(client->all_connected());
    EXPECT_EQ(put(1, "x"), (Notes{"succeeded"}));
}

TEST_F(DhtClientTest, WithoutAutoConnectNodesAreRememberedUntilConnect) {
    split_in_two();
    DhtClientOptions options;
    options.auto_connect = false;
    begin_client(options);
    for (const auto& node : nodes) EXPECT_TRUE(client->add_node(node->address));
    run_world(seconds{5});
    EXPECT_TRUE(heard.empty());
    EXPECT_EQ(nodes[0]->node->status().accepted, 0U);
    EXPECT_EQ(client->stats().nodes, 2U);
    EXPECT_EQ(get(1), (Notes{"no connected node covers the key"}));
    client->connect();
    run_world();
    EXPECT_TRUE(client->all_connected() && client->all_ranges_known());
    EXPECT_EQ(put(1, "x"), (Notes{"succeeded"}));
}

TEST_F(DhtClientTest, ConnectionsCanBeReadAboutWithoutANotifierOfOnesOwn) {
    add_server(HashRange::full());
    Notes lines;
    const HostId host = world.add_host({"10.0.2.1", 1000});
    DhtClientOptions options;
    options.credential.name = "admin";
    DhtClient other(world.env(host), options,
                    dht::log_connections([&](std::string_view line) { lines.emplace_back(line); }));
    world.attach(host, other);
    other.add_node(nodes[0]->address);
    run_world();
    EXPECT_EQ(lines,
              (Notes{"connected to 10.0.0.1:10100", "10.0.0.1:10100 covers 0000000000000000 to ffffffffffffffff"}));
}

TEST_F(DhtClientTest, ARejectedClientHearsOfItAndTriesOn) {
    add_server(HashRange::full());
    DhtClientOptions options;
    options.credential.name = "nobody";
    begin_client(options);
    client->add_node(nodes[0]->address);
    run_world(seconds{5});
    EXPECT_GT(heard.size(), 3U);
    EXPECT_EQ(heard[0].substr(0, 15), "10.0.0.1:10100:");
    EXPECT_FALSE(client->all_connected());
    EXPECT_GT(nodes[0]->node->status().rejected, 3U);
}

TEST_F(DhtClientTest, TimesOutWhenANodeDoesNotAnswer) {
    add_server(HashRange::full());
    connect();
    world.stall(nodes[0]->host, seconds{5});
    Notes notes;
    const auto id = client->get("chan", Key{1}, listen<dht::GetNote>(notes));
    EXPECT_TRUE(client->set_timeout(*id, seconds{1}));
    world.run_for(milliseconds{900});
    EXPECT_TRUE(notes.empty());
    world.run_for(milliseconds{200});
    EXPECT_EQ(notes, (Notes{"timed out"}));
    EXPECT_FALSE(client->active(*id));
    world.run_for(seconds{6});
    EXPECT_EQ(notes.size(), 1U);
    EXPECT_EQ(client->stats().late_messages, 2U);
    EXPECT_EQ(put(1, "x"), (Notes{"succeeded"}));
}

TEST_F(DhtClientTest, ACancelledRequestIsSilent) {
    add_server(HashRange::full());
    connect();
    Notes notes;
    const auto id = client->get("chan", Key{1}, listen<dht::GetNote>(notes));
    EXPECT_TRUE(client->cancel(*id));
    EXPECT_FALSE(client->cancel(*id));
    run_world();
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(client->stats().requests_active, 0U);
}

// ---- ranges that change ----

TEST_F(DhtClientTest, FollowsTheRangeOfANode) {
    split_in_two();
    connect();
    nodes[0]->node->set_range(HashRange::full());
    nodes[1]->node->set_range(HashRange());
    run_world();
    EXPECT_EQ(put(5, "x"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(0, "chan", 5), "x");
}

TEST_F(DhtClientTest, ANodeThatIsNoLongerResponsibleSaysSo) {
    add_server(HashRange::full());
    connect();
    Notes notes;
    EXPECT_TRUE(client->put("chan", Key{5}, "x", listen<dht::PutNote>(notes)));
    nodes[0]->node->set_range(lower());
    run_world();
    EXPECT_EQ(notes, (Notes{"10.0.0.1:10100 is not responsible for the key"}));
}

TEST_F(DhtClientTest, ConnectsToANodeThatAnotherOneAnnounces) {
    add_server(HashRange::full());
    connect();
    add_server(upper());
    nodes[0]->node->set_range(lower());
    nodes[0]->node->announce_node({10, 0, 0, 2}, 10100, upper());
    run_world(milliseconds{500});
    EXPECT_EQ(client->stats().nodes_connected, 2U);
    EXPECT_EQ(put(5, "x"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(1, "chan", 5), "x");
}

// While data moves two nodes cover a key; the newest is the one heard of last.
class DhtClientBetweenTwoOwners : public DhtClientTest {
protected:
    void SetUp() override {
        add_server(HashRange::full());
        add_server(HashRange::full());
        connect();
        nodes[1]->node->set_range(HashRange::full());
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

// ---- how nodes are found ----

TEST(NodesFile, ReadsWhatTheOriginalsRead) {
    const auto nodes = parse_nodes_file("# comment\n 127.0.0.1:10100 # one\r\n\n10.0.0.1:1\n10.0.0.1:1\n");
    ASSERT_TRUE(nodes);
    EXPECT_EQ(nodes.value(), (std::vector<Endpoint>{{"127.0.0.1", 10100}, {"10.0.0.1", 1}}));
    const auto bad = parse_nodes_file("127.0.0.1:1\nnonsense\n");
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("Line 2"), std::string::npos);
    EXPECT_FALSE(parse_nodes_file("127.0.0.1:"));
    EXPECT_TRUE(parse_nodes_file("").value().empty());
}

TEST(NodesFile, IsReadAsItWasWritten) {
    const std::vector<Endpoint> nodes = {{"127.0.0.1", 10100}, {"::1", 65535}, {"node.example", 1}};
    EXPECT_EQ(nodes_file_text({nodes[0]}), "127.0.0.1:10100\n");
    EXPECT_EQ(parse_nodes_file(nodes_file_text(nodes)).value(), nodes);
    EXPECT_EQ(nodes_file_text({}), "");
}

TEST_F(DhtClientTest, AddsTheNodesOfAFile) {
    split_in_two();
    begin_client();
    EXPECT_EQ(client->add_nodes("10.0.0.1:10100\n10.0.0.2:10100\n").value(), 2U);
    EXPECT_FALSE(client->add_nodes("what?\n"));
    run_world();
    EXPECT_EQ(client->stats().nodes_connected, 2U);
}

struct FixedSource : NodeSource {
    std::vector<Endpoint> nodes() override { return list; }
    std::vector<Endpoint> list;
};

TEST_F(DhtClientTest, FindsNodesInASourceAndDoesNotWaitForThoseThatNeverWere) {
    split_in_two();
    FixedSource source;
    source.list = {nodes[0]->address, {"10.9.9.9", 1}};
    begin_client();
    client->add_source(source);
    run_world();
    EXPECT_EQ(client->stats().nodes, 1U);
    EXPECT_TRUE(client->all_ranges_known());
    source.list.push_back(nodes[1]->address);
    world.run_for(seconds{6});
    EXPECT_EQ(client->stats().nodes, 2U);
    Notes notes;
    EXPECT_TRUE(client->get_channels(listen<dht::GetChannelsNote>(notes)));
    run_world();
    EXPECT_EQ(notes, (Notes{"finished"}));
}

// Answers every query with one text, as a HALP host does, and closes.
class HalpHost final : public EventHandler {
public:
    explicit HalpHost(Environment& environment) : environment_(environment) {}
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId stream, Bytes bytes) override {
        asked = bytes;
        environment_.transport.write(stream, answer);
        environment_.transport.close(stream);
    }
    void on_end(StreamId stream) override { environment_.transport.close(stream); }
    void on_closed(StreamId) override {}
    void on_wakeup() override {}
    std::string asked, answer;

private:
    Environment& environment_;
};

TEST_F(DhtClientTest, FindsNodesByLabelThroughOneHalpHost) {
    split_in_two();
    const HostId at = world.add_host({"10.0.2.1", 3451});
    HalpHost halp(world.env(at));
    halp.answer = "1800000000 10.0.0.1 10100\n1800000000 10.0.0.2 10100\n";
    world.attach(at, halp);
    begin_client();
    // The first host does not answer: the next one is asked.
    EXPECT_TRUE(client->find_nodes({{"10.0.2.9", 3451}, {"10.0.2.1", 3451}}, Label::parse("dht").value()));
    EXPECT_TRUE(world.run_until([&] { return client->stats().nodes_with_range == 2; }, seconds{30}));
    EXPECT_EQ(halp.asked, get_query(Label::parse("dht").value()).value());
    EXPECT_EQ(put(5, "x"), (Notes{"succeeded"}));
}

TEST_F(DhtClientTest, FindsTheNodesThatAnOverlayNodeOfTheSameProcessLists) {
    split_in_two();
    EndpointTable table;
    const HostId at = world.add_host({"10.0.2.1", 3451});
    OverlayNode overlay(world.env(at), table, OverlayOptions::for_profile(Profile::lan));
    world.attach(at, overlay);
    overlay.start();
    const Label dht = *Label::parse(dht_label);
    OverlayNodeSource source(overlay, dht);
    begin_client();
    client->add_source(source);
    run_world();
    EXPECT_EQ(client->stats().nodes, 0U) << "nobody is announced yet";

    for (const auto& node : nodes) ASSERT_TRUE(overlay.announce(dht, node->address));
    EXPECT_TRUE(world.run_until([&] { return client->stats().nodes_with_range == 2; }, seconds{10}));
    EXPECT_EQ(put(4, "even"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(0, "chan", 4), "even");
    EXPECT_EQ(put(5, "odd"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(1, "chan", 5), "odd");
    for (const auto& node : nodes) ASSERT_TRUE(overlay.withdraw(dht, node->address));
    world.run_for(seconds{20});
    EXPECT_EQ(get(5), (Notes{"got odd"})) << "whom it has met it does not forget";
    client.reset();  // before the source
}

// A world whose sockets are full or empty as the test says.
class FullSockets final : public Backlog {
public:
    std::size_t unsent(StreamId stream) const override {
        asked = stream;
        return waiting;
    }
    std::size_t waiting = 0;
    mutable StreamId asked{};
};

class DhtClientWithoutRoom : public DhtClientTest {
protected:
    void SetUp() override {
        add_server(HashRange::full());
        DhtClientOptions options;
        options.credential.name = "admin";
        const HostId at = world.add_host({"10.0.1.99", 1000});
        client = std::make_unique<DhtClient>(world.env(at), options, dht::ConnectionNotifier{}, &sockets);
        world.attach(at, *client);
        client->add_node(nodes[0]->address);
        ASSERT_TRUE(world.run_until([&] { return client->all_ranges_known(); }, seconds{5}));
        sockets.waiting = std::size_t{1} << 30;
    }
    ~DhtClientWithoutRoom() override { client.reset(); }
    FullSockets sockets;
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
    sockets.waiting = 0;
    client->on_writable(sockets.asked);
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
    sockets.waiting = 0;
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
    sockets.waiting = 0;
    client->on_writable(sockets.asked);
    run_world();
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(stored(0, "chan", 7), "-");
    EXPECT_EQ(put(7, "again"), (Notes{"succeeded"}));
}

// ---- a node that comes back as another ----

TEST_F(DhtClientTest, FollowsANodeThatComesBackWithAnotherRange) {
    add_server(HashRange::full());
    connect();
    EXPECT_EQ(put(5, "before"), (Notes{"succeeded"}));
    crash(0);
    run_world();
    nodes[0]->options.range = lower();
    restart(0);
    ASSERT_TRUE(world.run_until([&] { return client->all_connected(); }, seconds{10}));
    run_world();  // what it told before it went counts until it has told its range anew
    EXPECT_EQ(put(4, "mine"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(0, "chan", 4), "mine");
    EXPECT_EQ(put(5, "no longer"), (Notes{"no connected node covers the key"})) << "it is not even asked";

    add_server(upper());
    client->add_node(nodes[1]->address);
    run_world(seconds{2});
    EXPECT_EQ(put(5, "after"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(1, "chan", 5), "after");
    EXPECT_EQ(stored(0, "chan", 5), "before") << "what is out of its range it keeps";

    // Both are back with the halves exchanged: nothing of what was known of them is left.
    crash(0);
    crash(1);
    run_world();
    nodes[0]->options.range = upper();
    nodes[1]->options.range = lower();
    restart(0);
    restart(1);
    ASSERT_TRUE(world.run_until([&] { return client->all_connected(); }, seconds{10}));
    run_world();
    EXPECT_EQ(put(7, "odd"), (Notes{"succeeded"}));
    EXPECT_EQ(put(6, "even"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(0, "chan", 7), "odd");
    EXPECT_EQ(stored(1, "chan", 6), "even");
}

}  // namespace
}  // namespace halp
