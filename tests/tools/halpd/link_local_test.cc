// Two machines on one link, with real link-local addresses, and addresses that come and go.
#include <gtest/gtest.h>

#include <string>

#include "tests/tools/two_networks.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

class LinkLocal : public TwoNetworks {
protected:
    void SetUp() override {
        TwoNetworks::SetUp();
        if (IsSkipped()) return;
        const std::string ip = program("ip");
        // Without detection of duplicates, which takes more than a second.
        const bool ready = command({ip, "link", "set", "halp-here", "addrgenmode", "none"}) &&
                           command({ip, "link", "set", "halp-here", "up"}) &&
                           command({ip, "addr", "add", "fe80::1/64", "dev", "halp-here", "nodad"}) &&
                           command({ip, "addr", "add", "10.77.0.1/24", "dev", "halp-here"}) &&
                           there({ip, "link", "set", "halp-there", "addrgenmode", "none"}) &&
                           there({ip, "link", "set", "halp-there", "up"}) &&
                           there({ip, "addr", "add", "fe80::2/64", "dev", "halp-there", "nodad"});
        if (!ready) GTEST_SKIP() << "no IPv6 here: " << last_.error;
    }
    static std::string list(Daemon& daemon, const std::string& label) {
        return daemon.admin(cli::Method::get, "/v1/labels/" + label + "?count=100").body;
    }
    static bool lists(Daemon& daemon, const std::string& label, const std::string& endpoint) {
        return list(daemon, label).find("\"" + endpoint + "\"") != std::string::npos;
    }
    static int announce(Daemon& daemon, const std::string& host, int port) {
        const std::string body = R"({"host":")" + host + R"(","port":)" + std::to_string(port) + "}";
        return daemon.admin(cli::Method::put, "/v1/labels/chat", body).status;
    }
};

TEST_F(LinkLocal, EachEndNamesTheOtherByItsOwnZoneAndFollowsAddressesThatComeAndGo) {
    const std::string ip = program("ip");
    Daemon here{DaemonOptions{.listen = "[::]:0"}};
    const std::uint16_t port = here.endpoint().port;
    Daemon there_too{DaemonOptions{
        .listen = "[::]:0", .join = {Endpoint{"fe80::1%halp-there", port}}, .prefix = other_->prefix()}};
    const std::string seen_there = "[fe80::1%halp-there]:" + std::to_string(port);
    const std::string seen_here = "[fe80::2%halp-here]:" + std::to_string(there_too.endpoint().port);
    EXPECT_TRUE(eventually([&] { return lists(there_too, "halp", seen_there); })) << list(there_too, "halp");
    EXPECT_TRUE(eventually([&] { return lists(here, "halp", seen_here); })) << list(here, "halp");

    EXPECT_EQ(announce(here, "fe80::1%halp-here", 80), 200);
    EXPECT_TRUE(eventually([&] { return lists(there_too, "chat", "[fe80::1%halp-there]:80"); }))
        << list(there_too, "chat");
    EXPECT_TRUE(lists(here, "chat", "[fe80::1%halp-here]:80"));
    EXPECT_EQ((list(there_too, "halp") + list(there_too, "chat")).find("halp-here"), std::string::npos);
    EXPECT_EQ((list(here, "halp") + list(here, "chat")).find("halp-there"), std::string::npos);

    EXPECT_EQ(announce(here, "10.77.0.1", 81), 200);
    EXPECT_TRUE(eventually([&] { return lists(there_too, "chat", "10.77.0.1:81"); })) << list(there_too, "chat");
    const auto waits = [&] {
        const std::string status = here.admin(cli::Method::get, "/v1/status").body;
        return status.find("\"announcements_waiting\":1") != std::string::npos;
    };
    ASSERT_TRUE(command({ip, "addr", "del", "10.77.0.1/24", "dev", "halp-here"})) << last_.error;
    EXPECT_TRUE(eventually([&] { return waits() && !lists(there_too, "chat", "10.77.0.1:81"); }, seconds{10}))
        << list(there_too, "chat");
    ASSERT_TRUE(command({ip, "addr", "add", "10.77.0.1/24", "dev", "halp-here"})) << last_.error;
    EXPECT_TRUE(eventually([&] { return !waits() && lists(there_too, "chat", "10.77.0.1:81"); }, seconds{10}))
        << list(there_too, "chat");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
