// What quotas refuse and what finds no room is told, whatever it came by.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "overlay/node/overlay_node.h"
#include "overlay/node/room_watch.h"
#include "simulations/swarm/scripted_hosts.h"
#include "simulations/world/sim_world.h"
#include "tests/overlay/gossip/gossip_parts.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

// A node at which one source may make two new labels an hour.
class RefusedInsert : public testing::Test {
protected:
    RefusedInsert() {
        OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
        options.table.new_labels_per_source_and_hour = 2;
        node = std::make_unique<OverlayNode>(world.env(node_host), endpoints, options, false);
        world.attach(node_host, *node);
        node->start();
    }
    static SimOptions collecting() {
        SimOptions options;
        options.collect_events = true;
        return options;
    }
    [[nodiscard]] std::vector<InsertRefused> told() const {
        std::vector<InsertRefused> out;
        for (const SimWorld::Noted& noted : world.noted())
            if (const auto* event = std::get_if<InsertRefused>(&static_cast<const Event::variant&>(noted.event)))
                out.push_back(*event);
        return out;
    }

    const Endpoint node_at{"10.0.0.1", 3451}, other{"10.0.0.9", 3451};
    SimWorld world{5, collecting()};
    EndpointTable endpoints;
    HostId node_host = world.add_host(node_at);
    std::unique_ptr<OverlayNode> node;
};

TEST_F(RefusedInsert, OfANameIsTold) {
    struct Speaker final : sim::ScriptedHost {
        void start() override {}
        void on_bytes(StreamId, Bytes bytes) override { answers += std::string{bytes} + "\n"; }
        std::string answers;
    } speaker;
    const HostId host = world.add_host(other);
    world.attach(host, speaker);
    for (const char* name : {"a", "b", "c", "d"}) {
        Transport& transport = world.env(host).transport;
        transport.write(transport.connect(node_at), std::string{"insert labels\n1700000000 "} + name);
        world.run_for(100ms);
    }
    EXPECT_NE(speaker.answers.find("failure: labels 1700000000 d"), std::string::npos) << speaker.answers;
    ASSERT_EQ(told().size(), 1u) << "once an hour";
    EXPECT_EQ(told().front().source.host, other.host);
    EXPECT_EQ(told().front().cause, RefusalCause::source_label_quota);
}

TEST_F(RefusedInsert, OfALineOfAnOriginalIsTold) {
    const HostId host = world.add_host(other);
    sim::OriginalHost original{world.env(host), other, node_at};
    world.attach(host, original);
    original.start();
    for (int i = 0; i < 6; ++i) original.insert(*Label::parse("l" + std::to_string(i)), {"192.0.2.1", 80});
    ASSERT_TRUE(node->insert(Label::halp(), other, world.env(node_host).clock.wall()));
    world.run_for(2min);
    ASSERT_EQ(told().size(), 1u);
    EXPECT_EQ(told().front().source, other);
    EXPECT_EQ(told().front().cause, RefusalCause::source_label_quota);
}

TEST(RoomWatch, TellsEachKindWhenItGrowsOnceInTenMinutes) {
    test::EventLog events;
    RoomWatch room;
    const Instant now = test::start;
    room.look({0, 0, 0, 0, 0}, events, now);
    EXPECT_EQ(events.count<RoomShort>(), 0u);
    EXPECT_FALSE(room.due(now + 1s));
    room.look({0, 3, 0, 0, 1}, events, now + 10s);
    EXPECT_EQ(events.count<RoomShort>(), 2u);
    room.look({0, 4, 0, 0, 1}, events, now + 1min);
    EXPECT_EQ(events.count<RoomShort>(), 2u);
    room.look({0, 4, 0, 0, 1}, events, now + 11min);
    EXPECT_EQ(events.count<RoomShort>(), 3u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
