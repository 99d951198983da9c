// Half of a swarm dies. How long does the last survivor list the last of the dead? The bound is in
// overlay/gossip/rules.md, section 5, "Stragglers".
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

struct Starved {
    double share = 0;  // of the turns of a node that begin late
    Duration most{1};
};

// Of the survivors that list a dead node.
std::size_t stragglers(const Swarm& swarm, std::size_t first_dead) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < first_dead; ++i) {
        bool any = false;
        for (std::size_t dead = first_dead; dead < swarm.size() && !any; ++dead)
            any = swarm.lists(i, Label::halp(), swarm.at(dead));
        n += any;
    }
    return n;
}

Duration forgets_half(std::uint64_t seed, Profile profile, Starved starved, Duration most) {
    constexpr std::size_t nodes = 40;
    Swarm swarm{seed, OverlayOptions::for_profile(profile)};
    swarm.add(nodes, 0);
    EXPECT_TRUE(swarm.within(20s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(10s);
    for (std::size_t i = 0; i < nodes; ++i) swarm.world.starve(swarm.host(i), starved.share, starved.most);
    swarm.world.run_for(5s);
    for (std::size_t i = nodes / 2; i < nodes; ++i) swarm.crash(i);
    const Instant died = swarm.world.now();
    while (stragglers(swarm, nodes / 2) > 0 && swarm.world.now() - died < most) swarm.world.run_for(250ms);
    return swarm.world.now() - died;
}

double seconds(Duration d) { return static_cast<double>(d.count()) / 1e6; }

void holds(Profile profile, Starved starved, Duration most) {
    Duration worst{0};
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
        worst = std::max(worst, forgets_half(seed, profile, starved, most + 1s));
    std::cout << "the last of the dead is forgotten after " << seconds(worst) << " s\n";
    EXPECT_LE(worst, most);
}

TEST(Straggler, NobodyKeepsADeadNodeThatAllOthersHaveForgotten) { holds(Profile::lan, {}, 20s); }

TEST(Straggler, NodesThatGetLittleProcessorForgetTheDeadToo) { holds(Profile::local, {0.2, 1s}, 40s); }

TEST(Straggler, AlsoWhenTheyStandStillForLongerThanAnExcuse) { holds(Profile::local, {0.2, 2s}, 45s); }

// One survivor stands still while the others find the dead and tell each other.
TEST(Straggler, ASurvivorThatSleptThroughItHearsOfAllOfItAtItsFirstExchanges) {
    Swarm swarm{3};
    swarm.add(40, 0);
    ASSERT_TRUE(swarm.within(20s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(10s);
    swarm.world.stall(swarm.host(5), 30s);
    for (std::size_t i = 20; i < 40; ++i) swarm.crash(i);
    swarm.world.run_for(30s);
    EXPECT_TRUE(swarm.within(8s, [&] { return stragglers(swarm, 20) == 0; }));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
