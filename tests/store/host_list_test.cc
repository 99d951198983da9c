#include "store/host_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::seconds;

Instant at(std::int64_t s) { return Instant{seconds{s}}; }

class HostListTest : public ::testing::Test {
protected:
    EndpointId id(const std::string& host, std::uint16_t port = 80) { return endpoints.intern({host, port}); }

    HostEntry claim(const std::string& host, std::int64_t stated, std::uint16_t port = 80) {
        HostEntry entry;
        entry.endpoint = id(host, port);
        entry.claim = {UnixSeconds{stated}, UnixSeconds{std::min(stated, wall)}, now};
        return entry;
    }
    HostEntry announced(const std::string& host, Instant confirmed, std::uint32_t incarnation = 1) {
        HostEntry entry;
        entry.endpoint = id(host);
        entry.incarnation = incarnation;
        entry.confirmed = confirmed;
        return entry;
    }
    HostEntry withdrawal(const std::string& host, Instant when, std::uint32_t incarnation = 1) {
        HostEntry entry = announced(host, when, incarnation);
        entry.withdrawn = true;
        return entry;
    }
    HostEntry proved(const std::string& host, Instant when) {
        HostEntry entry;
        entry.endpoint = id(host);
        entry.proved = when;
        return entry;
    }
    HostEntry own(const std::string& host) {
        HostEntry entry = announced(host, now);
        entry.own = true;
        return entry;
    }
    Merge merge(const HostEntry& news) { return list.merge(news, now); }
    void limit(HostList::Limits limits) { list = HostList(endpoints, limits); }

    // "host host host" in the order shown, with ":port" unless it is 80.
    std::string shown(std::size_t first = 0, std::size_t count = 100) { return names_of(list.page(first, count)); }
    std::string names_of(const std::vector<HostEntry>& entries) {
        std::string text;
        for (const HostEntry& entry : entries) {
            const Endpoint& e = endpoints.at(entry.endpoint);
            text += (text.empty() ? "" : " ") + e.host + (e.port == 80 ? "" : ":" + std::to_string(e.port));
        }
        return text;
    }

    EndpointTable endpoints;
    HostList list{endpoints, {}};
    Instant now = at(1000);
    std::int64_t wall = 2'000'000'000;
};

// ---- the original's order, from its transcripts ----

TEST_F(HostListTest, OrdersClaimsByTimeThenArrival) {
    for (const auto& [host, time] : {std::pair{"e", 5}, {"a", 9}, {"c", 7}, {"b", 7}, {"z", 1}})
        EXPECT_EQ(merge(claim(host, time)), Merge::added);
    EXPECT_EQ(shown(), "a c b e z");
}

TEST_F(HostListTest, TellsPortsAndCasesApart) {
    merge(claim("a.example", 1300000000));
    merge(claim("a.example", 1300000000, 81));
    merge(claim("A.example", 1300000000));
    EXPECT_EQ(shown(), "a.example a.example:81 A.example");
}

TEST_F(HostListTest, KeepsTheLaterOfTwoSightings) {
    EXPECT_EQ(merge(claim("a", 1300000000)), Merge::added);
    EXPECT_EQ(merge(claim("a", 1200000000)), Merge::stale);
    EXPECT_EQ(list.find(id("a"))->claim.stated, UnixSeconds{1300000000});
    EXPECT_EQ(merge(claim("a", 1400000000)), Merge::refreshed);
    EXPECT_EQ(list.find(id("a"))->claim.stated, UnixSeconds{1400000000});
    EXPECT_EQ(list.size(), 1U);
}

TEST_F(HostListTest, ShowsTheFirstTenOfElevenNewestFirst) {
    for (int i = 0; i <= 11; ++i) merge(claim("h" + std::to_string(i), 1300000000 + i));
    EXPECT_EQ(shown(0, 10), "h11 h10 h9 h8 h7 h6 h5 h4 h3 h2");
    EXPECT_EQ(shown(10, 10), "h1 h0");
    EXPECT_EQ(shown(12, 10), "");
    EXPECT_EQ(shown(~std::size_t{0}, 10), "");
    EXPECT_EQ(shown(11, ~std::size_t{0}), "h0");
}

