#include "store/label_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr SourceId stranger{7};

Label label(const std::string& text) { return Label::parse(text).value(); }

class LabelTableTest : public ::testing::Test {
protected:
    LabelTableTest() { limit({}); }
    void limit(const TableLimits& limits) { table = std::make_unique<LabelTable>(endpoints, limits); }

    HostEntry claim(const std::string& host, std::int64_t stated = 1300000000) {
        HostEntry entry;
        entry.endpoint = endpoints.intern({host, 80});
        entry.claim = {UnixSeconds{stated}, UnixSeconds{stated}, now};
        return entry;
    }
    HostEntry announced(const std::string& host, std::uint32_t incarnation = 1) {
        HostEntry entry;
        entry.endpoint = endpoints.intern({host, 80});
        entry.incarnation = incarnation;
        entry.confirmed = now;
        return entry;
    }
    HostEntry withdrawal(const std::string& host, std::uint32_t incarnation = 1) {
        HostEntry entry = announced(host, incarnation);
        entry.withdrawn = true;
        return entry;
    }
    LabelTable::Outcome merge(const std::string& text, const HostEntry& news, SourceId source = local_source) {
        return table->merge(label(text), news, source, now, wall);
    }
    bool mention(const std::string& text, SourceId source = local_source) {
        return table->mention(label(text), source, now, wall);
    }
    std::string names(const std::string& directory) {
        std::string text;
        if (const NameList* list = table->names(label(directory)))
            for (const NamedAt& name : list->page(0, 10000)) text += (text.empty() ? "" : " ") + name.name;
        return text;
    }
    std::size_t hosts(const std::string& text) {
        const HostList* list = table->find(label(text));
        return list ? list->size() : 0;
    }
    std::string changed() {
        std::string text;
        for (const Label& l : table->changes().take_labels()) text += (text.empty() ? "" : " ") + l.text();
        return text;
    }
    void pass(Duration time) {
        now += time;
        wall = UnixSeconds{count(wall) + std::chrono::duration_cast<seconds>(time).count()};
    }

    EndpointTable endpoints;
    std::unique_ptr<LabelTable> table;
    Instant now{hours{100}};
    UnixSeconds wall{1700000000};
};

// ---- directories ----

TEST_F(LabelTableTest, ListsANewLabelInItsDirectories) {
    EXPECT_EQ(merge("foo", claim("h")).merge, Merge::added);
    pass(seconds{1});
    EXPECT_EQ(merge("x/y/z", claim("h")).merge, Merge::added);
    EXPECT_EQ(names("labels"), "x foo");
    EXPECT_EQ(names("x/"), "y");
    EXPECT_EQ(names("x/y/"), "z");
    EXPECT_EQ(table->names(Label::labels())->page(0, 1).front().stated, wall);
    EXPECT_EQ(table->label_count(), 5U);
}

TEST_F(LabelTableTest, ListsWhatWasAskedForWithoutMakingAList) {
    EXPECT_TRUE(mention("nosuch"));
    EXPECT_FALSE(mention("nosuch")) << "in the same second";
    pass(seconds{1});
    EXPECT_TRUE(mention("labels"));
    EXPECT_EQ(names("labels"), "labels nosuch");
    EXPECT_EQ(table->find(label("nosuch")), nullptr);
    EXPECT_EQ(table->find(Label::labels()), nullptr);
    EXPECT_EQ(table->label_count(), 1U);
}

TEST_F(LabelTableTest, ListsNamesTooLongForAFileButNotBelowThem) {
    const std::string longest(4096, 'a');
    EXPECT_TRUE(mention(longest));
    EXPECT_EQ(names("labels"), longest);
    const std::string parent(256, 'b');
    EXPECT_TRUE(mention(parent + "/c"));
    EXPECT_EQ(table->names(label(parent + "/")), nullptr);
    EXPECT_EQ(table->label_count(), 1U);
}

