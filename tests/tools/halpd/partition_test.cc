// A swarm on two machines whose link is cut and repaired by nftables, which drops every packet between them.
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "tests/tools/two_networks.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

class Partition : public TwoNetworks {
protected:
    void SetUp() override {
        TwoNetworks::SetUp();
        if (IsSkipped()) return;
        const std::string ip = program("ip");
        ASSERT_TRUE(command({ip, "addr", "add", "10.77.0.1/24", "dev", "halp-here"}) &&
                    command({ip, "link", "set", "halp-here", "up"}) &&
                    there({ip, "addr", "add", "10.77.0.2/24", "dev", "halp-there"}) &&
                    there({ip, "link", "set", "halp-there", "up"}))
            << last_.error;
    }
    void cut() {
        ASSERT_TRUE(command({program("nft"),
                             "add table inet cut; "
                             "add chain inet cut in { type filter hook input priority 0; }; "
                             "add chain inet cut out { type filter hook output priority 0; }; "
                             "add rule inet cut in iifname halp-here drop; "
                             "add rule inet cut out oifname halp-here drop"}))
            << last_.error;
    }
    void repair() { ASSERT_TRUE(command({program("nft"), "delete table inet cut"})) << last_.error; }

    // One seed for all, here; half of the nodes there. Unix sockets and files reach across namespaces, TCP does
    // not: only the admin socket can ask the nodes of the other side.
    void start(std::size_t each) {
        Daemon& seed = here_.emplace_back(DaemonOptions{.listen = "10.77.0.1:0"});
        while (here_.size() < each)
            here_.emplace_back(DaemonOptions{.listen = "10.77.0.1:0", .join = {seed.endpoint()}});
        while (there_.size() < each)
            there_.emplace_back(
                DaemonOptions{.listen = "10.77.0.2:0", .join = {seed.endpoint()}, .prefix = other_->prefix()});
    }
    // Every daemon of `of` lists each one of `others` (or, for `listed` = false, none of them).
    static bool each_lists(std::deque<Daemon>& of, std::deque<Daemon>& others, bool listed) {
        for (Daemon& daemon : of) {
            const std::string body = daemon.admin(cli::Method::get, "/v1/labels/halp?count=1000").body;
            for (Daemon& other : others) {
                const std::string mark = "\"" + other.endpoint().text() + "\"";
                if (&daemon != &other && (body.find(mark) != std::string::npos) != listed) return false;
            }
        }
        return true;
    }
    // What everybody lists, for a failure's message.
    std::string lists() {
        std::string all;
        for (std::deque<Daemon>* side : {&here_, &there_})
            for (Daemon& daemon : *side)
                all += daemon.endpoint().text() + ": " +
                       daemon.admin(cli::Method::get, "/v1/labels/halp?count=1000").body + daemon.messages() + "\n";
        return all;
    }
    bool whole() {
        return each_lists(here_, here_, true) && each_lists(here_, there_, true) &&
               each_lists(there_, here_, true) && each_lists(there_, there_, true);
    }
    bool in_two() {
        return each_lists(here_, here_, true) && each_lists(here_, there_, false) &&
               each_lists(there_, here_, false) && each_lists(there_, there_, true);
    }

    std::deque<Daemon> here_, there_;
};

TEST_F(Partition, HealsByItselfOnceTheLinkIsBack) {
    start(4);
    ASSERT_TRUE(eventually([&] { return whole(); })) << lists();

    cut();
    EXPECT_TRUE(eventually([&] { return in_two(); }, seconds{60})) << "the halves still list each other\n"
                                                                   << lists();

    repair();
    EXPECT_TRUE(eventually([&] { return whole(); }, seconds{90})) << "the halves never met again\n" << lists();
}

TEST_F(Partition, WhatWasAnnouncedMeanwhileReachesTheOtherSide) {
    start(3);
    ASSERT_TRUE(eventually([&] { return whole(); })) << lists();
    cut();
    ASSERT_TRUE(eventually([&] { return in_two(); }, seconds{60}));
    const auto put = [](Daemon& by, const std::string& host) {
        return by.admin(cli::Method::put, "/v1/labels/chat", R"({"host":")" + host + R"(","port":80})").status;
    };
    EXPECT_EQ(put(here_[1], "192.0.2.1"), 200);
    EXPECT_EQ(put(there_[1], "192.0.2.2"), 200);

    repair();

    const auto both_listed = [](Daemon& daemon) {
        const std::string body = daemon.admin(cli::Method::get, "/v1/labels/chat").body;
        return body.find("192.0.2.1") != std::string::npos && body.find("192.0.2.2") != std::string::npos;
    };
    EXPECT_TRUE(eventually([&] { return both_listed(here_[2]) && both_listed(there_[2]); }, seconds{90}));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
