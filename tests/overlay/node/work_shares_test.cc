// Strangers who send more work than one turn has, while an honest client asks.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "overlay/gossip/wire/gossip_codec.h"
#include "overlay/node/overlay_node.h"
#include "overlay/node/work_shares.h"
#include "simulations/world/sim_world.h"
#include "store/hash.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

// Sends one query or frame and keeps what comes.
class Speaker final : public EventHandler {
public:
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes bytes) override { received.append(bytes); }
    void on_end(StreamId) override { ended = true; }
    void on_closed(StreamId) override { ended = true; }
    void on_wakeup() override {}

    std::string received;
    bool ended = false;
};

class SharesOfATurn : public testing::Test {
protected:
    SharesOfATurn() : world(3) {
        const HostId node_host = world.add_host(node_at);
        node = std::make_unique<OverlayNode>(world.env(node_host), endpoints,
                                             OverlayOptions::for_profile(Profile::lan), false);
        world.attach(node_host, *node);
        hostile_host = world.add_host({"10.0.0.2", 3451});
        world.attach(hostile_host, hostile);
        node->start();
    }
    void send(HostId from, const std::string& bytes) {
        Transport& transport = world.env(from).transport;
        transport.write(transport.connect(node_at), bytes);
    }
    // 300 labels x 300 lines in 3 kB.
    static std::string product() {
        std::string query = "insert";
        for (int i = 0; i < 300; ++i) query += " l" + std::to_string(i);
        for (int i = 0; i < 300; ++i) query += "\n0 h" + std::to_string(i) + " 1";
        return query;
    }

    const Endpoint node_at{"10.0.0.1", 3451};
    EndpointTable endpoints;
    SimWorld world;
    HostId hostile_host{};
    Speaker hostile;
    std::unique_ptr<OverlayNode> node;
};

TEST_F(SharesOfATurn, AnHonestQueryIsAnsweredWhileAProductIsStillInserted) {
    send(hostile_host, product());
    ASSERT_TRUE(world.run_until([&] { return node->status().turns_cut > 0; }, 1s));
    EXPECT_EQ(node->status().sources_waiting, 1U) << "the product takes more than a turn";
    // In the same instant. One turn later it is answered, and the product goes on.
    constexpr StreamId honest{std::uint64_t{1} << 40};
    node->on_accept(honest, {"10.9.0.3", 40000});
    node->on_bytes(honest, "insert chat\n1700000000 a.example 80");
    node->on_wakeup();
    EXPECT_EQ(node->host_count(*Label::parse("chat")), 1U);
    EXPECT_EQ(node->status().sources_waiting, 1U);
}

TEST_F(SharesOfATurn, AProductIsAnsweredInFull) {
    send(hostile_host, product());
    ASSERT_TRUE(world.run_until([&] { return hostile.ended; }, 10s));
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = hostile.received.find("re: l", at)) != std::string::npos; ++at) ++lines;
    for (std::size_t at = 0; (at = hostile.received.find("ss: l", at)) != std::string::npos; ++at) ++lines;
    EXPECT_EQ(lines, 300U * 300U);
    EXPECT_EQ(node->status().sources_waiting, 0U);
}

TEST_F(SharesOfATurn, ManyRequestsOnOneConnectionAreNoConversation) {
    gossip::Message m;
    m.kind = gossip::Kind::exchange;
    m.hello.swarm = fnv1a("halp");
    m.hello.node = 42;
    m.hello.port = 3451;
    m.hello.incarnation = 1'700'000'000;
    m.hello.all_labels = true;
    const std::string one = gossip::encode(m, endpoints);
    std::string many;
    while (many.size() < 60'000) many += one;
    send(hostile_host, many);
    ASSERT_TRUE(world.run_until([&] { return hostile.ended; }, 1s));
    EXPECT_EQ(node->status().malformed, 1U);
    EXPECT_LT(hostile.received.size(), 4 * one.size() + 200) << "one answer and a refusal";
}

TEST(WorkSharesTest, SourcesTakeTurnsHoweverManyConnectionsOneHas) {
    WorkShares shares;
    const Instant now{1s};
    const Endpoint many{"10.0.0.2", 1}, one{"10.0.0.3", 1};
    for (std::uint64_t i = 0; i < 100; ++i) shares.wait(many, StreamId{i}, now);
    shares.wait(one, StreamId{1000}, now);
    shares.begin_turn(now);
    StreamId id{};
    ASSERT_TRUE(shares.next_step(id));
    EXPECT_EQ(id, StreamId{0});
    shares.spend(work::per_step);
    ASSERT_TRUE(shares.next_step(id));
    EXPECT_EQ(id, StreamId{1000}) << "the second step is of the other source";
    shares.spend(work::per_turn);
    EXPECT_FALSE(shares.next_step(id)) << "the turn is over";
    EXPECT_NE(shares.next_deadline(), no_deadline);
}

TEST(WorkSharesTest, BytesOfASourceDoNotOvertakeItsOwnWork) {
    WorkShares shares;
    const Instant now{1s};
    const Endpoint busy{"10.0.0.2", 1}, other{"10.0.0.3", 1};
    shares.wait(busy, StreamId{1}, now);
    EXPECT_FALSE(shares.may_begin(busy, now));
    EXPECT_TRUE(shares.may_begin(other, now));
    shares.spend(work::per_turn);
    EXPECT_FALSE(shares.may_begin(other, now));
}

// A `get` costs what is walked, not the number that it names.
TEST_F(SharesOfATurn, AGetBehindTheEndOfAListIsCheap) {
    for (int i = 0; i < 50; ++i) send(hostile_host, "get chat[4000000:4000010]");
    world.run_for(1s);
    EXPECT_EQ(node->status().text_queries, 50u);
    EXPECT_EQ(node->status().turns_cut, 0u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
