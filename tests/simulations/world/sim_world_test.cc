#include "simulations/world/sim_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "tests/simulations/world/sim_world_pair.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(SimWorldPair, DeliversBytesWrittenBeforeTheConnectionIsEstablished) {
    const StreamId stream = dial();
    alice.env.transport.write(stream, "hello ");
    alice.env.transport.write(stream, "bob");
    EXPECT_THAT(alice.calls, IsEmpty());
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, ElementsAre("connected to 10.0.0.2:3451"));
    EXPECT_THAT(bob.calls, ElementsAre("accept from 10.0.0.1", "bytes hello bob"));
}

TEST_F(SimWorldPair, TakesOneLatencyEachWay) {
    world.set_latency(a, b, milliseconds{10});
    const Instant began = world.now();
    alice.env.transport.write(dial(), "x");
    bob.greeting = "y";
    world.run_for(seconds{1});
    EXPECT_EQ(bob.at[0] - began, milliseconds{10});
    EXPECT_EQ(alice.at[0] - began, milliseconds{20});
    EXPECT_EQ(alice.at[1] - began, milliseconds{20});  // the greeting travels with the handshake
    EXPECT_EQ(bob.at[1] - began, milliseconds{30});
    EXPECT_THAT(alice.calls, ElementsAre("connected to 10.0.0.2:3451", "bytes y"));
}

TEST_F(SimWorldPair, DeliversEverythingBeforeTheEndOfAClosedStream) {
    const StreamId stream = dial();
    const std::string much(100'000, 'm');
    alice.env.transport.write(stream, much);
    alice.env.transport.close(stream);
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, IsEmpty());  // a closed stream has no more callbacks
    EXPECT_EQ(bob.received[bob.streams.at(0)], much);
    EXPECT_EQ(bob.calls.back(), "end");
    bob.env.transport.close(bob.streams[0]);
    world.run_for(seconds{1});
    EXPECT_EQ(world.connection_count(), 0U);
}

TEST_F(SimWorldPair, AnswersAnEndThatStillReads) {
    bob.echoes = bob.closes = true;
    alice.env.transport.write(dial(), "get chat");
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, ElementsAre("connected to 10.0.0.2:3451", "bytes get chat", "end"));
}

TEST_F(SimWorldPair, ResetsAWriterWhoseReaderHasClosedButDeliversTheAnswerFirst) {
    bob.echoes = bob.closes = true;
    const StreamId stream = dial();
    alice.env.transport.write(stream, "get chat");
    ASSERT_TRUE(world.run_until([&] { return alice.calls.size() == 3; }, seconds{1}));
    forget();
    alice.env.transport.write(stream, "more");
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, ElementsAre("closed"));
    EXPECT_THAT(bob.calls, IsEmpty());
    EXPECT_EQ(world.connection_count(), 0U);
}

TEST_F(SimWorldPair, ReportsAnAbortedStream) {
    const StreamId stream = dial();
    world.run_for(seconds{1});
    forget();
    alice.env.transport.abort(stream);
    world.run_for(seconds{1});
    EXPECT_THAT(bob.calls, ElementsAre("closed"));
    EXPECT_THAT(alice.calls, IsEmpty());
    EXPECT_EQ(world.connection_count(), 0U);
}

TEST_F(SimWorldPair, ForgetsAConnectionAbortedBeforeItIsEstablished) {
    const StreamId stream = dial();
    alice.env.transport.write(stream, "never");
    alice.env.transport.abort(stream);
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, IsEmpty());
    EXPECT_THAT(bob.calls, IsEmpty());
}

TEST_F(SimWorldPair, FindsNothingUnderTheIdOfAnEndedConnectionWhenItsSlotIsUsedAgain) {
    bob.closes = true;
    const StreamId old = dial();
    alice.env.transport.write(old, "x");
    world.run_for(seconds{1});
    alice.env.transport.close(old);
    world.run_for(seconds{1});
    ASSERT_EQ(world.connection_count(), 0U);
    const StreamId fresh = dial();
    EXPECT_NE(fresh, old);
    alice.env.transport.write(old, "late");
    EXPECT_EQ(world.counters(a).strays, 1U);
    EXPECT_EQ(world.connection_count(), 1U);
}

TEST_F(SimWorldPair, CountsTheUseOfAStreamThatTheNodeNoLongerOwns) {
    const StreamId stream = dial();
    alice.env.transport.close(stream);
    EXPECT_EQ(world.counters(a).strays, 0U);
    alice.env.transport.write(stream, "late");
    bob.env.transport.close(stream);
    EXPECT_EQ(world.counters(a).strays, 1U);
    EXPECT_EQ(world.counters(b).strays, 1U);
}

