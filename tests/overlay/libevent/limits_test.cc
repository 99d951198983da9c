// The limits of a libevent world: no stranger holds more than its share, and none loses an answer by sending on.
#include "overlay/libevent/limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "tests/overlay/libevent/world_probe.h"

namespace halp::test {
namespace HALP_TEST_FILE {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

void small_receive_buffer(const Peer& peer) {
    const int size = 4096;
    ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

TEST(LibeventLimits, EndsAStreamWhoseReaderDoesNotRead) {
    Server server;
    StreamId stream{};
    server.probe.accepted = [&](StreamId accepted) { stream = accepted; };
    Peer peer(server.at);
    small_receive_buffer(peer);
    ASSERT_TRUE(server.until([&] { return server.probe.heard("accept"); }));
    const std::string chunk(65536, 'x');
    std::size_t most_unsent = 0;
    for (int i = 0; i < 1000; ++i) {
        server.probe.write(stream, chunk);
        most_unsent = std::max(most_unsent, server.world.stats().output_unsent);
    }
    EXPECT_FALSE(server.probe.heard("closed"));

    ASSERT_TRUE(server.until([&] { return server.probe.heard("closed"); }));
    EXPECT_GT(most_unsent, mebibyte / 2);
    EXPECT_LE(most_unsent, mebibyte + chunk.size());
    EXPECT_EQ(server.world.stats().output_unsent, 0U);
    EXPECT_EQ(server.world.stats().shed_slow_reader, 1U);
}

TEST(LibeventLimits, DeliversOneLongAnswerToASlowReader) {
    Server server;
    const std::string answer(8 * mebibyte, 'y');
    server.probe.bytes = [&](StreamId stream, Bytes) {
        server.probe.write(stream, answer);
        server.probe.close(stream);
    };
    Peer peer(server.at);
    peer.send("get everything");
    ASSERT_TRUE(server.until([&] { return server.probe.heard("bytes"); }));
    EXPECT_GT(server.world.stats().output_unsent, mebibyte);

    ASSERT_TRUE(server.until([&] { return peer.finished(); }, seconds{20}));
    EXPECT_TRUE(peer.ended);
    EXPECT_TRUE(peer.text() == answer) << peer.text().size() << " bytes came";
    EXPECT_EQ(server.world.stats().output_unsent, 0U);
}

TEST(LibeventLimits, SeesThatASlowReaderReads) {
    WorldLimits limits;
    limits.flush_stall_max = milliseconds{400};
    Server server(limits);
    server.probe.bytes = [&](StreamId stream, Bytes) {
        server.probe.write(stream, std::string(4 * mebibyte, 'y'));
        server.probe.close(stream);
    };
    const Peer peer(server.at);
    peer.send("get everything");
    ASSERT_TRUE(server.until([&] { return server.world.stats().output_unsent > 0; }));
    std::vector<char> buffer(100'000);
    const Instant began = server.world.clock().now();
    while (server.world.clock().now() - began < milliseconds{900}) {
        static_cast<void>(::recv(peer.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT));
        turn_past(server.world, server.world.clock().now() + milliseconds{30});
    }
    EXPECT_EQ(server.world.stats().shed_slow_reader, 0U);
    EXPECT_EQ(server.world.stats().live_accepted, 1U);
}

TEST(LibeventLimits, BoundsTheOutputOfAllStreamsTogether) {
    WorldLimits limits;
    limits.output_total_max = mebibyte;
    Server server(limits);
    const std::string answer(6 * mebibyte, 'z');
    server.probe.bytes = [&](StreamId stream, Bytes) { server.probe.write(stream, answer); };
    Peer peer(server.at);
    small_receive_buffer(peer);
    peer.send("get everything");

    ASSERT_TRUE(server.until([&] { return server.probe.heard("closed"); }));
    EXPECT_EQ(server.world.stats().output_unsent, 0U);
}

TEST(LibeventLimits, GivesUpAClosedStreamThatIsNeverRead) {
    WorldLimits limits;
    limits.flush_stall_max = milliseconds{60};
    Server server(limits);
    server.probe.bytes = [&](StreamId stream, Bytes) {
        server.probe.write(stream, std::string(8 * mebibyte, 'z'));
        server.probe.close(stream);
    };
    const Peer peer(server.at);
    small_receive_buffer(peer);
    peer.send("get everything");

    ASSERT_TRUE(server.until([&] { return server.world.stats().accepted == 1; }));
    ASSERT_TRUE(server.until([&] { return server.world.stats().live_accepted == 0; }));
    EXPECT_EQ(server.world.stats().shed_slow_reader, 1U);
    EXPECT_FALSE(server.probe.heard("closed"));
}

TEST(LibeventLimits, UnreadInputDoesNotResetTheAnswer) {
    Server server;
    server.probe.accepted = [&](StreamId stream) {
        server.probe.write(stream, "failure: no");
        server.probe.close(stream);
    };
    Peer peer(server.at);
    peer.send(std::string(100'000, 'i'));

    ASSERT_TRUE(server.until([&] { return server.world.stats().bytes_in == 100'000; }));
    peer.send("and more after the end");
    ASSERT_TRUE(server.until([&] { return peer.finished(); }));
    EXPECT_TRUE(peer.ended);
    EXPECT_EQ(peer.text(), "failure: no");
    EXPECT_FALSE(server.probe.heard("bytes"));
    peer.close();
    ASSERT_TRUE(server.until([&] { return server.world.stats().live_accepted == 0; }));
}

TEST(LibeventLimits, InputAfterTheAnswerToALongQueryDoesNotResetIt) {
    Server server;
    server.probe.bytes = [&](StreamId stream, Bytes) {
        server.probe.write(stream, "failure: too long");
        server.probe.close(stream);
    };
    Peer peer(server.at);
    peer.send(std::string(10'000, 'i'));
    ASSERT_TRUE(server.until([&] { return server.probe.heard("bytes"); }));
    for (int i = 0; i < 5; ++i) {
        peer.send(std::string(1000, 'j'));
        turn_often(server.world);
    }

    ASSERT_TRUE(server.until([&] { return peer.finished(); }));
    EXPECT_TRUE(peer.ended);
    EXPECT_EQ(peer.text(), "failure: too long");
}

TEST(LibeventLimits, DoesNotListenForEverToAPeerThatTalksOn) {
    WorldLimits limits;
    limits.linger_max = milliseconds{60};
    Server server(limits);
    server.probe.bytes = [&](StreamId stream, Bytes) { server.probe.close(stream); };
    const Peer patient(server.at);
    patient.send(std::string(10'000, 'i'));
    ASSERT_TRUE(server.until([&] { return server.probe.heard("bytes"); }));
    ASSERT_TRUE(server.until([&] { return server.world.stats().live_accepted == 0; }));

    const Peer loud(server.at);
    const std::string chunk(100'000, 'j');
    for (int i = 0; i < 100 && server.world.stats().bytes_in < 10 * mebibyte; ++i) {
        if (::send(loud.fd(), chunk.data(), chunk.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) break;
        turn_often(server.world);
    }
    EXPECT_LT(server.world.stats().bytes_in, mebibyte);
}

TEST(LibeventLimits, LimitsTheConnectionsOfOneSource) {
    WorldLimits limits;
    limits.accepted_per_source_max = 3;
    Server server(limits);
    std::vector<StreamId> streams;
    server.probe.accepted = [&](StreamId stream) { streams.push_back(stream); };
    std::vector<Peer> peers;
    for (int i = 0; i < 5; ++i) peers.emplace_back(server.at);
    const Peer other(server.at, "127.0.0.2");

    ASSERT_TRUE(server.until([&] { return streams.size() == 6; }));
    ASSERT_TRUE(server.until([&] { return peers[0].finished() && peers[1].finished(); }));
    EXPECT_EQ(server.world.stats().shed_source_limit, 2U);
    EXPECT_EQ(server.world.stats().live_accepted, 4U);
    EXPECT_EQ(server.probe.remotes.back().host, "127.0.0.2");

    server.probe.close(streams[2]);  // makes room for one
    const Peer late(server.at);
    ASSERT_TRUE(server.until([&] { return streams.size() == 7; }));
    EXPECT_EQ(server.world.stats().shed_source_limit, 2U);
}

TEST(LibeventLimits, LimitsTheConnectionsOfAll) {
    WorldLimits limits;
    limits.accepted_max = 2;
    Server server(limits);
    std::vector<Peer> peers;
    for (int i = 0; i < 4; ++i) peers.emplace_back(server.at);
    ASSERT_TRUE(server.until([&] { return peers[0].finished() && peers[1].finished(); }));
    EXPECT_EQ(server.world.stats().live_accepted, 2U);
    EXPECT_EQ(server.world.stats().shed_total_limit, 2U);
}

TEST(LibeventLimits, SilentConnectionsOfOneAddressMakeRoomForTheQueryOfAnother) {
    WorldLimits limits;
    limits.accepted_max = 4;
    Server server(limits);
    server.probe.bytes = [&](StreamId stream, Bytes) {
        server.probe.write(stream, "here");
        server.probe.close(stream);
    };
    Peer early(server.at, "127.1.0.1");
    ASSERT_TRUE(server.until([&] { return server.probe.times("accept") == 1; }));
    std::vector<Peer> silent;
    for (int i = 0; i < 3; ++i) silent.emplace_back(server.at, "127.2.0.1");
    ASSERT_TRUE(server.until([&] { return server.probe.times("accept") == 4; }));
    Peer late(server.at, "127.3.0.1");
    ASSERT_TRUE(server.until([&] { return silent[0].finished(); }));
    for (Peer* asks : {&early, &late}) {
        asks->send("get chat");
        ASSERT_TRUE(server.until([&] { return asks->finished(); }));
        EXPECT_EQ(asks->text(), "here");
    }
    EXPECT_FALSE(silent[1].finished());
}

TEST(LibeventLimits, WhoHasProvedHimselfKeepsHisPlace) {
    WorldLimits limits;
    limits.accepted_max = 3;
    Server server(limits);
    std::vector<StreamId> streams;
    server.probe.accepted = [&](StreamId stream) { streams.push_back(stream); };
    std::vector<Peer> clients;
    for (int i = 0; i < 2; ++i) clients.emplace_back(server.at, "127.1.0.1");
    ASSERT_TRUE(server.until([&] { return streams.size() == 2; }));
    for (const StreamId stream : streams) server.world.transport().vouch(stream);
    std::vector<Peer> strangers;
    for (int i = 0; i < 3; ++i) strangers.emplace_back(server.at, "127.2.0.1");
    ASSERT_TRUE(server.until([&] { return strangers[0].finished() && strangers[1].finished(); }));
    ASSERT_TRUE(server.until([&] { return streams.size() == 5; }));
    EXPECT_FALSE(clients[0].finished() || clients[1].finished() || strangers[2].finished());

    server.world.transport().vouch(streams.back());
    Peer one_too_many(server.at, "127.3.0.1");
    ASSERT_TRUE(server.until([&] { return one_too_many.finished(); }));
    EXPECT_EQ(server.world.stats().live_accepted, 3U);
}

TEST(LibeventLimits, WhoReadsTheLeastPaysForTheOutputOfAll) {
    WorldLimits limits;
    limits.output_total_max = 4 * mebibyte;
    Server server(limits);
    server.probe.bytes = [&](StreamId stream, Bytes asked) {
        server.probe.write(stream, std::string(asked == "much" ? 3 * mebibyte : mebibyte, 'z'));
        server.probe.close(stream);
    };
    const auto asks = [&](const char* from, const char* what) {
        Peer peer(server.at, from);
        const std::size_t before = server.probe.times("bytes");
        peer.send(what);
        EXPECT_TRUE(server.until([&] { return server.probe.times("bytes") > before; }));
        return peer;
    };
    Peer hostile = asks("127.2.0.1", "much");
    std::vector<Peer> honest;
    for (const char* from : {"127.1.0.1", "127.3.0.1"}) honest.push_back(asks(from, "some"));
    EXPECT_EQ(server.world.stats().shed_slow_reader, 1U);
    for (Peer& peer : honest) {
        ASSERT_TRUE(server.until([&] { return peer.finished(); }, seconds{20}));
        EXPECT_EQ(peer.text().size(), mebibyte);
    }
}

TEST(LibeventLimits, WorldsOfOneProcessShareTheAccountOfUnsentBytes) {
    OutputAccount output(4 * mebibyte);
    Server records({}, nullptr, nullptr, &output);
    Server texts({}, records.world.base(), nullptr, &output);
    for (Server* server : {&records, &texts})
        server->probe.bytes = [=](StreamId stream, Bytes asked) {
            server->probe.write(stream, std::string(asked == "much" ? 3 * mebibyte : mebibyte, 'z'));
            server->probe.close(stream);
        };
    Peer hostile(records.at, "127.2.0.1");
    hostile.send("much");
    ASSERT_TRUE(records.until([&] { return records.probe.times("bytes") == 1; }));
    std::vector<Peer> honest;
    for (const char* from : {"127.1.0.1", "127.3.0.1"}) {
        honest.emplace_back(texts.at, from).send("some");
        ASSERT_TRUE(records.until([&] { return texts.probe.times("bytes") == honest.size(); }));
    }
    EXPECT_EQ(records.world.stats().shed_slow_reader, 1U);
    EXPECT_EQ(texts.world.stats().shed_slow_reader, 0U);
    for (Peer& peer : honest) {
        ASSERT_TRUE(records.until([&] { return peer.finished(); }, seconds{20}));
        EXPECT_EQ(peer.text().size(), mebibyte);
    }
}

TEST(LibeventLimits, ShedsTheIdle) {
    WorldLimits limits;
    limits.idle_timeout = milliseconds{80};
    Server server(limits);
    Peer idle(server.at);
    Peer busy(server.at);
    const Instant began = server.world.clock().now();
    ASSERT_TRUE(server.until([&] {
        if (!idle.finished()) busy.send(".");
        return idle.finished();
    }));
    EXPECT_GE(server.world.clock().now() - began, milliseconds{75});
    EXPECT_TRUE(idle.ended);
    EXPECT_FALSE(busy.finished());
    EXPECT_EQ(server.probe.times("closed"), 1U);
    EXPECT_EQ(server.world.stats().shed_idle, 1U);
}

class FileLimit {
public:
    // Room for `more` descriptors than are open now.
    explicit FileLimit(int more) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::dup(0);
        ::close(next);
        const rlimit now{static_cast<rlim_t>(next + more), before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &now), 0);
    }
    ~FileLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;

private:
    rlimit before_{};
};

TEST(LibeventLimits, ShedsConnectionsWithoutSpinningWhenDescriptorsRunOut) {
    Server server;
    std::vector<StreamId> streams;
    server.probe.accepted = [&](StreamId stream) { streams.push_back(stream); };
    // UBSan looks up a type that it meets first through a pipe, which fails without descriptors. So handler and
    // transport are used before.
    const Peer first(server.at);
    server.probe.connect(server.at);
    ASSERT_TRUE(server.until([&] { return streams.size() == 2; }));
    streams.clear();
    std::vector<Peer> peers;
    for (int i = 0; i < 6; ++i) peers.emplace_back(server.at);
    {
        const FileLimit tight(2);
        const auto all_over = [&] { return streams.size() == 6 && peers[0].finished() && peers[1].finished(); };
        ASSERT_TRUE(server.until(all_over)) << "those that have been silent longest gave way";
        EXPECT_EQ(server.world.stats().shed_no_descriptor, 4U);
        EXPECT_FALSE(peers[4].finished() || peers[5].finished());

        server.probe.connect(server.at);
        ASSERT_TRUE(server.until([&] { return server.probe.words.back().starts_with("failed"); }));
        EXPECT_EQ(server.probe.words.back(),
                  "failed:" + std::to_string(static_cast<int>(ConnectFailure::local_limit)));
    }
    const Peer late(server.at);
    ASSERT_TRUE(server.until([&] { return streams.size() == 7; }));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