TEST_F(HostListTest, DoesNotPinTheFutureOnTop) {
    merge(claim("future", 4102444800));
    EXPECT_EQ(list.page(0, 1).front().claim.stated, UnixSeconds{4102444800}) << "shown as stated";
    wall += 1;
    merge(claim("honest", wall));
    EXPECT_EQ(shown(), "honest future");
}

TEST_F(HostListTest, OrdersFutureClaimsOfOneSecondByWhatTheyState) {
    merge(claim("far", 4000000000));
    merge(claim("farther", 4102444800));
    EXPECT_EQ(shown(), "farther far");
}

TEST_F(HostListTest, PutsARefreshedHostBehindThoseOfTheTimeItComesTo) {
    merge(claim("late", 5));
    merge(claim("x", 9));
    merge(claim("y", 9));
    merge(claim("late", 9));
    EXPECT_EQ(shown(), "x y late");
}

TEST_F(HostListTest, LeavesAHostInPlaceWhenItsTimeStays) {
    merge(claim("x", 9));
    merge(claim("y", 9));
    now += seconds{1};
    EXPECT_EQ(merge(claim("x", 9)), Merge::refreshed) << "heard again";
    EXPECT_EQ(shown(), "x y");
}

// ---- what outranks what ----

TEST_F(HostListTest, ShowsOwnThenVouchedThenClaimed) {
    merge(claim("claimed", wall));
    merge(announced("old", now - seconds{200}));
    merge(announced("fresh", now));
    merge(own("mine"));
    now += seconds{100};
    merge(announced("fresher", now));
    EXPECT_EQ(shown(), "mine fresher fresh old claimed");
}

TEST_F(HostListTest, ShowsProvedBeforeHearsayOfTheSameAge) {
    merge(announced("hearsay", now));
    merge(proved("proved", now));
    EXPECT_EQ(shown(), "proved hearsay");
}

TEST_F(HostListTest, LetsAVouchedHostKeepItsClaim) {
    merge(claim("a", 1300000000));
    EXPECT_EQ(merge(announced("a", now)), Merge::refreshed);
    EXPECT_EQ(list.find(id("a"))->claim.stated, UnixSeconds{1300000000});
    EXPECT_TRUE(list.find(id("a"))->vouched());
    EXPECT_TRUE(list.vouches());
}

// ---- announcements and withdrawals ----

TEST_F(HostListTest, HidesAWithdrawnHostFromOlderAnnouncements) {
    merge(announced("a", now, 3));
    now += seconds{1};
    EXPECT_EQ(merge(withdrawal("a", now, 3)), Merge::refreshed);
    EXPECT_EQ(list.size(), 0U);
    EXPECT_TRUE(list.find(id("a"))->withdrawn);
    now += seconds{1};
    EXPECT_EQ(merge(announced("a", now, 3)), Merge::stale);
    EXPECT_EQ(merge(announced("a", now, 2)), Merge::stale);
    EXPECT_EQ(shown(), "");
    EXPECT_EQ(merge(announced("a", now, 4)), Merge::added);
    EXPECT_EQ(shown(), "a");
}

TEST_F(HostListTest, RemembersAWithdrawalThatComesFirst) {
    EXPECT_EQ(merge(withdrawal("a", now, 3)), Merge::refreshed);
    EXPECT_EQ(merge(announced("a", now, 3)), Merge::stale);
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.entries(), 1U);
}

TEST_F(HostListTest, LetsAHigherIncarnationReplaceAFresherConfirmation) {
    merge(announced("a", now, 1));
    EXPECT_EQ(merge(announced("a", now - seconds{10}, 2)), Merge::refreshed);
    EXPECT_EQ(list.find(id("a"))->confirmed, now - seconds{10});
    EXPECT_EQ(merge(announced("a", now, 1)), Merge::stale);
}

TEST_F(HostListTest, KeepsItsOwnProofAcrossIncarnations) {
    merge(announced("a", now - seconds{20}, 1));
    merge(proved("a", now - seconds{5}));
    merge(announced("a", now - seconds{10}, 2));
    EXPECT_EQ(list.find(id("a"))->proved, now - seconds{5});
    EXPECT_EQ(list.find(id("a"))->incarnation, 2U);
}

