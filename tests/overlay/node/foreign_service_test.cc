// Services that are no HALP node, at an address where one is expected: because a dead node's port was given to
// another program, because a stranger inserted it, or because an original server was replaced.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "overlay/gossip/wire/gossip_codec.h"
#include "overlay/text/text_codec.h"
#include "simulations/swarm/scripted_hosts.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

// Takes every connection. `greeting` is sent at once; `answer` makes the answer to the first bytes.
class Service final : public EventHandler {
public:
    struct Manners {
        std::string greeting{};
        std::function<std::string(Bytes)> answer{};  // none: it does not answer
        bool closes_at_once = false;
        bool closes_after_answer = true;
    };
    Service(Environment& environment, Manners manners) : environment_(environment), manners_(std::move(manners)) {}

    void on_accept(StreamId stream, const Endpoint&) override {
        ++accepted;
        if (!manners_.greeting.empty()) environment_.transport.write(stream, manners_.greeting);
        if (manners_.closes_at_once) environment_.transport.close(stream);
    }
    void on_bytes(StreamId stream, Bytes bytes) override {
        heard += bytes;
        if (!manners_.answer) return;
        if (const std::string answer = manners_.answer(bytes); !answer.empty())
            environment_.transport.write(stream, answer);
        if (manners_.closes_after_answer) environment_.transport.close(stream);
    }
    void on_end(StreamId stream) override { environment_.transport.close(stream); }
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_closed(StreamId) override {}
    void on_wakeup() override {}

    int accepted = 0;
    std::string heard;

private:
    Environment& environment_;
    Manners manners_;
};

Service::Manners ssh() {
    return {"SSH-2.0-OpenSSH_9.2p1\r\n", [](Bytes) { return "Invalid SSH identification string.\r\n"; }};
}
Service::Manners http() {
    return {"", [](Bytes) { return "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<h1>400</h1>\r\n"; }};
}
Service::Manners echo() {
    return {"", [](Bytes bytes) { return std::string{bytes}; }};
}
Service::Manners echo_that_stays() {
    Service::Manners manners = echo();
    manners.closes_after_answer = false;
    return manners;
}
Service::Manners closer() { return {.closes_at_once = true}; }
Service::Manners mute() { return {}; }
Service::Manners closer_without_a_word() {
    return {"", [](Bytes) { return std::string{}; }};
}
// Gossip that is refused with this reason.
Service::Manners refuser(gossip::Refusal why) {
    return {"", [why](Bytes) {
                gossip::Message no;
                no.kind = gossip::Kind::refuse;
                no.refusal = why;
                EndpointTable endpoints;
                return gossip::encode(no, endpoints);
            }};
}
// An original whose lists are empty. Once `replaced`, another service has its port.
Service::Manners empty_original(const bool& replaced, std::function<std::string(Bytes)> other) {
    return {"", [&replaced, other](Bytes bytes) -> std::string {
                if (replaced) return other(bytes);
                if (bytes.starts_with("get ")) return "";
                if (!bytes.starts_with("insert ")) return "Could not parse request";
                const std::string query{bytes};
                return "success: halp " + query.substr(query.find('\n') + 1);
            }};
}

const std::map<std::string, Service::Manners>& foreign() {
    static const std::map<std::string, Service::Manners> all{
        {"ssh", ssh()},
        {"http", http()},
        {"echo", echo()},
        {"echo that stays", echo_that_stays()},
        {"mute", mute()},
        {"closes", closer()},
        {"closes after a query", closer_without_a_word()},
        {"another version", refuser(gossip::Refusal::version)}};
    return all;
}

class ForeignServiceTest : public testing::Test {
protected:
    static OverlayOptions options() {
        OverlayOptions o = OverlayOptions::for_profile(Profile::local);
        o.text.poll_interval = 2s;
        return o;
    }
    void replace(std::size_t i, Service::Manners manners) {
        swarm.crash(i);
        swarm.world.restart(swarm.host(i));
        service = std::make_unique<Service>(swarm.world.env(swarm.host(i)), std::move(manners));
        swarm.world.attach(swarm.host(i), *service);
    }
    const PeerStatus* status(std::size_t i) {
        peers = swarm.node(0).peers();
        const auto at = std::ranges::find(peers, swarm.at(i), &PeerStatus::endpoint);
        return at == peers.end() ? nullptr : &*at;
    }

    Swarm swarm{5, options()};
    std::unique_ptr<Service> service;
    std::vector<PeerStatus> peers;
};

TEST_F(ForeignServiceTest, AServiceAtTheAddressOfADeadNodeIsNeverListed) {
    for (const auto& [name, manners] : foreign()) {
        SCOPED_TRACE(name);
        Swarm s{5, options()};
        s.add(3, 0);
        ASSERT_TRUE(s.within(5s, [&] { return s.all_know_all(); }));
        s.crash(2);
        ASSERT_TRUE(s.within(10s, [&] { return s.all_know_all(); }));
        s.world.restart(s.host(2));
        Service other{s.world.env(s.host(2)), manners};
        s.world.attach(s.host(2), other);
        for (int i = 0; i < 20; ++i) {
            s.world.run_for(1s);
            EXPECT_EQ(s.listing(Label::halp(), s.at(2)), 0u) << i << " s later";
        }
        EXPECT_GT(other.accepted, 0) << "it was looked at";
        EXPECT_EQ(other.heard.find("get "), std::string::npos) << "it was polled as an original";
        EXPECT_EQ(other.heard.find("insert "), std::string::npos);
    }
}

