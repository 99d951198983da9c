#include "overlay/gossip/self/own_address.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

struct Own {
    explicit Own(OverlayOptions given = {}) : options(std::move(given)) {}
    EndpointId at(const char* host, std::uint16_t port = 3451) { return endpoints.intern({host, port}); }
    bool seen(const char* by, const char* host, Instant now = start) {
        return address.witnessed({by, at(host), now});
    }
    [[nodiscard]] std::string self() const {
        return address.endpoint() == no_endpoint ? "" : endpoints.at(address.endpoint()).host;
    }
    OverlayOptions options;
    EndpointTable endpoints;
    OwnAddress address{endpoints, options};
};

OverlayOptions on_all(std::vector<std::string> interfaces) {
    OverlayOptions options;
    options.own_addresses = std::move(interfaces);
    return options;
}

TEST(OwnAddress, IsWhereOthersSeeTheNode) {
    Own own;
    EXPECT_FALSE(own.address.witnessed({"10.0.0.1", own.at("10.0.0.2", 40000), start})) << "the port of a call";
    EXPECT_FALSE(own.seen("10.0.0.1", "0.0.0.0"));
    EXPECT_TRUE(own.seen("10.0.0.1", "10.0.0.2"));
    EXPECT_FALSE(own.seen("10.0.0.1", "10.0.0.2")) << "no change";
    EXPECT_EQ(own.self(), "10.0.0.2");
    EXPECT_FALSE(own.address.certain());
}

TEST(OwnAddress, FollowsWhatMostWitnessesSeeWhenNobodySeesTheFormerOneAnyMore) {
    Own own;
    for (const char* witness : {"10.0.0.1", "10.0.0.3", "10.0.0.4"}) own.seen(witness, "10.0.0.2");
    EXPECT_FALSE(own.seen("10.0.0.1", "10.0.0.9", start + 1s)) << "one against two";
    EXPECT_FALSE(own.seen("10.0.0.3", "10.0.0.9", start + 2s)) << "two against one: it may have two addresses";
    EXPECT_TRUE(own.seen("10.0.0.4", "10.0.0.9", start + 3s));
    EXPECT_EQ(own.self(), "10.0.0.9");
    EXPECT_FALSE(own.address.is_self(own.at("10.0.0.2"))) << "another machine may have it";
}

TEST(OwnAddress, ForgetsWitnessesThatSaidNothingForLong) {
    Own own;
    for (const char* witness : {"10.0.0.1", "10.0.0.3", "10.0.0.4"}) own.seen(witness, "10.0.0.2");
    EXPECT_TRUE(own.seen("10.0.0.1", "10.0.0.9", start + 31s));
}

