// What strangers say of a living node, and of what it announces (overlay/gossip/rules.md, section 4, "Arguments").
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "overlay/gossip/wire/gossip_codec.h"
#include "overlay/node/overlay_node.h"
#include "store/hash.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using gossip::Kind;
using gossip::Message;

constexpr std::uint32_t far = 0x7fffff00U;  // almost half the circle of versions

// A host that sends frames and hears nothing.
class Speaker final : public EventHandler {
public:
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes) override {}
    void on_end(StreamId) override {}
    void on_closed(StreamId) override {}
    void on_wakeup() override {}
};

struct OthersSpeak : testing::Test {
    OthersSpeak() : swarm(41) {
        swarm.add(8, 0);
        stranger = add_speaker({"10.66.0.1", 4000});
        EXPECT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
        EXPECT_TRUE(swarm.node(2).announce(chat, service));
        swarm.world.run_for(20s);
        EXPECT_TRUE(all_list());
        version = swarm.world.env(swarm.host(2)).clock.wall();
    }
    HostId add_speaker(const Endpoint& at) {
        const HostId host = swarm.world.add_host(at);
        swarm.world.attach(host, speaker);
        return host;
    }
    [[nodiscard]] Message message(Kind kind) const {
        Message m;
        m.kind = kind;
        m.hello.swarm = fnv1a("halp");
        m.hello.node = 42;
        m.hello.port = 4000;
        m.hello.incarnation = 1'700'000'000;
        return m;
    }
    void say(HostId from, std::size_t to, const Message& m) {
        Transport& transport = swarm.world.env(from).transport;
        transport.write(transport.connect(swarm.at(to)), gossip::encode(m, endpoints));
    }
    // To every node but one.
    void tell_all_but(std::size_t one, const Message& m) {
        for (std::size_t i = 0; i < swarm.size(); ++i)
            if (i != one && swarm.up(i)) say(stranger, i, m);
    }
    [[nodiscard]] Message of_service(std::uint32_t incarnation, bool withdrawn) {
        Message news = message(Kind::news);
        gossip::Entry said;
        said.endpoint = endpoints.intern(service);
        said.incarnation = incarnation;
        said.withdrawn = withdrawn;
        news.labels.push_back({chat, {said}});
        return news;
    }
    [[nodiscard]] Message of_node(std::size_t i, std::uint32_t incarnation, bool withdrawn) {
        Message news = message(Kind::news);
        gossip::Entry said;
        said.endpoint = endpoints.intern(swarm.at(i));
        said.incarnation = incarnation;
        said.withdrawn = withdrawn;
        news.peers.push_back(said);
        return news;
    }
    // All others hold a version far ahead, and the announcer has not heard of that.
    void announce_behind_its_back() {
        swarm.world.partition({swarm.host(2)});
        tell_all_but(2, of_service(now_s() + far, false));
        swarm.world.run_for(200ms);
        swarm.world.heal();
    }
    [[nodiscard]] bool all_list_node(std::size_t i) const {
        return swarm.listing(Label::halp(), swarm.at(i)) == swarm.living();
    }
    [[nodiscard]] std::uint32_t now_s() const { return static_cast<std::uint32_t>(count(version)); }
    [[nodiscard]] bool all_list() const { return swarm.listing(chat, service) == swarm.living(); }

    // The share of looks in which a node did not list the service while a stranger withdrew it every `pause`.
    double absent_under(Duration pause, const std::function<std::uint32_t(std::uint32_t)>& version_of) {
        std::size_t looks = 0, missing = 0;
        Instant next = swarm.world.now();
        std::uint32_t said = 0;
        for (const Instant end = next + 10s; swarm.world.now() < end; swarm.world.run_for(10ms)) {
            if (swarm.world.now() >= next) {
                tell_all_but(2, of_service(version_of(++said), true));
                next += pause;
            }
            looks += swarm.size();
            missing += swarm.size() - swarm.listing(chat, service);
        }
        return static_cast<double>(missing) / static_cast<double>(looks);
    }

    Swarm swarm;
    Speaker speaker;
    EndpointTable endpoints;
    HostId stranger{};
    UnixSeconds version{};
    const Label chat = *Label::parse("chat");
    const Endpoint service{"10.9.9.9", 80};
};

TEST_F(OthersSpeak, AWithdrawalFarAheadHidesNothing) {
    EXPECT_EQ(absent_under(1s, [&](std::uint32_t i) { return now_s() + far + i; }), 0.0);
    EXPECT_TRUE(all_list());
    EXPECT_GE(swarm.node(5).status().withdrawals_refuted, 1u);
}

TEST_F(OthersSpeak, AWithdrawalOfTheNextVersionHidesAnAnnouncementForAMomentAndOnce) {
    EXPECT_LE(absent_under(100ms, [&](std::uint32_t i) { return now_s() + i; }), 0.02);
    EXPECT_TRUE(swarm.within(2s, [&] { return all_list(); }));
}

TEST_F(OthersSpeak, AnAnnouncementLivesThroughEverNewerWithdrawals) {
    EXPECT_LE(absent_under(20ms, [&](std::uint32_t i) { return now_s() + i * 1000; }), 0.02);
    swarm.world.run_for(2s);
    EXPECT_TRUE(all_list());
    EXPECT_EQ(swarm.node(5).status().withdrawals_waiting, 0u);
}

TEST_F(OthersSpeak, VersionsDrivenAroundTheCircleEndNothing) {
    EXPECT_LE(absent_under(100ms, [&](std::uint32_t i) { return now_s() + i * far; }), 0.02);
    EXPECT_TRUE(swarm.within(2s, [&] { return all_list(); }));
}

