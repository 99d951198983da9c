// HostList against a naive model that keeps a vector in order of arrival and computes everything anew each time.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/endpoint.h"
#include "store/host_list.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::seconds;
using tests::Seeded;

class NaiveList {
public:
    NaiveList(const EndpointTable& endpoints, HostList::Limits limits) : endpoints_(endpoints), limits_(limits) {}

    Merge merge(HostEntry news, Instant now, std::vector<HostEntry>* evicted) {
        if (!news.own && !news.withdrawn && news.vouched() && news.seen() + limits_.ttl <= now) {
            news.incarnation = 0;
            news.confirmed = news.proved = never;
        }
        if (news.withdrawn && news.confirmed + limits_.withdrawal_kept_max <= now) return Merge::refused;
        if (!news.withdrawn && !news.vouched() && !news.claim.made()) return Merge::refused;
        const auto held = find(news.endpoint);
        HostEntry merged = news;
        if (held) {
            merged = join(items_[*held].entry, news);
            if (merged == items_[*held].entry) return Merge::stale;
        }
        const bool was_live = held && !items_[*held].entry.withdrawn;
        put(merged, now);
        const bool kept = make_room(news.endpoint, evicted);
        if (!kept && !(held && merged.withdrawn)) return Merge::refused;
        return !was_live && !merged.withdrawn ? Merge::added : Merge::refreshed;
    }

    std::vector<EndpointId> expire(Instant now) {
        std::vector<EndpointId> gone;
        while (true) {
            std::optional<std::size_t> first;
            for (std::size_t i = 0; i < items_.size(); ++i)
                if (due(items_[i]) <= now && (!first || due(items_[i]) < due(items_[*first]))) first = i;
            if (!first) return gone;
            const HostEntry entry = items_[*first].entry;
            const bool claim = entry.claim.made() && entry.claim.heard + limits_.claim_kept_max > now &&
                               (!entry.withdrawn || entry.claim.heard > entry.confirmed);
            if (claim) {
                HostEntry rest;
                rest.endpoint = entry.endpoint;
                rest.claim = entry.claim;
                rest.remembered = entry.remembered;
                put(rest, now);
                if (!make_room(entry.endpoint, nullptr) && !entry.withdrawn) gone.push_back(entry.endpoint);
            } else {
                items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(*first));
                if (!entry.withdrawn) gone.push_back(entry.endpoint);
            }
        }
    }

    bool erase(EndpointId endpoint) {
        const auto held = find(endpoint);
        if (held) items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(*held));
        return held.has_value();
    }

    [[nodiscard]] std::vector<HostEntry> page() const {
        std::vector<HostEntry> live;
        for (const Item& item : items_)
            if (!item.entry.withdrawn) live.push_back(item.entry);
        std::stable_sort(live.begin(), live.end(), before);
        return live;
    }
    [[nodiscard]] std::vector<HostEntry> shared() const {
        std::vector<HostEntry> gone, live;
        for (const Item& item : items_) {
            if (item.entry.withdrawn) gone.push_back(item.entry);
            if (item.told) live.push_back(item.entry);
        }
        std::stable_sort(gone.begin(), gone.end(),
                         [](const HostEntry& a, const HostEntry& b) { return a.confirmed > b.confirmed; });
        std::stable_sort(live.begin(), live.end(), before);
        gone.insert(gone.end(), live.begin(), live.end());
        return gone;
    }
    [[nodiscard]] std::size_t entries() const { return items_.size(); }
    [[nodiscard]] std::uint32_t told() const {
        return static_cast<std::uint32_t>(
            std::count_if(items_.begin(), items_.end(), [](const Item& item) { return item.told; }));
    }