TEST_F(SimWorldPair, RefusesWhereNobodyListens) {
    alice.env.transport.connect({"10.0.0.2", 80});
    world.crash(b);
    dial();
    world.run_for(milliseconds{100});
    const std::string refused = "failed " + std::to_string(static_cast<int>(ConnectFailure::refused));
    EXPECT_THAT(alice.calls, ElementsAre(refused, refused));
    EXPECT_EQ(world.counters(a).refused, 2U);
}

TEST_F(SimWorldPair, TimesOutWhereNothingAnswers) {
    alice.env.transport.connect({"10.9.9.9", 80});
    world.cut(a, b);
    dial();
    world.run_for(seconds{9});
    EXPECT_THAT(alice.calls, IsEmpty());
    world.run_for(seconds{2});
    const std::string timed_out = "failed " + std::to_string(static_cast<int>(ConnectFailure::timed_out));
    EXPECT_THAT(alice.calls, ElementsAre(timed_out, timed_out));
    EXPECT_EQ(world.connection_count(), 0U);
}

TEST_F(SimWorldPair, TimesOutWhenOnlyTheWayBackIsCut) {
    world.cut_one_way(b, a);
    dial();
    world.run_for(seconds{11});
    EXPECT_EQ(alice.calls.size(), 1U);
    EXPECT_THAT(bob.calls, IsEmpty());
}

TEST_F(SimWorldPair, ConnectsWhenACutHealsInTime) {
    world.cut(a, b);
    dial();
    world.run_for(seconds{2});
    world.heal(a, b);
    world.run_for(seconds{3});
    EXPECT_THAT(alice.calls, ElementsAre("connected to 10.0.0.2:3451"));
}

TEST_F(SimWorldPair, RepairsACutThatHealsSoon) {
    const StreamId stream = dial();
    world.run_for(seconds{1});
    forget();
    world.cut(a, b);
    alice.env.transport.write(stream, "one");
    world.run_for(seconds{1});
    alice.env.transport.write(stream, "two");
    EXPECT_THAT(bob.calls, IsEmpty());
    world.heal();
    world.run_for(seconds{6});
    EXPECT_EQ(bob.received[bob.streams[0]], "onetwo");
    EXPECT_THAT(alice.calls, IsEmpty());
}

TEST_F(SimWorldPair, ClosesAWriterWhenACutStaysAndLeavesTheOtherHalfOpen) {
    const StreamId stream = dial();
    world.run_for(seconds{1});
    forget();
    world.partition({b});
    alice.env.transport.write(stream, "lost");
    world.run_for(seconds{40});
    EXPECT_THAT(alice.calls, ElementsAre("closed"));
    EXPECT_THAT(bob.calls, IsEmpty());
    world.heal();
    bob.env.transport.write(bob.streams[0], "are you there?");
    world.run_for(seconds{1});
    EXPECT_THAT(bob.calls, ElementsAre("closed"));
    EXPECT_EQ(world.connection_count(), 0U);
}

TEST_F(SimWorldPair, DeliversEverythingInOrderUnderLossAndJitter) {
    SimOptions options;
    options.network.loss = 0.2;
    options.network.jitter = milliseconds{5};
    options.network.segment_max = 3;
    SimWorld lossy{11, options};
    const HostId c = lossy.add_host(where_a), d = lossy.add_host(where_b);
    RecordingHandler carol{lossy, c}, dave{lossy, d};
    lossy.attach(c, carol);
    lossy.attach(d, dave);
    const StreamId stream = carol.env.transport.connect(where_b);
    std::string sent;
    for (int i = 0; i < 200; ++i) {
        const std::string piece = std::to_string(i) + ",";
        carol.env.transport.write(stream, piece);
        sent += piece;
        lossy.run_for(milliseconds{2});
    }
    carol.env.transport.close(stream);
    lossy.run_for(seconds{60});
    EXPECT_EQ(dave.received[dave.streams.at(0)], sent);
    EXPECT_EQ(dave.calls.back(), "end");
}

