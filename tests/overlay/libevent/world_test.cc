// The libevent world over loopback: what its interfaces promise, and how connections begin and end.
#include "overlay/libevent/world.h"

#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/overlay/libevent/world_probe.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LibeventWorld, EchoesAndEndsInOrder) {
    Server server;
    server.probe.bytes = [&](StreamId stream, Bytes text) { server.probe.write(stream, text); };
    server.probe.ended = [&](StreamId stream) { server.probe.close(stream); };
    Peer peer(server.at);
    peer.send("hello");
    peer.end();

    ASSERT_TRUE(server.until([&] { return peer.finished(); }));
    EXPECT_EQ(peer.text(), "hello");
    EXPECT_TRUE(peer.ended);
    EXPECT_THAT(server.probe.words, ElementsAre("accept", "bytes", "end"));
    EXPECT_EQ(server.probe.remotes[0].host, "127.0.0.1");
    EXPECT_EQ(server.world.stats().bytes_in, 5U);
    EXPECT_EQ(server.world.stats().bytes_out, 5U);
    EXPECT_EQ(server.world.stats().live_accepted, 0U);
}

TEST(LibeventWorld, AnswersAndClosesWithinTheCallback) {
    Server server;
    server.probe.bytes = [&](StreamId stream, Bytes) {
        server.probe.write(stream, "first ");
        server.probe.write(stream, "second");
        server.probe.close(stream);
        server.probe.write(stream, "too late");
    };
    Peer peer(server.at);
    peer.send("get foo");

    ASSERT_TRUE(server.until([&] { return peer.finished(); }));
    EXPECT_TRUE(peer.ended);
    EXPECT_EQ(peer.text(), "first second");
}

TEST(LibeventWorld, DoesNotHoldBackWhatItWritesWithoutClosing) {
    Server server;
    server.probe.accepted = [&](StreamId stream) { server.probe.write(stream, "greeting"); };
    Peer peer(server.at);
    const Instant began = server.world.clock().now();

    ASSERT_TRUE(server.until([&] { return peer.finished() || peer.text() == "greeting"; }));
    // Without uncorking, the kernel would wait 200 ms for more.
    EXPECT_LT(server.world.clock().now() - began, milliseconds{150});
}

TEST(LibeventWorld, WritesToAPeerThatHasEndedItsSide) {
    Server server;
    StreamId stream{};
    server.probe.ended = [&](StreamId ended) { stream = ended; };
    Peer peer(server.at);
    peer.end();
    ASSERT_TRUE(server.until([&] { return server.probe.heard("end"); }));

    server.probe.write(stream, "still here");
    server.probe.close(stream);
    ASSERT_TRUE(server.until([&] { return peer.finished(); }));
    EXPECT_EQ(peer.text(), "still here");
    EXPECT_EQ(server.probe.times("end"), 1U);
}

TEST(LibeventWorld, TellsOfAReset) {
    Server server;
    Peer peer(server.at);
    ASSERT_TRUE(server.until([&] { return server.probe.heard("accept"); }));
    peer.reset();

    ASSERT_TRUE(server.until([&] { return server.probe.heard("closed"); }));
    EXPECT_EQ(server.world.stats().live_accepted, 0U);
}

TEST(LibeventWorld, TellsLaterThatAWriteBroke) {
    Server server;
    StreamId stream{};
    server.probe.ended = [&](StreamId ended) { stream = ended; };
    Peer peer(server.at);
    peer.end();
    ASSERT_TRUE(server.until([&] { return server.probe.heard("end"); }));
    peer.reset();
    turn_often(server.world);

    server.probe.write(stream, "into the void");
    EXPECT_FALSE(server.probe.heard("closed"));
    ASSERT_TRUE(server.until([&] { return server.probe.heard("closed"); }));
}

TEST(LibeventWorld, ConnectsAndSendsWhatWasWrittenBefore) {
    Server server;
    const StreamId stream = server.probe.connect(server.at);
    server.probe.write(stream, "early bytes");
    EXPECT_TRUE(server.probe.words.empty());

    ASSERT_TRUE(server.until([&] { return server.probe.received == "early bytes"; }));
    EXPECT_TRUE(server.probe.heard("connected"));
    EXPECT_THAT(server.probe.remotes, ::testing::Contains(server.at));
    EXPECT_EQ(server.world.local_address(stream)->host, "127.0.0.1");
    EXPECT_EQ(server.world.stats().connected, 1U);
}

TEST(LibeventWorld, DeliversWhatWasWrittenBeforeACloseWhileConnecting) {
    Server server;
    const StreamId stream = server.probe.connect(server.at);
    server.probe.write(stream, "a parting word");
    server.probe.close(stream);

    ASSERT_TRUE(server.until([&] { return server.probe.heard("end"); }));
    EXPECT_EQ(server.probe.received, "a parting word");
    EXPECT_FALSE(server.probe.heard("connected"));
}

