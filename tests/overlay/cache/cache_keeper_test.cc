#include "overlay/cache/cache_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/overlay/cache/cache_rig.h"

namespace halp::cache_test {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(CacheKeeper, SavesAnAcknowledgedInsertByItsDeadline) {
    Rig rig;
    EXPECT_EQ(rig.keeper->next_deadline(), no_deadline);
    rig.insert(label("chat"), {"a.example", 80}, UnixSeconds{1700000000});
    EXPECT_EQ(rig.file("chat"), "missing");
    rig.pass(milliseconds{400});
    EXPECT_EQ(rig.file("chat"), "1700000000 a.example 80");
    EXPECT_EQ(rig.keeper->next_deadline(), no_deadline);
    EXPECT_THAT(rig.state_names(), IsEmpty());
}

TEST(CacheKeeper, LetsWhatWasLearnedWaitUntilSomethingIsAcknowledged) {
    Rig rig;
    rig.table->take_host(label("chat"), {UnixSeconds{5}, host(1)});
    rig.keeper->changed(label("chat"), Urgency::learned, rig.clock.at);
    rig.pass(seconds{29});
    EXPECT_EQ(rig.file("chat"), "missing");
    rig.insert(label("chat"), host(2), UnixSeconds{6});
    rig.pass(milliseconds{400});
    EXPECT_EQ(rig.file("chat"), "6 h2.example 80\n5 h1.example 80");
    EXPECT_EQ(rig.keeper->next_deadline(), no_deadline);
}

TEST(CacheKeeper, KeepsWhatOtherProgramsWroteMeanwhile) {
    Rig rig;
    rig.insert(label("chat"), host(1), UnixSeconds{100});
    ASSERT_TRUE(rig.cache_files.replace("chat", "200 b.example 81\n50 h1.example 80").has_value());
    rig.pass(seconds{1});
    EXPECT_EQ(rig.file("chat"), "200 b.example 81\n100 h1.example 80");
}

TEST(CacheKeeper, LoadsHostsAndNamesAndLeavesOtherFilesAlone) {
    Rig rig;
    ASSERT_TRUE(rig.cache_files.replace("chat", "2 a 1\n1 b 2").has_value());
    ASSERT_TRUE(rig.cache_files.replace("labels", "7 chat").has_value());
    ASSERT_TRUE(rig.cache_files.replace("x~y", "3 c 3").has_value());
    ASSERT_TRUE(rig.cache_files.replace(".allocation", "chat 10").has_value());
    rig.crash();
    EXPECT_EQ(rig.table->hosts[label("chat")].size(), 2U);
    EXPECT_EQ(rig.table->hosts[label("x/y")].at({"c", 3}), UnixSeconds{3});
    ASSERT_EQ(rig.table->names[label("labels")].size(), 1U);
    EXPECT_EQ(rig.table->hosts.size(), 2U);
    EXPECT_EQ(rig.keeper->next_deadline(), no_deadline);
}

TEST(CacheKeeper, ReportsABoundedNumberOfBadLines) {
    Rig rig;
    std::string content = "1 a 1";
    for (int i = 0; i < 50; ++i) content += "\n1 noport";
    ASSERT_TRUE(rig.cache_files.replace("chat", content).has_value());
    rig.crash();
    EXPECT_EQ(rig.table->hosts[label("chat")].size(), 1U);
    ASSERT_EQ(rig.notes.skipped.size(), 21U);
    EXPECT_EQ(rig.notes.skipped.front(), "chat:2");
    EXPECT_EQ(rig.notes.skipped.back(), "chat:0");
}

TEST(CacheKeeper, CountsBadLinesAlsoThoseThatNoEventNames) {
    Rig rig;
    std::string content = "1 a 1";
    for (int i = 0; i < 50; ++i) content += "\n1 noport";
    for (int i = 0; i < 60; ++i)
        ASSERT_TRUE(rig.cache_files.replace("chat" + std::to_string(i), content).has_value());
    rig.crash();
    EXPECT_EQ(rig.keeper->bad_lines(), 3000U);
    EXPECT_EQ(rig.notes.skipped.size(), CacheKeeper::bad_lines_noted_per_load + 1);
    EXPECT_EQ(rig.notes.skipped.back(), ":0") << "how many more there are";
}

TEST(CacheKeeper, TellsOfNamesThatFindNoRoomInTheirFile) {
    Rig rig;
    std::string content;
    for (int i = 0; i < 5; ++i) content += "5 label" + std::to_string(i) + "\n";
    ASSERT_TRUE(rig.cache_files.replace("labels", content).has_value());
    rig.crash();
    rig.table->max = 3;
    rig.keeper->changed(label("labels"), Urgency::acknowledged, rig.clock.at);
    rig.pass(seconds{1});
    EXPECT_GE(rig.keeper->lines_cut(), 2U) << "each save leaves them out";
    EXPECT_EQ(rig.notes.skipped, (std::vector<std::string>{"labels:0"}));
}

TEST(CacheKeeper, SaysSoWhenTheDirectoryCannotBeRead) {
    Rig rig;
    ASSERT_TRUE(rig.cache_files.replace("chat", "1 a 1").has_value());
    rig.cache.fail(StorageFault::broken, 1);
    rig.crash();
    ASSERT_EQ(rig.notes.failures.size(), 1U);
    EXPECT_THAT(rig.notes.failures[0], HasSubstr("cannot be listed"));
}

TEST(CacheKeeper, RemovesForgottenHostsButNotThoseTheDiskKnowsBetter) {
    Rig rig;
    ASSERT_TRUE(rig.cache_files.replace("chat", "9900000000 h2.example 80\n50 h1.example 80").has_value());
    rig.crash();
    rig.forget(label("chat"), host(1));
    rig.forget(label("chat"), host(2));
    rig.pass(seconds{31});
    EXPECT_EQ(rig.file("chat"), "9900000000 h2.example 80");
}

TEST(CacheKeeper, CountsRemovalsThatFindNoRoom) {
    Rig rig;
    const std::size_t most = CacheKeeper::forgotten_per_label_max;
    for (std::size_t i = 0; i < most + 3; ++i) rig.forget(label("chat"), host(static_cast<int>(i)));
    EXPECT_EQ(rig.keeper->removals_short(), 3U);
    rig.forget(label("chat"), host(1));
    EXPECT_EQ(rig.keeper->removals_short(), 3U) << "it waits already";
    rig.pass(minutes{1});
    rig.forget(label("chat"), host(-1));
    EXPECT_EQ(rig.keeper->removals_short(), 3U) << "the save made room";
}

TEST(CacheKeeper, KeepsAHostThatCameBackAfterItWasForgotten) {
    Rig rig;
    rig.insert(label("chat"), host(1), UnixSeconds{77});
    rig.pass(seconds{1});
    rig.forget(label("chat"), host(1));
    rig.insert(label("chat"), host(1), UnixSeconds{70});
    rig.pass(minutes{1});
    EXPECT_THAT(rig.file("chat"), HasSubstr("h1.example 80"));
}

TEST(CacheKeeper, ClearsAFileAtOnceAndTellsWhetherThereWasOne) {
    Rig rig;
    rig.insert(label("chat"), host(1));
    rig.pass(seconds{1});
    rig.insert(label("chat"), host(2));
    rig.table->hosts.clear();
    EXPECT_TRUE(rig.keeper->clear(label("chat")));
    EXPECT_EQ(rig.file("chat"), "missing");
    EXPECT_FALSE(rig.keeper->clear(label("chat")));
    rig.pass(minutes{2});
    EXPECT_EQ(rig.file("chat"), "missing");
}

TEST(CacheKeeper, ClearsLaterWhatItCannotClearNow) {
    Rig rig;
    rig.insert(label("chat"), host(1));
    rig.pass(seconds{1});
    rig.table->hosts.clear();
    rig.cache.fail(StorageFault::read_only);
    EXPECT_TRUE(rig.keeper->clear(label("chat")));
    rig.pass(seconds{1});
    rig.cache.fail(StorageFault::none);
    rig.pass(minutes{1});
    EXPECT_EQ(rig.file("chat"), "");
    EXPECT_EQ(rig.notes.failures.size(), 1U);
}

TEST(CacheKeeper, ClearsEverythingButForeignFiles) {
    Rig rig{{.large_lines = 2}};
    rig.make_large(label("big"), 5);
    ASSERT_TRUE(rig.cache_files.replace(".allocation", "kept").has_value());
    rig.insert(label("big"), host(100));
    rig.insert(label("chat"), host(1));
    rig.pass(seconds{1});
    EXPECT_FALSE(rig.state_names().empty());
    rig.table->hosts.clear();
    rig.keeper->clear_all();
    EXPECT_THAT(*rig.cache_files.list(), ElementsAre(".allocation"));
    EXPECT_THAT(rig.state_names(), IsEmpty());
    rig.pass(minutes{5});
    rig.crash();
    EXPECT_TRUE(rig.table->hosts.empty());
}

TEST(CacheKeeper, DoesNotKeepLabelsThatAreNotToBeKept) {
    Rig rig;
    rig.table->max = 0;
    rig.insert(label("chat"), host(1));
    rig.pass(minutes{2});
    EXPECT_EQ(rig.file("chat"), "missing");
    EXPECT_EQ(rig.keeper->next_deadline(), no_deadline);
}

TEST(CacheKeeper, LosesNothingWhileTheDiskIsFullAndComplainsOnceAMinute) {
    Rig rig;
    rig.cache.fail(StorageFault::full);
    rig.insert(label("chat"), host(1));
    rig.insert(label("talk"), host(2));
    rig.pass(seconds{150});
    EXPECT_EQ(rig.notes.failures.size(), 2U);
    EXPECT_THAT(rig.notes.failures[0], HasSubstr("The disk is full"));
    EXPECT_LT(rig.cache.failures(), 25U);  // at growing intervals
    rig.cache.fail(StorageFault::none);
    rig.pass(seconds{61});
    EXPECT_THAT(rig.file("chat"), HasSubstr("h1.example"));
    EXPECT_THAT(rig.file("talk"), HasSubstr("h2.example"));
    EXPECT_EQ(rig.keeper->next_deadline(), no_deadline);
}

TEST(CacheKeeper, JournalsInsertsIntoALabelWhoseFileCannotBeSaved) {
    Rig rig;
    rig.cache.fail(StorageFault::busy);
    rig.insert(label("chat"), host(1));
    rig.pass(seconds{2});
    rig.insert(label("chat"), host(2));
    rig.pass(seconds{1});
    rig.crash();
    EXPECT_TRUE(rig.table->hosts[label("chat")].contains(host(2)));
    rig.cache.fail(StorageFault::none);
    rig.pass(minutes{2});
    EXPECT_THAT(rig.file("chat"), HasSubstr("h2.example"));
    EXPECT_THAT(rig.state_names(), IsEmpty());
}

// Another writer of the directory had its turn just then.
TEST(CacheKeeper, SaysNothingOfAnotherWriterUnlessItStays) {
    Rig rig;
    rig.cache.fail(StorageFault::busy, 2);
    rig.insert(label("chat"), host(1));
    rig.pass(seconds{2});
    EXPECT_THAT(rig.file("chat"), HasSubstr("h1.example"));
    EXPECT_THAT(rig.notes.failures, IsEmpty());

    rig.cache.fail(StorageFault::busy);
    rig.insert(label("talk"), host(2));
    rig.pass(seconds{30});
    EXPECT_EQ(rig.notes.failures.size(), 1U);
    rig.cache.fail(StorageFault::none);
    rig.pass(seconds{1});
    EXPECT_THAT(rig.file("talk"), HasSubstr("h2.example")) << "it is tried every second";
}

TEST(CacheKeeper, SavesABoundedNumberOfFilesInOneTurn) {
    Rig rig;
    for (int i = 0; i < 100; ++i) {
        rig.table->take_host(label("l" + std::to_string(i)), {UnixSeconds{1}, host(i)});
        rig.keeper->changed(label("l" + std::to_string(i)), Urgency::learned, rig.clock.at);
    }
    rig.clock.at += seconds{30};
    rig.keeper->on_deadline(rig.clock.at, *rig.table);
    EXPECT_EQ(rig.cache.replacements(), 16U);
    EXPECT_EQ(rig.keeper->next_deadline(), rig.clock.at + milliseconds{100});
    rig.insert(label("l99"), host(1000));
    rig.pass(milliseconds{400});
    EXPECT_THAT(rig.file("l99"), HasSubstr("h1000.example"));  // saved before the others that wait
    rig.pass(seconds{1});
    EXPECT_EQ(rig.cache.replacements(), 100U);
}

TEST(CacheKeeper, JournalsInsertsIntoMoreLabelsThanOneTurnCanSave) {
    Rig rig;
    for (int i = 0; i < 50; ++i) rig.insert(label("l" + std::to_string(i)), host(i));
    rig.pass(milliseconds{500});
    EXPECT_EQ(rig.cache.replacements(), 16U);
    EXPECT_EQ(rig.state.appends(), 1U);
    rig.crash();
    EXPECT_EQ(rig.table->hosts.size(), 50U);
    rig.pass(minutes{1});
    EXPECT_EQ(rig.cache_files.list()->size(), 50U);
    EXPECT_THAT(rig.state_names(), IsEmpty());
}

TEST(CacheKeeper, DoesNotRewriteALargeLabelForEachInsert) {
    Rig rig;
    const Label big = label("big");
    rig.make_large(big, 10'000);
    const std::size_t file_bytes = rig.file("big").size();
    for (int i = 0; i < 1000; ++i) {
        rig.insert(big, host(20'000 + i));
        rig.pass(milliseconds{20});
    }
    EXPECT_EQ(rig.cache.replacements(), 0U);
    EXPECT_LE(rig.state.appends(), 51U);
    EXPECT_LT(rig.state.bytes_written(), file_bytes);
    rig.pass(seconds{61});
    EXPECT_EQ(rig.cache.replacements(), 1U);
    EXPECT_THAT(rig.file("big"), HasSubstr("h20999.example"));
    EXPECT_THAT(rig.state_names(), IsEmpty());
    EXPECT_EQ(rig.keeper->next_deadline(), no_deadline);
}

TEST(CacheKeeper, RewritesALargeLabelSoonerWhenItGrowsFast) {
    Rig rig{{.large_lines = 100}};
    rig.make_large(label("big"), 200);
    for (int i = 0; i < 50; ++i) rig.insert(label("big"), host(1000 + i));
    rig.pass(seconds{29});
    EXPECT_EQ(rig.cache.replacements(), 0U);
    rig.pass(seconds{2});
    EXPECT_EQ(rig.cache.replacements(), 1U);
}

TEST(CacheKeeper, ReplaysAJournalWithTornAndForeignLines) {
    Rig rig{{.large_lines = 2}};
    rig.make_large(label("big"), 3);
    ASSERT_TRUE(rig.state_files
                    .replace("cache-journal-4",
                             "big 100 a.example 80 +\nbig 101 b.example 80 +\n"
                             "nonsense\nbig 1 c.example 0 +\nbig 102 a.example 80 -\n")
                    .has_value());
    ASSERT_TRUE(
        rig.state_files.replace("cache-journal-12", "big 103 d.example 8080 +\nbig 104 e.example 80").has_value());
    ASSERT_TRUE(rig.state_files.replace("node-id", "keep").has_value());
    rig.crash();
    const auto& hosts = rig.table->hosts[label("big")];
    EXPECT_EQ(hosts.size(), 5U);
    EXPECT_TRUE(hosts.contains({"b.example", 80}));
    EXPECT_TRUE(hosts.contains({"d.example", 8080}));
    EXPECT_THAT(rig.notes.skipped, ElementsAre("cache-journal:3", "cache-journal:4", "cache-journal:7"));
    rig.pass(seconds{1});
    EXPECT_THAT(rig.file("big"), HasSubstr("103 d.example 8080"));
    EXPECT_THAT(rig.state_names(), ElementsAre("node-id"));
}

TEST(CacheKeeper, DoesNotBringBackWhatWasForgottenOrClearedSinceItWasJournalled) {
    Rig rig{{.large_lines = 2}};
    rig.make_large(label("big"), 5);
    rig.make_large(label("vast"), 5);
    rig.insert(label("big"), host(100));
    rig.insert(label("vast"), host(101));
    rig.pass(seconds{1});
    rig.forget(label("big"), host(100));
    rig.forget(label("big"), host(1));
    rig.table->hosts.erase(label("vast"));
    EXPECT_TRUE(rig.keeper->clear(label("vast")));
    rig.pass(seconds{1});
    rig.crash();
    EXPECT_FALSE(rig.table->hosts[label("big")].contains(host(100)));
    EXPECT_FALSE(rig.table->hosts[label("big")].contains(host(1)));
    EXPECT_FALSE(rig.table->hosts.contains(label("vast")));
    rig.pass(seconds{2});
    EXPECT_THAT(rig.file("big"), Not(HasSubstr("h1.example")));
    EXPECT_EQ(rig.file("vast"), "missing");
}

// In the middle of a sweep: `b` is saved and `a` is not, so the old part of the journal still exists. It holds an
// insert of host 1 into `b` and what followed.
struct HalfSwept : testing::Test {
    void sweep_half() {
        rig.insert(label("c"), host(3));
        rig.insert(label("a"), host(2));
        rig.insert(label("b"), host(1));
        if (forgets_before) rig.forget(label("b"), host(1));
        rig.pass(seconds{29});
        rig.cache.fail(StorageFault::busy, 1);
        rig.pass(milliseconds{1150});
        rig.cache.fail(StorageFault::busy, 1);  // for `a` again
        ASSERT_EQ(rig.state_names().size(), 1U);
        ASSERT_THAT(rig.file("b"), Not("missing"));
        ASSERT_EQ(rig.file("a"), "missing");
    }
    Rig rig{{.files_per_turn = 1}};
    bool forgets_before = false;
};
using CacheKeeperHalfSwept = HalfSwept;

TEST_F(CacheKeeperHalfSwept, KeepsAnOlderTimeInsertedAgainAfterItWasForgotten) {
    forgets_before = true;
    sweep_half();
    rig.insert(label("b"), host(1), UnixSeconds{5});
    rig.pass(milliseconds{420});
    rig.crash();
    EXPECT_TRUE(rig.table->hosts[label("b")].contains(host(1)));
    EXPECT_TRUE(rig.table->hosts[label("a")].contains(host(2)));
}

TEST_F(CacheKeeperHalfSwept, DoesNotBringBackWhatWasForgottenMeanwhile) {
    sweep_half();
    rig.forget(label("b"), host(1));
    rig.pass(milliseconds{420});
    rig.crash();
    EXPECT_FALSE(rig.table->hosts[label("b")].contains(host(1)));
    EXPECT_TRUE(rig.table->hosts[label("a")].contains(host(2)));
}

TEST(CacheKeeper, GoesOnAfterATornAppend) {
    Rig rig{{.large_lines = 2}};
    rig.make_large(label("big"), 5);
    rig.insert(label("big"), host(100));
    rig.state.fail(StorageFault::full);
    rig.state.tear_appends(17);
    rig.pass(seconds{1});
    EXPECT_FALSE(rig.notes.failures.empty());
    rig.state.fail(StorageFault::none);
    rig.insert(label("big"), host(101));
    rig.pass(seconds{2});
    rig.crash();
    EXPECT_TRUE(rig.table->hosts[label("big")].contains(host(100)));
    EXPECT_TRUE(rig.table->hosts[label("big")].contains(host(101)));
    EXPECT_EQ(rig.table->hosts[label("big")].size(), 7U);
}

TEST(CacheKeeper, FlushesEverythingAndLeavesNoJournal) {
    Rig rig{{.large_lines = 2}};
    rig.make_large(label("big"), 5);
    rig.insert(label("big"), host(100));
    rig.pass(seconds{1});
    rig.insert(label("big"), host(101));
    rig.insert(label("chat"), host(1));
    rig.table->take_host(label("talk"), {UnixSeconds{1}, host(2)});
    rig.keeper->changed(label("talk"), Urgency::learned, rig.clock.at);
    EXPECT_TRUE(rig.keeper->flush(rig.clock.at, *rig.table));
    EXPECT_THAT(rig.file("big"), HasSubstr("h101.example"));
    EXPECT_THAT(rig.file("chat"), HasSubstr("h1.example"));
    EXPECT_THAT(rig.file("talk"), HasSubstr("h2.example"));
    EXPECT_THAT(rig.state_names(), IsEmpty());
    EXPECT_EQ(rig.keeper->next_deadline(), no_deadline);
    rig.cache.fail(StorageFault::full);
    rig.insert(label("chat"), host(3));
    EXPECT_FALSE(rig.keeper->flush(rig.clock.at, *rig.table));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cache_test
