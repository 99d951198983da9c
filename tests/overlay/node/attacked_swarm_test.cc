// Nodes that know each other, and 150 attackers that answer calls, name only each other, and do so all the time.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "simulations/swarm/scripted_hosts.h"
#include "store/hash.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

constexpr int attackers_count = 150;

class AttackedSwarm : public testing::TestWithParam<bool> {
protected:
    AttackedSwarm() {
        swarm.add(5, 0);
        EXPECT_TRUE(swarm.within(6s, [&] { return swarm.all_know_all(); }));
        swarm.world.run_for(5s);
    }
    // In as many address groups as there are attackers, or in one.
    void attack() {
        for (int i = 0; i < attackers_count; ++i)
            plan.attackers.push_back(
                {GetParam() ? "20." + std::to_string(i) + ".0.1" : "20.0." + std::to_string(i) + ".1", 4000});
        for (std::size_t i = 0; i < swarm.size(); ++i) plan.victims.push_back(swarm.at(i));
        plan.swarm = fnv1a("halp");
        plan.period = 1s;
        plan.pushes = 1;
        for (const Endpoint& me : plan.attackers) {
            const HostId host = swarm.world.add_host(me);
            attackers.push_back(std::make_unique<sim::AttackerHost>(swarm.world.env(host), table, plan, me));
            swarm.world.attach(host, *attackers.back());
            attackers.back()->start();
        }
    }
    // How many of the other honest nodes this one has reached.
    std::size_t found(std::size_t node) {
        std::size_t count = 0;
        for (const PeerStatus& peer : swarm.node(node).peers())
            count += peer.proved && peer.role != PeerRole::grave && peer.endpoint.host.starts_with("10.");
        return count;
    }
    // Until all five list a new announcement, in all over several announcements.
    Duration time_of_news(const std::string& prefix) {
        const Instant begin = swarm.world.now();
        Duration sum{0};
        for (int i = 0; i < 10; ++i) {
            const Label label = *Label::parse(prefix + std::to_string(i));
            const Endpoint service{"10.9.9.9", 80};
            const Instant from = swarm.world.now();
            EXPECT_TRUE(swarm.node(static_cast<std::size_t>(i % 5)).announce(label, service));
            while (swarm.listing(label, service) < 5 && swarm.world.now() < begin + 60s) swarm.world.run_for(1ms);
            sum += swarm.world.now() - from;
            swarm.world.run_for(1s);
        }
        return sum;
    }

    Swarm swarm{11};
    EndpointTable table;
    sim::AttackPlan plan;
    std::vector<std::unique_ptr<sim::AttackerHost>> attackers;
};

TEST_P(AttackedSwarm, ARestartedNodeFindsThoseThatItKnewBeforeWithinTwoSeconds) {
    attack();
    swarm.world.run_for(12s);
    ASSERT_GT(swarm.node(4).status().peers_listed, 50U) << "the attack works";
    EXPECT_TRUE(swarm.node(4).flush());
    swarm.crash(4);
    swarm.set_seeds({{"10.9.0.1", 1}});  // nobody
    swarm.restart(4);
    EXPECT_TRUE(swarm.within(2s, [&] { return found(4) == 4; })) << found(4);
    swarm.world.run_for(30s);
    EXPECT_EQ(found(4), 4U);
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t k = 0; k < 5; ++k) EXPECT_TRUE(swarm.lists(i, Label::halp(), swarm.at(k))) << i << k;
}

// Killed, without a last word to its disk.
TEST_P(AttackedSwarm, SoDoesOneThatWasKilledSecondsAfterItJoined) {
    swarm.crash(4);
    attack();
    swarm.world.run_for(10s);
    swarm.set_seeds({{"10.9.0.1", 1}});
    swarm.restart(4);
    EXPECT_TRUE(swarm.within(2s, [&] { return found(4) == 4; })) << found(4);
}

TEST_P(AttackedSwarm, NewsReachAllHonestNodesInTwiceTheUndisturbedTime) {
    const Duration calm = time_of_news("calm");
    attack();
    swarm.world.run_for(20s);
    const Duration attacked = time_of_news("attacked");
    EXPECT_LE(attacked, 2 * calm) << std::chrono::duration<double>(attacked).count() << " s instead of "
                                  << std::chrono::duration<double>(calm).count();
}

INSTANTIATE_TEST_SUITE_P(InOneAddressGroupAndInMany, AttackedSwarm, testing::Bool());

}  // namespace HALP_TEST_FILE
}  // namespace halp
