#include "simulations/swarm/scripted_hosts.h"

#include <gtest/gtest.h>

#include <memory>

#include "overlay/event.h"
#include "overlay/node/overlay_node.h"
#include "simulations/world/sim_world.h"
#include "store/hash.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

// Sends one query and keeps the answer.
class Client final : public EventHandler {
public:
    Client(Environment& environment, const Endpoint& to, std::string query)
        : environment_(environment), stream_(environment.transport.connect(to)), query_(std::move(query)) {}
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override { environment_.transport.write(stream_, query_); }
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes bytes) override { answer += bytes; }
    void on_end(StreamId stream) override {
        ended = true;
        environment_.transport.close(stream);
    }
    void on_closed(StreamId) override {}
    void on_wakeup() override {}
    std::string answer;
    bool ended = false;

private:
    Environment& environment_;
    StreamId stream_;
    std::string query_;
};

class OriginalTest : public testing::Test {
protected:
    OriginalTest() : host(world.add_host(at)), original(world.env(host), at, {"10.9.9.9", 3451}) {
        world.attach(host, original);
    }
    std::string ask(const std::string& query) {
        const Endpoint me{"10.1.0." + std::to_string(++clients), 1000};
        const HostId asker = world.add_host(me);
        auto relay = std::make_unique<Relay>();
        world.attach(asker, *relay);
        relay->client = std::make_unique<Client>(world.env(asker), at, query);
        world.run_for(1s);
        EXPECT_TRUE(relay->client->ended) << query;
        relays.push_back(std::move(relay));
        return relays.back()->client->answer;
    }
    // A host must be attached before it may connect.
    struct Relay final : EventHandler {
        void on_accept(StreamId, const Endpoint&) override {}
        void on_connected(StreamId s, const Endpoint& e) override { client->on_connected(s, e); }
        void on_connect_failed(StreamId, ConnectFailure) override {}
        void on_bytes(StreamId s, Bytes b) override { client->on_bytes(s, b); }
        void on_end(StreamId s) override { client->on_end(s); }
        void on_closed(StreamId) override {}
        void on_wakeup() override {}
        std::unique_ptr<Client> client;
    };

    SimWorld world{1};
    Endpoint at{"10.0.0.1", 3451};
    HostId host;
    OriginalHost original;
    std::vector<std::unique_ptr<Relay>> relays;
    int clients = 0;
};

TEST_F(OriginalTest, AnswersAsTheOriginalDoes) {
    EXPECT_EQ(ask("get foo"), "");
    EXPECT_EQ(ask("insert foo\n1300000000 a.example 80\n1300000002 b.example 81"),
              "success: foo 1300000000 a.example 80success: foo 1300000002 b.example 81");
    EXPECT_EQ(ask("insert foo\n1300000001 b.example 81\n5 noport"),
              "success: foo 1300000001 b.example 81failure: foo 5 noport");
    EXPECT_EQ(ask("get foo"), "1300000002 b.example 81\n1300000000 a.example 80") << "the later time stays";
    EXPECT_EQ(ask("hello"), "Could not parse request");
    EXPECT_NE(ask("get labels").find(" foo"), std::string::npos) << "a query creates its label";
    EXPECT_EQ(*world.env(host).cache.read("foo"), "1300000002 b.example 81\n1300000000 a.example 80");
}

TEST_F(OriginalTest, RefusesGossipAsTextItCannotRead) {
    EXPECT_EQ(ask(std::string{"\xb5\x02\x05\x00\x00\x00\x00\x00", 8}), "Could not parse request");
}

TEST(ScriptedHosts, ANodeOfOursMeetsAnOriginalAndTheyLearnOfEachOther) {
    SimWorld world{2};
    EndpointTable table;
    const Endpoint ours{"10.0.0.1", 3451}, theirs{"10.2.0.1", 3451};
    const HostId a = world.add_host(ours), b = world.add_host(theirs);
    OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
    options.advertise = ours;
    options.text.poll_interval = 2s;
    OverlayNode node{world.env(a), table, options, false};
    world.attach(a, node);
    node.start();
    OriginalHost original{world.env(b), theirs, ours};
    world.attach(b, original);
    original.start();
    world.run_for(5s);
    ASSERT_EQ(node.peers().size(), 1u);
    EXPECT_TRUE(node.peers().front().original);
    original.insert(*Label::parse("chat"), {"x.example", 7});
    ASSERT_TRUE(node.announce(*Label::parse("news"), {"y.example", 8}));
    world.run_for(10s);
    EXPECT_TRUE(original.has(*Label::parse("news"), {"y.example", 8}));
    EXPECT_EQ(node.host_count(*Label::parse("chat")), 1u);
    EXPECT_TRUE(original.has(Label::halp(), ours));
}

TEST(ScriptedHosts, AnAttackerIsProvedAndNamesOnlyAttackers) {
    SimWorld world{3};
    EndpointTable table;
    const Endpoint honest{"10.0.0.1", 3451};
    AttackPlan plan;
    plan.victims = {honest};
    plan.swarm = fnv1a("halp");
    plan.period = 1s;
    plan.pushes = 1;
    const HostId victim = world.add_host(honest);
    OverlayNode node{world.env(victim), table, OverlayOptions::for_profile(Profile::lan), false};
    world.attach(victim, node);
    node.start();
    std::vector<std::unique_ptr<AttackerHost>> attackers;
    for (int i = 0; i < 5; ++i) plan.attackers.push_back({"20.0.0." + std::to_string(i + 1), 3451});
    for (const Endpoint& me : plan.attackers) {
        const HostId host = world.add_host(me);
        attackers.push_back(std::make_unique<AttackerHost>(world.env(host), table, plan, me));
        world.attach(host, *attackers.back());
        attackers.back()->start();
    }
    world.run_for(30s);
    ASSERT_EQ(node.peers().size(), 5u);
    for (const PeerStatus& peer : node.peers()) EXPECT_TRUE(peer.proved) << peer.endpoint.text();
    EXPECT_EQ(node.status().malformed, 0u);
    EXPECT_LT(world.connection_count(), 50u) << "no connection is left behind";
}

TEST(ScriptedHosts, AStrangerMakesUpHosts) {
    SimWorld world{4};
    EndpointTable table;
    const Endpoint honest{"10.0.0.1", 3451};
    FloodPlan plan{.victims = {honest}, .rate = 10, .labels = 3, .entries = 2};
    const HostId victim = world.add_host(honest), host = world.add_host({"40.0.0.1", 3451});
    OverlayNode node{world.env(victim), table, OverlayOptions::for_profile(Profile::lan), false};
    world.attach(victim, node);
    node.start();
    StrangerHost stranger{world.env(host), plan};
    world.attach(host, stranger);
    stranger.start();
    world.run_for(3s);
    EXPECT_EQ(plan.made_up, 62u);  // 31 inserts; the first is sent at once
    EXPECT_GT(node.status().text_inserts, 20u);
    EXPECT_EQ(node.status().text_bad, 0u);
    EXPECT_GT(node.host_count(*Label::parse("junk0")), 0u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
