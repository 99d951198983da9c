#include "overlay/gossip/hearsay_dials.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/overlay/gossip/gossip_parts.h"

namespace halp {
namespace HALP_TEST_FILE {

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

// A node that stands still again and again, or loses its network, is no cannon either.
TEST_F(HearsayDialsTest, ACallThatIsExcusedIsOneOfTheTwo) {
    const EndpointId node = at("198.51.100.7");
    int made = 0;
    for (int second = 0; second < 590; ++second) {
        if (!dials.admits(node, CallPurpose::feeler, now + second * 1s)) continue;
        dials.ended(node, HearsayDials::Outcome::excused, now + second * 1s);
        ++made;
    }
    EXPECT_EQ(made, 2);
    EXPECT_FALSE(dials.found_gone(node, 0, now, now + 590s)) << "nothing is known of it";
    EXPECT_TRUE(dials.admits(node, CallPurpose::feeler, now + 601s));
}

TEST_F(HearsayDialsTest, ACallForWhichThereWasNoSocketCountsNothing) {
    for (int second = 0; second < 10; ++second) {
        ASSERT_TRUE(dial(at("198.51.100.7")));
        dials.ended(at("198.51.100.7"), HearsayDials::Outcome::untold, now);
    }
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
    EXPECT_TRUE(dials.failed_elsewhere(far(2), 5, now));
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

// It was heard of by an earlier run, which buried it. It may live and call.
TEST_F(HearsayDialsTest, AGraveOfAnEarlierRunIsDialled) {
    const EndpointId node = at("198.51.100.7");
    parts.view.remember_grave({.endpoint = node, .incarnation = 1, .buried = now - 10s}, now);
    EXPECT_TRUE(dials.may_be_dialled(node));
    EXPECT_TRUE(dial(node));
}

TEST_F(HearsayDialsTest, WhatWasProvedIsDialledWhateverItsAddress) {
    parts.view.prove(at("node.example"), 1, now);
    EXPECT_TRUE(dial(at("node.example")));
    EXPECT_TRUE(dials.admits(at("seed.example"), CallPurpose::seed, now)) << "the operator named it";
}

// ---- pauses, sources, and what others say of failures ----

TEST_F(HearsayDialsTest, EachCallInVainDoublesThePauseOfItsEndpoint) {
    std::vector<Duration> pauses;
    Instant last = never;
    for (Instant at_time = now; at_time < now + 8h; at_time += 5s) {
        if (!dial_in_vain(far(1), at_time)) continue;
        if (last != never) pauses.push_back(at_time - last);
        last = at_time;
    }
    EXPECT_EQ(pauses, (std::vector<Duration>{30s, 10min, 20min, 40min, 80min, 2h, 2h}));
}

TEST_F(HearsayDialsTest, AnAnswerEndsThePauses) {
    ASSERT_TRUE(dial_in_vain(far(1), now));
    EXPECT_FALSE(dial(far(1)));
    ASSERT_TRUE(dials.admits(far(1), CallPurpose::feeler, now + 31s));
    dials.ended(far(1), HearsayDials::Outcome::answered, now + 31s);
    EXPECT_TRUE(dials.admits(far(1), CallPurpose::feeler, now + 32s));
    dials.ended(far(1), HearsayDials::Outcome::failed, now + 32s);
    dials.met(parts.endpoints.at(far(1)));
    EXPECT_TRUE(dial(far(1))) << "it has called";
}

TEST_F(HearsayDialsTest, WhoCallsHasAHostAndItsPortIsOnlyItsWord) {
    const EndpointId named = at("203.0.113.9", 22);
    dials.called_from(parts.endpoints.at(named));
    EXPECT_FALSE(dials.only_heard_of(named));
    int made = 0;
    for (int i = 0; i < 100; ++i) made += dial_in_vain(named, now);
    EXPECT_EQ(made, 4) << "it is found dead like any other";
    for (int i = 0; i < 100; ++i) {
        dials.called_from(parts.endpoints.at(named));
        made += dial_in_vain(named, now);
    }
    EXPECT_EQ(made, 16) << "it calls, and is called again";
    for (int second = 0; second < 590; ++second) {
        dials.called_from(parts.endpoints.at(named));
        made += dial_in_vain(named, now + second * 1s);
    }
    EXPECT_EQ(made, 33) << "once in a while, up to what a host may have";
    EXPECT_EQ(dials.made(), 0U) << "without a share of the budget";
    dials.met(parts.endpoints.at(named));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(dial_in_vain(named, now)) << "it has answered there";
}

TEST_F(HearsayDialsTest, OfAHostThatNamesAllItsPortsAFewAreCalledBack) {
    int made = 0;
    for (int i = 0; i < 2000; ++i) {
        const EndpointId named = at("203.0.113.9", static_cast<std::uint16_t>(1000 + i));
        dials.called_from(parts.endpoints.at(named));
        made += dial_in_vain(named, now + i * 100ms);
    }
    EXPECT_EQ(made, 8);
    for (int i = 0; i < 2000; ++i) {
        const EndpointId named = at("203.0.113.9", static_cast<std::uint16_t>(1000 + i % 8));
        dials.called_from(parts.endpoints.at(named));
        made += dial_in_vain(named, now + 200s + i * 100ms);
    }
    EXPECT_EQ(made, 8 + 32) << "in all, within ten minutes";
}

TEST_F(HearsayDialsTest, ManyNodesBehindOneAddressAreAllCalledBackWhenTheyAnswer) {
    for (int i = 0; i < 50; ++i) {
        const EndpointId node = at("203.0.113.9", static_cast<std::uint16_t>(4000 + i));
        dials.called_from(parts.endpoints.at(node));
        ASSERT_TRUE(dials.admits(node, CallPurpose::feeler, now)) << i;
        dials.met(parts.endpoints.at(node));
        dials.ended(node, HearsayDials::Outcome::answered, now);
    }
}

TEST(VainDials, WhatWouldBeForgottenFirstLeavesAFullTable) {
    VainDials dials;
    const Instant now{1h};
    for (int i = 0; i < 3; ++i) dials.failed(7, 1, now);
    for (std::uint64_t key = 1000; key < 1000 + VainDials::tallies_max; ++key) dials.failed(key, 1, now + 1s);
    EXPECT_EQ(dials.dropped(), 1U);
    EXPECT_EQ(dials.of(7, now + 1s).in_a_row, 3);
    EXPECT_EQ(dials.of(1000, now + 1s).in_a_row, 0);
    EXPECT_EQ(dials.of(7, now + 3h).in_a_row, 0) << "after that everything is";
}

TEST_F(HearsayDialsTest, WhoNamesNodesThatDoNotAnswerGetsLessOfTheBudget) {
    const auto liar = HearsaySources::of({"203.0.113.1", 1}), honest = HearsaySources::of({"203.0.113.2", 1});
    for (int i = 0; i < 50; ++i) dials.named(far(i), liar);
    for (int i = 50; i < 60; ++i) dials.named(far(i), honest);
    ASSERT_TRUE(dials.admits(far(50), CallPurpose::feeler, now));
    dials.ended(far(50), HearsayDials::Outcome::answered, now);
    const auto made_of = [&](int from, int to, Instant when) {
        int made = 0;
        for (int i = from; i < to; ++i) made += dial_in_vain(far(i), when);
        return made;
    };
    EXPECT_EQ(made_of(0, 20, now + 1min), 4) << "nobody has been wrong yet";
    EXPECT_EQ(made_of(20, 30, now + 3min), 1) << "then it is mostly wrong";
    EXPECT_EQ(made_of(30, 40, now + 20min), 1) << "two shares are, and it waits";
    EXPECT_EQ(made_of(30, 40, now + 20min + 10s), 0);
    EXPECT_EQ(made_of(51, 60, now + 20min + 10s), 3) << "who was right has all that is left";
    dials.named_again(far(45), honest);
    EXPECT_EQ(made_of(45, 46, now + 22min), 1) << "the best of those who name it counts";
    for (int i = 60; i < 80; ++i) dials.named(far(i), HearsaySources::of({"203.0.113.3", 1}));
    EXPECT_EQ(made_of(60, 80, now + 40min), 3) << "of whom nothing is known leaves a share while another was wrong";
}

TEST_F(HearsayDialsTest, NobodysWordKeepsANodeOutOfTheListForGood) {
    EXPECT_TRUE(dials.failed_elsewhere(far(1), 1, now));
    EXPECT_TRUE(dials.found_gone(far(1), 1, now, now));
    EXPECT_FALSE(dials.found_gone_here(far(1), 1, now, now)) << "it is not told on";
    for (Duration later = 1s; later < 10min; later += 1s)
        EXPECT_FALSE(dials.failed_elsewhere(far(1), 1, now + later)) << "once in ten minutes";
    EXPECT_FALSE(dials.found_gone(far(1), 1, now + 1s, now + 9min)) << "somebody has seen it since";
    EXPECT_FALSE(dials.would_hold(far(1), now)) << "and it may be called";
}

TEST_F(HearsayDialsTest, OneHostWithManyPortsDoesNotMakeOthersStrangers) {
    for (int i = 0; i < 100; ++i) dials.met(parts.endpoints.at(far(i)));
    for (std::uint16_t port = 1; port < 5000; ++port) dials.met({"203.0.113.1", port});
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(dials.only_heard_of(far(i))) << i;
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
