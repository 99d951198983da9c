// What a node finds in its cache at the start is old memory: it is called or shown as old, and told to nobody
// before somebody has confirmed it.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

const Label chat = *Label::parse("chat");
const Endpoint service{"10.9.9.9", 80};

OverlayOptions short_lived() {
    OverlayOptions options = OverlayOptions::for_profile(Profile::local);
    options.gossip.ttl = 12s;
    options.table.fallback.ttl = 4s;
    options.save_learned = 200ms;
    return options;
}

TEST(OldMemory, ADeadServiceDoesNotComeBackWhenAnotherNodeRestarts) {
    Swarm swarm{1, short_lived()};
    swarm.add(3, 0);
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.all_know_all(); }));
    ASSERT_TRUE(swarm.node(2).announce(chat, service));
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.listing(chat, service) == 3; }));
    swarm.world.run_for(1s);
    swarm.crash(2);
    ASSERT_TRUE(swarm.within(15s, [&] { return swarm.listing(chat, service) == 0; }));
    EXPECT_TRUE(swarm.node(1).flush());
    swarm.crash(1);
    swarm.restart(1);
    ASSERT_TRUE(swarm.lists(1, chat, service)) << "its own memory";
    EXPECT_TRUE(swarm.node(1).hosts(chat, 0, 1).front().remembered);
    for (int i = 0; i < 30; ++i) {
        swarm.world.run_for(1s);
        ASSERT_FALSE(swarm.lists(0, chat, service)) << "after " << i << " s";
    }
}

TEST(OldMemory, FormerAnnouncementsOfANodeItselfAreNotRenewed) {
    Swarm swarm{2, short_lived()};
    swarm.add(2, 0);
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.all_know_all(); }));
    ASSERT_TRUE(swarm.node(1).announce(chat, service));
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.listing(chat, service) == 2; }));
    swarm.world.run_for(1s);
    swarm.crash(1);
    ASSERT_TRUE(swarm.within(15s, [&] { return swarm.listing(chat, service) == 0; }));
    swarm.restart(1);
    EXPECT_TRUE(swarm.node(1).announcements().empty());
    swarm.world.run_for(15s);
    EXPECT_FALSE(swarm.lists(0, chat, service));
    ASSERT_TRUE(swarm.lists(1, chat, service));

    // An application announces again: now it is news, and no memory.
    ASSERT_TRUE(swarm.node(1).announce(chat, service));
    EXPECT_TRUE(swarm.within(3s, [&] { return swarm.listing(chat, service) == 2; }));
    EXPECT_FALSE(swarm.node(1).hosts(chat, 0, 1).front().remembered);
}

TEST(OldMemory, AHostThatSomebodyConfirmsIsToldAgain) {
    Swarm swarm{3, short_lived()};
    swarm.add(3, 0);
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.all_know_all(); }));
    ASSERT_TRUE(swarm.node(1).announce(chat, service));
    swarm.world.run_for(2s);
    for (const std::size_t i : {1U, 2U}) swarm.crash(i);
    ASSERT_TRUE(swarm.within(15s, [&] { return !swarm.lists(0, chat, service); }));
    swarm.restart(2);
    swarm.world.run_for(5s);
    ASSERT_FALSE(swarm.lists(0, chat, service));
    ASSERT_TRUE(swarm.node(2).confirm(chat, service, true));
    EXPECT_TRUE(swarm.within(5s, [&] { return swarm.lists(0, chat, service); }));
}

TEST(OldMemory, ANodeThatMovedToAnotherSwarmBringsNoHostsAlong) {
    Swarm swarm{4, short_lived()};
    swarm.add("test");  // 0
    swarm.add("test");  // 1, which moves
    swarm.add("prod");  // 2
    swarm.world.run_for(1s);
    ASSERT_TRUE(swarm.node(0).announce(chat, service));
    ASSERT_TRUE(swarm.node(1).insert(chat, {"10.9.9.8", 80}, UnixSeconds{1'700'000'000}));
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.lists(1, chat, service); }));
    swarm.world.run_for(1s);
    EXPECT_TRUE(swarm.node(1).flush());
    swarm.crash(1);
    swarm.move_to(1, "prod");
    swarm.set_seeds({swarm.at(2)});
    swarm.restart(1);
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.lists(2, Label::halp(), swarm.at(1)); }));
    EXPECT_EQ(swarm.node(1).host_count(chat), 0U);
    EXPECT_TRUE(swarm.node(1).names(Label::labels(), 0, 10).empty());
    EXPECT_EQ(swarm.node(1).status().kept_aside, 3U) << "two hosts and a node";
    for (int i = 0; i < 20; ++i) {
        swarm.world.run_for(1s);
        ASSERT_EQ(swarm.node(2).host_count(chat), 0U);
        ASSERT_FALSE(swarm.lists(2, Label::halp(), swarm.at(0)));
        ASSERT_FALSE(swarm.lists(1, Label::halp(), swarm.at(0)));
    }

    EXPECT_TRUE(swarm.node(1).flush());
    swarm.crash(1);
    swarm.crash(0);
    swarm.move_to(1, "test");
    swarm.restart(1);
    EXPECT_TRUE(swarm.lists(1, chat, service)) << "nothing was lost";
    EXPECT_TRUE(swarm.lists(1, chat, {"10.9.9.8", 80}));
}