private:
    struct Item {
        HostEntry entry;
        bool told = false;
    };

    static bool before(const HostEntry& a, const HostEntry& b) {
        const auto standing = [](const HostEntry& e) { return e.own ? 0 : e.vouched() ? 1 : 2; };
        if (standing(a) != standing(b)) return standing(a) < standing(b);
        if (a.vouched()) return std::tuple(a.seen(), a.proved) > std::tuple(b.seen(), b.proved);
        return std::tuple(a.claim.ranked, a.claim.stated) > std::tuple(b.claim.ranked, b.claim.stated);
    }
    static HostEntry join(const HostEntry& a, const HostEntry& b) {
        HostEntry joined = a;
        if (b.incarnation > a.incarnation || (b.incarnation == a.incarnation && b.withdrawn && !a.withdrawn)) {
            joined.incarnation = b.incarnation;
            joined.withdrawn = b.withdrawn;
            joined.confirmed = b.confirmed;
        } else if (b.incarnation == a.incarnation && b.withdrawn == a.withdrawn) {
            joined.confirmed = std::max(a.confirmed, b.confirmed);
        }
        joined.proved = std::max(a.proved, b.proved);
        joined.claim.stated = std::max(a.claim.stated, b.claim.stated);
        joined.claim.ranked = std::max(a.claim.ranked, b.claim.ranked);
        joined.claim.heard = std::max(a.claim.heard, b.claim.heard);
        joined.own = (a.own || b.own) && !joined.withdrawn;
        const bool heard = (a.claim.made() && !a.remembered) || (b.claim.made() && !b.remembered);
        joined.remembered = joined.claim.made() && !heard;
        return joined;
    }
    [[nodiscard]] std::optional<std::size_t> find(EndpointId endpoint) const {
        for (std::size_t i = 0; i < items_.size(); ++i)
            if (items_[i].entry.endpoint == endpoint) return i;
        return std::nullopt;
    }
    // The vector is in the order in which entries got their rank: in place while the rank stays, otherwise at the
    // end.
    void put(const HostEntry& entry, Instant now) {
        const bool told_claim = !entry.remembered && entry.claim.heard + limits_.ttl > now;
        const bool told = !entry.withdrawn && (entry.vouched() || told_claim);
        if (const auto held = find(entry.endpoint)) {
            const HostEntry& old = items_[*held].entry;
            const bool stays =
                old.withdrawn == entry.withdrawn &&
                (entry.withdrawn ? old.confirmed == entry.confirmed : !before(old, entry) && !before(entry, old));
            if (stays) {
                items_[*held] = {entry, told};
                return;
            }
            erase(entry.endpoint);
        }
        items_.push_back({entry, told});
    }
    [[nodiscard]] Instant due(const Item& item) const {
        const HostEntry& e = item.entry;
        if (e.withdrawn) return e.confirmed + limits_.withdrawal_kept_max;
        if (e.own) return no_deadline;
        if (e.vouched()) return e.seen() + limits_.ttl;
        return e.claim.heard + (item.told ? limits_.ttl : limits_.claim_kept_max);
    }
    static bool only_heard(const HostEntry& e) { return e.vouched() && !e.own && e.proved == never; }
    bool make_room(EndpointId newcomer, std::vector<HostEntry>* evicted) {
        for (auto live = page(); live.size() > limits_.entries_max; live = page()) {
            if (live.back().own) break;
            HostEntry victim = live.back();
            std::map<std::uint32_t, std::size_t> sizes;
            for (const HostEntry& e : live)
                if (only_heard(e)) ++sizes[endpoints_.group(e.endpoint)];
            if (victim.vouched())
                for (const HostEntry& e : live)
                    if (only_heard(e)) victim = e;
            if (victim.vouched() && limits_.share_per_group_max > 0)
                for (const HostEntry& e : live)
                    if (only_heard(e) && sizes[endpoints_.group(e.endpoint)] > limits_.share_per_group_max)
                        victim = e;
            erase(victim.endpoint);
            if (victim.endpoint == newcomer) return false;
            if (evicted) evicted->push_back(victim);
        }
        for (auto told = shared(); entries() - page().size() > std::max(limits_.entries_max, std::size_t{64});
             told = shared()) {
            const EndpointId oldest = told[entries() - page().size() - 1].endpoint;
            erase(oldest);
            if (oldest == newcomer) return false;
        }
        return true;
    }

    const EndpointTable& endpoints_;
    HostList::Limits limits_;
    std::vector<Item> items_;
};

struct Scene {
    explicit Scene(std::uint64_t seed, std::size_t hosts) : random(seed) {
        for (std::size_t i = 0; i < hosts; ++i)
            ids.push_back(endpoints.intern({std::to_string(1 + i % 7) + ".0.0." + std::to_string(i), 80}));
    }
    // Coarse times, so that ties are frequent.
    HostEntry news(bool may_own) {
        HostEntry entry;
        entry.endpoint = ids[random.below(ids.size())];
        const auto recent = [&] { return now - seconds{10 * static_cast<int>(random.below(14))}; };
        switch (random.below(may_own ? 8 : 7)) {
            case 0:
            case 1:
            case 2: {
                const UnixSeconds stated{static_cast<std::int64_t>(random.below(12))};
                entry.claim = {stated, std::min(stated, UnixSeconds{8}), recent()};
                entry.remembered = random.one_in(3);
                break;
            }
            case 3:
                entry.proved = recent();
                break;
            case 7:
                entry.own = true;
                [[fallthrough]];
            case 4:
            case 5:
                entry.incarnation = static_cast<std::uint32_t>(random.below(4));
                entry.confirmed = recent();
                break;
            default:
                entry.incarnation = static_cast<std::uint32_t>(random.below(4));
                entry.confirmed = recent();
                entry.withdrawn = true;
        }
        return entry;
    }

    Seeded random;
    EndpointTable endpoints;
    std::vector<EndpointId> ids;
    Instant now{seconds{100000}};
};

