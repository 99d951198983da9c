// A node and a peer that sends any bytes that the test likes.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "overlay/gossip/wire/gossip_codec.h"
#include "overlay/node/overlay_node.h"
#include "simulations/world/sim_world.h"
#include "store/hash.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using gossip::Kind;
using gossip::Message;

// A host whose connections the test controls.
class ScriptedPeer final : public EventHandler {
public:
    void on_accept(StreamId stream, const Endpoint&) override { accepted.push_back(stream); }
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override { ++failed; }
    void on_bytes(StreamId stream, Bytes bytes) override { received[stream].append(bytes); }
    void on_end(StreamId) override { ++ended; }
    void on_closed(StreamId) override { ++ended; }
    void on_wakeup() override {}

    std::vector<StreamId> accepted;
    std::map<StreamId, std::string> received;
    int failed = 0, ended = 0;
};

class HostilePeerTest : public testing::Test {
protected:
    HostilePeerTest() : world(3, collecting()) {
        node_host = world.add_host(node_at);
        peer_host = world.add_host(peer_at);
        node = std::make_unique<OverlayNode>(world.env(node_host), endpoints,
                                             OverlayOptions::for_profile(Profile::lan), false);
        world.attach(node_host, *node);
        world.attach(peer_host, peer);
        node->start();
    }
    static SimOptions collecting() {
        SimOptions o;
        o.collect_events = true;
        return o;
    }
    // Everything that the node answers to these bytes within the span.
    std::string say(const std::string& bytes, Duration span = 2s) {
        Transport& transport = world.env(peer_host).transport;
        const StreamId stream = transport.connect(node_at);
        transport.write(stream, bytes);
        world.run_for(span);
        return peer.received[stream];
    }
    Message message(Kind kind, const std::string& swarm = "halp") {
        Message m;
        m.kind = kind;
        m.hello.swarm = fnv1a(swarm);
        m.hello.node = 42;
        m.hello.port = peer_at.port;
        m.hello.incarnation = 1'700'000'000;
        return m;
    }
    Message answer(const Message& m) {
        const std::string bytes = say(gossip::encode(m, endpoints));
        auto decoded = gossip::decode(bytes, endpoints);
        if (const auto* error = std::get_if<gossip::DecodeError>(&decoded)) {
            ADD_FAILURE() << "answer of " << bytes.size() << " bytes: " << gossip::name(*error);
            return {};
        }
        return std::get<Message>(decoded);
    }
    template <class T>
    int noted() const {
        int n = 0;
        for (const SimWorld::Noted& event : world.noted()) n += std::holds_alternative<T>(event.event);
        return n;
    }

    // Why the first attempt to join through a seed failed.
    std::optional<ConnectFailure> seed_failure() const {
        for (const SimWorld::Noted& event : world.noted())
            if (const auto* failed = std::get_if<SeedFailed>(&event.event)) return failed->why;
        return std::nullopt;
    }

    const Endpoint node_at{"10.0.0.1", 3451}, peer_at{"10.0.0.2", 3451};
    EndpointTable endpoints;
    SimWorld world;
    HostId node_host{}, peer_host{};
    ScriptedPeer peer;
    std::unique_ptr<OverlayNode> node;
};

TEST_F(HostilePeerTest, APingIsAnsweredAndTellsTheAskerItsAddress) {
    const Message pong = answer(message(Kind::ping));
    EXPECT_EQ(pong.kind, Kind::pong);
    ASSERT_NE(pong.observed, no_endpoint);
    EXPECT_EQ(endpoints.at(pong.observed), peer_at);
}

// It speaks from one host and says each time that it listens on another port.
TEST_F(HostilePeerTest, NoCallerSendsTheNodeToAllPortsOfItsHost) {
    for (int i = 0; i < 300; ++i) {
        Message m = message(Kind::ping);
        m.hello.node = 1000 + static_cast<std::uint64_t>(i);
        m.hello.port = static_cast<std::uint16_t>(4000 + i);
        say(gossip::encode(m, endpoints), 1s);
    }
    EXPECT_LE(node->status().streams_out, 40U) << "calls back";
    EXPECT_EQ(node->status().peers_proved, 0U);
    EXPECT_EQ(answer(message(Kind::ping)).kind, Kind::pong) << "it is answered where it calls";
}

