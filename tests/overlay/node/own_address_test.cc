// What a node believes of itself, and how that is revised: real nodes in the virtual world.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "overlay/node/overlay_node.h"
#include "simulations/world/sim_world.h"
#include "tests/overlay/gossip/dice.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

const Label chat = *Label::parse("chat");

template <class Kind>
std::size_t noted(const SimWorld& world, HostId host) {
    return static_cast<std::size_t>(std::ranges::count_if(world.noted(), [&](const SimWorld::Noted& n) {
        return n.host == host && std::holds_alternative<Kind>(static_cast<const Event::variant&>(n.event));
    }));
}

// Nodes with options of their own.
struct Nodes {
    explicit Nodes(std::uint64_t seed) : world(seed, collecting()) {}
    static SimOptions collecting() {
        SimOptions options;
        options.collect_events = true;
        return options;
    }

    std::size_t add(const Endpoint& at, const OverlayOptions& options, Random* random = nullptr) {
        const HostId host = world.add_host(at);
        const OverlayEnvironment& own = world.env(host);
        const Environment base{own.clock, own.alarm, random ? *random : own.random, own.transport};
        const OverlayEnvironment environment{base, own.cache, own.state, own.observer};
        nodes.push_back(std::make_unique<OverlayNode>(environment, endpoints, options, false));
        hosts.push_back(host);
        world.attach(host, *nodes.back());
        nodes.back()->start();
        return nodes.size() - 1;
    }
    bool within(Duration span, const std::function<bool()>& done) {
        const Instant end = world.now() + span;
        while (!done()) {
            if (world.now() >= end) return false;
            world.run_for(10ms);
        }
        return true;
    }
    [[nodiscard]] bool lists(std::size_t i, const Endpoint& peer) const {
        return std::ranges::any_of(nodes[i]->hosts(Label::halp(), 0, 1000),
                                   [&](const ListedHost& h) { return h.endpoint == peer; });
    }

    [[nodiscard]] bool proved(std::size_t i, const Endpoint& peer) const {
        return std::ranges::any_of(nodes[i]->peers(),
                                   [&](const PeerStatus& p) { return p.endpoint == peer && p.proved; });
    }

    SimWorld world;
    EndpointTable endpoints;
    std::vector<HostId> hosts;
    std::vector<std::unique_ptr<OverlayNode>> nodes;
};

OverlayOptions joining(const Endpoint& seed) {
    OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
    options.seeds = {seed};
    return options;
}

TEST(AddressChange, ANodeFollowsItsNewAddress) {
    Swarm swarm{31};
    swarm.add(8, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    const Endpoint old = swarm.at(3), fresh{"10.7.7.7", 3451};
    ASSERT_TRUE(swarm.node(3).announce_here(chat, 5222));
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.listing(chat, {old.host, 5222}) == 8; }));

    swarm.world.move(swarm.host(3), fresh);

    EXPECT_TRUE(swarm.within(30s, [&] { return swarm.node(3).self() == fresh; }));
    EXPECT_TRUE(swarm.within(30s, [&] { return swarm.listing(chat, {fresh.host, 5222}) == 8; }));
    EXPECT_TRUE(swarm.within(30s, [&] { return swarm.listing(chat, {old.host, 5222}) == 0; }));
    EXPECT_TRUE(swarm.within(60s, [&] { return swarm.listing(Label::halp(), old) == 0; }));
    EXPECT_EQ(swarm.listing(Label::halp(), fresh), 8u);
    EXPECT_EQ(swarm.node(3).announcements().front().endpoint.host, fresh.host);
    EXPECT_GE(noted<SelfLost>(swarm.world, swarm.host(3)), 1u);
}

