// What happens to the machines of the virtual world: processes, power, sleep, addresses, clocks and disks.
#include "simulations/world/sim_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "simulations/world/memory_storage.h"
#include "tests/simulations/world/sim_world_pair.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(SimWorldPair, ClosesTheConnectionsOfAKilledProcess) {
    alice.env.transport.write(dial(), "hi");
    world.run_for(seconds{1});
    forget();
    world.crash(b);
    EXPECT_FALSE(world.up(b));
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, ElementsAre("end"));
    EXPECT_THAT(bob.calls, IsEmpty());
    bob.env.transport.write(bob.streams[0], "from the grave");
    bob.env.alarm.wake_at(world.now());
    world.run_for(seconds{1});
    EXPECT_THAT(bob.calls, IsEmpty());
    EXPECT_THAT(alice.calls, ElementsAre("end"));
}

TEST_F(SimWorldPair, SendsNothingWhenAMachineLosesItsPower) {
    const StreamId stream = dial();
    world.run_for(seconds{1});
    forget();
    world.crash(b, Crash::machine);
    world.run_for(seconds{60});
    EXPECT_THAT(alice.calls, IsEmpty());
    world.restart(b);
    RecordingHandler reborn{world, b};
    world.attach(b, reborn);
    alice.env.transport.write(stream, "hello?");
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, ElementsAre("closed"));
    EXPECT_THAT(reborn.calls, IsEmpty());
    alice.env.transport.write(dial(), "hello!");
    world.run_for(seconds{1});
    EXPECT_THAT(reborn.calls, ElementsAre("accept from 10.0.0.1", "bytes hello!"));
}

TEST_F(SimWorldPair, DeliversEverythingInOrderAfterAStall) {
    world.run_for(seconds{1});
    world.stall(b, seconds{5});
    bob.env.alarm.wake_at(world.now() + seconds{1});
    const StreamId stream = dial();
    world.run_for(seconds{2});
    EXPECT_THAT(alice.calls, ElementsAre("connected to 10.0.0.2:3451"));  // the kernel of b answers
    alice.env.transport.write(stream, "1");
    world.run_for(seconds{1});
    alice.env.transport.write(stream, "2");
    alice.env.transport.close(stream);
    world.run_for(seconds{1});
    EXPECT_THAT(bob.calls, IsEmpty());
    world.run_for(seconds{2});
    ASSERT_EQ(bob.calls.size(), 5U);
    EXPECT_THAT(bob.calls, ElementsAre(StartsWith("accept"), "wake", "bytes 1", "bytes 2", "end"));
}

TEST_F(SimWorldPair, ASuspendedMachineIsSilentAndItsConnectionsOutliveAShortSleep) {
    const StreamId stream = dial();
    alice.env.transport.write(stream, "1");
    world.run_for(seconds{1});
    forget();
    const Instant began = world.now();
    bob.env.alarm.wake_at(began + seconds{2});
    world.suspend(b, seconds{10});
    alice.env.transport.write(stream, "2");
    dial();
    world.run_for(seconds{9});
    EXPECT_THAT(bob.calls, IsEmpty());
    EXPECT_THAT(alice.calls, IsEmpty());
    world.run_for(seconds{11});
    EXPECT_THAT(bob.calls, ElementsAre("wake", "bytes 2"));
    EXPECT_EQ(bob.at[bob.at.size() - 2] - began, seconds{10});
    EXPECT_THAT(alice.calls, ElementsAre(StartsWith("failed")));  // no attempt met an awake machine in time
    EXPECT_EQ(bob.env.clock.now(), world.now());
}

TEST_F(SimWorldPair, ASuspendedMachineLosesTheConnectionsThatOthersGiveUp) {
    const StreamId stream = dial();
    alice.env.transport.write(stream, "1");
    world.run_for(seconds{1});
    bob.env.transport.write(bob.streams.at(0), "before");
    forget();
    world.suspend(b, seconds{120});
    alice.env.transport.write(stream, "2");
    world.run_for(seconds{119});
    EXPECT_THAT(alice.calls, Contains("closed"));
    EXPECT_THAT(bob.calls, IsEmpty());
    world.run_for(seconds{60});
    EXPECT_THAT(alice.calls, Contains("bytes before"));  // it had left the machine
    bob.env.transport.write(bob.streams[0], "after");
    world.run_for(seconds{60});
    EXPECT_THAT(bob.calls, Contains("closed"));
}

TEST_F(SimWorldPair, BeginsSomeTurnsOfAStarvedHostLateAndLosesNothing) {
    world.starve(b, 0.5, seconds{2});
    alice.env.transport.write(alice.env.transport.connect({"10.0.0.2", 3451}), "early");
    for (int i = 0; i < 40; ++i) {
        world.run_for(seconds{1});
        alice.env.transport.write(alice.env.transport.connect({"10.0.0.2", 3451}), "later");
    }
    world.run_for(seconds{3});
    std::size_t bytes = 0;
    for (const auto& [stream, received] : bob.received) bytes += received.size();
    EXPECT_EQ(bytes, 41U * 5);
    Duration longest{0};
    for (std::size_t i = 1; i < bob.at.size(); ++i) longest = std::max(longest, bob.at[i] - bob.at[i - 1]);
    EXPECT_GT(longest, milliseconds{1500});
    EXPECT_LT(longest, seconds{4});
}