void agree(const HostList& list, const NaiveList& model) {
    ASSERT_TRUE(list.page(0, 10000) == model.page());
    ASSERT_EQ(list.size(), model.page().size());
    ASSERT_EQ(list.entries(), model.entries());
    ASSERT_EQ(list.digest().count, model.told());
    ASSERT_TRUE(list.shared(10000, never) == model.shared());
}

TEST(HostListModel, AgreesUnderAnyMixOfOperations) {
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Scene scene(seed, seed % 2 == 0 ? 20 : 200);
        const HostList::Limits limits{.entries_max = seed % 3 == 0 ? std::size_t{8} : std::size_t{60},
                                      .share_per_group_max = seed % 4,
                                      .ttl = seconds{100},
                                      .claim_kept_max = seconds{400},
                                      .withdrawal_kept_max = seconds{120}};
        HostList list(scene.endpoints, limits);
        NaiveList model(scene.endpoints, limits);
        for (int step = 0; step < 1000; ++step) {
            SCOPED_TRACE("step " + std::to_string(step));
            if (scene.random.one_in(20)) {
                scene.now += seconds{10 * static_cast<int>(scene.random.below(8))};
                ASSERT_EQ(list.expire(scene.now), model.expire(scene.now));
            } else if (scene.random.one_in(15)) {
                const EndpointId endpoint = scene.ids[scene.random.below(scene.ids.size())];
                ASSERT_EQ(list.erase(endpoint), model.erase(endpoint));
            } else {
                const HostEntry news = scene.news(true);
                std::vector<HostEntry> evicted, expected;
                ASSERT_EQ(list.merge(news, scene.now, &evicted), model.merge(news, scene.now, &expected));
                ASSERT_EQ(evicted, expected);
            }
            if (step % 5 != 0 && seed % 2 != 0) continue;  // long lists take time
            agree(list, model);
            if (::testing::Test::HasFatalFailure()) return;
        }
    }
}

// The digest of a list depends on its content only, not on the order of merges.
TEST(HostListModel, MergesInAnyOrderAndAnyNumberOfTimesToTheSameFacts) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Scene scene(seed, 12);
        const HostList::Limits limits{.entries_max = 1000, .ttl = seconds{100}};
        std::vector<HostEntry> news;
        for (int i = 0; i < 80; ++i) news.push_back(scene.news(false));
        HostList first(scene.endpoints, limits), second(scene.endpoints, limits);
        for (const HostEntry& entry : news) (void)first.merge(entry, scene.now);

        news.insert(news.end(), news.begin(), news.begin() + 40);
        scene.random.shuffle(news);
        for (const HostEntry& entry : news) (void)second.merge(entry, scene.now);

        EXPECT_EQ(first.all(), second.all());
        EXPECT_EQ(first.digest(), second.digest());
        EXPECT_EQ(first.bytes(), second.bytes());
        for (const HostEntry& entry : first.all()) EXPECT_EQ(second.merge(entry, scene.now), Merge::stale);
        for (const HostEntry& entry : news) {
            const Merge again = first.merge(entry, scene.now);
            EXPECT_TRUE(again == Merge::stale || again == Merge::refused);
        }
    }
}

TEST(HostListModel, EmptiesItsDigestAndItsBytesWithItself) {
    Scene scene(5, 100);
    HostList list(scene.endpoints, {});
    for (int i = 0; i < 1000; ++i) (void)list.merge(scene.news(false), scene.now);
    ASSERT_GT(list.digest().count, 10U);
    for (const EndpointId id : scene.ids) list.erase(id);
    EXPECT_EQ(list.digest(), ListDigest{});
    EXPECT_EQ(list.bytes(), 0U);
}

// A generous ratio: with linear work it would be a thousand. The test of OrderedSlots counts comparisons exactly.
TEST(HostListModel, CostsAboutTheSameAtAHundredThousandEntriesAsAtAHundred) {
    const auto cost = [](std::size_t hosts) {
        EndpointTable endpoints;
        HostList list(endpoints, {.entries_max = hosts, .share_per_group_max = 10});
        Seeded random(1);
        const Instant now{seconds{1000}};
        const auto news = [&](std::size_t host) {
            HostEntry entry;
            entry.endpoint = endpoints.intern({std::to_string(host) + ".example", 80});
            entry.confirmed = now - std::chrono::microseconds{static_cast<int>(random.below(100'000'000))};
            return entry;
        };
        for (std::size_t i = 0; i < hosts; ++i) (void)list.merge(news(i), now);
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < 1000; ++i) {
            (void)list.merge(news(random.below(2 * hosts)), now);
            (void)list.erase(news(random.below(2 * hosts)).endpoint);
            (void)list.page(0, 10);
            (void)list.shared(32, now);
        }
        return std::chrono::steady_clock::now() - start;
    };
    EXPECT_LT(cost(100'000), 60 * cost(100));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
