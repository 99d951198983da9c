// A listening socket for nodes that stream: the amount of unsent bytes is known, free room is reported, and no
// client is dropped for being slow or silent.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/client/neo_client_session.h"
#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/dht/wire/record_batch.h"
#include "overlay/environment.h"
#include "overlay/libevent/limits.h"
#include "overlay/libevent/world.h"
#include "store/records/memory_store.h"
#include "tests/overlay/libevent/world_probe.h"

namespace halp::test {
namespace HALP_TEST_FILE {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
const std::size_t writable_below = WorldLimits{}.writable_below;

// Small against what is sent, but large enough that the kernel's timers do not set the pace.
void small_receive_buffer(const Peer& peer) {
    const int size = 128 << 10;
    ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

// Writes 32 KiB whenever there is room, and records the maximum of unsent bytes.
class Streamer final : public EventHandler {
public:
    Streamer(LibeventWorld& world, std::size_t total) : world_(world), left_(total) { world.attach(*this); }

    void on_accept(StreamId stream, const Endpoint&) override { fill(stream_ = stream); }
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes) override {}
    void on_end(StreamId) override {}
    void on_closed(StreamId) override { closed = true; }
    void on_wakeup() override {}
    void on_writable(StreamId stream) override {
        ++told;
        EXPECT_LE(world_.transport().unsent(stream), writable_below);
        fill(stream);
    }
    [[nodiscard]] std::size_t unsent() const { return world_.transport().unsent(stream_); }

    bool closed = false;
    std::size_t told = 0, most_unsent = 0;

private:
    void fill(StreamId stream) {
        const std::string chunk(32 << 10, 'x');
        while (left_ > 0 && world_.transport().unsent(stream) <= 2 * writable_below) {
            world_.transport().write(stream, chunk);
            left_ -= std::min(left_, chunk.size());
            most_unsent = std::max(most_unsent, world_.transport().unsent(stream));
        }
    }

    LibeventWorld& world_;
    std::size_t left_;
    StreamId stream_{};
};

TEST(LibeventStreaming, TellsWhenABacklogHasFallen) {
    LibeventWorld world(limits_for_streaming(10));
    Streamer streamer(world, 16 * mebibyte);
    const auto at = world.listen(any_port);
    ASSERT_TRUE(at);
    Peer peer(*at);
    small_receive_buffer(peer);

    ASSERT_TRUE(turn_until(world, [&] { return streamer.unsent() > writable_below; }));
    turn_often(world);
    EXPECT_GT(streamer.unsent(), writable_below);
    EXPECT_EQ(streamer.told, 0U) << "nobody has read anything";

    ASSERT_TRUE(turn_until(
        world, [&] { return static_cast<void>(peer.finished()), peer.text().size() >= 16 * mebibyte; },
        seconds{30}));
    EXPECT_GT(streamer.told, 10U);
    EXPECT_LE(streamer.most_unsent, 2 * writable_below + (32 << 10));
    EXPECT_EQ(streamer.unsent(), 0U);
    EXPECT_FALSE(streamer.closed);
}

TEST(LibeventStreaming, AStreamThatIsGoneHasNoBacklog) {
    LibeventWorld world(limits_for_streaming(10));
    Streamer streamer(world, 16 * mebibyte);
    const auto at = world.listen(any_port);
    ASSERT_TRUE(at);
    Peer peer(*at);
    ASSERT_TRUE(turn_until(world, [&] { return streamer.unsent() > 0; }));
    peer.reset();
    ASSERT_TRUE(turn_until(world, [&] { return streamer.closed; }));
    EXPECT_EQ(streamer.unsent(), 0U);
}

TEST(LibeventStreaming, LeavesASilentClientAloneWhileTheOtherPortShedsIt) {
    WorldLimits ordinary;
    ordinary.idle_timeout = milliseconds{50};
    LibeventWorld world(ordinary);
    const Probe probe(world);
    LibeventWorld streams(limits_for_streaming(10), world.base());
    const Probe streaming_probe(streams);
    const auto ordinary_port = world.listen(any_port), streaming_port = streams.listen(any_port);
    ASSERT_TRUE(ordinary_port && streaming_port);
    const Peer shed(*ordinary_port), kept(*streaming_port);

    ASSERT_TRUE(turn_until(world, [&] { return probe.heard("closed"); }));
    turn_past(world, world.clock().now() + ordinary.idle_timeout);
    EXPECT_EQ(streaming_probe.times("accept"), 1U);
    EXPECT_FALSE(streaming_probe.heard("closed"));
    EXPECT_FALSE(streams.quiet());
    EXPECT_TRUE(world.quiet());
}

int tcp_option(int fd, int level, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(fd, level, option, &value, &length);
    return value;
}

// The sockets of this process on either end of a connection to this port.
std::vector<int> ends_of_connections(std::uint16_t port) {
    std::vector<int> ends;
    for (int fd = 0; fd < 1024; ++fd) {
        sockaddr_in local{}, remote{};
        socklen_t length = sizeof local;
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length) != 0) continue;
        length = sizeof remote;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&remote), &length) != 0) continue;
        const bool internet = local.sin_family == AF_INET;
        if (internet && (ntohs(local.sin_port) == port || ntohs(remote.sin_port) == port)) ends.push_back(fd);
    }
    return ends;
}

