// Tags of announced hosts go where the announcements go.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <variant>

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
    std::map<Instant, std::string> tags_at_;  // when an event was noted first
};

TEST_F(TagsInASwarm, ReachEveryNodeAndChangeWithTheAnnouncement) {
    ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host, "blue,v=2"));
    EXPECT_TRUE(swarm_.within(5s, [&] { return all_say("blue,v=2"); }));
    ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host, "v=3"));
    EXPECT_TRUE(swarm_.within(5s, [&] { return all_say("v=3"); }));
    ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host));
    EXPECT_TRUE(swarm_.within(5s, [&] { return all_say(""); })) << "taken back";
}

TEST_F(TagsInASwarm, AreToldToWatchers) {
    swarm_.node(3).watch(chat_, true);
    // The tags that a reader of the events finds at the last of them.
    const auto told = [this] {
        std::string tags;
        for (const SimWorld::Noted& noted : swarm_.world.noted()) {
            if (noted.host != swarm_.host(3)) continue;
            if (const auto* moved = std::get_if<EntryMoved>(&noted.event); moved && moved->endpoint == tagged_host)
                tags = tags_at_.emplace(noted.at, swarm_.node(3).listed(chat_, tagged_host)->tags).first->second;
        }
        return tags;
    };
    for (const std::string tags : {"blue", "v=3"}) {
        ASSERT_TRUE(swarm_.node(1).announce(chat_, tagged_host, tags));
        EXPECT_TRUE(swarm_.within(5s, [&] { return told() == tags; })) << tags << ", told: " << told();
    }
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
    const auto hear = [&](std::uint32_t incarnation, const char* text) {
        return tags.hear({chat, host, incarnation, text}, 1, false);
    };
    EXPECT_EQ(hear(5, "v=1"), TagTable::Heard::first);
    EXPECT_EQ(hear(5, "evil"), TagTable::Heard::contradicted);
    EXPECT_EQ(hear(5, ""), TagTable::Heard::contradicted);
    EXPECT_EQ(hear(4, "older"), TagTable::Heard::taken);
    EXPECT_EQ(tags.find(chat, host), "v=1");
    EXPECT_EQ(hear(6, "v=2"), TagTable::Heard::changed);
    EXPECT_EQ(hear(7, "v=2"), TagTable::Heard::taken) << "the next version says the same";
    EXPECT_EQ(tags.find(chat, host), "v=2");
}

TEST(TagTable, AStrangerWhoFillsItTakesNoPlaceOfOthers) {
    TagTable tags;
    const Label chat = Label::parse("chat").value();
    const auto hear = [&](std::uint32_t host, std::uint32_t source, bool proved) {
        return tags.hear({chat, EndpointId{host}, 1, "v=1"}, source, proved);
    };
    for (std::uint32_t i = 0; i < 100; ++i) ASSERT_EQ(hear(i, 7, false), TagTable::Heard::first);
    ASSERT_EQ(hear(100, 8, true), TagTable::Heard::first) << "this node has reached the host";
    for (std::uint32_t i = 0; i < 2 * TagTable::hosts_max; ++i) static_cast<void>(hear(1000 + i, 8, false));
    EXPECT_EQ(tags.size(), TagTable::hosts_max);
    EXPECT_GT(tags.no_room(), 0U) << "it gets no more places than there are";
    for (std::uint32_t i = 0; i < 200; ++i) EXPECT_EQ(hear(200 + i, 9, false), TagTable::Heard::first) << i;
    for (std::uint32_t i = 0; i <= 100; ++i) EXPECT_EQ(tags.find(chat, EndpointId{i}), "v=1") << i;
    EXPECT_EQ(tags.size(), TagTable::hosts_max);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
