// What a view sends, what it drops for what it receives, and the settings of the published protocols.
#include "overlay/gossip/view/peer_view.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/overlay/gossip/view/peer_view_fixture.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using test::Dice;

TEST_F(PeerViewTest, TiesByHashAreDecidedAlikeOnBothSidesOfAnExchange) {
    const auto survivors = [&](std::uint64_t dice_seed, std::uint64_t salt) {
        Dice own_dice{dice_seed};
        PeerView view{endpoints,
                      own_dice,
                      {.fresh_max = 5, .healer = 20, .ties = TieRule::hash, .anchors_max = 0, .pool_max = 0}};
        for (int i = 1; i <= 20; ++i) hear(view, i, i <= 2 ? 1s : 10s);
        view.merge_arrivals(salt);
        std::set<EndpointId> out;
        for (const Peer& p : view.all()) out.insert(p.endpoint);
        return out;
    };
    const auto kept = survivors(1, 42);
    EXPECT_EQ(kept.size(), 5u);
    EXPECT_TRUE(kept.contains(peer(1)) && kept.contains(peer(2)));  // age comes before hash
    EXPECT_EQ(kept, survivors(2, 42));
    EXPECT_NE(kept, survivors(1, 43));
}

TEST_F(PeerViewTest, TheSwapperDropsRandomNodesOfThoseSentNotTheNewest) {
    int newest_left = 0;
    for (int run = 0; run < 100; ++run) {
        ViewOptions options;
        options.fresh_max = options.sample_freshest = 10;
        options.sample_random = options.healer = options.anchors_max = 0;
        options.pool_max = 100;
        options.swapper = 2;
        PeerView view{endpoints, dice, options};
        for (int i = 0; i < 10; ++i) hear(view, i, std::chrono::seconds{i});
        view.merge_arrivals();
        ASSERT_EQ(view.sample().size(), 10u);
        hear(view, 20, 0s);
        hear(view, 21, 0s);
        view.merge_arrivals();
        EXPECT_EQ(view.find(peer(20))->role, PeerRole::fresh);
        newest_left += view.find(peer(0))->role == PeerRole::pool;
    }
    EXPECT_GT(newest_left, 5);
    EXPECT_LT(newest_left, 50);  // two of ten
}

TEST_F(PeerViewTest, ASampleHoldsTheFreshestAndOthersOnceEach) {
    ViewOptions options;
    PeerView view{endpoints, dice, options};
    for (int i = 0; i < 60; ++i) hear(view, i, std::chrono::seconds{i});
    view.merge_arrivals();
    std::set<EndpointId> others;
    for (int round = 0; round < 50; ++round) {
        std::set<EndpointId> seen;
        for (const Peer& p : view.sample()) EXPECT_TRUE(seen.insert(p.endpoint).second);
        EXPECT_EQ(seen.size(), options.sample_freshest + options.sample_random);
        for (int i = 0; i < 8; ++i) EXPECT_TRUE(seen.contains(peer(i))) << "one of the 8 freshest is missing";
        others.insert(seen.begin(), seen.end());
    }
    EXPECT_GT(others.size(), 50U) << "the rest must vary";
}

TEST_F(PeerViewTest, NewscastIsASetting) {
    ViewOptions newscast;  // whole views are sent, and the c freshest nodes stay
    newscast.fresh_max = 20;
    newscast.healer = 1000;
    newscast.sample_freshest = 20;
    newscast.sample_random = 0;
    newscast.partner = PartnerRule::random;
    newscast.anchors_max = newscast.pool_max = newscast.grave_max = 0;
    newscast.drop_on_failure = true;
    PeerView view{endpoints, dice, newscast};
    for (int i = 0; i < 60; ++i) hear(view, i, std::chrono::seconds{(i * 37) % 60});
    view.merge_arrivals();
    EXPECT_EQ(view.all().size(), 20U);
    for (const Peer& p : view.all()) EXPECT_GT(p.seen, start - 20s) << "only the freshest stay";
    view.fail(view.all()[0].endpoint, start, 1s);
    EXPECT_EQ(view.all().size(), 19U);
}

TEST_F(PeerViewTest, TheSwapperDropsNodesThatItSent) {
    ViewOptions swapper;
    swapper.fresh_max = 10;
    swapper.healer = 0;
    swapper.swapper = 5;
    swapper.sample_freshest = 0;
    swapper.sample_random = 5;
    swapper.anchors_max = swapper.pool_max = 0;
    PeerView view{endpoints, dice, swapper};
    for (int i = 0; i < 10; ++i) hear(view, i, 5s);
    view.merge_arrivals();
    std::set<EndpointId> sent;
    for (const Peer& p : view.sample()) sent.insert(p.endpoint);
    for (int i = 100; i < 105; ++i) hear(view, i, 50s);
    view.merge_arrivals();
    EXPECT_EQ(view.all().size(), 10U);
    for (const Peer& p : view.all()) EXPECT_FALSE(sent.contains(p.endpoint));
}

// In the 2007 paper the newer of two sightings of a node stays, and that one was received, not sent.
TEST_F(PeerViewTest, TheSwapperKeepsNodesReceivedWithANewerSighting) {
    const ViewOptions swapper{.fresh_max = 10,
                              .healer = 0,
                              .swapper = 5,
                              .sample_freshest = 0,
                              .sample_random = 5,
                              .anchors_max = 0,
                              .pool_max = 0};
    for (const Duration age : {10s, 1s}) {
        PeerView view{endpoints, dice, swapper};
        for (int i = 1; i <= 10; ++i) hear(view, i, 10s);
        view.merge_arrivals();
        const std::vector<Peer> sent = view.sample();
        for (const Peer& p : sent)
            view.merge({.endpoint = p.endpoint, .incarnation = 1, .seen = start - age}, start);
        for (int i = 11; i <= 15; ++i) hear(view, i, 10s);
        view.merge_arrivals();
        std::size_t stayed = 0;
        for (const Peer& p : sent) stayed += view.find(p.endpoint).has_value();
        if (age == 10s) {
            EXPECT_EQ(stayed, 0u);
        } else {
            EXPECT_GT(stayed, 0u) << "five leave at random";
        }
    }
}

// In the same paper H is at most c/2. With a larger H age decides which nodes stay, and all may be sent.
TEST_F(PeerViewTest, TheOldestThatTheHealerIsAboutToDropAreNotSampled) {
    for (const std::size_t healer : {4u, 10u}) {
        PeerView view{endpoints,
                      dice,
                      {.fresh_max = 10,
                       .healer = healer,
                       .sample_freshest = 0,
                       .sample_random = 5,
                       .anchors_max = 0,
                       .pool_max = 0}};
        for (int i = 1; i <= 10; ++i) hear(view, i, i * 1s);
        view.merge_arrivals();
        std::set<EndpointId> told;
        for (int round = 0; round < 100; ++round)
            for (const Peer& p : view.sample()) told.insert(p.endpoint);
        EXPECT_EQ(told.size(), healer == 4 ? 6u : 10u);
        EXPECT_EQ(told.count(peer(7)), healer == 4 ? 0u : 1u);
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