TEST_F(LabelTableTest, TakesInsertsIntoDirectories) {
    const auto insert = [&](const std::string& directory, const std::string& name) {
        return table->merge_name(label(directory), {name, UnixSeconds{5}, UnixSeconds{5}}, stranger, now).merge;
    };
    EXPECT_EQ(insert("labels", "../../etc/passwd"), Merge::added);
    EXPECT_EQ(insert("labels", "../../etc/passwd"), Merge::stale);
    EXPECT_EQ(insert("x/", "y"), Merge::added);
    EXPECT_EQ(insert("labels", "a b"), Merge::refused);
    EXPECT_EQ(insert("labels", ""), Merge::refused);
    EXPECT_EQ(names("labels"), "../../etc/passwd");
    EXPECT_EQ(names("x/"), "y");
}

TEST_F(LabelTableTest, BoundsTheNamesOfADirectory) {
    TableLimits limits;
    limits.names_per_directory_max = 3;
    limits.labels_max = 20;
    limit(limits);
    for (int i = 0; i < 10; ++i) {
        mention("x/n" + std::to_string(i));
        pass(seconds{1});
    }
    EXPECT_EQ(names("x/"), "n9 n8 n7");
    EXPECT_EQ(table->evicted(EvictionCause::label_full), 7U);
}

TEST_F(LabelTableTest, KeepsTheNamesOfLabelsWithConfirmedHosts) {
    TableLimits limits;
    limits.names_per_directory_max = 3;
    limits.labels_max = 20;
    limit(limits);
    merge("x/real", announced("a.example"));
    merge("x/claimed", claim("b.example"));
    for (int i = 0; i < 10; ++i) {
        pass(seconds{1});
        mention("x/n" + std::to_string(i));
    }
    EXPECT_EQ(names("x/"), "n9 n8 real");
    EXPECT_TRUE(table->erase(label("x/real"), endpoints.intern({"a.example", 80}), ForgottenWhy::failed));
    mention("x/n10");
    EXPECT_EQ(names("x/"), "n10 n9 n8");
}

// ---- refusals ----

TEST_F(LabelTableTest, SaysWhyItRefuses) {
    const auto cause = [&](const std::string& text, const HostEntry& news) {
        const auto outcome = merge(text, news);
        EXPECT_EQ(outcome.merge, Merge::refused);
        EXPECT_EQ(table->refused(outcome.cause), 1U);
        return outcome.cause;
    };
    HostEntry old = announced("h");
    old.confirmed = now - minutes{5};
    EXPECT_EQ(cause("labels", claim("h")), RefusalCause::list_of_names);
    EXPECT_EQ(cause(std::string(256, 'a'), claim("h")), RefusalCause::label_not_storable);
    EXPECT_EQ(cause("foo", old), RefusalCause::too_old);
    EXPECT_EQ(table->label_count(), 0U);
    EXPECT_EQ(merge(std::string(255, 'a'), claim("h")).merge, Merge::added);
}

TEST_F(LabelTableTest, RefusesTheLowestOfAFullList) {
    TableLimits limits;
    limits.fallback.entries_max = 1;
    limit(limits);
    merge("foo", claim("high", 9));
    const auto outcome = merge("foo", claim("low", 5));
    EXPECT_EQ(outcome.merge, Merge::refused);
    EXPECT_EQ(outcome.cause, RefusalCause::full);
    EXPECT_EQ(merge("foo", claim("higher", 10)).merge, Merge::added);
    EXPECT_EQ(table->evicted(EvictionCause::label_full), 1U);
}

// ---- quotas ----

TEST_F(LabelTableTest, AllowsEachSourceSoManyNewLabelsAnHour) {
    for (int i = 0; i < 100; ++i) merge("l" + std::to_string(i), claim("h"), stranger);
    EXPECT_EQ(table->host_labels().size(), 64U);
    EXPECT_EQ(table->names(Label::labels())->size(), 64U);
    EXPECT_EQ(table->refused(RefusalCause::source_label_quota), 36U);

    EXPECT_FALSE(mention("another", stranger));
    EXPECT_EQ(merge("l0", claim("other"), stranger).merge, Merge::added) << "a known label is free";
    EXPECT_TRUE(mention("another", SourceId{8}));
    EXPECT_EQ(merge("mine", claim("h"), local_source).merge, Merge::added);
    pass(hours{1});
    EXPECT_TRUE(mention("later", stranger));
}