TEST_F(HostListTest, StaysTheOwnerUntilItsHostIsWithdrawn) {
    merge(own("mine"));
    merge(announced("mine", now, 9));
    EXPECT_TRUE(list.find(id("mine"))->own);
    merge(withdrawal("mine", now, 9));
    EXPECT_FALSE(list.find(id("mine"))->own);
    EXPECT_TRUE(list.empty());
}

TEST_F(HostListTest, BoundsWithdrawalsAndForgetsTheOldest) {
    limit({.entries_max = 10});
    for (int i = 0; i < 100; ++i) merge(withdrawal("h" + std::to_string(i), now - seconds{200 - i}));
    EXPECT_EQ(list.entries(), 64U);
    EXPECT_EQ(list.find(id("h35")), nullptr);
    EXPECT_NE(list.find(id("h36")), nullptr);
    EXPECT_EQ(merge(withdrawal("late", now - seconds{250})), Merge::refused);
}

// ---- refusal ----

TEST_F(HostListTest, RefusesNewsThatHasOutlivedItsTime) {
    EXPECT_EQ(merge(announced("a", now - seconds{300})), Merge::refused);
    EXPECT_EQ(merge(withdrawal("a", now - seconds{300})), Merge::refused);
    HostEntry old_claim = claim("a", 5);
    old_claim.claim.heard = now - std::chrono::hours{24 * 30};
    EXPECT_EQ(merge(old_claim), Merge::refused);
    HostEntry nothing;
    nothing.endpoint = id("a");
    EXPECT_EQ(merge(nothing), Merge::refused);
    EXPECT_EQ(list.entries(), 0U);
    EXPECT_EQ(merge(announced("a", now - seconds{299})), Merge::added);
}

TEST_F(HostListTest, TakesTheClaimOfAnEntryWhoseAnnouncementIsTooOld) {
    HostEntry both = announced("a", now - seconds{400}, 7);
    both.claim = claim("a", 5).claim;
    EXPECT_EQ(merge(both), Merge::added);
    EXPECT_FALSE(list.find(id("a"))->vouched());
    EXPECT_EQ(list.find(id("a"))->incarnation, 0U);
}

TEST_F(HostListTest, CountsTimesInTheFutureAsNow) {
    merge(announced("a", now + std::chrono::hours{1}));
    EXPECT_EQ(list.find(id("a"))->confirmed, now);
}

// ---- full lists ----

TEST_F(HostListTest, LosesTheLowestClaimFirstWhenFull) {
    limit({.entries_max = 3});
    merge(announced("old", now - seconds{299}));
    merge(claim("low", 5));
    merge(claim("high", 9));
    std::vector<HostEntry> evicted;
    EXPECT_EQ(list.merge(announced("new", now), now, &evicted), Merge::added);
    EXPECT_EQ(names_of(evicted), "low");
    EXPECT_EQ(list.merge(claim("lower", 4), now, &evicted), Merge::refused);
    EXPECT_EQ(evicted.size(), 1U);
    EXPECT_EQ(shown(), "new old high");
}

TEST_F(HostListTest, LosesTheOldestOfACrowdedGroupBeforeTheOldestOfAll) {
    limit({.entries_max = 4, .share_per_group_max = 2});
    merge(announced("1.1.0.1", now - seconds{250}));
    merge(announced("2.2.0.1", now - seconds{30}));
    merge(announced("2.2.0.2", now - seconds{20}));
    merge(announced("2.2.0.3", now - seconds{10}));
    std::vector<HostEntry> evicted;
    static_cast<void>(list.merge(announced("3.3.0.1", now), now, &evicted));
    EXPECT_EQ(names_of(evicted), "2.2.0.1");
    static_cast<void>(list.merge(announced("4.4.0.1", now), now, &evicted));
    EXPECT_EQ(names_of(evicted), "2.2.0.1 1.1.0.1") << "no group is crowded any more";
}

