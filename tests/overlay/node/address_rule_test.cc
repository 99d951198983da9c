#include "overlay/node/address_rule.h"

#include <gtest/gtest.h>

#include "tests/overlay/gossip/dice.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

std::string told(const std::string& host, const std::string& to) {
    const auto as = AddressRule::as_told({host, 80}, {to, 1000});
    return as ? as->host : "-";
}
std::string heard(const std::string& host, const std::string& from) {
    const auto as = AddressRule::as_heard({host, 80}, {from, 1000});
    return as ? as->host : "-";
}

TEST(AddressRule, AZoneIsNeverTold) {
    EXPECT_EQ(told("fe80::1%lana", "fe80::9%lana"), "fe80::1");
    EXPECT_EQ(told("fe80::1%lana", "fe80::9%lanb"), "-") << "another link";
    EXPECT_EQ(told("fe80::1%lana", "10.0.0.1"), "-");
    EXPECT_EQ(told("fe80::1%lana", "::1"), "-");
    EXPECT_EQ(told("[fe80::1%lana]", "fe80::9%lana"), "fe80::1");
    EXPECT_EQ(told("fe80::1", "fe80::9%lana"), "-") << "nobody knows on which link";
    EXPECT_EQ(told("169.254.1.1", "169.254.1.2"), "169.254.1.1");
    EXPECT_EQ(told("169.254.1.1", "10.0.0.1"), "-");
}

TEST(AddressRule, TheReceiverAddsItsOwnZone) {
    EXPECT_EQ(heard("fe80::1", "fe80::9%lanb"), "fe80::1%lanb");
    EXPECT_EQ(heard("fe80::1%lana", "fe80::9%lanb"), "-") << "an interface of another machine";
    EXPECT_EQ(heard("fe80::1", "10.0.0.1"), "-");
    EXPECT_EQ(heard("2001:db8::1", "fe80::9%lanb"), "2001:db8::1");
    EXPECT_EQ(heard("name.example", "10.0.0.1"), "name.example");
}

TEST(AddressRule, LoopbackStaysOnTheMachineAndWildcardsAreNeverTold) {
    EXPECT_EQ(told("127.0.0.1", "127.9.0.1"), "127.0.0.1");
    EXPECT_EQ(told("127.0.0.1", "::1"), "127.0.0.1");
    EXPECT_EQ(told("127.0.0.1", "10.0.0.1"), "-");
    EXPECT_EQ(told("0.0.0.0", "127.0.0.1"), "-");
    EXPECT_EQ(told("10.0.0.1", "127.0.0.1"), "10.0.0.1");
}

TEST(AddressRule, AMessageLosesWhatMeansNothingThereAndThatIsCounted) {
    EndpointTable endpoints;
    AddressRule rule{endpoints};
    const auto id = [&](const char* host) { return endpoints.intern({host, 3451}); };
    gossip::Message m;
    m.hello.self = id("fe80::1%lana");
    m.observed = id("10.0.0.1");
    for (const char* host : {"10.0.0.2", "fe80::2%lana", "127.0.0.1", "name.example"})
        m.peers.push_back({.endpoint = id(host)});
    m.labels.push_back({*Label::parse("chat"), {{.endpoint = id("fe80::3%lana")}}});
    gossip::Message same_link = m;

    rule.before_sending(m, {"10.0.0.1", 3451});
    EXPECT_EQ(m.hello.self, no_endpoint) << "the receiver lists it where it sees it";
    EXPECT_EQ(m.observed, id("10.0.0.1"));
    ASSERT_EQ(m.peers.size(), 2u);
    EXPECT_TRUE(m.labels[0].entries.empty());
    EXPECT_EQ(rule.not_told(), 4u);

    rule.before_sending(same_link, {"fe80::9%lana", 3451});
    EXPECT_EQ(endpoints.at(same_link.hello.self).host, "fe80::1");
    ASSERT_EQ(same_link.peers.size(), 3u);
    EXPECT_EQ(endpoints.at(same_link.labels[0].entries[0].endpoint).host, "fe80::3");

    AddressRule there{endpoints};
    there.after_receiving(same_link, {"fe80::1%ethb", 3451});
    EXPECT_EQ(endpoints.at(same_link.peers[1].endpoint).host, "fe80::2%ethb");
    EXPECT_EQ(there.not_taken(), 0u);
    there.after_receiving(same_link, {"10.0.0.1", 3451});
    EXPECT_EQ(there.not_taken(), 3u) << "its zones are not the speaker's";
}

TEST(AddressRule, AnAnnouncementAtLoopbackIsNotToldToOtherMachines) {
    Swarm swarm{41};
    swarm.add(4, 0);
    ASSERT_TRUE(swarm.within(10s, [&] { return swarm.all_know_all(); }));
    const Label dht = *Label::parse("dht");
    const Endpoint here{"127.0.0.1", 10100};
    ASSERT_TRUE(swarm.node(1).announce(dht, here));
    swarm.world.run_for(30s);
    EXPECT_TRUE(swarm.lists(1, dht, here)) << "applications of this machine find it";
    EXPECT_EQ(swarm.listing(dht, here), 1u);
    EXPECT_GT(swarm.node(1).status().addresses_not_told, 0u);
    std::size_t said = 0;
    for (const SimWorld::Noted& noted : swarm.world.noted())
        said += std::holds_alternative<KeptHere>(static_cast<const Event::variant&>(noted.event));
    EXPECT_EQ(said, 1u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