TEST(AddressChange, TheMachineThatHasTheOldAddressNowIsSeen) {
    Swarm swarm{32};
    swarm.add(6, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    const Endpoint old = swarm.at(3), fresh{"10.7.7.7", 3451};
    swarm.world.move(swarm.host(3), fresh);
    ASSERT_TRUE(swarm.within(60s, [&] { return swarm.node(3).self() == fresh; }));
    const std::size_t heir = swarm.add();
    swarm.world.move(swarm.host(heir), old);

    EXPECT_TRUE(swarm.within(60s, [&] { return swarm.node(heir).self() == old; }));
    EXPECT_TRUE(swarm.within(60s, [&] { return swarm.lists(3, Label::halp(), old); }));
    EXPECT_EQ(swarm.node(3).self(), fresh);
}

// With what the kernel says, a node need not wait for others.
TEST(AddressChange, AnnouncementsForAnAddressThatTheMachineLostWaitUntilItIsBack) {
    Nodes n{33};
    OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
    options.own_addresses = {"10.0.0.1", "10.1.0.1", "127.0.0.1"};
    n.add({"10.0.0.1", 3451}, options);
    OverlayNode& node = *n.nodes[0];
    const Endpoint of_machine{"10.1.0.1", 80}, elsewhere{"192.0.2.1", 80};
    ASSERT_TRUE(node.announce(chat, of_machine));
    ASSERT_TRUE(node.announce(chat, elsewhere));

    node.set_own_addresses({"10.0.0.1", "127.0.0.1"});
    ASSERT_EQ(node.announcements().size(), 1u);
    EXPECT_EQ(node.announcements().front().endpoint, elsewhere);
    EXPECT_EQ(node.status().announcements_waiting, 1u);
    EXPECT_FALSE(node.announce(chat, of_machine)) << "it still waits";

    node.set_own_addresses({"10.0.0.1", "10.1.0.1", "127.0.0.1"});
    EXPECT_EQ(node.announcements().size(), 2u);
    node.set_own_addresses({"10.0.0.1", "127.0.0.1"});
    EXPECT_TRUE(node.withdraw(chat, of_machine)) << "while it waits, too";
    EXPECT_EQ(node.status().announcements_waiting, 0u);
}

TEST(AddressChange, AnAnnouncementWithoutAHostIsNotTheOneWithTheSameHost) {
    Swarm swarm{34};
    swarm.add(2, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    const Endpoint here{swarm.at(1).host, 80};
    ASSERT_TRUE(swarm.node(1).announce_here(chat, 80));
    ASSERT_TRUE(swarm.node(1).announce(chat, here));
    EXPECT_TRUE(swarm.node(1).withdraw_here(chat, 80));
    EXPECT_TRUE(swarm.lists(1, chat, here));
    EXPECT_TRUE(swarm.node(1).withdraw(chat, here));
    EXPECT_FALSE(swarm.lists(1, chat, here));
    EXPECT_FALSE(swarm.node(1).withdraw_here(chat, 80));
}

TEST(Collision, TwoNodesThatAdvertiseOneAddressAreBothTold) {
    Nodes n{35};
    const Endpoint first{"10.0.0.1", 3451}, shared{"10.0.0.2", 3451};
    n.add(first, OverlayOptions::for_profile(Profile::lan));
    OverlayOptions options = joining(first);
    options.advertise = shared;
    n.add(shared, options);
    n.add({"10.0.0.3", 3451}, options);

    EXPECT_TRUE(n.within(60s, [&] {
        return noted<SelfContested>(n.world, n.hosts[1]) > 0 && noted<SelfContested>(n.world, n.hosts[2]) > 0;
    }));
    EXPECT_GT(noted<PeerContested>(n.world, n.hosts[0]), 0u);
    EXPECT_GT(n.nodes[2]->status().self_contested, 0u);
    EXPECT_EQ(noted<SelfContested>(n.world, n.hosts[0]), 0u);
}

TEST(Collision, ARestartIsNone) {
    Swarm swarm{36};
    swarm.add(6, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    for (int i = 0; i < 4; ++i) {
        swarm.crash(2);
        swarm.world.run_for(3s);
        swarm.restart(2);
        swarm.world.run_for(7s);
    }
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(noted<PeerContested>(swarm.world, swarm.host(i)), 0u);
        EXPECT_EQ(noted<SelfContested>(swarm.world, swarm.host(i)), 0u);
        EXPECT_EQ(noted<NumberShared>(swarm.world, swarm.host(i)), 0u);
        EXPECT_EQ(noted<SelfUnreachable>(swarm.world, swarm.host(i)), 0u);
    }
}

// A virtual machine that is copied while it runs: both draw the same numbers from now on.
TEST(Collision, ACopyOfARunningNodeTakesAnotherNumberAndBothMeet) {
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
        Nodes n{seed};
        test::Dice one{99}, copy{99};
        const Endpoint first{"10.0.0.1", 3451}, a{"10.0.0.2", 3451}, b{"10.0.0.3", 3451};
        n.add(first, OverlayOptions::for_profile(Profile::lan));
        n.add(a, joining(first), &one);
        n.add(b, joining(first), &copy);

        EXPECT_TRUE(n.within(120s, [&] {
            return noted<NumberShared>(n.world, n.hosts[1]) > 0 && noted<NumberShared>(n.world, n.hosts[2]) > 0;
        })) << seed;
        EXPECT_TRUE(n.within(60s, [&] { return n.proved(1, b) && n.proved(2, a); })) << seed;
        EXPECT_EQ(noted<NumberShared>(n.world, n.hosts[0]), 0u);
    }
}

TEST(Collision, ANodeThatMeetsItselfStaysOne) {
    Nodes n{37};
    const Endpoint first{"10.0.0.1", 3451};
    n.add(first, OverlayOptions::for_profile(Profile::lan));
    n.add({"10.0.0.2", 3451}, joining({"10.0.0.2", 3451}));
    n.world.run_for(60s);
    EXPECT_EQ(noted<NumberShared>(n.world, n.hosts[1]), 0u);
    EXPECT_GE(noted<SeedIsSelf>(n.world, n.hosts[1]), 1u);
    EXPECT_EQ(n.nodes[1]->seeds().front().outcome, SeedOutcome::itself);
}

TEST(Unreachable, ANodeThatOthersCannotCallIsTold) {
    Nodes n{38};
    const Endpoint first{"10.0.0.1", 3451}, wrong{"10.0.0.4", 9999};
    n.add(first, OverlayOptions::for_profile(Profile::lan));
    n.add({"10.0.0.2", 3451}, joining(first));
    n.add({"10.0.0.3", 3451}, joining(first));
    OverlayOptions options = joining(first);
    options.advertise = wrong;  // nothing listens on that port
    n.add({"10.0.0.4", 3451}, options);

    EXPECT_TRUE(n.within(120s, [&] { return noted<SelfUnreachable>(n.world, n.hosts[3]) > 0; }));
    const NodeStatus status = n.nodes[3]->status();
    EXPECT_GT(status.unreached, 1u);
    EXPECT_LE(status.unreached, status.witnesses);
    EXPECT_EQ(status.unreached_why, ConnectFailure::refused);
    EXPECT_EQ(noted<SelfUnreachable>(n.world, n.hosts[1]), 0u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
