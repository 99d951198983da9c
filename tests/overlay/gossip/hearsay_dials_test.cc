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
    bool dial(EndpointId node) { return dials.admits(node, CallPurpose::feeler, now); }

    test::GossipParts parts;
    HearsayDials dials{{parts.endpoints, parts.view, parts.identity}};
    const Instant now{1h};
    const Endpoint remote{"198.51.100.9", 40000}, here{"127.0.0.1", 40000};
};

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

TEST_F(HearsayDialsTest, AnAddressOfThisMachineIsDialledOnlyForANodeOnIt) {
    static_cast<void>(parts.identity.address().set_interfaces({"192.0.2.5"}));  // no address is lost
    parts.view.merge({.endpoint = at("192.0.2.5", 22), .seen = now}, now);
    dials.claimed(at("192.0.2.5", 22), remote);
    EXPECT_FALSE(dial(at("192.0.2.5", 22)));
    dials.claimed(at("192.0.2.5", 22), {"192.0.2.5", 40000});
    EXPECT_TRUE(dial(at("192.0.2.5", 22)));
    dials.met({"192.0.2.5", 3452});
    EXPECT_TRUE(dial(at("192.0.2.5", 3452))) << "it called from there";
}

TEST_F(HearsayDialsTest, WhatWasProvedIsDialledWhateverItsAddress) {
    parts.view.prove(at("node.example"), 1, now);
    EXPECT_TRUE(dial(at("node.example")));
    EXPECT_TRUE(dials.admits(at("seed.example"), CallPurpose::seed, now)) << "the operator named it";
}

}  // namespace
}  // namespace halp