TEST_F(HostilePeerTest, AnotherSwarmIsRefusedAndNotTold) {
    const Message no = answer(message(Kind::exchange, "other"));
    EXPECT_EQ(no.kind, Kind::refuse);
    EXPECT_EQ(no.refusal, gossip::Refusal::other_swarm);
    EXPECT_EQ(no.hello.swarm, 0U) << "with the name of the swarm a stranger is a member";
    EXPECT_EQ(no.hello.node, 0U);
    EXPECT_EQ(noted<SwarmMismatch>(), 1);
    EXPECT_EQ(node->host_count(Label::halp()), 0U);
}

TEST_F(HostilePeerTest, NoSecondFrameTellsAStrangerTheSwarm) {
    std::string id(sizeof(std::uint64_t), '\0');
    for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<char>(fnv1a("halp") >> (56 - 8 * i));
    const Message pong = answer(message(Kind::ping));
    ASSERT_NE(say(gossip::encode(message(Kind::ping), endpoints)).find(id), std::string::npos)
        << "a member hears it";
    for (const Kind kind : {Kind::exchange, Kind::news, Kind::ping, Kind::try_for, Kind::leave, Kind::pong}) {
        Message strange = message(kind, "other");
        const std::string first = gossip::encode(strange, endpoints);
        strange.hello.node = pong.hello.node;  // that of the node itself
        std::string newer = first;
        newer[1] = 3;
        const std::string second = gossip::encode(strange, endpoints);
        for (const std::string& bytes : {first + first, second + second, first + second, newer + second})
            EXPECT_EQ(say(bytes, 100ms).find(id), std::string::npos) << static_cast<int>(kind);
    }
}