TEST_F(SimWorldPair, WakesOnceForTheLatestAlarmOnly) {
    Alarm& alarm = alice.env.alarm;
    const Instant began = world.now();
    alarm.wake_at(began + seconds{5});
    alarm.wake_at(began + seconds{1});
    alarm.wake_at(began + seconds{3});
    world.run_for(seconds{10});
    EXPECT_THAT(alice.calls, ElementsAre("wake"));
    EXPECT_EQ(alice.at[0] - began, seconds{3});
    alarm.wake_at(began);  // in the past: as soon as possible
    EXPECT_EQ(alice.calls.size(), 1U);
    world.run_for(Duration{0});
    EXPECT_EQ(alice.calls.size(), 2U);
    alarm.wake_at(world.now() + seconds{1});
    alarm.wake_at(no_deadline);
    world.run_for(seconds{10});
    EXPECT_EQ(alice.calls.size(), 2U);
}

TEST_F(SimWorldPair, ResolvesNamesAtEachConnectAndRefusesUnknownOnes) {
    world.name("seed.example", {"10.0.0.2"});
    alice.env.transport.connect({"seed.example", 3451});
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, ElementsAre("connected to 10.0.0.2:3451"));
    forget();
    world.name("seed.example", {"10.0.0.1"});
    alice.env.transport.connect({"seed.example", 3451});
    alice.env.transport.connect({"nobody.example", 3451});
    world.run_for(seconds{1});
    const std::string unknown = "failed " + std::to_string(static_cast<int>(ConnectFailure::name_unknown));
    EXPECT_THAT(alice.calls,
                testing::UnorderedElementsAre("accept from 10.0.0.1", "connected to 10.0.0.1:3451", unknown));
}

class CountLeaves final : public SimWatcher {
public:
    void on_event(HostId, Instant, const Event& event) override {
        match(
            event, [this](const LeaveDone&) { ++leaves; }, [](const auto&) {});
    }
    int leaves = 0;
};

TEST(SimWorld, CollectsAndForwardsWhatNodesNote) {
    SimOptions options;
    options.collect_events = true;
    SimWorld world{1, options};
    const HostId host = world.add_host({"h", 1});
    CountLeaves watcher;
    world.watch(&watcher);
    world.env(host).observer.note(LeaveDone{});
    world.env(host).observer.note(HealthChanged{2});
    EXPECT_EQ(watcher.leaves, 1);
    ASSERT_EQ(world.noted().size(), 2U);
    EXPECT_TRUE(std::holds_alternative<HealthChanged>(world.noted()[1].event));
}

// Connects to random hosts and sends random answers, so that runs can be compared.
class Chatterbox final : public EventHandler {
public:
    Chatterbox(Environment& env, std::vector<Endpoint> others) : env_(env), others_(std::move(others)) {}
    void start() { env_.alarm.wake_at(env_.clock.now() + milliseconds{env_.random.below(100)}); }

    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId stream, Bytes bytes) override {
        heard_ += bytes.size();
        if (env_.random.chance(0.5)) return env_.transport.close(stream);
        env_.transport.write(stream, std::string(env_.random.below(40), 'w'));
    }
    void on_end(StreamId stream) override { env_.transport.close(stream); }
    void on_closed(StreamId) override {}
    void on_wakeup() override {
        const StreamId stream = env_.transport.connect(others_[env_.random.below(others_.size())]);
        env_.transport.write(stream, "hello");
        if (env_.random.chance(0.1)) env_.transport.abort(stream);
        start();
    }

private:
    Environment& env_;
    std::vector<Endpoint> others_;
    std::size_t heard_ = 0;
};

std::uint64_t run_chatter(std::uint64_t seed, std::size_t hosts, SimCounters* sum = nullptr) {
    SimOptions options;
    options.network.loss = 0.02;
    options.network.jitter = microseconds{300};
    SimWorld world{seed, options};
    std::vector<Endpoint> places;
    for (std::size_t i = 0; i < hosts; ++i) places.push_back({"10.0.0." + std::to_string(i + 1), 3451});
    std::deque<Chatterbox> nodes;
    std::vector<HostId> ids;
    for (const Endpoint& place : places) {
        ids.push_back(world.add_host(place));
        nodes.emplace_back(world.env(ids.back()), places);
        world.attach(ids.back(), nodes.back());
        nodes.back().start();
    }
    world.run_for(seconds{2});
    world.partition({ids[0], ids[1]});
    world.stall(ids[2], seconds{1});
    world.run_for(seconds{2});
    world.crash(ids[3]);
    world.crash(ids[4], Crash::machine);
    world.heal();
    world.run_for(seconds{1});
    world.restart(ids[3]);
    nodes.emplace_back(world.env(ids[3]), places);
    world.attach(ids[3], nodes.back());
    nodes.back().start();
    world.run_for(seconds{5});
    if (sum) *sum = world.total();
    return world.digest();
}