TEST(OwnAddress, GivesUpAnAddressThatTheMachineHasLost) {
    Own own{on_all({"10.0.0.2", "127.0.0.1"})};
    own.seen("10.0.0.1", "10.0.0.2");
    EXPECT_TRUE(own.address.is_self(own.at("127.0.0.1")));
    EXPECT_TRUE(own.address.set_interfaces({"127.0.0.1", "10.0.0.9"}));
    EXPECT_EQ(own.self(), "");
    EXPECT_FALSE(own.address.is_self(own.at("10.0.0.2")));
    EXPECT_TRUE(own.address.is_self(own.at("10.0.0.9")));
    EXPECT_TRUE(own.seen("10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(own.self(), "10.0.0.9");
}

TEST(OwnAddress, AStrangerAloneCannotGiveItOneThatItsMachineDoesNotHave) {
    Own own{on_all({"10.0.0.2", "127.0.0.1"})};
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(own.seen("10.0.0.66", "203.0.113.7"));
    EXPECT_FALSE(own.address.is_self(own.at("203.0.113.7")));
    EXPECT_TRUE(own.seen("10.0.0.1", "10.0.0.2"));
    for (const char* more : {"10.0.0.67", "10.0.0.68", "10.0.0.69"}) EXPECT_FALSE(own.seen(more, "203.0.113.7"));
    EXPECT_EQ(own.self(), "10.0.0.2") << "an address of the machine stays";
}

TEST(OwnAddress, BehindNatIsWhereTwoOthersSeeIt) {
    Own own{on_all({"192.168.1.5", "127.0.0.1"})};
    EXPECT_FALSE(own.seen("198.51.100.1", "203.0.113.7"));
    EXPECT_TRUE(own.seen("192.0.2.2", "203.0.113.7"));
    EXPECT_EQ(own.self(), "203.0.113.7");
}

TEST(OwnAddress, ManyWitnessesOfOneAddressGroupAreOne) {
    Own own{on_all({"192.168.1.5", "127.0.0.1"})};
    for (const char* host : {"198.51.100.1", "198.51.100.2", "198.51.200.3", "198.51.7.4"})
        EXPECT_FALSE(own.seen(host, "203.0.113.7")) << host;
    EXPECT_FALSE(own.address.is_self(own.at("203.0.113.7")));
    EXPECT_EQ(own.self(), "");
}

TEST(OwnAddress, IsNotWhereAnotherNodeAnsweredWhateverManySay) {
    Own own{on_all({"192.168.1.5", "127.0.0.1"})};
    for (const char* host : {"198.51.100.1", "192.0.2.2", "203.0.113.9"})
        EXPECT_FALSE(own.address.witnessed({host, own.at("203.0.113.7"), start, true})) << host;
    EXPECT_FALSE(own.address.is_self(own.at("203.0.113.7")));
    EXPECT_TRUE(own.address.worth_a_call(own.at("203.0.113.7"))) << "the other node may have gone";
    EXPECT_FALSE(own.address.disproved(own.at("203.0.113.7"), start));
    EXPECT_FALSE(own.address.witnessed({"198.51.100.1", own.at("203.0.113.7"), start, true}));
    EXPECT_FALSE(own.address.worth_a_call(own.at("203.0.113.7"))) << "it has just answered";
}

TEST(OwnAddress, WhatOneAddressGroupSeesIsShownByAnOwnCall) {
    Own own{on_all({"192.168.1.5", "127.0.0.1"})};
    own.seen("198.51.100.1", "203.0.113.7");
    EXPECT_FALSE(own.address.worth_a_call(own.at("203.0.113.7"))) << "one stranger";
    own.seen("198.51.100.2", "203.0.113.7");
    EXPECT_TRUE(own.address.worth_a_call(own.at("203.0.113.7")));
    own.address.met(own.at("203.0.113.7"), start);
    EXPECT_EQ(own.self(), "203.0.113.7");
    EXPECT_FALSE(own.address.worth_a_call(own.at("203.0.113.7")));
}

TEST(OwnAddress, PrefersAnAddressThatMeansSomethingToMoreNodes) {
    Own own{on_all({"10.0.0.2", "127.0.0.1", "fe80::2%eth0"})};
    EXPECT_TRUE(own.seen("127.0.0.1", "127.0.0.1"));
    EXPECT_TRUE(own.seen("fe80::1%eth0", "fe80::2%eth0"));
    EXPECT_TRUE(own.seen("10.0.0.1", "10.0.0.2"));
    EXPECT_FALSE(own.seen("fe80::1%eth0", "fe80::2%eth0"));
    EXPECT_EQ(own.self(), "10.0.0.2");
}

TEST(OwnAddress, OneToListenOnIsGoneWhileNoInterfaceHasIt) {
    OverlayOptions options = on_all({"10.0.0.2", "127.0.0.1"});
    options.listening = Endpoint{"10.0.0.2", 3451};
    Own own{options};
    EXPECT_TRUE(own.address.certain());
    EXPECT_FALSE(own.address.is_self(own.at("127.0.0.1"))) << "another node may listen there";
    EXPECT_TRUE(own.address.set_interfaces({"127.0.0.1"}));
    EXPECT_FALSE(own.address.certain());
    EXPECT_EQ(own.self(), "");
    EXPECT_FALSE(own.seen("10.0.0.1", "10.0.0.9")) << "it cannot be reached there";
    EXPECT_TRUE(own.address.set_interfaces({"127.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(own.self(), "10.0.0.2");
}

TEST(OwnAddress, OneOfLoopbackThatNoInterfaceListsStays) {
    OverlayOptions options = on_all({"127.0.0.1"});
    options.listening = Endpoint{"127.9.0.2", 3451};
    Own own{options};
    EXPECT_FALSE(own.address.set_interfaces({"127.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(own.self(), "127.9.0.2");
}

TEST(OwnAddress, AnAdvertisedOneStaysWhateverOthersSayAndInterfacesHave) {
    OverlayOptions options = on_all({"10.0.0.2"});
    options.advertise = Endpoint{"node.example", 3451};
    Own own{options};
    EXPECT_FALSE(own.seen("10.0.0.1", "10.0.0.2"));
    EXPECT_FALSE(own.address.set_interfaces({"10.0.0.9"}));
    EXPECT_FALSE(own.address.disproved(own.address.endpoint(), start));
    EXPECT_EQ(own.self(), "node.example");
}

TEST(OwnAddress, AnAliasIsMetAgainOrForgotten) {
    Own own;
    own.address.met(own.at("10.0.0.7"), start);
    own.address.met(own.at("name.example"), start);
    EXPECT_TRUE(own.address.is_self(own.at("10.0.0.7")));
    EXPECT_FALSE(own.address.is_self(own.at("name.example"))) << "it may lead elsewhere the next time";
    own.address.expire(start + 299s);
    EXPECT_TRUE(own.address.is_self(own.at("10.0.0.7")));
    own.address.met(own.at("10.0.0.7"), start + 299s);
    own.address.expire(start + 301s);
    EXPECT_TRUE(own.address.is_self(own.at("10.0.0.7")));
    own.address.expire(start + 600s);
    EXPECT_FALSE(own.address.is_self(own.at("10.0.0.7")));
}

TEST(OwnAddress, WhereAnotherNodeAnsweredIsNotBelievedAgainSoon) {
    Own own;
    own.seen("10.0.0.1", "10.0.0.2");
    own.address.met(own.at("10.0.0.7"), start);
    EXPECT_FALSE(own.address.disproved(own.at("10.0.0.7"), start)) << "an alias";
    EXPECT_FALSE(own.address.is_self(own.at("10.0.0.7")));
    EXPECT_TRUE(own.address.disproved(own.at("10.0.0.2"), start));
    EXPECT_FALSE(own.seen("10.0.0.1", "10.0.0.2", start + 1s));
    EXPECT_EQ(own.self(), "");
    own.address.expire(start + 601s);
    EXPECT_TRUE(own.seen("10.0.0.1", "10.0.0.2", start + 601s));
}

TEST(OwnAddress, ScopeOfAHost) {
    for (const char* host : {"0.0.0.0", "::", ""}) EXPECT_EQ(scope_of(host), AddressScope::nowhere) << host;
    for (const char* host : {"127.0.0.1", "127.9.1.1", "::1", "localhost"})
        EXPECT_EQ(scope_of(host), AddressScope::machine) << host;
    for (const char* host : {"fe80::1", "fe80::1%eth0", "FEBF::1", "[fe80::1%2]", "169.254.3.4"})
        EXPECT_EQ(scope_of(host), AddressScope::link) << host;
    for (const char* host : {"fec0::1", "fe7f::1", "10.0.0.1", "2001:db8::1", "fe80.example", "feed", "169.25.4.1"})
        EXPECT_EQ(scope_of(host), AddressScope::everywhere) << host;
}

TEST(OwnAddress, CountsAliasesThatFindNoRoom) {
    Own own;
    for (int i = 0; i < 11; ++i) own.address.met(own.at(("203.0.113." + std::to_string(i + 1)).c_str()), start);
    EXPECT_EQ(own.address.forgotten(), 3U) << "8 are remembered";
    for (int i = 0; i < 10; ++i)
        static_cast<void>(own.address.disproved(own.at(("198.51.100." + std::to_string(i + 1)).c_str()), start));
    EXPECT_EQ(own.address.forgotten(), 5U);
}

TEST(AnswerTimes, SlowAnswersWithoutAPlaceAreCounted) {
    AnswerTimes times;
    for (std::uint32_t i = 0; i < 300; ++i) times.note(EndpointId{i}, 2s, 250ms, false);
    EXPECT_EQ(times.not_noted(), 300U - 256U);
    times.note(EndpointId{0}, 1ms, 250ms, false);
    times.note(EndpointId{299}, 2s, 250ms, false);
    EXPECT_EQ(times.not_noted(), 300U - 256U) << "one that is fast again makes room";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