TEST(OldMemory, TheFirstPeersAndTheFirstHostOfALabelAreOnDiskWithinASecond) {
    Swarm swarm{5, OverlayOptions::for_profile(Profile::local)};
    swarm.add(2, 0);
    ASSERT_TRUE(swarm.within(1s, [&] { return swarm.all_know_all(); }));
    ASSERT_TRUE(swarm.node(0).announce(chat, service));
    ASSERT_TRUE(swarm.within(1s, [&] { return swarm.lists(1, chat, service); }));
    swarm.world.run_for(1s);
    swarm.crash(1);
    swarm.set_seeds({{"10.77.0.1", 3451}});  // where nobody is
    swarm.restart(1);
    EXPECT_TRUE(swarm.lists(1, chat, service));
    EXPECT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); })) << "it finds the other by its cache alone";
}

TEST(OldMemory, ANodeThatIsAloneCallsAllNodesThatItRemembers) {
    Swarm swarm{7, OverlayOptions::for_profile(Profile::wan)};
    swarm.add(2, 0);
    ASSERT_TRUE(swarm.within(30s, [&] { return swarm.all_know_all(); }));
    std::string cached = "1700000000 " + swarm.at(0).host + " 3451";
    for (int i = 1; i <= 80; ++i) cached += "\n1700000000 10.88.0." + std::to_string(i) + " 3451";
    ASSERT_TRUE(swarm.world.env(swarm.host(1)).cache.replace("halp", cached));
    swarm.crash(1);
    swarm.set_seeds({{"10.77.0.1", 3451}});  // where nobody is
    swarm.restart(1);
    EXPECT_TRUE(swarm.within(80s, [&] { return swarm.node(1).status().peers_proved > 0; }));
}

TEST(OldMemory, ATimeFromTheFutureIsServedAndToldAsTheTimeOfItsArrival) {
    Swarm swarm{6, OverlayOptions::for_profile(Profile::local)};
    swarm.add(2, 0);
    ASSERT_TRUE(swarm.within(1s, [&] { return swarm.all_know_all(); }));
    const UnixSeconds now = swarm.world.env(swarm.host(0)).clock.wall();
    ASSERT_TRUE(swarm.node(0).insert(chat, service, UnixSeconds{4'102'444'800}));
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.lists(1, chat, service); }));
    swarm.world.run_for(30s);
    for (const std::size_t i : {0U, 1U}) {
        const UnixSeconds seen = swarm.node(i).hosts(chat, 0, 1).front().seen;
        EXPECT_GE(count(seen), count(now) - 1) << i;
        EXPECT_LE(count(seen), count(now) + 3) << i;
    }
}

TEST(OldMemory, AQueryMakesANameKnownToHalpTextOnly) {
    const EndpointTable endpoints;
    LabelTable table{endpoints, {}};
    const Instant now{1h};
    table.mention(*Label::parse("asked"), local_source, now, UnixSeconds{5}, true);
    table.mention(chat, local_source, now, UnixSeconds{5}, true);
    const NameList* names = table.names(Label::labels());
    ASSERT_TRUE(names);
    EXPECT_EQ(names->size(), 2U);
    EXPECT_EQ(names->known(), 0U);
    table.mention(chat, local_source, now, UnixSeconds{5});
    ASSERT_EQ(names->page_of_known(0, 10).size(), 1U);
    EXPECT_EQ(names->page_of_known(0, 10).front().name, "chat");
    EXPECT_TRUE(names->page_of_known(1, 10).empty());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