TEST_F(HostilePeerTest, AnUnknownVersionIsRefusedInWords) {
    std::string frame = gossip::encode(message(Kind::ping), endpoints);
    frame[1] = 3;
    auto decoded = gossip::decode(say(frame), endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    EXPECT_EQ(std::get<Message>(decoded).refusal, gossip::Refusal::version);
}

TEST_F(HostilePeerTest, GarbageBehindTheMagicEndsTheConnectionAndIsCounted) {
    std::string frame = gossip::encode(message(Kind::ping), endpoints);
    frame.back() = static_cast<char>(0xff);
    frame += std::string(50, '\x7f');
    say(frame);
    say("\xB5\x02\x01" + std::string("\0\xff\xff\xff\xff", 5));
    EXPECT_GE(node->status().malformed, 1U);
    EXPECT_EQ(answer(message(Kind::ping)).kind, Kind::pong) << "and nobody else notices";
}

TEST_F(HostilePeerTest, AFrameByteByByteIsAFrame) {
    const std::string frame = gossip::encode(message(Kind::ping), endpoints);
    Transport& transport = world.env(peer_host).transport;
    const StreamId stream = transport.connect(node_at);
    for (const char c : frame) {
        transport.write(stream, {&c, 1});
        world.run_for(1ms);
    }
    world.run_for(1s);
    EXPECT_FALSE(peer.received[stream].empty());
}

TEST_F(HostilePeerTest, AHalfSentFrameIsCutOff) {
    const std::string frame = gossip::encode(message(Kind::ping), endpoints);
    say(frame.substr(0, frame.size() - 1), 30s);
    EXPECT_EQ(peer.ended, 1);
    EXPECT_EQ(node->status().streams_open, 0U);
}

TEST_F(HostilePeerTest, TooManyUnfinishedQueriesAreRefusedAndWholeOnesAreNot) {
    OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
    options.text.sessions_max = 2;
    node->reconfigure(options);
    Transport& transport = world.env(peer_host).transport;
    std::vector<StreamId> streams;
    for (int i = 0; i < 3; ++i) {
        streams.push_back(transport.connect(node_at));
        transport.write(streams.back(), "insert chat\n1700000000 a.exam");
    }
    world.run_for(100ms);
    EXPECT_EQ(node->status().text_sessions, 2U);
    EXPECT_EQ(node->status().text_refused, 1U);
    EXPECT_EQ(peer.received[streams[0]], "Could not parse request") << "it has been silent longest";
    EXPECT_EQ(say("insert chat\n1700000000 b.example 80"), "success: chat 1700000000 b.example 80");
    EXPECT_EQ(node->status().text_sessions, 0U) << "the pause has ended the others";

    const StreamId later = transport.connect(node_at);
    transport.write(later, "insert chat\n1700000000 a.exam");
    world.run_for(100ms);
    EXPECT_EQ(node->status().text_sessions, 1U);
}

TEST_F(HostilePeerTest, OneHostDoesNotTakeTheUnfinishedQueriesOfOthers) {
    OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
    options.text.sessions_per_source_max = 1;
    node->reconfigure(options);
    const HostId other_host = world.add_host({"10.0.0.9", 3451});
    ScriptedPeer other;
    world.attach(other_host, other);
    for (const HostId host : {peer_host, peer_host, other_host}) {
        Transport& transport = world.env(host).transport;
        transport.write(transport.connect(node_at), "insert chat\n1700000000 a.exam");
    }
    world.run_for(100ms);
    EXPECT_EQ(node->status().text_sessions, 2U);
    EXPECT_EQ(node->status().text_refused, 1U);
}

// 200 queries for names that nobody knows, by a neighbour behind the same address.
TEST_F(HostilePeerTest, QueriesUseUpNothingThatInsertsNeed) {
    for (int i = 0; i < 200; ++i) say("get unknown" + std::to_string(i), 1ms);
    EXPECT_EQ(say("insert chat\n1700000000 a.example 80"), "success: chat 1700000000 a.example 80");
}

// Strangers have used up what each of them may make; the applications of this machine still make theirs, up to a
// bound.
TEST(LabelAccounts, ThisMachineHasAccountsOfItsOwn) {
    const Endpoint at{"127.0.0.1", 3451};
    SimOptions collecting;
    collecting.collect_events = true;
    SimWorld world(3, collecting);
    EndpointTable endpoints;
    OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
    options.table.new_labels_per_source_and_hour = 2;
    options.table.new_labels_of_applications_and_hour = 10;
    options.own_addresses = {"10.0.0.8"};
    const auto node_host = world.add_host(at);
    OverlayNode node(world.env(node_host), endpoints, options, false);
    world.attach(node_host, node);
    node.start();
    const auto inserts = [&](const std::string& host, const std::string& prefix, int count) {
        ScriptedPeer peer;
        const auto speaker = world.add_host({host, 4000});
        world.attach(speaker, peer);
        int taken = 0;
        for (int i = 0; i < count; ++i) {
            Transport& transport = world.env(speaker).transport;
            const StreamId stream = transport.connect(at);
            transport.write(stream, "insert " + prefix + std::to_string(i) + "\n1700000000 a.example 80");
            world.run_for(100ms);
            taken += peer.received[stream].starts_with("success") ? 1 : 0;
        }
        return taken;
    };
    EXPECT_EQ(inserts("10.0.0.9", "far", 5), 2);
    const auto refused = std::ranges::count_if(world.noted(), [](const SimWorld::Noted& noted) {
        const auto* event = std::get_if<InsertRefused>(&static_cast<const Event::variant&>(noted.event));
        return event && event->source.host == "10.0.0.9" && event->cause == RefusalCause::source_label_quota;
    });
    EXPECT_EQ(refused, 1) << "said once an hour";
    EXPECT_EQ(inserts("10.0.0.8", "near", 5), 2) << "of the same address group, but this machine";
    int by_applications = 0;
    for (int i = 0; i < 15; ++i)
        by_applications += node.insert(*Label::parse("app" + std::to_string(i)), {"b", 80}, UnixSeconds{1}) ? 1 : 0;
    EXPECT_EQ(by_applications, 10);
}

// The asker counts positions among the hosts that it is told.
TEST_F(HostilePeerTest, PagesRepeatNoHostWhenAnEarlierOneIsNotTold) {
    const Label foo = *Label::parse("foo");
    for (int i = 0; i < 4; ++i)
        ASSERT_TRUE(node->insert(foo, {"h" + std::to_string(i), 80}, UnixSeconds{1'300'000'004 - i}));
    ASSERT_TRUE(node->insert(foo, {"169.254.1.1", 80}, UnixSeconds{1'300'000'009}));
    EXPECT_EQ(say("get foo[0:2]\n"), "1300000004 h0 80\n1300000003 h1 80");
    EXPECT_EQ(say("get foo[2:4]\n"), "1300000002 h2 80\n1300000001 h3 80");
}

TEST_F(HostilePeerTest, SomebodyElsesGoodbyeForAThirdNodeOnlyCausesALook) {
    answer(message(Kind::ping));  // the peer is listed, at its own address
    ASSERT_EQ(node->host_count(Label::halp()), 1U);
    // A leave message that names another node, sent from the peer's address.
    const EndpointId third = endpoints.intern({"10.0.0.3", 3451});
    Message news = message(Kind::news);
    news.peers.push_back({.endpoint = third, .incarnation = 5, .age_ms = 10});
    say(gossip::encode(news, endpoints), 10ms);
    ASSERT_EQ(node->host_count(Label::halp()), 2U);
    Message goodbye = message(Kind::leave);
    goodbye.hello.self = third;
    say(gossip::encode(goodbye, endpoints), 1ms);
    EXPECT_EQ(node->host_count(Label::halp()), 2U);
    EXPECT_EQ(noted<PeerLeft>(), 0);
}

TEST_F(HostilePeerTest, OneMessageOfStrangersDoesNotBecomeAFlood) {
    for (int i = 0; i < 20; ++i) {
        Message news = message(Kind::news);
        for (int k = 0; k < 128; ++k)
            news.peers.push_back(
                {.endpoint = endpoints.intern({"10.7." + std::to_string(i) + "." + std::to_string(k), 9}),
                 .incarnation = 5,
                 .age_ms = 10});
        say(gossip::encode(news, endpoints), 20ms);
    }
    const NodeStatus before = node->status();
    EXPECT_LE(before.peers_listed, 128U);
    world.run_for(60s);
    const NodeStatus after = node->status();
    EXPECT_LE(after.streams_out - before.streams_out, 2000U) << "calls a minute after 2560 made-up nodes";
    EXPECT_LE(after.peers_listed, 8U) << "nobody answers there";
}

TEST_F(HostilePeerTest, AHostThatNames3000TargetsCausesFewDials) {
    for (int i = 0; i < 24; ++i) {
        Message news = message(Kind::news);
        for (int k = 0; k < 125; ++k)
            news.peers.push_back(
                {.endpoint = endpoints.intern({std::to_string(20 + i) + "." + std::to_string(k) + ".0.1", 80}),
                 .incarnation = 5,
                 .age_ms = 10});
        static_cast<void>(say(gossip::encode(news, endpoints), 20ms));  // news are not answered
    }
    world.run_for(40s);
    EXPECT_LE(node->status().hearsay_dials, 6U);
    EXPECT_GT(node->status().hearsay_dials_held, 0U);
    EXPECT_GE(noted<DialsHeld>(), 1);
    EXPECT_LE(noted<DialsHeld>(), 2) << "once a minute";
    world.run_for(10min);
    EXPECT_LE(node->status().hearsay_dials, 26U);
    EXPECT_LE(node->status().peers_listed, 1U) << "nobody answers there";
}

TEST_F(HostilePeerTest, ManyPortsOfOneHostAreTwoDials) {
    Message news = message(Kind::news);
    for (std::uint16_t port = 1000; port < 1120; ++port)
        news.peers.push_back(
            {.endpoint = endpoints.intern({"198.51.100.7", port}), .incarnation = 5, .age_ms = 10});
    for (int i = 0; i < 100; ++i) static_cast<void>(say(gossip::encode(news, endpoints), 5s));  // as above
    EXPECT_LE(node->status().hearsay_dials, 2U);
}

TEST_F(HostilePeerTest, NamesThatRemoteHostsGiveAreNeverAskedFor) {
    Message news = message(Kind::news);
    for (int i = 0; i < 100; ++i)
        news.peers.push_back({.endpoint = endpoints.intern({"n" + std::to_string(i) + ".example", 80}),
                              .incarnation = 5,
                              .age_ms = 10});
    Message named = message(Kind::ping);
    named.hello.self = endpoints.intern({"self.example", 80});
    say(gossip::encode(news, endpoints), 10ms);
    answer(named);
    say("insert halp\n1700000000 text.example 80");
    const std::uint64_t before = node->status().streams_out;
    world.run_for(60s);
    EXPECT_LE(node->status().hearsay_dials, 2U) << "the speaker itself";
    for (const ListedHost& host : node->hosts(Label::halp(), 0, 200))
        EXPECT_TRUE(host.endpoint == peer_at || host.endpoint.host == "text.example") << host.endpoint.text();
    EXPECT_LE(node->status().streams_out - before, 80U);
}

TEST_F(HostilePeerTest, WildcardAndForeignLoopbackAddressesAreNeverListed) {
    Message news = message(Kind::news);
    for (const char* host : {"0.0.0.0", "::", "127.0.0.1", "::1", "localhost"})
        news.peers.push_back({.endpoint = endpoints.intern({host, 3451}), .incarnation = 5, .age_ms = 10});
    Message selfish = message(Kind::ping);
    selfish.hello.self = endpoints.intern({"0.0.0.0", 3451});
    say(gossip::encode(news, endpoints), 10ms);
    answer(selfish);
    for (const ListedHost& host : node->hosts(Label::halp(), 0, 100)) EXPECT_EQ(host.endpoint, peer_at);
}

TEST_F(HostilePeerTest, AVersionFromTheFarFutureCannotTakeAnAnnouncementOver) {
    const Label chat = *Label::parse("chat");
    const Endpoint service{"10.0.0.9", 80};
    ASSERT_TRUE(node->announce(chat, service));
    for (const std::uint32_t version : {0xffffffffU, 1'700'000'500U}) {
        Message news = message(Kind::news);
        gossip::Entry gone;
        gone.endpoint = endpoints.intern(service);
        gone.incarnation = version;
        gone.withdrawn = true;
        news.labels.push_back({chat, {gone}});
        say(gossip::encode(news, endpoints), 100ms);
        ASSERT_EQ(node->hosts(chat, 0, 10).size(), 1U) << version;
        EXPECT_TRUE(node->hosts(chat, 0, 10)[0].own);
    }
}

TEST_F(HostilePeerTest, AStormOfWithdrawalsIsAnsweredOnceAPeriod) {
    const Label chat = *Label::parse("chat");
    const Endpoint service{"10.0.0.9", 80};
    ASSERT_TRUE(node->announce(chat, service));
    for (std::uint32_t i = 1; i <= 100; ++i) {
        Message news = message(Kind::news);
        gossip::Entry gone;
        gone.endpoint = endpoints.intern(service);
        gone.incarnation = 1'700'000'000U + i * 0x10000000U;  // several times around the circle
        gone.withdrawn = true;
        news.labels.push_back({chat, {gone}});
        say(gossip::encode(news, endpoints), 50ms);
        ASSERT_EQ(node->hosts(chat, 0, 10).size(), 1U) << i;
    }
    EXPECT_LE(node->status().news_sent, 30U) << "5 s of 20 messages each";
}

TEST_F(HostilePeerTest, WhoInsertsTimesAheadOfTheClockIsNamedOnce) {
    for (int i = 0; i < 3; ++i) say("insert chat\n4102444800 my.example.org 5222");
    say("insert chat\n1700000000 my.example.org 5223");
    std::size_t named = 0;
    for (const SimWorld::Noted& noted : world.noted())
        named += std::holds_alternative<TimeAhead>(static_cast<const Event::variant&>(noted.event));
    EXPECT_EQ(named, 1U);
    EXPECT_EQ(node->status().text_ahead, 3U);
}

TEST_F(HostilePeerTest, NobodyCanUseANodeToProbeStrangers) {
    Message request = message(Kind::try_for);
    request.target = endpoints.intern({"10.66.0.1", 22});
    const Message no = answer(request);
    EXPECT_EQ(no.kind, Kind::refuse);
    EXPECT_EQ(no.refusal, gossip::Refusal::busy);
}

TEST_F(HostilePeerTest, ASeedThatSpeaksOnlyTextIsReportedAsThat) {
    node->join(peer_at);
    world.run_for(100ms);
    ASSERT_FALSE(peer.accepted.empty());
    Transport& transport = world.env(peer_host).transport;
    transport.write(peer.accepted[0], "Could not parse request\n");  // as an original answers a frame
    transport.close(peer.accepted[0]);
    world.run_for(100ms);
    EXPECT_EQ(seed_failure(), ConnectFailure::text_only);
}

TEST_F(HostilePeerTest, ASeedThatDoesNotAnswerIsReportedAsSilent) {
    node->join(peer_at);
    world.run_for(5s);
    EXPECT_EQ(seed_failure(), ConnectFailure::silent);
}

TEST_F(HostilePeerTest, ASeedThatIsNotThereIsReportedAsRefused) {
    node->join({peer_at.host, 9});
    world.run_for(5s);
    EXPECT_EQ(seed_failure(), ConnectFailure::refused);
}

TEST_F(HostilePeerTest, ManyNewLabelsFromOneSourceMeetTheQuota) {
    for (int i = 0; i < 40; ++i) {
        Message news = message(Kind::news);
        for (int k = 0; k < 64; ++k) {
            gossip::Entry e;
            e.endpoint = endpoints.intern({"10.0.0.9", 80});
            e.incarnation = 5;
            e.age_ms = 10;
            news.labels.push_back({*Label::parse("flood" + std::to_string(i * 64 + k)), {e}});
        }
        say(gossip::encode(news, endpoints), 10ms);
    }
    EXPECT_LE(node->status().labels, 16U * 64U + 16U);  // sixteen sources (DECISIONS D19)
    EXPECT_GT(node->status().refused[static_cast<std::size_t>(RefusalCause::source_label_quota)], 1000U);
}

TEST_F(HostilePeerTest, ASilentConnectionIsClosedWithoutAnAnswer) {
    const StreamId stream = world.env(peer_host).transport.connect(node_at);
    world.run_for(9s);
    EXPECT_EQ(peer.ended, 0);
    world.run_for(2s);
    EXPECT_EQ(peer.ended, 1);
    EXPECT_EQ(peer.received[stream], "");
}

TEST_F(HostilePeerTest, TextOfEveryKindIsAnsweredBesideGossip) {
    EXPECT_EQ(say("get nosuch"), "");
    EXPECT_EQ(say("hello\n"), "Could not parse request");
    EXPECT_EQ(say("insert foo\n1300000000 h.example 80"), "success: foo 1300000000 h.example 80");
    EXPECT_EQ(say("get foo"), "1300000000 h.example 80");
    EXPECT_EQ(say("get foo[0:5]\n"), "1300000000 h.example 80");
    EXPECT_EQ(say("insert foo\n1300000000 h.example 0", 5s), "failure: foo 1300000000 h.example 0");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