TEST_F(OthersSpeak, AWithdrawalThatWasDisputedIsTakenAfterTwoPeriods) {
    absent_under(1s, [&](std::uint32_t i) { return now_s() + far + i; });
    ASSERT_TRUE(swarm.node(2).withdraw(chat, service));
    EXPECT_TRUE(swarm.within(2s, [&] { return swarm.listing(chat, service) == 0; }));
    swarm.world.run_for(60s);
    EXPECT_EQ(swarm.listing(chat, service), 0u);
}

TEST_F(OthersSpeak, AVersionThatAStrangerAnnouncedDoesNotOutliveTheWithdrawal) {
    announce_behind_its_back();
    ASSERT_TRUE(swarm.node(2).withdraw(chat, service));
    EXPECT_TRUE(swarm.within(2s, [&] { return swarm.listing(chat, service) == 0; }));
    swarm.world.run_for(20s);
    EXPECT_EQ(swarm.listing(chat, service), 0u);
}

TEST_F(OthersSpeak, ANodeThatLeavesTakesItsAnnouncementsAlong) {
    announce_behind_its_back();
    swarm.node(2).leave();
    EXPECT_TRUE(swarm.within(2s, [&] { return swarm.listing(chat, service) == 0; }));
    swarm.world.run_for(2s);
    swarm.crash(2);
    swarm.world.run_for(20s);
    EXPECT_EQ(swarm.listing(chat, service), 0u);
}

TEST_F(OthersSpeak, ALeaveCountsWhateverVersionOthersNamed) {
    for (std::uint32_t i = 1; i <= 20; ++i) {
        tell_all_but(3, of_node(3, now_s() + far + i, false));
        swarm.world.run_for(100ms);
        ASSERT_TRUE(all_list_node(3));
    }
    EXPECT_GE(swarm.node(5).status().versions_unproved, 1u);
    swarm.node(3).leave();
    EXPECT_TRUE(swarm.within(1s, [&] { return swarm.listing(Label::halp(), swarm.at(3)) <= 1; }));
    swarm.world.run_for(4s);
    swarm.crash(3);
    swarm.world.run_for(20s);
    EXPECT_EQ(swarm.listing(Label::halp(), swarm.at(3)), 0u);
}

TEST_F(OthersSpeak, ALeaveFromAnotherPortOfItsMachineRemovesNobody) {
    const HostId neighbour = add_speaker({swarm.at(3).host, 4000});
    for (const std::uint32_t incarnation : {1U, now_s(), now_s() + far, 0xffffffffU}) {
        Message goodbye = message(Kind::leave);
        goodbye.hello.self = endpoints.intern(swarm.at(3));
        goodbye.hello.incarnation = incarnation;
        goodbye.hello.leaving = true;
        for (std::size_t i = 0; i < swarm.size(); ++i)
            if (i != 3) say(neighbour, i, goodbye);
        for (int look = 0; look < 100; ++look) {
            swarm.world.run_for(20ms);
            ASSERT_TRUE(all_list_node(3)) << incarnation;
        }
    }
    EXPECT_EQ(swarm.node(5).status().leaves_refuted, 4u);
}

TEST_F(OthersSpeak, ARestartedNodeWinsAgainstWhatWasSaidOfItMeanwhile) {
    swarm.crash(2);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    for (std::uint32_t i = 1; i <= 3; ++i) {
        tell_all_but(2, of_node(2, now_s() + i * far, i % 2 == 0));
        tell_all_but(2, of_service(now_s() + i * far, true));
        swarm.world.run_for(3s);
    }
    swarm.restart(2);
    ASSERT_TRUE(swarm.node(2).announce(chat, service));
    EXPECT_TRUE(swarm.within(2s, [&] { return all_list_node(2) && all_list(); }));
    for (int look = 0; look < 60; ++look) {
        swarm.world.run_for(1s);
        ASSERT_TRUE(all_list_node(2) && all_list()) << look;
    }
}

// The announcement has no tags. The stranger gives it some, in its own version and in one that it made up.
TEST_F(OthersSpeak, NobodyElseGivesTagsToAnAnnouncementForLong) {
    const auto tagged = [&] {
        std::size_t nodes = 0;
        for (std::size_t i = 0; i < swarm.size(); ++i) {
            const auto listed = swarm.node(i).listed(chat, service);
            nodes += listed && !listed->tags.empty();
        }
        return nodes;
    };
    for (const std::uint32_t newest : {now_s(), now_s() + 1000}) {
        for (std::uint32_t said = newest - 30; said <= newest; ++said) {
            Message news = of_service(said, false);
            news.tags.push_back({chat, endpoints.intern(service), said, "evil"});
            tell_all_but(2, news);
        }
        std::size_t most = 0;
        for (int look = 0; look < 40; ++look) {
            swarm.world.run_for(5ms);
            most = std::max(most, tagged());
        }
        EXPECT_GT(most, 0U) << "it is heard";
        EXPECT_TRUE(swarm.within(2s, [&] { return tagged() == 0; }));
        for (int look = 0; look < 20; ++look) {
            swarm.world.run_for(500ms);
            ASSERT_TRUE(all_list() && tagged() == 0) << look;
        }
    }
}

TEST_F(OthersSpeak, VersionsThatAStrangerNamesCauseOneCallInAWhile) {
    const auto calls_to_3_while_named = [&](std::size_t named) {
        const std::uint64_t before = swarm.node(3).status().streams_in;
        for (std::uint32_t i = 1; i <= 200; ++i) {
            Message news = of_node(named, now_s() + i * far, false);
            tell_all_but(3, news);
            swarm.world.run_for(100ms);
        }
        return swarm.node(3).status().streams_in - before;
    };
    const std::uint64_t usual = calls_to_3_while_named(4);
    EXPECT_LE(calls_to_3_while_named(3), usual + 3 * swarm.size());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