TEST(LibeventWorld, ReportsARefusedConnectionFromTheLoop) {
    Server server;
    const ClosedPort closed;
    int tries = 0;
    server.probe.failed = [&](StreamId, ConnectFailure why) {
        EXPECT_EQ(why, ConnectFailure::refused);
        if (++tries < 3) server.probe.connect(closed.endpoint());
    };
    server.probe.connect(closed.endpoint());

    ASSERT_TRUE(server.until([&] { return tries == 3; }));
    EXPECT_EQ(server.world.stats().connects_failed, 3U);
    EXPECT_EQ(server.world.stats().live_connected, 0U);
}

TEST(LibeventWorld, ReportsAnAddressThatFailsAtOnceFromTheLoop) {
    Server server;
    server.probe.connect({"255.255.255.255", 9});
    EXPECT_TRUE(server.probe.words.empty());

    ASSERT_TRUE(server.until([&] { return !server.probe.words.empty(); }));
    EXPECT_EQ(server.probe.words[0], "failed:" + std::to_string(static_cast<int>(ConnectFailure::unreachable)));
}

TEST(LibeventWorld, HearsNothingOfAStreamItAbortsBeforeTheOutcome) {
    Server server;
    const ClosedPort closed;
    const StreamId refused = server.probe.connect(closed.endpoint());
    const StreamId unreachable = server.probe.connect({"255.255.255.255", 9});
    const StreamId accepted = server.probe.connect(server.at);
    server.probe.abort(refused);
    server.probe.close(unreachable);
    server.probe.abort(accepted);
    turn_often(server.world);

    EXPECT_FALSE(server.probe.heard("connected"));
    EXPECT_EQ(server.world.stats().live_connected, 0U);
}

TEST(LibeventWorld, GivesUpAConnectionThatNobodyAnswers) {
    WorldLimits limits;
    limits.connect_timeout = milliseconds{80};
    Server server(limits);
    const Backlog full(0);
    const Peer first(full.endpoint());  // fills the queue; the kernel drops later connections

    const Instant began = server.world.clock().now();
    server.probe.connect(full.endpoint());
    ASSERT_TRUE(server.until([&] { return !server.probe.words.empty(); }));
    EXPECT_EQ(server.probe.words[0], "failed:" + std::to_string(static_cast<int>(ConnectFailure::timed_out)));
    EXPECT_GE(server.world.clock().now() - began, milliseconds{80});
    EXPECT_LT(server.world.clock().now() - began, seconds{2});
}

TEST(LibeventWorld, TakesStreamsOfManyPeersAtOnce) {
    WorldLimits limits;
    limits.accepted_per_source_max = 1000;
    Server server(limits);
    server.probe.bytes = [&](StreamId stream, Bytes text) {
        server.probe.write(stream, text);
        server.probe.close(stream);
    };
    std::vector<Peer> peers;
    for (int i = 0; i < 500; ++i) peers.emplace_back(server.at);
    ASSERT_TRUE(server.until([&] { return server.world.stats().live_accepted == 500; }));
    for (std::size_t i = 0; i < peers.size(); ++i) peers[i].send("peer " + std::to_string(i));

    const auto finished = [](Peer& peer) { return peer.finished(); };
    ASSERT_TRUE(server.until([&] { return std::all_of(peers.begin(), peers.end(), finished); }));
    for (std::size_t i = 0; i < peers.size(); ++i) EXPECT_EQ(peers[i].text(), "peer " + std::to_string(i));
    EXPECT_EQ(server.world.stats().live_accepted, 0U);
}

// However much has arrived, the loop comes back to its timers and to new connections, and everybody is read.
TEST(LibeventWorld, ReadsOnlySoMuchInOnePassOfTheLoop) {
    constexpr std::size_t peers_max = 200, each = 32768, in_two_passes = std::size_t{5} << 19;
    WorldLimits limits;
    limits.accepted_per_source_max = 1000;
    Server server(limits);
    std::vector<Peer> peers;
    for (std::size_t i = 0; i < peers_max; ++i) peers.emplace_back(server.at);
    ASSERT_TRUE(server.until([&] { return server.world.stats().live_accepted == peers_max; }));
    for (const Peer& peer : peers) peer.send(std::string(each, 'x'));

    std::size_t in_all = 0, since_wakeup = 0, most = 0;
    server.probe.bytes = [&](StreamId, Bytes bytes) {
        in_all += bytes.size();
        most = std::max(most, since_wakeup += bytes.size());
    };
    server.probe.wakeup = [&] {
        since_wakeup = 0;
        server.world.alarm().wake_at(server.world.clock().now());
    };
    server.world.alarm().wake_at(server.world.clock().now());
    ASSERT_TRUE(server.until([&] { return in_all == peers_max * each; }));
    EXPECT_LT(most, in_two_passes) << "of " << in_all;
}