TEST_F(HostListTest, KeepsWhatWasProvedWhateverIsHeard) {
    limit({.entries_max = 3, .share_per_group_max = 1});
    merge(proved("2.2.0.1", now - seconds{200}));
    merge(announced("2.2.0.2", now - seconds{100}));
    merge(announced("3.3.0.1", now - seconds{50}));
    std::vector<HostEntry> evicted;
    static_cast<void>(list.merge(announced("4.4.0.1", now), now, &evicted));
    static_cast<void>(list.merge(announced("2.2.0.3", now), now, &evicted));
    EXPECT_EQ(names_of(evicted), "2.2.0.2 3.3.0.1");
    EXPECT_EQ(shown(), "4.4.0.1 2.2.0.3 2.2.0.1");
    static_cast<void>(list.merge(proved("5.5.0.1", now), now, &evicted));
    static_cast<void>(list.merge(proved("6.6.0.1", now), now, &evicted));
    EXPECT_EQ(shown(), "5.5.0.1 6.6.0.1 2.2.0.1");
    EXPECT_EQ(merge(announced("7.7.0.1", now)), Merge::refused) << "all places are of proved hosts";
    EXPECT_EQ(merge(proved("7.7.0.1", now)), Merge::added);
    EXPECT_EQ(shown(), "5.5.0.1 6.6.0.1 7.7.0.1");
}

TEST_F(HostListTest, NeverEvictsItsOwnHosts) {
    limit({.entries_max = 2});
    merge(own("mine1"));
    merge(own("mine2"));
    EXPECT_EQ(merge(announced("other", now)), Merge::refused);
    EXPECT_EQ(merge(own("mine3")), Merge::added);
    EXPECT_EQ(list.size(), 3U);
}

TEST_F(HostListTest, ShrinksAsItChangesAfterAReload) {
    for (int i = 0; i < 100; ++i) merge(announced("h" + std::to_string(i), now - seconds{i}));
    list.set_limits({.entries_max = 5});
    EXPECT_EQ(list.size(), 100U);
    for (int i = 0; i < 10; ++i) merge(announced("n" + std::to_string(i), now));
    EXPECT_EQ(list.size(), 5U);
}

TEST_F(HostListTest, AppliesNewTimesAtTheNextExpiry) {
    merge(announced("a", now - seconds{100}));
    list.set_limits({.ttl = seconds{60}});
    EXPECT_EQ(list.expire(now), (std::vector{id("a")}));
    EXPECT_EQ(list.digest(), ListDigest{});
}

// ---- time ----

TEST_F(HostListTest, ForgetsVouchedHostsAfterTheTtlButNotItsOwn) {
    merge(announced("a", now));
    merge(own("mine"));
    EXPECT_TRUE(list.expire(now + seconds{299}).empty());
    EXPECT_EQ(list.expire(now + seconds{300}), (std::vector{id("a")}));
    EXPECT_EQ(shown(), "mine");
    EXPECT_TRUE(list.expire(now + std::chrono::hours{10000}).empty());
}

TEST_F(HostListTest, FallsBackToTheClaimWhenTheAnnouncementExpires) {
    merge(announced("a", now, 5));
    now += seconds{100};
    merge(claim("a", 1300000000));
    EXPECT_TRUE(list.expire(now + seconds{200}).empty()) << "still shown";
    EXPECT_FALSE(list.find(id("a"))->vouched());
    EXPECT_EQ(list.find(id("a"))->incarnation, 0U);
    EXPECT_EQ(list.expire(now + std::chrono::hours{24 * 30}), (std::vector{id("a")}));
    EXPECT_EQ(list.entries(), 0U);
}

TEST_F(HostListTest, ForgetsAWithdrawalInTime) {
    merge(announced("a", now));
    merge(withdrawal("a", now));
    EXPECT_TRUE(list.expire(now + seconds{300}).empty()) << "it was not shown any more";
    EXPECT_EQ(list.entries(), 0U);
}

TEST_F(HostListTest, LetsAWithdrawalAnswerOlderClaimsButNotYoungerOnes) {
    merge(claim("older", 5));
    merge(withdrawal("older", now));
    merge(withdrawal("younger", now));
    now += seconds{1};
    merge(claim("younger", 5));
    EXPECT_EQ(shown(), "");
    EXPECT_TRUE(list.expire(now + seconds{300}).empty());
    EXPECT_EQ(shown(), "younger");
}

