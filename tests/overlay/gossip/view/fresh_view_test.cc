#include "overlay/gossip/view/fresh_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "store/hash.h"
#include "tests/overlay/gossip/dice.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using test::Dice;

class ById final : public TieHash {
public:
    [[nodiscard]] std::uint64_t hash_of(EndpointId id) const override {
        return mix(static_cast<std::uint32_t>(id) + 77);
    }
};

constexpr EndpointId self{0};

std::vector<Sighting> random_sightings(Dice& dice, std::size_t most, std::uint32_t stamps) {
    std::map<std::uint32_t, Sighting> by_id;
    for (std::size_t n = dice.below(most + 1); n > 0; --n) {
        const auto id = static_cast<std::uint32_t>(dice.below(60));
        by_id[id] = Sighting::of(static_cast<std::uint32_t>(1 + dice.below(stamps)), EndpointId{id});
    }
    std::vector<Sighting> out;
    for (const auto& [id, sighting] : by_id) out.push_back(sighting);
    std::ranges::sort(out, std::greater{});
    return out;
}

// A naive model of the rule: a map, then sorting by (stamp, hash).
std::vector<Sighting> naive(const std::vector<Sighting>& view, const std::vector<Sighting>& news, std::size_t c,
                            std::size_t healer, std::uint64_t salt) {
    std::map<std::uint32_t, Sighting> newest;
    for (const auto* list : {&view, &news})
        for (const Sighting s : *list) {
            Sighting& known = newest.try_emplace(static_cast<std::uint32_t>(s.endpoint()), s).first->second;
            known = std::max(known, s);
        }
    newest.erase(static_cast<std::uint32_t>(self));
    std::vector<Sighting> all;
    for (const auto& [id, sighting] : newest) all.push_back(sighting);
    std::ranges::sort(all, std::greater{}, [&](Sighting s) {
        return std::pair{s.stamp(), mix(ById{}.hash_of(s.endpoint()) ^ mix(salt))};
    });
    if (all.size() > c) all.resize(std::max(c, all.size() - std::min(healer, all.size() - c)));
    std::ranges::sort(all, std::greater{});
    return all;
}

struct View {
    std::vector<Sighting> room = std::vector<Sighting>(64);
    std::size_t size = 0;
    FreshView operator()() { return {room, size}; }
};

TEST(FreshView, AgreesWithANaiveMerge) {
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        Dice dice{seed};
        const std::size_t c = 1 + dice.below(24);
        const auto stamps = static_cast<std::uint32_t>(1 + dice.below(seed % 2 ? 5 : 1000));  // many ties, or few
        std::vector<Sighting> mine = random_sightings(dice, c, stamps), news = random_sightings(dice, 30, stamps);
        std::erase_if(mine, [](Sighting s) { return s.endpoint() == self; });
        View view;
        std::ranges::copy(mine, view.room.begin());
        FreshView fresh{view.room, mine.size()};
        std::vector<Sighting> left(64);
        const FreshView::Rule rule{c, 100, 0, TieRule::hash};
        const ById hash;
        const bool ask = seed % 3 == 0;  // ask which nodes left: then the merge takes another path
        const std::size_t gone =
            fresh.merge(news, self, rule, {dice, hash, seed}, {}, ask ? std::span{left} : std::span<Sighting>{});
        const std::vector<Sighting> expected = naive(mine, news, c, 100, seed);
        ASSERT_TRUE(std::ranges::equal(fresh.all(), expected)) << "seed " << seed;
        if (!ask) continue;
        std::set<EndpointId> known;
        for (const auto* list : {&mine, &news})
            for (const Sighting s : *list) known.insert(s.endpoint());
        known.erase(self);
        for (const Sighting s : expected) known.erase(s.endpoint());
        std::set<EndpointId> told;
        for (std::size_t i = 0; i < gone; ++i) told.insert(left[i].endpoint());
        ASSERT_EQ(told, known) << "seed " << seed;
    }
}

TEST(FreshView, TheHealerDropsTheOldestAndChanceTheRest) {
    const ById hash;
    std::map<EndpointId, int> stayed;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Dice dice{seed};
        View view;
        std::vector<Sighting> news;
        for (std::uint32_t i = 20; i > 0; --i) news.push_back(Sighting::of(100 + i, EndpointId{i}));
        FreshView fresh = view();
        fresh.merge(news, self, {10, 4, 0, TieRule::hash}, {dice, hash, 0});
        ASSERT_EQ(fresh.size(), 10U);
        ASSERT_TRUE(std::ranges::is_sorted(fresh.all(), std::greater{}));
        for (const Sighting s : fresh.all()) ++stayed[s.endpoint()];
    }
    for (std::uint32_t i = 1; i <= 4; ++i) EXPECT_EQ(stayed[EndpointId{i}], 0) << "the four oldest never stay";
    for (std::uint32_t i = 5; i <= 20; ++i)
        EXPECT_NEAR(stayed[EndpointId{i}], 250, 60) << "10 of 16, whatever their age";
}

