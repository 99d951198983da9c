// Queries and frames that never end: what they may keep of a node's memory, and who pays.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/input_account.h"
#include "overlay/node/overlay_node.h"
#include "simulations/world/sim_world.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

class AnyPeer final : public EventHandler {
public:
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId stream, Bytes bytes) override { received[stream].append(bytes); }
    void on_end(StreamId) override { ++ended; }
    void on_closed(StreamId) override { ++ended; }
    void on_wakeup() override {}
    std::map<StreamId, std::string> received;
    int ended = 0;
};

class UnfinishedInput : public testing::Test {
protected:
    UnfinishedInput() : world(5) {
        const HostId host = world.add_host(at);
        OverlayEnvironment environment = world.env(host);
        environment.input = &account;
        node =
            std::make_unique<OverlayNode>(environment, endpoints, OverlayOptions::for_profile(Profile::lan), false);
        world.attach(host, *node);
        node->start();
    }
    struct Host {
        HostId id;
        AnyPeer peer;
    };
    Host& add_host(const std::string& address) {
        Host& host = *hosts.emplace_back(std::make_unique<Host>());
        host.id = world.add_host({address, 3451});
        world.attach(host.id, host.peer);
        return host;
    }
    StreamId send(Host& host, const std::string& bytes) {
        Transport& transport = world.env(host.id).transport;
        const StreamId stream = transport.connect(at);
        transport.write(stream, bytes);
        return stream;
    }
    static std::string long_insert(std::size_t bytes) {
        std::string insert = "insert chat\n";
        while (insert.size() < bytes) insert += "1700000000 a.example 80\n";
        return insert + "1700000000 a.exam";
    }

    const Endpoint at{"10.0.0.1", 3451};
    EndpointTable endpoints;
    InputAccount account{std::size_t{1} << 20};
    SimWorld world;
    std::unique_ptr<OverlayNode> node;
    std::vector<std::unique_ptr<Host>> hosts;
};

TEST_F(UnfinishedInput, OfOneAddressDoesNotPushOutTheQueryOfAnother) {
    Host& hostile = add_host("10.2.0.1");
    Host& honest = add_host("10.1.0.1");
    const StreamId query = send(honest, "insert chat\n1700000000 b.example 80\n1700000000 c.exam");
    for (int i = 0; i < 10; ++i) {
        send(hostile, long_insert(300'000));
        world.run_for(20ms);
        EXPECT_LE(account.bytes(), account.bytes_max());
    }
    EXPECT_GE(account.dropped(), 6u);
    EXPECT_GE(hostile.peer.ended, 6);
    for (const auto& [stream, answer] : hostile.peer.received) EXPECT_EQ(answer, "Could not parse request");
    world.env(honest.id).transport.write(query, "ple 80");
    world.run_for(1s);
    EXPECT_EQ(honest.peer.received[query],
              "success: chat 1700000000 b.example 80success: chat 1700000000 c.example 80");
}

TEST_F(UnfinishedInput, IsFreedWhenThePeerGoes) {
    Host& hostile = add_host("10.2.0.1");
    const StreamId text = send(hostile, long_insert(300'000));
    const StreamId frame = send(hostile, std::string("\xB5\x02\x01\0\0\0\xff\xff", 8) + std::string(20'000, 'x'));
    world.run_for(20ms);
    EXPECT_GE(account.bytes(), 320'000u);
    for (const StreamId stream : {text, frame}) world.env(hostile.id).transport.abort(stream);
    world.run_for(20ms);
    EXPECT_EQ(account.bytes(), 0u);
    EXPECT_EQ(account.dropped(), 0u);
}

TEST_F(UnfinishedInput, HalfFramesOfGossipAreInTheSameAccount) {
    Host& hostile = add_host("10.2.0.1");
    for (int i = 0; i < 100; ++i)
        send(hostile, std::string("\xB5\x02\x01\0\0\0\xff\xff", 8) + std::string(60'000, 'x'));
    world.run_for(20ms);
    EXPECT_LE(account.bytes(), account.bytes_max());
    EXPECT_GE(account.dropped(), 80u);
    world.run_for(1min);
    EXPECT_EQ(account.bytes(), 0u) << "no peer has so much time";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
