#include "overlay/gossip/self/reach.h"

#include <gtest/gtest.h>

namespace halp {
namespace HALP_TEST_FILE {

TEST(Reach, OfAnAddressIsWhereItsBitsLead) {
    for (const char* host : {"0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "ff02::1",
                             "::ffff:0.0.0.0", "::ffff:224.0.0.1", "::1%lo", "10.0.0.1%eth0"})
        EXPECT_EQ(reach_of(host), Reach::nowhere) << host;
    for (const char* host :
         {"127.0.0.1", "127.88.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"})
        EXPECT_EQ(reach_of(host), Reach::machine) << host;
    for (const char* host : {"169.254.3.4", "fe80::1", "fe80::1%eth0", "::ffff:169.254.3.4"})
        EXPECT_EQ(reach_of(host), Reach::link) << host;
    for (const char* host : {"10.0.0.1", "172.16.0.1", "172.31.9.9", "192.168.1.1", "100.64.0.1", "fd00::1",
                             "fec0::1", "::ffff:10.0.0.1"})
        EXPECT_EQ(reach_of(host), Reach::private_net) << host;
    for (const char* host : {"192.0.2.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "11.0.0.1",
                             "2001:db8::1", "::ffff:192.0.2.1"})
        EXPECT_EQ(reach_of(host), Reach::everywhere) << host;
}

TEST(Reach, OfAnEndpointIsThatOfItsText) {
    EndpointTable table;
    for (const char* host :
         {"0.1.2.3", "224.0.0.1", "127.0.0.1", "169.254.3.4", "10.0.0.1", "172.16.0.1", "172.32.0.1", "100.64.0.1",
          "192.0.2.1", "2001:db8::1", "::1", "node.example", "127.1"})
        EXPECT_EQ(reach_of(table, table.intern(Endpoint{host, 3451})), reach_of(host)) << host;
}

TEST(Reach, WhatOnlyAResolverReadsIsAName) {
    for (const char* host : {"", "localhost", "LOCALHOST", "localhost.", "node.example", "127.1", "2130706433", "0",
                             "0x7f000001", "0177.0.0.1", "127.0.0.1.", "[::1]", "0:0:0:0:0:0:0:1", "::0001"})
        EXPECT_EQ(reach_of(host), Reach::name) << host;
}

TEST(Reach, ARemoteSpeakerNamesNothingOfThisMachine) {
    for (const Reach speaker : {Reach::everywhere, Reach::private_net, Reach::link})
        for (const char* host : {"127.0.0.1", "::1", "::ffff:127.0.0.1", "localhost", "node.example", "0.0.0.0",
                                 "224.0.0.1", "2130706433"})
            EXPECT_FALSE(may_name(speaker, host)) << host;
    EXPECT_TRUE(may_name(Reach::machine, "127.0.0.1")) << "a swarm on one machine";
    EXPECT_FALSE(may_name(Reach::machine, "node.example"));
}

TEST(Reach, PrivateAddressesAreForThoseWhoHaveOne) {
    EXPECT_FALSE(may_name(Reach::everywhere, "10.0.0.1"));
    EXPECT_TRUE(may_name(Reach::private_net, "10.0.0.1"));
    EXPECT_TRUE(may_name(Reach::machine, "10.0.0.1"));
    EXPECT_TRUE(may_name(Reach::private_net, "192.0.2.1"));
    EXPECT_TRUE(may_name(Reach::link, "fe80::1%eth0"));
    EXPECT_FALSE(may_name(Reach::private_net, "fe80::1%eth0"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
