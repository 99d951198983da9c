// The dead are not forgotten by a restart: a partition heals, and hearsay brings nobody back.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "overlay/cache/grave_file.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

OverlayOptions saving_soon() {
    OverlayOptions options = OverlayOptions::for_profile(Profile::local);
    options.save_learned = 200ms;
    return options;
}

std::int64_t wall_of(Swarm& swarm, std::size_t i) { return count(swarm.world.env(swarm.host(i)).clock.wall()); }

TEST(GravesOnDisk, ASwarmOfWhichAllNodesRestartInTwoPartsIsOneAgain) {
    Swarm swarm{1, saving_soon()};
    swarm.add(4, 0);
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(5s);  // all have proved all
    swarm.world.partition({swarm.host(2), swarm.host(3)});
    const auto apart = [&] {
        return std::ranges::all_of(std::vector<std::size_t>{0, 1, 2, 3},
                                   [&](std::size_t i) { return swarm.node(i).status().graves == 2; });
    };
    ASSERT_TRUE(swarm.within(2min, apart));
    swarm.world.run_for(3s);
    for (std::size_t i = 0; i < 4; ++i) swarm.crash(i);
    swarm.restart(0);
    swarm.set_seeds({swarm.at(0)});
    swarm.restart(1);
    swarm.set_seeds({swarm.at(2)});
    swarm.restart(2);
    swarm.restart(3);
    EXPECT_EQ(swarm.node(3).status().graves, 2U);
    swarm.world.run_for(5s);
    swarm.world.heal();
    EXPECT_TRUE(swarm.within(20s, [&] { return swarm.all_know_all(); }));
}

TEST(GravesOnDisk, TheirAgeIsKept) {
    Swarm swarm{2, saving_soon()};
    swarm.add(1, 0);
    const std::int64_t wall = wall_of(swarm, 0);
    swarm.crash(0);
    GraveFile file;
    for (const std::int64_t days : {1, 8})
        file.graves.push_back({.endpoint = {"10.7.0." + std::to_string(days), 3451},
                               .version = 5,
                               .buried = UnixSeconds{wall - days * 86400},
                               .proved = true});
    swarm.world.restart(swarm.host(0));
    ASSERT_TRUE(swarm.world.state(swarm.host(0)).replace(std::string{GraveFile::name}, file.format("halp")));
    swarm.begin(0);
    swarm.world.run_for(5s);
    EXPECT_EQ(swarm.node(0).status().graves, 1U) << "a grave is kept for seven days";
}

TEST(GravesOnDisk, ALineThatAnotherProgramWroteSinceThenIsOfALivingNode) {
    Swarm swarm{3, saving_soon()};
    swarm.add(1, 0);
    const std::int64_t wall = wall_of(swarm, 0);
    swarm.crash(0);
    GraveFile file;
    for (const char* host : {"10.7.0.1", "10.7.0.2"})
        file.graves.push_back(
            {.endpoint = {host, 3451}, .version = 5, .buried = UnixSeconds{wall - 7200}, .proved = true});
    swarm.world.restart(swarm.host(0));
    ASSERT_TRUE(swarm.world.state(swarm.host(0)).replace(std::string{GraveFile::name}, file.format("halp")));
    const std::string lines =
        std::to_string(wall - 7300) + " 10.7.0.1 3451\n" + std::to_string(wall - 60) + " 10.7.0.2 3451\n";
    ASSERT_TRUE(swarm.world.cache(swarm.host(0)).replace("halp", lines));
    swarm.begin(0);
    EXPECT_EQ(swarm.node(0).status().graves, 1U);
    EXPECT_TRUE(swarm.lists(0, Label::halp(), {"10.7.0.2", 3451}));
    EXPECT_FALSE(swarm.lists(0, Label::halp(), {"10.7.0.1", 3451}));
}

TEST(GravesOnDisk, NodesThatCameBackHaveNone) {
    Swarm swarm{4, saving_soon()};
    swarm.add(3, 0);
    ASSERT_TRUE(swarm.within(3s, [&] { return swarm.all_know_all(); }));
    swarm.crash(2);
    ASSERT_TRUE(swarm.within(30s, [&] { return swarm.node(0).status().graves == 1; }));
    swarm.world.run_for(3s);
    const std::string name{GraveFile::name};
    ASSERT_TRUE(swarm.world.state(swarm.host(0)).read(name));
    swarm.restart(2);
    ASSERT_TRUE(swarm.within(30s, [&] { return swarm.all_know_all(); }));
    swarm.world.run_for(5s);
    EXPECT_FALSE(swarm.world.state(swarm.host(0)).read(name)) << "the last one takes the file with it";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
