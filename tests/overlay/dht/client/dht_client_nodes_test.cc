// The nodes of a DhtClient: lost connections, changes of ranges, sources of addresses, and restarts.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/client/node_source.h"
#include "overlay/dht/client/nodes_file.h"
#include "overlay/node/overlay_node.h"
#include "simulations/swarm/scripted_hosts.h"
#include "tests/overlay/dht/dht_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DhtClientNodes : public Cluster {
protected:
    void split_in_two() {
        add_server(lower());
        add_server(upper());
    }
};

// ---- lost connections ----

TEST_F(DhtClientNodes, ALostConnectionEndsItsRequestsAndIsMadeAgain) {
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

TEST_F(DhtClientNodes, ANodeThatIsAwayIsTriedAgainEverLessOften) {
    add_server(HashRange::full());
    connect();
    crash(0);
    run_world(milliseconds{100});
    EXPECT_EQ(get(1), (Notes{"10.0.0.1:10100 covers the key and is not connected"}));
    world.run_for(seconds{30});
    const auto failures = client->stats().links.failures;
    EXPECT_GT(failures, 10U);
    EXPECT_LT(failures, 30U);
    restart(0);
    world.run_for(seconds{3});
    EXPECT_TRUE(client->all_connected());
    EXPECT_EQ(get(1), (Notes{"no record"}));
}

TEST_F(DhtClientNodes, AttemptsFollowTheScheduleOfTheOriginals) {
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

TEST_F(DhtClientNodes, WhatASlowAttemptHasOverrunIsLeftOut) {
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
    // The handshake times out after 10 s. Then the second attempt begins, and with it the schedule: 0.02, 0.06,
    // ... 2.48, then every 2.5 s. The first moment after the second attempt is 12.48.
    ASSERT_GE(told.size(), 3U);
    EXPECT_NEAR(static_cast<double>((told[1] - told[0]).count()), 10e6, 1e5);
    EXPECT_NEAR(static_cast<double>((told[2] - told[1]).count()), 12.48e6, 1e5);
    EXPECT_NEAR(static_cast<double>((told[3] - told[2]).count()), 12.5e6, 1e5);
}

TEST_F(DhtClientNodes, ANodeThatLetsEverybodyInAndThenDropsThemIsTriedAsSeldomAsOneThatIsAway) {
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

TEST_F(DhtClientNodes, HintsDoNotKeepOutNodesThatAreNamed) {
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

TEST_F(DhtClientNodes, ReconnectsWhenTold) {
    split_in_two();
    connect();
    client->reconnect();
    run_world(seconds{1});
    EXPECT_EQ(client->stats().links.losses, 2U);
    EXPECT_TRUE(client->all_connected());
    EXPECT_EQ(put(1, "x"), (Notes{"succeeded"}));
}

TEST_F(DhtClientNodes, AfterShutdownNothingIsConnectedAnyMore) {
    add_server(HashRange::full());
    connect();
    client->shutdown();
    run_world(seconds{5});
    EXPECT_EQ(nodes[0]->node->status().connections, 0U);
    EXPECT_EQ(get(1), (Notes{"10.0.0.1:10100 covers the key and is not connected"}));
}

TEST_F(DhtClientNodes, AfterShutdownItConnectsAgainWhenTold) {
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

TEST_F(DhtClientNodes, WithoutAutoConnectNodesAreRememberedUntilConnect) {
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

TEST_F(DhtClientNodes, ConnectionsCanBeReadAboutWithoutANotifierOfOnesOwn) {
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

TEST_F(DhtClientNodes, ARejectedClientHearsOfItAndTriesOn) {
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

TEST_F(DhtClientNodes, TimesOutWhenANodeDoesNotAnswer) {
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

TEST_F(DhtClientNodes, ACancelledRequestIsSilent) {
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

// ---- changes of ranges ----

TEST_F(DhtClientNodes, FollowsTheRangeOfANode) {
    split_in_two();
    connect();
    EXPECT_TRUE(nodes[0]->node->set_range(HashRange::full()));
    EXPECT_TRUE(nodes[1]->node->set_range(HashRange()));
    run_world();
    EXPECT_EQ(put(5, "x"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(0, "chan", 5), "x");
}

TEST_F(DhtClientNodes, ANodeThatIsNoLongerResponsibleSaysSo) {
    add_server(HashRange::full());
    connect();
    Notes notes;
    EXPECT_TRUE(client->put("chan", Key{5}, "x", listen<dht::PutNote>(notes)));
    EXPECT_TRUE(nodes[0]->node->set_range(lower()));
    run_world();
    EXPECT_EQ(notes, (Notes{"10.0.0.1:10100 is not responsible for the key"}));
}

TEST_F(DhtClientNodes, ConnectsToANodeThatAnotherOneAnnounces) {
    add_server(HashRange::full());
    connect();
    add_server(upper());
    EXPECT_TRUE(nodes[0]->node->set_range(lower()));
    nodes[0]->node->announce_node({10, 0, 0, 2}, 10100, upper());
    run_world(milliseconds{500});
    EXPECT_EQ(client->stats().nodes_connected, 2U);
    EXPECT_EQ(put(5, "x"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(1, "chan", 5), "x");
}

// ---- sources of nodes ----

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

TEST(NodesFile, MayBePutTogetherOfFilesWithByteOrderMarks) {
    const auto nodes = parse_nodes_file(
        "\xef\xbb\xbf# ours\n127.0.0.1:1\n \xef\xbb\xbf"
        "10.0.0.1:2\n\xef\xbb\xbf# theirs\n");
    ASSERT_TRUE(nodes);
    EXPECT_EQ(nodes.value(), (std::vector<Endpoint>{{"127.0.0.1", 1}, {"10.0.0.1", 2}}));
}

TEST(NodesFile, IsReadAsItWasWritten) {
    const std::vector<Endpoint> nodes = {{"127.0.0.1", 10100}, {"::1", 65535}, {"node.example", 1}};
    EXPECT_EQ(nodes_file_text({nodes[0]}), "127.0.0.1:10100\n");
    EXPECT_EQ(parse_nodes_file(nodes_file_text(nodes)).value(), nodes);
    EXPECT_EQ(nodes_file_text({}), "");
}

TEST_F(DhtClientNodes, AddsTheNodesOfAFile) {
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

TEST_F(DhtClientNodes, FindsNodesInASourceAndDoesNotWaitForThoseThatNeverWere) {
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

// Answers every query with one text and closes the connection, as a HALP host does.
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

TEST_F(DhtClientNodes, FindsNodesByLabelThroughOneHalpHost) {
    split_in_two();
    const HostId at = world.add_host({"10.0.2.1", 3451});
    HalpHost halp(world.env(at));
    halp.answer = "1800000000 10.0.0.1 10100\n1800000000 10.0.0.2 10100\n";
    world.attach(at, halp);
    begin_client();
    // The first host does not answer, so the next one is asked.
    EXPECT_TRUE(client->find_nodes({{"10.0.2.9", 3451}, {"10.0.2.1", 3451}}, Label::parse("dht").value()));
    EXPECT_TRUE(world.run_until([&] { return client->stats().nodes_with_range == 2; }, seconds{30}));
    EXPECT_EQ(halp.asked, get_query(Label::parse("dht").value()).value());
    EXPECT_EQ(put(5, "x"), (Notes{"succeeded"}));
}

TEST_F(DhtClientNodes, FindsTheNodesThatAnOverlayNodeOfTheSameProcessLists) {
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
    client.reset();  // must be destroyed before the source
}

// ---- a node that restarts with another range ----

TEST_F(DhtClientNodes, FollowsANodeThatComesBackWithAnotherRange) {
    add_server(HashRange::full());
    connect();
    EXPECT_EQ(put(5, "before"), (Notes{"succeeded"}));
    crash(0);
    run_world();
    nodes[0]->options.range = lower();
    restart(0);
    ASSERT_TRUE(world.run_until([&] { return client->all_connected(); }, seconds{10}));
    run_world();  // the old range counts until the node has sent its new one
    EXPECT_EQ(put(4, "mine"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(0, "chan", 4), "mine");
    EXPECT_EQ(put(5, "no longer"), (Notes{"no connected node covers the key"})) << "it is not even asked";

    add_server(upper());
    client->add_node(nodes[1]->address);
    run_world(seconds{2});
    EXPECT_EQ(put(5, "after"), (Notes{"succeeded"}));
    EXPECT_EQ(stored(1, "chan", 5), "after");
    EXPECT_EQ(stored(0, "chan", 5), "before") << "what is out of its range it keeps";

    // Both restart with their halves exchanged, so every range the client knew is wrong.
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

}  // namespace HALP_TEST_FILE
}  // namespace halp