// Whoever waited for his turn and was closed meanwhile waits no more: nobody else is held up for him.
TEST(LibeventWorld, WhoIsClosedWhileHeWaitsToBeReadHoldsUpNobody) {
    constexpr std::size_t peers_max = 200, each = 32768;
    WorldLimits limits;
    limits.accepted_per_source_max = 1000;
    Server server(limits);
    std::vector<StreamId> streams;
    server.probe.accepted = [&](StreamId stream) { streams.push_back(stream); };
    std::vector<Peer> peers;
    for (std::size_t i = 0; i < peers_max; ++i) peers.emplace_back(server.at);
    ASSERT_TRUE(server.until([&] { return streams.size() == peers_max; }));
    for (const Peer& peer : peers) peer.send(std::string(each, 'x'));
    server.probe.bytes = [&](StreamId, Bytes) {
        if (server.world.stats().reads_put_off == 0) return;
        for (const StreamId stream : std::exchange(streams, {})) server.probe.close(stream);
    };
    ASSERT_TRUE(server.until([&] { return streams.empty(); })) << "nobody had to wait";

    server.probe.received.clear();
    server.probe.bytes = [](StreamId, Bytes) {};
    const Peer late(server.at);
    ASSERT_TRUE(server.until([&] { return streams.size() == 1; }));
    turn_often(server.world);
    late.send("late");
    turn_often(server.world);
    EXPECT_EQ(server.probe.received, "late");
}

TEST(LibeventWorld, NeverGivesAnIdTwice) {
    Server server;
    std::set<StreamId> seen;
    server.probe.accepted = [&](StreamId stream) {
        EXPECT_TRUE(seen.insert(stream).second);
        server.probe.abort(stream);
    };
    for (std::size_t i = 1; i <= 50; ++i) {
        const Peer peer(server.at);
        ASSERT_TRUE(server.until([&] { return seen.size() == i; }));
    }
}

TEST(LibeventWorld, LetsTheHandlerCloseAnyStreamFromAnyCallback) {
    WorldLimits limits;
    limits.linger_max = milliseconds{100};
    Server server(limits);
    std::vector<StreamId> streams;
    server.probe.accepted = [&](StreamId stream) { streams.push_back(stream); };
    server.probe.ended = [&](StreamId stream) { server.probe.close(stream); };
    std::vector<Peer> peers;
    for (int i = 0; i < 20; ++i) peers.emplace_back(server.at);
    ASSERT_TRUE(server.until([&] { return streams.size() == 20; }));
    // Every peer writes. The handler of the first bytes closes all streams, its own too, and dials.
    server.probe.bytes = [&](StreamId, Bytes) {
        for (std::size_t i = 0; i < streams.size(); ++i)
            i % 2 == 0 ? server.probe.abort(streams[i]) : server.probe.close(streams[i]);
        server.probe.abort(server.probe.connect(server.at));
    };
    for (const Peer& peer : peers) peer.send("now");

    const auto finished = [](Peer& peer) { return peer.finished(); };
    ASSERT_TRUE(server.until([&] { return std::all_of(peers.begin(), peers.end(), finished); }));
    EXPECT_EQ(server.probe.times("bytes"), 1U);
    ASSERT_TRUE(server.until([&] { return server.world.stats().live_accepted == 0; }));
}

TEST(LibeventWorld, EndsStreamsFromOnAcceptAndOnConnected) {
    Server server;
    server.probe.accepted = [&](StreamId stream) { server.probe.close(stream); };
    server.probe.connected = [&](StreamId stream) {
        server.probe.write(stream, "hello");
        server.probe.close(stream);
    };
    for (int i = 0; i < 5; ++i) server.probe.connect(server.at);

    ASSERT_TRUE(server.until([&] { return server.world.stats().accepted == 5; }));
    ASSERT_TRUE(server.until(
        [&] { return server.world.stats().live_accepted + server.world.stats().live_connected == 0; }));
    EXPECT_FALSE(server.probe.heard("bytes"));
}

TEST(LibeventWorld, WakesOnceAtTheLatestWish) {
    Server server;
    const Instant began = server.world.clock().now();
    Alarm& alarm = server.world.alarm();
    Instant woken = never;
    server.probe.wakeup = [&] { woken = server.world.clock().now(); };
    alarm.wake_at(began + milliseconds{5});
    alarm.wake_at(began + seconds{100});
    alarm.wake_at(began + milliseconds{40});
    ASSERT_TRUE(server.until([&] { return woken != never; }));
    EXPECT_GE(woken - began, milliseconds{40});
    EXPECT_LT(woken - began, seconds{2});

    turn_often(server.world);
    EXPECT_EQ(server.probe.times("wakeup"), 1U);
}