TEST(FreshView, TheSwapperDropsNodesThatWereSent) {
    Dice dice{1};
    const ById hash;
    View view;
    std::vector<Sighting> news;
    for (std::uint32_t i = 12; i > 0; --i) news.push_back(Sighting::of(i, EndpointId{i}));
    const std::vector<EndpointId> sent{EndpointId{11}, EndpointId{12}};
    FreshView fresh = view();
    fresh.merge(news, self, {10, 0, 2, TieRule::hash}, {dice, hash, 0}, sent);
    EXPECT_EQ(fresh.size(), 10U);
    EXPECT_EQ(fresh.all().front().endpoint(), EndpointId{10});
}

TEST(FreshView, AMemberMovesToItsNewPlace) {
    Dice dice{1};
    const ById hash;
    View view;
    std::vector<Sighting> news;
    for (std::uint32_t i = 5; i > 0; --i) news.push_back(Sighting::of(i * 10, EndpointId{i}));
    FreshView fresh = view();
    fresh.merge(news, self, {10, 9, 0, TieRule::hash}, {dice, hash, 0});
    fresh.move(EndpointId{5}, 15);
    fresh.move(EndpointId{9}, 15);  // not a member
    std::vector<std::uint32_t> order;
    for (const Sighting s : fresh.all()) order.push_back(static_cast<std::uint32_t>(s.endpoint()));
    EXPECT_EQ(order, (std::vector<std::uint32_t>{4, 3, 2, 5, 1}));
    EXPECT_TRUE(fresh.erase(EndpointId{3}));
    EXPECT_FALSE(fresh.erase(EndpointId{3}));
    EXPECT_EQ(fresh.size(), 4U);
}

TEST(StampClock, KeepsInstantsToTheMillisecond) {
    StampClock clock;
    const Instant start{5000h};
    EXPECT_FALSE(clock.covers(start));
    EXPECT_EQ(clock.move_to(start), 0U);
    for (const Duration d : {Duration{0}, Duration{-72h}, Duration{10h}, Duration{35 * 24h}})
        EXPECT_EQ(clock.instant(clock.stamp(start + d)), start + d);
    EXPECT_EQ(clock.instant(clock.stamp(start + 1700us)), start + 1ms);
    EXPECT_EQ(clock.instant(clock.stamp(never)), never);
    EXPECT_LT(clock.stamp(start - 1ms), clock.stamp(start));
    EXPECT_EQ(clock.stamp(Instant{0h}), 1U) << "older than the origin: as of the origin";
}

TEST(StampClock, MovesItsOriginBeforeItsBitsOverflow) {
    StampClock clock;
    const Instant start{5000h};
    static_cast<void>(clock.move_to(start));
    const Instant later = start + 40 * 24h;
    ASSERT_FALSE(clock.covers(later));
    const std::uint32_t before = clock.stamp(start + 30 * 24h);
    const std::uint32_t moved = clock.move_to(later);
    EXPECT_TRUE(clock.covers(later));
    EXPECT_EQ(clock.instant(before - moved), start + 30 * 24h);
}

TEST(FreshView, MergesOneSightingAsMergeWould) {
    Dice dice{11};
    const ById hash;
    std::size_t refused = 0, done = 0;
    for (int round = 0; round < 20'000; ++round) {
        const FreshView::Rule rule{1 + dice.below(12), dice.below(3), 0, TieRule::random};
        std::vector<Sighting> room = random_sightings(dice, rule.size_max, 6);
        const std::size_t size = room.size();
        room.resize(rule.size_max);
        std::vector<Sighting> merged = room;
        const Sighting news = Sighting::of(static_cast<std::uint32_t>(1 + dice.below(7)),
                                           EndpointId{static_cast<std::uint32_t>(1 + dice.below(60))});
        FreshView one{room, size}, other{merged, size};
        Sighting out{0};
        const std::vector<Sighting> before = room;
        if (!one.merge_one(news, rule, out)) {
            ++refused;
            EXPECT_EQ(room, before);
            EXPECT_EQ(one.size(), size);
            continue;
        }
        ++done;
        std::vector<Sighting> left(size + 1, Sighting{0});
        const std::size_t gone = other.merge({&news, 1}, no_endpoint, rule, {dice, hash, 1}, {}, left);
        ASSERT_EQ(gone, out.word != 0 ? 1U : 0U);
        ASSERT_TRUE(gone == 0 || left[0] == out);
        ASSERT_TRUE(std::ranges::equal(one.all(), other.all()));
    }
    EXPECT_GT(refused, 1000U);
    EXPECT_GT(done, 10'000U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