TEST_F(LabelTableTest, CreatesNothingOfAMentionThatIsOverQuota) {
    TableLimits limits;
    limits.new_labels_per_source_and_hour = 2;
    limit(limits);
    EXPECT_FALSE(mention("x/y/z", stranger));
    EXPECT_EQ(table->label_count(), 0U);
    EXPECT_EQ(table->bytes(), 0U);
    EXPECT_TRUE(mention("x/y", stranger));
}

TEST_F(LabelTableTest, EvictsTheLeastRecentlyUsedForeignLabel) {
    TableLimits limits;
    limits.labels_max = 4;  // `labels` and three
    limit(limits);
    for (const char* text : {"a", "b", "c"}) {
        merge(text, claim("h"));
        pass(seconds{1});
    }
    (void)table->touch(label("a"), now);
    merge("d", claim("h"));
    EXPECT_EQ(hosts("a"), 1U);
    EXPECT_EQ(hosts("b"), 0U);
    EXPECT_EQ(table->label_count(), 4U);
    EXPECT_EQ(table->evicted(EvictionCause::table_full), 1U);
}

TEST_F(LabelTableTest, EvictsMereHearsayFirst) {
    TableLimits limits;
    limits.labels_max = 4;
    limit(limits);
    merge("vouched", announced("h"));
    merge("hearsay", claim("h"));
    merge("young", announced("h"));
    merge("new", claim("h"));
    EXPECT_EQ(hosts("vouched"), 1U);
    EXPECT_EQ(hosts("hearsay"), 0U);
}

TEST_F(LabelTableTest, TheSourceThatHasFilledTheMostPaysFirst) {
    TableLimits limits;
    limits.bytes_max = 100'000;
    limit(limits);
    const SourceId honest{8};
    const auto fill = [&](const std::string& text, int count, SourceId source) {
        for (int i = 0; i < count; ++i) merge(text, claim(text + std::to_string(i)), source);
    };
    fill("modest", 5, honest);
    fill("mine", 50, local_source);
    for (int i = 0; i < 30; ++i) fill("l" + std::to_string(i), 40, stranger);
    EXPECT_GT(table->evicted(EvictionCause::memory_full), 10U);
    EXPECT_EQ(hosts("modest"), 5U) << "though it was not used since";
    EXPECT_EQ(hosts("mine"), 50U);
    EXPECT_GT(hosts("l29"), 0U);
}

// Otherwise a stranger would make the label of another one the fullest.
TEST_F(LabelTableTest, ALabelIsOfTheSourceThatHasFilledIt) {
    TableLimits limits;
    limits.bytes_max = 100'000;
    limit(limits);
    const SourceId honest{8};
    for (const char* text : {"a", "b", "c"}) merge(text, claim("h"), honest);
    for (int i = 0; i < 60; ++i) merge("b", claim("x" + std::to_string(i)), stranger);
    for (int i = 0; i < 1000 && table->evicted(EvictionCause::memory_full) == 0; ++i)
        merge("a", claim("y" + std::to_string(i)), SourceId{9});
    EXPECT_EQ(hosts("b"), 0U);
    EXPECT_EQ(hosts("c"), 1U);
}

TEST_F(LabelTableTest, NeverEvictsHeldLabels) {
    TableLimits limits;
    limits.labels_max = 3;
    limit(limits);
    table->hold(label("mine"), true);
    merge("mine", claim("h"));
    for (int i = 0; i < 10; ++i) merge("l" + std::to_string(i), claim("h"));
    EXPECT_EQ(hosts("mine"), 1U);
    EXPECT_EQ(hosts("l9"), 1U);
    EXPECT_TRUE(table->held(label("mine")));

    table->hold(label("l9"), true);
    EXPECT_EQ(merge("new", claim("h")).cause, RefusalCause::full);
    EXPECT_EQ(hosts("l9"), 1U);
    table->hold(label("mine"), false);
    EXPECT_EQ(merge("new", claim("h")).merge, Merge::added);
    EXPECT_EQ(hosts("mine"), 0U);
}