TEST_F(SimWorldPair, AMovedHostAnswersAtItsNewAddressOnly) {
    const StreamId old = dial();
    world.run_for(seconds{1});
    world.move(b, {"10.0.0.9", 3451});
    alice.env.transport.write(old, "lost");
    dial();
    alice.env.transport.connect({"10.0.0.9", 3451});
    forget();
    world.run_for(seconds{60});
    EXPECT_THAT(alice.calls, ElementsAre("connected to 10.0.0.9:3451", "failed 1", "closed"));
    EXPECT_THAT(bob.calls, ElementsAre("accept from 10.0.0.1"));
    EXPECT_EQ(world.endpoint(b).text(), "10.0.0.9:3451");
}

TEST_F(SimWorldPair, AnotherHostMayGetTheFormerAddressOfAMovedOne) {
    const StreamId old = dial();
    world.run_for(seconds{1});
    world.move(b, {"10.0.0.9", 3451});
    world.move(a, where_b);
    bob.env.transport.connect(where_b);
    alice.env.transport.write(old, "lost");
    forget();
    world.run_for(seconds{10});
    EXPECT_THAT(alice.calls, ElementsAre("accept from 10.0.0.9"));
    EXPECT_THAT(bob.calls, ElementsAre("connected to 10.0.0.2:3451"));
}

TEST_F(SimWorldPair, KillsAProcessAtAWriteWhichDoesNotHappen) {
    dial();
    world.run_for(seconds{1});
    forget();
    world.crash_at_write(b, 2);
    EXPECT_TRUE(bob.env.cache.append("news", "1"));
    EXPECT_FALSE(bob.env.state.replace("file", "2"));
    EXPECT_FALSE(world.up(b));
    EXPECT_FALSE(bob.env.cache.append("news", "3"));
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, ElementsAre("end"));
    EXPECT_THAT(bob.calls, IsEmpty());
    world.restart(b);
    EXPECT_EQ(*bob.env.cache.read("news"), "1");
    EXPECT_FALSE(bob.env.state.read("file"));
}

TEST_F(SimWorldPair, SkewsTheWallClockOfOneHostOnly) {
    world.set_wall_skew(b, -3600);
    world.run_for(seconds{10});
    EXPECT_EQ(count(alice.env.clock.wall()), 1'700'000'010);
    EXPECT_EQ(count(bob.env.clock.wall()), 1'700'000'010 - 3600);
    EXPECT_EQ(alice.env.clock.now(), bob.env.clock.now());
}

TEST_F(SimWorldPair, KeepsOrWipesTheDiskAtARestart) {
    EXPECT_TRUE(alice.env.state.replace("id", "42").has_value());
    world.crash(a);
    EXPECT_FALSE(alice.env.state.read("id").has_value());  // the process is dead
    world.restart(a);
    EXPECT_EQ(world.env(a).state.read("id").value_or(""), "42");
    world.restart(a, false);
    EXPECT_FALSE(world.env(a).state.read("id").has_value());
}

TEST_F(SimWorldPair, TearsOnlyWhatWasAppendedJustBeforeThePowerFailed) {
    const std::string safe(50, 's');
    EXPECT_TRUE(alice.env.state.append("log", safe).has_value());
    world.run_for(seconds{1});
    EXPECT_TRUE(alice.env.state.append("log", std::string(1000, 'r')).has_value());
    world.crash(a, Crash::machine);
    world.restart(a);
    const std::string left = world.env(a).state.read("log").value_or("");
    EXPECT_THAT(left, StartsWith(safe));
    EXPECT_LT(left.size(), 1050U);
}

TEST(FaultyStorage, FailsAsSetAndRecovers) {
    MemoryStorage files;
    FaultyStorage disk{files};
    disk.fail(StorageFault::full, 2);
    EXPECT_EQ(disk.replace("f", "x").error().code, ErrorCode::full);
    disk.tear_appends(3);
    EXPECT_FALSE(disk.append("f", "12345").has_value());
    EXPECT_EQ(files.read("f").value_or(""), "123");
    EXPECT_TRUE(disk.append("f", "67").has_value());
    disk.fail(StorageFault::read_only);
    EXPECT_FALSE(disk.remove("f").has_value());
    EXPECT_EQ(disk.read("f").value_or(""), "12367");
    disk.fail(StorageFault::broken);
    EXPECT_FALSE(disk.read("f").has_value());
    EXPECT_FALSE(disk.list().has_value());
    disk.fail(StorageFault::none);
    EXPECT_TRUE(disk.remove("f").has_value());
    EXPECT_EQ(disk.failures(), 5U);
}

TEST_F(SimWorldPair, LetsAWallClockDriftAndKeepsTheGain) {
    const auto ahead = [&] { return count(bob.env.clock.wall()) - count(alice.env.clock.wall()); };
    world.set_wall_drift(b, 0.25);
    world.run_for(seconds{40});
    EXPECT_EQ(ahead(), 10);
    world.set_wall_drift(b, 0);
    world.run_for(seconds{40});
    EXPECT_EQ(ahead(), 10);
    world.set_wall_drift(b, -0.5);
    world.run_for(seconds{40});
    EXPECT_EQ(ahead(), -10);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
