// Tags of announced hosts go where the announcements go.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "overlay/gossip/tag_table.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

const Endpoint tagged_host{"192.0.2.1", 5222};

class TagsInASwarm : public ::testing::Test {
protected:
    TagsInASwarm() {
        swarm_.add(6, 0);
        swarm_.world.run_for(3s);
    }
    // All nodes list the host with these tags.
    bool all_say(const std::string& tags) {
        for (std::size_t i = 0; i < swarm_.size(); ++i) {
            if (!swarm_.up(i)) continue;
            const auto listed = swarm_.node(i).listed(chat_, tagged_host);
            if (!listed || listed->tags != tags || swarm_.node(i).hosts(chat_, 0, 1)[0].tags != tags) return false;
        }
        return true;
    }

    Swarm swarm_{1, OverlayOptions::for_profile(Profile::local)};
    const Label chat_ = *Label::parse("my-chat");
};

TEST_F(TagsInASwarm, ReachEveryNodeAndChangeWithTheAnnouncement) {
    ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host, "blue,v=2"));
    EXPECT_TRUE(swarm_.within(5s, [&] { return all_say("blue,v=2"); }));
    ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host, "v=3"));
    EXPECT_TRUE(swarm_.within(5s, [&] { return all_say("v=3"); }));
    ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host));
    EXPECT_TRUE(swarm_.within(5s, [&] { return all_say(""); })) << "taken back";
}

TEST_F(TagsInASwarm, ReachANodeThatComesLater) {
    ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host, "blue"));
    ASSERT_TRUE(swarm_.within(5s, [&] { return all_say("blue"); }));
    swarm_.add();
    EXPECT_TRUE(swarm_.within(5s, [&] { return all_say("blue"); }));
    EXPECT_EQ(swarm_.node(6).status().tagged, 1u);
}

TEST_F(TagsInASwarm, EndWithTheAnnouncement) {
    ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host, "blue"));
    ASSERT_TRUE(swarm_.within(5s, [&] { return all_say("blue"); }));
    EXPECT_TRUE(swarm_.node(1).withdraw(chat_, tagged_host));
    EXPECT_TRUE(swarm_.within(5s, [&] { return swarm_.listing(chat_, tagged_host) == 0; }));
    for (std::size_t i = 0; i < swarm_.size(); ++i) EXPECT_EQ(swarm_.node(i).status().tagged, 0u) << i;
    ASSERT_TRUE(swarm_.node(2).announce(chat_, tagged_host));
    EXPECT_TRUE(swarm_.within(5s, [&] { return all_say(""); }));
}

TEST_F(TagsInASwarm, AreRefusedWhenTheyAreNotWellFormed) {
    EXPECT_FALSE(swarm_.node(1).announce(chat_, tagged_host, "b,a"));
    EXPECT_FALSE(swarm_.node(1).announce(chat_, tagged_host, std::string(257, 'a')));
    EXPECT_FALSE(swarm_.node(1).listed(chat_, tagged_host));
}

TEST(TagTable, TheFirstWordOnAVersionStays) {
    TagTable tags;
    const Label chat = Label::parse("chat").value();
    const EndpointId host{7};
    tags.hear({chat, host, 5, "v=1"});
    tags.hear({chat, host, 5, "evil"});
    tags.hear({chat, host, 5, ""});
    tags.hear({chat, host, 4, "older"});
    EXPECT_EQ(tags.find(chat, host), "v=1");
    tags.hear({chat, host, 6, "v=2"});
    EXPECT_EQ(tags.find(chat, host), "v=2");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