// ---- what is told to others ----

TEST_F(HostListTest, TellsWithdrawalsThenTheFreshest) {
    merge(claim("claimed", 5));
    merge(announced("older", now - seconds{9}));
    merge(announced("fresh", now));
    merge(withdrawal("gone", now));
    EXPECT_EQ(names_of(list.shared(10, now)), "gone fresh older claimed");
    EXPECT_EQ(names_of(list.shared(2, now)), "gone fresh");
    EXPECT_EQ(names_of(list.shared(0, now)), "");
    EXPECT_EQ(names_of(list.shared(10, now + seconds{295})), "gone fresh claimed") << "expire() has not been yet";
}

TEST_F(HostListTest, DoesNotTellARememberedClaimBeforeSomebodyMakesItAgain) {
    HostEntry remembered = claim("a", 5);
    remembered.remembered = true;
    EXPECT_EQ(merge(remembered), Merge::added);
    EXPECT_EQ(shown(), "a");
    EXPECT_EQ(list.digest(), ListDigest{});
    list.set_limits({});
    EXPECT_TRUE(list.shared(10, now).empty()) << "not after a reload either";

    merge(announced("a", now));
    EXPECT_EQ(list.digest().count, 1U) << "now the swarm vouches for it";
    now += seconds{301};
    list.expire(now);
    EXPECT_EQ(list.digest(), ListDigest{}) << "what is left is old memory again";
    merge(claim("a", 5));
    EXPECT_EQ(list.digest().count, 1U);
    EXPECT_EQ(merge(remembered), Merge::stale);
}

TEST_F(HostListTest, StopsTellingClaimsAfterTheTtlButKeepsThem) {
    merge(claim("a", 5));
    EXPECT_EQ(list.digest().count, 1U);
    EXPECT_TRUE(list.expire(now + seconds{300}).empty());
    EXPECT_EQ(list.digest(), ListDigest{});
    EXPECT_TRUE(list.shared(10, now + seconds{300}).empty());
    EXPECT_EQ(shown(), "a");
    now += seconds{400};
    merge(claim("a", 5));
    EXPECT_EQ(list.digest().count, 1U);
}

TEST_F(HostListTest, DigestsEqualSetsAlikeOnMachinesThatMetThemDifferently) {
    EndpointTable others;
    (void)others.intern({"unrelated", 1});
    HostList other(others, {});
    const auto there = [&](HostEntry entry) {
        entry.endpoint = others.intern(endpoints.at(entry.endpoint));
        return entry;
    };
    const HostEntry a = announced("a", now, 3), b = announced("b", now, 1), c = claim("c", 5);
    merge(a);
    merge(b);
    merge(c);
    static_cast<void>(other.merge(there(c), now));
    static_cast<void>(other.merge(there(b), now));
    EXPECT_NE(list.digest(), other.digest());
    static_cast<void>(other.merge(there(a), now));
    EXPECT_EQ(list.digest(), other.digest());

    merge(announced("a", now, 4));
    EXPECT_NE(list.digest(), other.digest()) << "an incarnation is a difference";
    merge(withdrawal("a", now, 4));
    merge(withdrawal("b", now, 4));
    list.erase(id("c"));
    EXPECT_EQ(list.digest(), ListDigest{});
}

// ---- the rest ----

TEST_F(HostListTest, ErasesAndClears) {
    merge(claim("a", 5));
    merge(announced("b", now));
    EXPECT_TRUE(list.erase(id("a")));
    EXPECT_FALSE(list.erase(id("a")));
    EXPECT_EQ(shown(), "b");
    EXPECT_GT(list.bytes(), 0U);
    list.clear();
    EXPECT_EQ(list.entries(), 0U);
    EXPECT_EQ(list.bytes(), 0U);
    EXPECT_EQ(merge(claim("a", 5)), Merge::added);
}

TEST_F(HostListTest, MarksTheEndpointsItHolds) {
    (void)id("unused");
    merge(claim("a", 5));
    merge(withdrawal("w", now));
    auto marks = endpoints.empty_marks();
    list.mark_endpoints(marks);
    EXPECT_EQ(marks, (std::vector<bool>{false, true, true}));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