TEST(SimWorld, GivesOneDigestForOneSeedAndOtherDigestsForOthers) {
    SimCounters sum;
    EXPECT_EQ(run_chatter(1, 8, &sum), run_chatter(1, 8));
    EXPECT_NE(run_chatter(1, 8), run_chatter(2, 8));
    EXPECT_GT(sum.connected, 500U);
    EXPECT_GT(sum.bytes_in, 2000U);
    EXPECT_EQ(sum.strays, 0U);
}

TEST(SimWorld, DrawsForAHostIndependentlyOfTheOthers) {
    SimWorld small{9}, large{9};
    const HostId in_small = small.add_host({"a", 1});
    const HostId in_large = large.add_host({"a", 1});
    const HostId other = large.add_host({"b", 1});
    large.env(other).random.next();
    const std::uint64_t word = small.env(in_small).random.next();
    EXPECT_EQ(word, large.env(in_large).random.next());
    EXPECT_NE(word, large.env(other).random.next());
}

TEST(SimWorld, GivesEachPairALatencyWithinTheBounds) {
    SimWorld world{3};
    std::vector<HostId> ids;
    std::deque<RecordingHandler> nodes;
    for (int i = 0; i < 6; ++i) {
        ids.push_back(world.add_host({"10.0.0." + std::to_string(i), 1}));
        nodes.emplace_back(world, ids.back());
        world.attach(ids.back(), nodes.back());
    }
    std::vector<Duration> seen;
    for (int i = 1; i < 6; ++i) {
        const Instant began = world.now();
        nodes[0].env.transport.connect({"10.0.0." + std::to_string(i), 1});
        world.run_for(seconds{1});
        seen.push_back(nodes[0].at.back() - began);
    }
    for (const Duration both_ways : seen) {
        EXPECT_GE(both_ways, microseconds{400});
        EXPECT_LE(both_ways, milliseconds{2});
    }
    EXPECT_NE(seen[0], seen[1]);
}

class Reentrant final : public SimWatcher {
public:
    explicit Reentrant(SimWorld& world) : world_(world) {}
    void on_event(HostId, Instant, const Event&) override { world_.run_for(seconds{1}); }

private:
    SimWorld& world_;
};

TEST(SimWorldDeathTest, StopsACallThatMakesTimePass) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            SimWorld world{1};
            const HostId host = world.add_host({"h", 1});
            Reentrant watcher{world};
            world.watch(&watcher);
            world.env(host).observer.note(LeaveDone{});
        },
        "cannot make time pass");
}

TEST_F(SimWorldPair, DelaysEverythingToAndFromASlowHost) {
    world.set_latency(a, b, milliseconds{10});
    world.set_extra_latency(b, milliseconds{90});
    const Instant began = world.now();
    dial();
    world.run_for(seconds{1});
    EXPECT_EQ(bob.at.at(0) - began, milliseconds{100});
    EXPECT_EQ(alice.at.at(0) - began, milliseconds{200});
}

TEST_F(SimWorldPair, LetsStreamsOvertakeEachOtherButNotBytesOfOneStream) {
    world.set_jitter(milliseconds{50});
    std::vector<StreamId> streams;
    for (int i = 0; i < 20; ++i) streams.push_back(dial());
    world.run_for(seconds{1});
    forget();
    std::string order;
    for (int round = 0; round < 10; ++round) {
        for (const StreamId stream : streams) alice.env.transport.write(stream, std::to_string(round));
        world.run_for(milliseconds{1});
    }
    world.run_for(seconds{1});
    for (const auto& [stream, bytes] : bob.received) EXPECT_EQ(bytes, "0123456789");
    for (const std::string& calls : bob.calls) order += calls.back();
    EXPECT_FALSE(std::ranges::is_sorted(order));
}

TEST_F(SimWorldPair, AcceptsACopyOfAConnectionAttemptAndResetsIt) {
    world.set_duplicates(1);
    alice.env.transport.write(dial(), "hello");
    world.run_for(seconds{1});
    EXPECT_THAT(alice.calls, ElementsAre("connected to 10.0.0.2:3451"));
    EXPECT_THAT(bob.calls, testing::UnorderedElementsAre("accept from 10.0.0.1", "accept from 10.0.0.1",
                                                         "bytes hello", "closed"));
    EXPECT_EQ(world.connection_count(), 1U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