TEST(LibeventStreaming, AsksSilentPeersAtBothEndsAsOftenAsTheOriginalsWhetherTheyAreThere) {
    LibeventWorld node_world(limits_for_streaming(10));
    LibeventWorld client_world(limits_for_streaming(10), node_world.base());
    const Probe node(node_world);
    Probe client(client_world);
    const auto at = node_world.listen(any_port);
    ASSERT_TRUE(at);
    client.connect(*at);
    ASSERT_TRUE(turn_until(node_world, [&] { return node.heard("accept") && client.heard("connected"); }));

    const std::vector<int> ends = ends_of_connections(at->port);
    ASSERT_EQ(ends.size(), 2U);
    for (const int fd : ends) {
        EXPECT_EQ(tcp_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        EXPECT_EQ(tcp_option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 5);
        EXPECT_EQ(tcp_option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 3);
        EXPECT_EQ(tcp_option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
        EXPECT_EQ(tcp_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    }
}

// A client that sends what the test says and counts what it receives, on a socket of the test.
class NeoClient final : neo::ClientMessages {
public:
    explicit NeoClient(const Endpoint& at) : peer(at) {}

    void turn(UnixSeconds wall) {
        const std::size_t had = peer.text().size();
        over = peer.finished();
        session.on_bytes(Bytes(peer.text()).substr(had), wall);
        session.pump(never, queued);
        if (!session.output().empty()) peer.send(session.output());
        session.output().clear();
    }
    void on_authenticated() override {}
    bool on_message(neo::RequestId, Bytes payload) override {
        if (payload.size() == 1 && static_cast<std::int8_t>(payload[0]) == -3) return true;
        const auto answer = neo::decode_get_all_answer(payload);
        const auto* said = std::get_if<neo::GetAllAnswer>(&answer);
        EXPECT_NE(said, nullptr);
        if (!said) return false;
        batches += said->code == neo::GetAllCode::record_batch ? 1 : 0;
        finished = finished || said->code == neo::GetAllCode::finished;
        return true;
    }

    Peer peer;
    neo::SessionLimits limits;
    neo::Credential credential{"admin", {}};
    neo::ClientSession session{limits, credential, *this, Instant{}};
    RequestTimes queued;
    bool over = false, finished = false;
    std::size_t batches = 0;
};

TEST(LibeventStreaming, ASlowReaderOfABigChannelIsBoundedInMemoryAndNotCutOff) {
    LibeventWorld world(limits_for_streaming(10));
    MemoryStore store;
    WriteLog records(store);
    const Channel channel = *Channel::parse("big");
    for (std::uint64_t key = 0; key < 4000; ++key) {
        std::string value(8000, '\0');
        for (char& byte : value) byte = static_cast<char>(world.random().next());  // does not compress
        static_cast<void>(store.put_now(channel, Key{key}, value));
    }
    DhtNode node(world.environment(), records, {});
    world.attach(node);
    const auto at = world.listen(any_port);
    ASSERT_TRUE(at);

    NeoClient client(*at);
    small_receive_buffer(client.peer);
    ASSERT_TRUE(
        turn_until(world, [&] { return client.turn(world.clock().wall()), client.session.authenticated(); }));
    std::string frame;
    neo::GetAllRequest everything;
    everything.channel = "big";
    neo::encode_get_all(frame, 1, everything);
    client.session.send(1, frame, never);
    client.turn(world.clock().wall());

    std::size_t most_unsent = 0;
    const auto look = [&] { most_unsent = std::max(most_unsent, world.stats().output_unsent); };
    ASSERT_TRUE(turn_until(world, [&] { return look(), most_unsent > 0; }));
    for (int i = 0; i < 20; ++i) turn_often(world), look();
    EXPECT_EQ(client.batches, 0U) << "it has not read yet";
    EXPECT_GT(most_unsent, 0U);
    ASSERT_TRUE(turn_until(
        world, [&] { return look(), client.turn(world.clock().wall()), client.finished || client.over; },
        seconds{30}));
    EXPECT_TRUE(client.finished);
    EXPECT_GT(client.batches, 400U);
    EXPECT_LE(most_unsent, std::size_t{256} << 10) << "32 MB were asked for";
    EXPECT_EQ(world.stats().shed_slow_reader, 0U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