TEST_F(LabelTableTest, MakesRoomForBytesToo) {
    TableLimits limits;
    limits.bytes_max = 20000;
    limit(limits);
    for (int i = 0; i < 200; ++i) {
        merge("l" + std::to_string(i % 10), claim("host" + std::to_string(i)));
        ASSERT_LE(table->bytes(), limits.bytes_max);
    }
    EXPECT_GT(table->evicted(EvictionCause::memory_full), 0U);
    EXPECT_GT(hosts("l9"), 0U);
}

TEST_F(LabelTableTest, RefusesWhatFitsNowhere) {
    TableLimits limits;
    limits.bytes_max = 8000;
    limit(limits);
    table->hold(label("mine"), true);
    int taken = 0;
    for (int i = 0; i < 100; ++i) taken += merge("mine", claim("h" + std::to_string(i))).merge == Merge::added;
    EXPECT_GT(taken, 0);
    EXPECT_LT(taken, 100);
    EXPECT_LE(table->bytes(), limits.bytes_max);
    EXPECT_EQ(table->refused(RefusalCause::full), static_cast<std::uint64_t>(100 - taken));
}

TEST_F(LabelTableTest, GivesALabelTheAllocationOfItsRow) {
    TableLimits limits;
    limits.fallback.entries_max = 2;
    limits.rows["big"] = {.entries_max = 5};
    limits.rows["huge"] = {.entries_max = ~std::size_t{0}};
    limit(limits);
    for (int i = 0; i < 10; ++i) {
        merge("big", claim("h" + std::to_string(i), i));
        merge("small", claim("h" + std::to_string(i), i));
    }
    EXPECT_EQ(hosts("big"), 5U);
    EXPECT_EQ(hosts("small"), 2U);
    EXPECT_EQ(table->allocation(label("big")).entries_max, 5U);

    limits.rows["big"].entries_max = 1;
    table->set_limits(limits);
    EXPECT_EQ(hosts("big"), 5U);
    merge("big", claim("new", 100));
    EXPECT_EQ(hosts("big"), 1U);
}

// ---- time ----

TEST_F(LabelTableTest, ReportsWhatHasExpired) {
    merge("foo", announced("a"));
    merge("bar", claim("b"));
    EXPECT_TRUE(table->expire(now + minutes{4}).empty());
    const auto gone = table->expire(now + minutes{5});
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_EQ(gone.front().label, label("foo"));
    EXPECT_EQ(endpoints.at(gone.front().endpoint).host, "a");
    EXPECT_EQ(hosts("bar"), 1U);
}

TEST_F(LabelTableTest, ForgetsLabelsThatAreEmptyAndIdleForAnHour) {
    merge("foo", announced("a"));
    table->hold(label("mine"), true);
    merge("mine", announced("a"));
    pass(hours{2});
    table->expire(now);  // both empty since now
    pass(minutes{59});
    table->expire(now);
    EXPECT_NE(table->find(label("foo")), nullptr);
    pass(minutes{1});
    table->expire(now);
    EXPECT_EQ(table->find(label("foo")), nullptr);
    EXPECT_NE(table->find(label("mine")), nullptr);
    EXPECT_EQ(table->evicted(EvictionCause::label_idle), 1U);
    EXPECT_EQ(names("labels"), "mine foo") << "the names stay";
}

TEST_F(LabelTableTest, StartsTheHourAnewWhenALabelWasInUseAgain) {
    TableLimits limits;
    limits.fallback.ttl = hours{2};
    limit(limits);
    for (int i = 0; i < 2; ++i) {
        merge("foo", announced("a"));
        table->expire(now);
        pass(hours{2});
        EXPECT_EQ(table->expire(now).size(), 1U);
        pass(minutes{59});
        table->expire(now);
        EXPECT_NE(table->find(label("foo")), nullptr);
    }
}

