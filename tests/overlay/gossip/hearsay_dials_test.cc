#include "overlay/gossip/hearsay_dials.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/overlay/gossip/gossip_parts.h"

namespace halp {
namespace {

using namespace std::chrono_literals;

struct HearsayDialsTest : testing::Test {
    EndpointId at(const std::string& host, std::uint16_t port = 3451) {
        return parts.endpoints.intern({host, port});
    }
    EndpointId far(int i) { return at(std::to_string(20 + i) + ".1.0.1"); }  // each in its own address group
    bool dial(EndpointId node) { return dials.admits(node, CallPurpose::feeler, now); }
    bool dial_in_vain(EndpointId node, Instant when) {
        if (!dials.admits(node, CallPurpose::feeler, when)) return false;
        dials.ended(node, HearsayDials::Outcome::failed, when);
        return true;
    }

    test::GossipParts parts;
    HearsayDials dials{{parts.endpoints, parts.view, parts.identity}};
    const Instant now{1h};
    const Endpoint remote{"198.51.100.9", 40000}, here{"127.0.0.1", 40000};
};

TEST_F(HearsayDialsTest, InventedNodesUseUpASmallBudgetThatComesBackSlowly) {
    int made = 0;
    for (int i = 0; i < 100; ++i) made += dial_in_vain(far(i), now);
    EXPECT_EQ(made, 4);
    for (int i = 100; i < 200; ++i) made += dial_in_vain(far(i), now + 60s);
    EXPECT_EQ(made, 6);
    EXPECT_EQ(dials.made(), 6U);
    EXPECT_EQ(dials.refused(), 194U);
}

TEST_F(HearsayDialsTest, TheBudgetGrowsWhileNodesAnswerAndNotForLonger) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(dial(far(i))) << i;
        dials.ended(far(i), HearsayDials::Outcome::answered, now);
    }
    int made = 0;
    for (int i = 100; i < 200; ++i) made += dial_in_vain(far(i), now + 1s);
    EXPECT_EQ(made, 64) << "many may be gone, and the others are found soon";
    dials.ended(far(0), HearsayDials::Outcome::answered, now + 1s);
    EXPECT_TRUE(dials.used_up(now + 1s)) << "a call that was not counted earns nothing";
}

TEST_F(HearsayDialsTest, WhatAnswersEarnedIsGoneAfterAWhile) {
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(dial(far(i)));
        dials.ended(far(i), HearsayDials::Outcome::answered, now);
    }
    int made = 0;
    for (int i = 100; i < 200; ++i) made += dial_in_vain(far(i), now + 11s);
    EXPECT_EQ(made, 4);
}

TEST_F(HearsayDialsTest, AHostIsDialledTwiceInTenMinutesWhateverPortsAreNamed) {
    int made = 0;
    for (int second = 0; second < 590; ++second)
        made += dial_in_vain(at("198.51.100.7", static_cast<std::uint16_t>(1000 + second)), now + second * 1s);
    EXPECT_EQ(made, 2);
}

TEST_F(HearsayDialsTest, TheHostOfANodeIsNoTargetEither) {
    dials.met({"198.51.100.7", 3451});
    EXPECT_TRUE(dial_in_vain(at("198.51.100.7"), now)) << "it is a node";
    int made = 0;
    for (int second = 0; second < 590; ++second)
        made += dial_in_vain(at("198.51.100.7", static_cast<std::uint16_t>(5000 + second)), now + second * 1s);
    EXPECT_EQ(made, 4);
}

TEST_F(HearsayDialsTest, WhatWasFoundGoneStaysSoUntilSomebodySeesItLater) {
    parts.view.merge({.endpoint = far(1), .incarnation = 5, .seen = now}, now);
    ASSERT_TRUE(dial_in_vain(far(1), now));
    EXPECT_TRUE(dials.found_gone(far(1), 5, now - 1s, now));
    EXPECT_FALSE(dials.found_gone(far(1), 5, now + 1s, now + 2s));
    EXPECT_FALSE(dials.found_gone(far(1), 6, now, now)) << "it was started again";
    EXPECT_FALSE(dials.found_gone(far(2), 5, now, now));
    dials.failed_elsewhere(far(2), 5, now);
    EXPECT_TRUE(dials.found_gone(far(2), 5, now, now)) << "another node found it gone";
    EXPECT_EQ(dials.made(), 1U);
}

TEST_F(HearsayDialsTest, ANameIsAskedForOnlyWhenThisMachineGaveIt) {
    parts.view.merge({.endpoint = at("node.example"), .seen = now}, now);
    EXPECT_FALSE(dial(at("node.example")));
    dials.claimed(at("node.example"), remote);
    EXPECT_FALSE(dial(at("node.example"))) << "inserted by a stranger";
    dials.claimed(at("node.example"), here);
    EXPECT_TRUE(dial(at("node.example"))) << "typed in here";
    dials.listed_in_file(at("other.example"));
    EXPECT_TRUE(dial(at("other.example"))) << "from a file of this machine";
    EXPECT_EQ(dials.refused(), 2U);
}

TEST_F(HearsayDialsTest, AClaimIsDialledWhenWhoMadeItMayNameTheAddress) {
    const Claim claim{UnixSeconds{5}, UnixSeconds{5}, now};
    for (const char* host : {"10.0.0.9", "127.0.0.1", "198.51.100.7"}) {
        parts.view.merge({.endpoint = at(host), .claim = claim}, now);
        dials.claimed(at(host), remote);
    }
    EXPECT_FALSE(dial(at("10.0.0.9")));
    EXPECT_FALSE(dial(at("127.0.0.1")));
    EXPECT_TRUE(dial(at("198.51.100.7")));
    parts.options.gossip.private_from_public = true;
    dials.claimed(at("10.0.0.9"), remote);
    EXPECT_TRUE(dial(at("10.0.0.9")));
}

TEST_F(HearsayDialsTest, WhatWasProvedIsDialledWhateverItsAddress) {
    parts.view.prove(at("node.example"), 1, now);
    EXPECT_TRUE(dial(at("node.example")));
    EXPECT_TRUE(dials.admits(at("seed.example"), CallPurpose::seed, now)) << "the operator named it";
}

}  // namespace
}  // namespace halp