TEST(LibeventWorld, WakesAtOnceForThePastAndNeverWhenDisarmed) {
    Server server;
    server.world.alarm().wake_at(never);
    EXPECT_FALSE(server.probe.heard("wakeup"));
    ASSERT_TRUE(server.until([&] { return server.probe.heard("wakeup"); }));

    const Instant wish = server.world.clock().now() + milliseconds{5};
    server.world.alarm().wake_at(wish);
    server.world.alarm().wake_at(no_deadline);
    turn_past(server.world, wish);
    EXPECT_EQ(server.probe.times("wakeup"), 1U);
}

TEST(LibeventWorld, KnowsTheTime) {
    Server server;
    const auto real_before = std::chrono::steady_clock::now();
    const Instant before = server.world.clock().now();
    turn_past(server.world, before + milliseconds{5});
    EXPECT_GE(std::chrono::steady_clock::now() - real_before, milliseconds{5});
    EXPECT_GT(count(server.world.clock().wall()), 1'600'000'000);
}

TEST(LibeventWorld, DrawsDifferentNumbersInEveryWorld) {
    LibeventWorld one;
    LibeventWorld other;
    std::set<std::uint64_t> drawn;
    for (int i = 0; i < 1000; ++i) drawn.insert({one.random().next(), other.random().next()});
    EXPECT_EQ(drawn.size(), 2000U);
}

TEST(LibeventWorld, ListensOnIpv4AndIpv6AtOnce) {
    LibeventWorld world;
    Probe probe(world);
    const auto listening = world.listen({"::", 0});
    ASSERT_TRUE(listening);
    if (listening->host != "::") GTEST_SKIP() << "this machine has no IPv6";
    const Peer four({"127.0.0.1", listening->port});
    const Peer six({"::1", listening->port});

    ASSERT_TRUE(turn_until(world, [&] { return probe.remotes.size() == 2; }));
    EXPECT_EQ(probe.remotes[0].host, "127.0.0.1");
    EXPECT_EQ(probe.remotes[1].host, "::1");
}

TEST(LibeventWorld, SaysPlainlyThatAPortIsInUse) {
    Server server;
    LibeventWorld second;
    Probe probe(second);
    const auto refused = second.listen(server.at);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::busy);
    EXPECT_EQ(refused.error().message, "cannot listen on " + server.at.text() +
                                           ": the port is in use by another program; choose another with --listen");
}

TEST(LibeventWorld, SaysPlainlyThatAnAddressIsNotOurs) {
    LibeventWorld world;
    Probe probe(world);
    const auto refused = world.listen({"203.0.113.7", 0});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("this machine does not have that address"));
    const auto unknown = world.listen({"no-such-host.invalid", 1});
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("the host name is unknown"));
}

TEST(LibeventWorld, StopsListeningFromACallback) {
    Server server;
    server.probe.accepted = [&](StreamId) { server.world.stop_listening(); };
    const Peer one(server.at);
    const Peer two(server.at);
    ASSERT_TRUE(server.until([&] { return server.probe.heard("accept"); }));
    turn_often(server.world);
    EXPECT_EQ(server.probe.times("accept"), 1U);
}

TEST(LibeventWorld, SharesALoopWithItsProgram) {
    event_base* base = event_base_new();
    {
        LibeventWorld world(WorldLimits{}, base);
        Probe probe(world);
        const auto at = world.listen(any_port);
        ASSERT_TRUE(at);
        EXPECT_EQ(world.base(), base);
        const Peer peer(*at);
        peer.send("hello");
        EXPECT_TRUE(turn_until(world, [&] { return probe.received == "hello"; }));
        world.call_after(seconds{100}, [] { FAIL() << "must be forgotten with its world"; });
    }
    EXPECT_EQ(event_base_loop(base, EVLOOP_NONBLOCK), 1) << "the world left an event behind";
    event_base_free(base);
}

TEST(LibeventWorld, HearsSignals) {
    Server server;
    int heard = 0;
    server.world.on_signal(SIGUSR1, [&] { ++heard; });
    ::raise(SIGUSR1);
    EXPECT_TRUE(server.until([&] { return heard == 1; }));
}

TEST(LibeventWorld, StopsOnceAllStreamsAreFlushed) {
    Server server;
    const Backlog other(5);
    const StreamId stream = server.probe.connect(other.endpoint());
    server.probe.write(stream, "farewell");
    server.probe.close(stream);
    const Instant began = server.world.clock().now();
    server.world.stop_when_quiet(seconds{4});
    server.world.run();

    EXPECT_LT(server.world.clock().now() - began, seconds{3});
    Peer peer = other.accept();
    EXPECT_TRUE(peer.finished());
    EXPECT_EQ(peer.text(), "farewell");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