// ---- withdrawals ----

TEST_F(LabelTableTest, CountsAWithdrawalOfAnUnknownLabelAsANewLabel) {
    for (int i = 0; i < 100; ++i) merge("l" + std::to_string(i), withdrawal("h"), stranger);
    EXPECT_EQ(table->label_count(), 64U);
}

TEST_F(LabelTableTest, RemembersAWithdrawalOfALabelItDoesNotKnowWithoutListingIt) {
    EXPECT_EQ(merge("foo", withdrawal("h", 3), stranger).merge, Merge::refreshed);
    EXPECT_EQ(names("labels"), "");
    EXPECT_EQ(merge("foo", announced("h", 3), stranger).merge, Merge::stale);
    EXPECT_EQ(hosts("foo"), 0U);
}

// ---- walks, changes, removal ----

TEST_F(LabelTableTest, WalksLabelsRoundRobinInHashOrder) {
    std::set<std::uint64_t> hashes;
    for (int i = 0; i < 10; ++i) {
        merge("l" + std::to_string(i), claim("h"));
        hashes.insert(label("l" + std::to_string(i)).hash());
    }
    std::uint64_t cursor = 0;
    std::vector<std::uint64_t> walked;
    for (int round = 0; round < 5; ++round)
        for (const Label& l : table->next_labels(cursor, 4)) walked.push_back(l.hash());
    std::vector<std::uint64_t> twice(hashes.begin(), hashes.end());
    twice.insert(twice.end(), hashes.begin(), hashes.end());
    EXPECT_EQ(walked, twice);
    EXPECT_EQ(table->next_labels(cursor, 100).size(), 10U) << "none twice";
    EXPECT_EQ(table->by_hash(label("l3").hash())->text(), "l3");
    EXPECT_EQ(table->by_hash(Label::labels().hash()), nullptr);
    table->clear(label("l3"));
    EXPECT_EQ(table->by_hash(label("l3").hash()), nullptr);
}

TEST_F(LabelTableTest, NamesItsListsInOrder) {
    for (const char* text : {"b", "x/y", "a"}) merge(text, claim("h"));
    EXPECT_EQ(table->host_labels(), (std::vector{label("a"), label("b"), label("x/y")}));
    EXPECT_EQ(table->directories(), (std::vector{Label::labels(), label("x/")}));
}

TEST_F(LabelTableTest, KnowsWhichFilesToWrite) {
    merge("foo", claim("h", 5));
    EXPECT_EQ(changed(), "foo labels");
    EXPECT_EQ(changed(), "");
    merge("foo", claim("h", 4));
    EXPECT_EQ(changed(), "") << "stale";
    merge("foo", claim("h", 6));
    EXPECT_EQ(changed(), "foo");
    table->erase(label("foo"), endpoints.intern({"h", 80}), ForgottenWhy::failed);
    EXPECT_EQ(changed(), "foo");
    merge("foo", announced("h"));
    changed();
    merge("foo", withdrawal("h"));
    EXPECT_EQ(changed(), "foo");
    table->clear(label("foo"));
    EXPECT_EQ(changed(), "foo");
}

TEST_F(LabelTableTest, SavesMereRecencyOnceAMinute) {
    merge("foo", announced("h"));
    changed();
    for (int i = 1; i <= 59; ++i) {
        pass(seconds{1});
        merge("foo", announced("h"));
        table->expire(now);
        ASSERT_EQ(changed(), "") << i;
    }
    pass(seconds{1});
    table->expire(now);
    EXPECT_EQ(changed(), "foo labels");
    pass(minutes{2});
    table->expire(now);
    EXPECT_EQ(changed(), "") << "nothing moved since";
}

TEST_F(LabelTableTest, BoundsTheChangesOfLabelsThatAreGone) {
    TableLimits limits;
    limits.labels_max = 5;
    limit(limits);
    for (int i = 0; i < 1000; ++i) merge("l" + std::to_string(i), claim("h"));
    EXPECT_LE(table->changes().take_labels().size(), 15U);
}