TEST_F(ForeignServiceTest, AServiceThatTakesThePortOfALivingNodeIsNoNode) {
    for (const auto& [name, manners] : foreign()) {
        SCOPED_TRACE(name);
        Swarm s{6, options()};
        s.add(4, 0);
        ASSERT_TRUE(s.within(5s, [&] { return s.all_know_all(); }));
        s.crash(2);
        s.world.restart(s.host(2));
        Service other{s.world.env(s.host(2)), manners};
        s.world.attach(s.host(2), other);
        EXPECT_TRUE(s.within(20s, [&] { return s.listing(Label::halp(), s.at(2)) == 0; }));
    }
}

TEST_F(ForeignServiceTest, AnInsertedAddressOfAnotherServiceIsNeverProved) {
    for (const auto& [name, manners] : foreign()) {
        SCOPED_TRACE(name);
        Swarm s{7, options()};
        s.add(2, 0);
        const Endpoint at{"10.77.0.1", 22};
        const HostId host = s.world.add_host(at);
        Service other{s.world.env(host), manners};
        s.world.attach(host, other);
        ASSERT_TRUE(s.node(0).insert(Label::halp(), at, UnixSeconds{1'700'000'000}));
        const auto proved = [&] {
            return std::ranges::any_of(s.node(0).peers(),
                                       [&](const PeerStatus& p) { return p.endpoint == at && p.proved; });
        };
        EXPECT_FALSE(s.within(10s, proved));
        EXPECT_FALSE(s.lists(0, Label::halp(), at)) << "nobody answers there as a node does";
    }
}

TEST_F(ForeignServiceTest, ANodeThatIsBusyIsNeitherProvedNorGivenUp) {
    swarm.add(3, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    const Endpoint at{"10.77.0.1", 3451};
    const HostId host = swarm.world.add_host(at);
    Service busy{swarm.world.env(host), refuser(gossip::Refusal::busy)};
    swarm.world.attach(host, busy);
    ASSERT_TRUE(swarm.node(0).insert(Label::halp(), at, UnixSeconds{1'700'000'000}));
    swarm.world.run_for(10s);
    ASSERT_TRUE(swarm.lists(0, Label::halp(), at));
    const std::vector<PeerStatus> all = swarm.node(0).peers();
    EXPECT_FALSE(std::ranges::find(all, at, &PeerStatus::endpoint)->proved);
}

TEST_F(ForeignServiceTest, AnEchoIsNotTakenForThisNode) {
    swarm.add(2, 0);
    const Endpoint at{"10.77.0.1", 7};
    const HostId host = swarm.world.add_host(at);
    Service other{swarm.world.env(host), echo()};
    swarm.world.attach(host, other);
    swarm.node(0).join(at);
    swarm.world.run_for(2s);
    const int first = other.accepted;
    EXPECT_GT(first, 0);
    swarm.world.run_for(60s);
    EXPECT_GT(other.accepted, first) << "it was taken for an address of this node, and is called no more";
}

TEST_F(ForeignServiceTest, AnOriginalWithEmptyListsStaysProvedAtEachPoll) {
    swarm.add(3, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    const bool replaced = false;
    replace(2, empty_original(replaced, {}));
    ASSERT_TRUE(swarm.within(10s, [&] { return status(2) && status(2)->original; }));
    for (int i = 0; i < 60; ++i) {
        swarm.world.run_for(1s);
        ASSERT_TRUE(status(2) && status(2)->original && status(2)->role != PeerRole::grave) << i;
        EXPECT_TRUE(swarm.lists(0, Label::halp(), swarm.at(2)));
        EXPECT_LT(*status(2)->proved_age, 4s);
    }
    EXPECT_NE(service->heard.find("insert halp\n"), std::string::npos);
}

TEST_F(ForeignServiceTest, AnOriginalProvesItselfAgainAtEachPoll) {
    const std::map<std::string, std::function<std::string(Bytes)>> others{
        {"http", http().answer},
        {"echo", echo().answer},
        {"nothing", [](Bytes) { return std::string{}; }},
        {"only names", [](Bytes) { return std::string{"220 ready"}; }}};
    for (const auto& [name, other] : others) {
        SCOPED_TRACE(name);
        Swarm s{5, options()};
        s.add(2, 0);
        const Endpoint at{"10.77.0.1", 3451};
        const HostId host = s.world.add_host(at);
        bool replaced = false;
        Service original{s.world.env(host), empty_original(replaced, other)};
        s.world.attach(host, original);
        ASSERT_TRUE(s.node(0).insert(Label::halp(), at, UnixSeconds{1'700'000'000}));
        s.world.run_for(10s);
        ASSERT_TRUE(s.lists(0, Label::halp(), at));
        replaced = true;
        original.heard.clear();
        EXPECT_TRUE(s.within(40s, [&] { return !s.lists(0, Label::halp(), at); }));
        EXPECT_EQ(original.heard.find("insert "), std::string::npos) << "it was told about this node";
    }
}

TEST_F(ForeignServiceTest, ANodeOfAnotherSwarmAtThePortOfADeadNodeIsNotListed) {
    swarm.add(3, 0);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    swarm.crash(2);
    swarm.world.restart(swarm.host(2));
    EndpointTable table;
    OverlayOptions o = options();
    o.swarm = "other";
    OverlayNode node{swarm.world.env(swarm.host(2)), table, o, false};
    swarm.world.attach(swarm.host(2), node);
    node.start();
    EXPECT_TRUE(swarm.within(5s, [&] { return swarm.listing(Label::halp(), swarm.at(2)) == 0; }));
    swarm.world.run_for(10s);
    EXPECT_EQ(swarm.listing(Label::halp(), swarm.at(2)), 0u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
