// Nothing is left out for good because of its place in a list or a queue (overlay/gossip/rules.md, section 6).
#include <gtest/gtest.h>

#include <set>

#include "overlay/node/overlay_node.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

OverlayOptions short_ttl() {
    OverlayOptions options = OverlayOptions::for_profile(Profile::local);
    options.gossip.ttl = 12s;
    options.table.fallback.ttl = 12s;
    return options;
}

Endpoint host(int i) { return {"10.77." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1), 80}; }

TEST(EverythingInTurn, SixHundredHostsOfOneNodeStayListedByAll) {
    Swarm swarm{41, short_ttl()};
    swarm.add(3, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    const Label big = Label::parse("big").value();
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(swarm.node(1).announce(big, host(i)));
    EXPECT_TRUE(swarm.within(3s, [&] { return swarm.node(2).host_count(big) == 600; }));
    swarm.world.run_for(13s);
    for (int i = 0; i < 12; ++i) {
        swarm.world.run_for(1s);
        EXPECT_EQ(swarm.node(0).host_count(big), 600u) << i;
        EXPECT_EQ(swarm.node(2).host_count(big), 600u) << i;
    }
}

TEST(EverythingInTurn, MoreWithdrawalsThanAMessageHoldsReachAll) {
    Swarm swarm{42, short_ttl()};
    swarm.add(3, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    const Label big = Label::parse("big").value();
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(swarm.node(1).announce(big, host(i)));
    ASSERT_TRUE(swarm.within(4s, [&] { return swarm.node(2).host_count(big) == 600; }));
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(swarm.node(1).withdraw(big, host(i)));
    EXPECT_TRUE(swarm.within(6s, [&] { return swarm.node(2).host_count(big) == 100; }));
    EXPECT_TRUE(swarm.within(1s, [&] { return swarm.node(0).host_count(big) == 100; }));
}

TEST(EverythingInTurn, ManyLabelsWithManyHostsAllStay) {
    Swarm swarm{43, short_ttl()};
    swarm.add(2, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    for (int l = 0; l < 64; ++l)
        for (int i = 0; i < 20; ++i)
            ASSERT_TRUE(swarm.node(0).announce(Label::parse("l" + std::to_string(l)).value(), host(i)));
    swarm.world.run_for(13s);
    for (int i = 0; i < 3; ++i) {
        swarm.world.run_for(1s);
        EXPECT_EQ(swarm.node(1).status().entries, 64u * 20u) << i;
    }
}

TEST(EverythingInTurn, AListTellsEachEntryOnceInATurn) {
    EndpointTable endpoints;
    HostList list{endpoints, {}};
    const Instant now{1h};
    for (int i = 0; i < 600; ++i) {
        HostEntry entry;
        entry.endpoint = endpoints.intern(host(i));
        entry.incarnation = 1;
        entry.withdrawn = i % 2 == 0;
        entry.confirmed = now - std::chrono::milliseconds{i};
        ASSERT_NE(list.merge(entry, now), Merge::refused);
    }
    std::set<EndpointId> told;
    for (int message = 0; message < 40; ++message)
        for (const HostEntry& entry : list.next_told(16, 16, now)) told.insert(entry.endpoint);
    EXPECT_EQ(told.size(), 600u);
    EXPECT_EQ(list.next_told(16, 16, now).size(), 32u);
    EXPECT_TRUE(list.next_told(16, 16, now + 10min).empty()) << "what has expired is not told";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