TEST_F(LabelTableTest, ClearsOneOrAll) {
    for (const char* text : {"a", "b", "x/y"}) merge(text, claim("h"));
    EXPECT_TRUE(table->clear(label("a")));
    EXPECT_FALSE(table->clear(label("a")));
    EXPECT_EQ(names("labels"), "x b a");
    EXPECT_TRUE(table->clear(Label::labels()));
    EXPECT_EQ(names("labels"), "");
    table->clear_all();
    EXPECT_EQ(table->label_count(), 0U);
    EXPECT_EQ(table->bytes(), 0U);
    std::uint64_t cursor = 0;
    EXPECT_TRUE(table->next_labels(cursor, 5).empty());
}

TEST_F(LabelTableTest, MarksTheEndpointsOfAllLabels) {
    merge("a", claim("h1"));
    (void)endpoints.intern({"unused", 80});
    merge("b", claim("h2"));
    auto marks = endpoints.empty_marks();
    table->mark_endpoints(marks);
    EXPECT_EQ(marks, (std::vector<bool>{true, false, true}));
}

// ---- everything a stranger can do, against the quotas ----

TEST_F(LabelTableTest, StaysWithinItsQuotasUnderAnyMixOfOperations) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        tests::Seeded random(seed);
        TableLimits limits;
        limits.labels_max = 12;
        limits.bytes_max = 60'000;
        limits.names_per_directory_max = 5;
        limits.fallback.entries_max = 20;
        limits.new_labels_per_source_and_hour = 40;
        limit(limits);
        table->hold(label("held"), true);
        merge("held", announced("mine"));
        const auto any_label = [&] {
            std::string text = "l" + std::to_string(random.below(30));
            if (random.one_in(3)) text += "/m" + std::to_string(random.below(10));
            if (random.one_in(8)) text += "/";
            return random.one_in(20) ? std::string(random.below(400) + 1, 'z') : random.one_in(10) ? "held" : text;
        };
        for (int step = 0; step < 3000; ++step) {
            const std::string text = any_label();
            const SourceId source{static_cast<std::uint32_t>(random.below(4))};
            const std::string host(random.below(200) + 1, static_cast<char>('a' + random.below(20)));
            switch (random.below(8)) {
                case 0:
                    mention(text, source);
                    break;
                case 1:
                    static_cast<void>(
                        table->merge_name(label("x/"), {host, UnixSeconds{5}, UnixSeconds{5}}, source, now));
                    break;
                case 2:
                    (void)table->touch(label(text), now);
                    break;
                case 3:
                    pass(seconds{random.below(100) == 0 ? 4000 : 20});
                    table->expire(now);
                    break;
                case 4:
                    merge(text, withdrawal(host), source);
                    break;
                case 5:
                    merge(text, claim(host, static_cast<std::int64_t>(random.below(1000))), source);
                    break;
                default:
                    merge(text, announced(host), source);
            }
            ASSERT_LE(table->label_count(), limits.labels_max);
            ASSERT_LE(table->bytes(), limits.bytes_max);
            std::size_t bytes = 0;
            for (const Label& l : table->host_labels()) {
                ASSERT_LE(hosts(l.text()), 20U);
                ASSERT_TRUE(l.storable());
                ASSERT_EQ(*table->by_hash(l.hash()), l);
                bytes += table->find(l)->bytes();
            }
            for (const Label& l : table->directories()) {
                ASSERT_LE(table->names(l)->size(), l == Label::labels() ? 12U : 5U);
                bytes += table->names(l)->bytes();
            }
            ASSERT_GE(table->bytes(), bytes);
            ASSERT_NE(table->find(label("held")), nullptr);
            std::uint64_t cursor = random.next();
            ASSERT_EQ(table->next_labels(cursor, 100).size(), table->host_labels().size());
        }
        table->clear_all();
        ASSERT_EQ(table->bytes(), 0U) << "no byte was lost";
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
