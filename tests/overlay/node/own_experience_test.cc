// What a node and its applications have found themselves outranks what others say of the same host.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

class OwnExperienceTest : public testing::Test {
protected:
    OwnExperienceTest() {
        swarm.add(4, 0);
        EXPECT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
        EXPECT_TRUE(swarm.node(0).announce(chat, bad));
        swarm.world.run_for(2s);
        EXPECT_TRUE(swarm.node(3).announce(chat, good));
        EXPECT_TRUE(swarm.within(5s, [&] { return listed(1) == 2 && listed(2) == 2; }));
    }
    std::size_t listed(std::size_t i) { return swarm.node(i).hosts(chat, 0, 10).size(); }
    void fail(std::size_t i) {
        for (int k = 0; k < 3; ++k) {
            EXPECT_TRUE(swarm.node(i).confirm(chat, bad, false));
            swarm.world.run_for(300ms);
        }
    }
    template <class Kind>
    long noted_at(std::size_t i) {
        return std::ranges::count_if(swarm.world.noted(), [&](const SimWorld::Noted& noted) {
            return noted.host == swarm.host(i) && std::holds_alternative<Kind>(noted.event);
        });
    }

    Swarm swarm{21, OverlayOptions::for_profile(Profile::local)};
    const Label chat = *Label::parse("chat");
    const Endpoint bad{"10.9.9.9", 80}, good{"10.9.9.8", 80};
};

TEST_F(OwnExperienceTest, AHostThatFailedThriceStaysAwayWhateverOthersStillSay) {
    fail(1);
    EXPECT_EQ(noted_at<EntryForgotten>(1), 1);
    for (int i = 0; i < 50; ++i) {
        swarm.world.run_for(1s);
        // Hosts beside it come and go, so that lists differ and entries are told anew.
        ASSERT_TRUE(swarm.node(3).announce(chat, {"10.9.8." + std::to_string(i), 80}));
        ASSERT_FALSE(swarm.lists(1, chat, bad)) << i << " s later";
        ASSERT_TRUE(swarm.lists(2, chat, bad)) << "others have their own experience";
        ASSERT_EQ(swarm.node(1).host_count(chat),
                  listed(1) > 9 ? swarm.node(1).hosts(chat, 0, 1000).size() : listed(1));
    }
    EXPECT_EQ(noted_at<EntryForgotten>(1), 1);
}

TEST_F(OwnExperienceTest, TwoFailuresAreForgivenByOneSuccess) {
    for (const bool worked : {false, false, true, false, false})
        EXPECT_TRUE(swarm.node(1).confirm(chat, bad, worked));
    EXPECT_TRUE(swarm.lists(1, chat, bad));
}

TEST_F(OwnExperienceTest, ANewerAnnouncementBringsAHostBackBehindAllOthers) {
    fail(1);
    ASSERT_FALSE(swarm.lists(1, chat, bad));
    ASSERT_TRUE(swarm.node(0).withdraw(chat, bad));
    swarm.world.run_for(2s);
    ASSERT_TRUE(swarm.node(0).announce(chat, bad));
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.lists(1, chat, bad); }));
    EXPECT_EQ(swarm.node(2).hosts(chat, 0, 10).front().endpoint, bad) << "it is the newest elsewhere";
    EXPECT_EQ(swarm.node(1).hosts(chat, 0, 10).back().endpoint, bad);
    EXPECT_EQ(swarm.node(1).hosts(chat, 1, 1).at(0).endpoint, bad);
    EXPECT_TRUE(swarm.node(1).hosts(chat, 2, 10).empty());
    EXPECT_TRUE(swarm.node(1).confirm(chat, bad, true));
    EXPECT_EQ(swarm.node(1).hosts(chat, 0, 1).front().endpoint, bad) << "it was reached from here";
}

TEST_F(OwnExperienceTest, AHostThatWorksAgainIsBackAtOnce) {
    fail(1);
    ASSERT_FALSE(swarm.lists(1, chat, bad));
    EXPECT_TRUE(swarm.node(1).confirm(chat, bad, true));
    EXPECT_TRUE(swarm.lists(1, chat, bad));
}

TEST_F(OwnExperienceTest, WhatAPersonInsertsIsListedAndWhatIsClearedIsForgotten) {
    fail(1);
    ASSERT_TRUE(swarm.node(1).insert(chat, bad, UnixSeconds{1'700'000'000}));
    EXPECT_TRUE(swarm.lists(1, chat, bad));
    EXPECT_EQ(swarm.node(1).hosts(chat, 0, 10).back().endpoint, bad);
    fail(1);
    ASSERT_FALSE(swarm.lists(1, chat, bad));
    EXPECT_TRUE(swarm.node(1).clear(chat));
    EXPECT_TRUE(swarm.within(5s, [&] { return swarm.lists(1, chat, bad); }));
}

TEST_F(OwnExperienceTest, AnOwnAnnouncementIsListedWhateverFailed) {
    for (int k = 0; k < 5; ++k) EXPECT_TRUE(swarm.node(0).confirm(chat, bad, false));
    EXPECT_TRUE(swarm.lists(0, chat, bad));
}

TEST_F(OwnExperienceTest, ADeadNodeDoesNotComeBackByHearsay) {
    swarm.crash(3);
    ASSERT_TRUE(swarm.within(5s, [&] { return swarm.all_know_all(); }));
    for (int i = 0; i < 100; ++i) {
        swarm.world.run_for(300ms);
        ASSERT_TRUE(swarm.all_know_all());
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
