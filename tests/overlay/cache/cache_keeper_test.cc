#include "overlay/cache/cache_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/event.h"
#include "simulations/world/faulty_storage.h"
#include "simulations/world/memory_storage.h"
#include "simulations/world/sim_random.h"

namespace halp {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Label label(const std::string& text) { return *Label::parse(text); }
Endpoint host(int number) { return {"h" + std::to_string(number) + ".example", 80}; }

// The lists of a node, as its keeper sees them.
class Table final : public CacheSource, public CacheSink {
public:
    [[nodiscard]] CacheFile lines_of(const Label& of) const override {
        CacheFile file;
        const auto found = hosts.find(of);
        if (found != hosts.end()) {
            for (const auto& [endpoint, seen] : found->second) file.lines.push_back({seen, endpoint});
        }
        const auto directory = names.find(of);
        if (directory != names.end()) file.names = directory->second;
        return file;
    }
    [[nodiscard]] std::size_t lines_max(const Label&) const override { return max; }
    void take_host(const Label& to, const CacheLine& line) override {
        UnixSeconds& seen = hosts[to].emplace(line.endpoint, line.seen).first->second;
        seen = std::max(seen, line.seen);
    }
    void take_name(const Label& to, const CacheNameLine& line) override { names[to].push_back(line); }

    std::map<Label, std::map<Endpoint, UnixSeconds>> hosts;
    std::map<Label, std::vector<CacheNameLine>> names;
    std::size_t max = 100'000;
};

class Notes final : public Observer {
public:
    void note(const Event& event) override {
        match(
            event, [this](const StorageFailed& e) { failures.push_back(e.what); },
            [this](const CacheLineSkipped& e) { skipped.push_back(e.file + ":" + std::to_string(e.line)); },
            [](const auto&) {});
    }
    std::vector<std::string> failures, skipped;
};

class SteppedClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return at; }
    [[nodiscard]] UnixSeconds wall() const override {
        return UnixSeconds{1'700'000'000 + std::chrono::duration_cast<seconds>(at.time_since_epoch()).count()};
    }
    Instant at{std::chrono::hours{1}};
};

// A keeper and its lists, on a disk that outlives both.
struct Rig {
    explicit Rig(CacheKeeperOptions given = {}) : options(given) { start(); }

    void start() {
        table = std::make_unique<Table>();
        keeper = std::make_unique<CacheKeeper>(cache, state, notes, options);
        keeper->load(*table, clock.at);
    }
    void crash() {
        keeper.reset();
        start();
    }
    void pass(Duration span) {
        const Instant end = clock.at + span;
        while (keeper->next_deadline() <= end) {
            clock.at = std::max(clock.at, keeper->next_deadline());
            keeper->on_deadline(clock.at, *table);
            ++turns;
            ASSERT_LT(turns, 1'000'000U) << "a deadline that stays in the past";
        }
        clock.at = end;
    }
    void insert(const Label& to, const Endpoint& endpoint) { insert(to, endpoint, clock.wall()); }
    void insert(const Label& to, const Endpoint& endpoint, UnixSeconds seen) {
        table->take_host(to, {seen, endpoint});
        keeper->inserted(to, {seen, endpoint}, clock.at);
    }
    void forget(const Label& at, const Endpoint& endpoint) {
        table->hosts[at].erase(endpoint);
        keeper->forgotten(at, endpoint, clock.wall(), clock.at);
    }
    std::string file(const std::string& name) { return cache_files.read(name).value_or("missing"); }
    std::vector<std::string> state_names() { return *state_files.list(); }
    std::string journal() {
        std::string all;
        for (const std::string& name : state_names()) all += *state_files.read(name);
        return all;
    }
    // A label with so many lines, on disk and loaded.
    void make_large(const Label& of, int lines) {
        CacheFile content;
        for (int i = 0; i < lines; ++i) content.lines.push_back({UnixSeconds{1'600'000'000 + i}, host(i)});
        ASSERT_TRUE(cache_files.replace(cache_file_name(of), format_cache_file(of, content)).has_value());
        crash();
        ASSERT_EQ(table->hosts[of].size(), static_cast<std::size_t>(lines));
    }

    CacheKeeperOptions options;
    SteppedClock clock;
    MemoryStorage cache_files, state_files;
    FaultyStorage cache{cache_files, &clock}, state{state_files, &clock};
    Notes notes;
    std::unique_ptr<Table> table;
    std::unique_ptr<CacheKeeper> keeper;
    std::size_t turns = 0;
};

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

// A node with random operations, crashes, losses of power, full and locked disks, and another program on the same
// directory. It must keep one promise: what was acknowledged a second ago is there after a crash.
class Life {
public:
    explicit Life(std::uint64_t seed) : random_(seed, 1), rig_{small()} {}
    void live() {
        for (int step = 0; step < 400 && !testing::Test::HasFailure(); ++step) act();
    }

private:
    static constexpr int hosts = 16;
    struct Promise {
        UnixSeconds seen;
        Instant made;
    };
    struct Gone {
        Instant since;
        Duration allowed;  // until it is on disk
    };
    static CacheKeeperOptions small() {
        CacheKeeperOptions options;
        options.files_per_turn = 3;
        options.large_lines = 8;
        options.journal_bytes_max = 2000;
        return options;
    }
    Label some_label() { return label("l" + std::to_string(random_.below(6))); }
    Endpoint some_host() { return host(static_cast<int>(random_.below(hosts))); }

    void act() {
        const std::uint64_t dice = random_.below(100);
        if (dice < 40) return insert();
        if (dice < 45) return foreign_insert();
        if (dice < 52) return forget();
        if (dice < 54) return clear();
        if (dice < 58) return fault();
        if (dice < 64) return crash();
        if (dice < 65) return flush();
        if (dice < 90) return rig_.pass(milliseconds{random_.below(700)});
        rig_.pass(seconds{random_.below(40)});
    }
    void insert() {
        for (std::uint64_t burst = random_.below(12); burst-- > 0;) {
            const Label to = some_label();
            const Endpoint who = some_host();
            const UnixSeconds seen{count(rig_.clock.wall()) - static_cast<std::int64_t>(random_.below(6))};
            rig_.insert(to, who, seen);
            promises_[to][who] = {seen, rig_.clock.at};
            forgotten_[to].erase(who);
        }
    }
    void foreign_insert() {  // as `halp insert` does without a daemon
        const Label to = some_label();
        const Endpoint who{"foreign" + std::to_string(random_.below(5)), 99};
        CacheFile line;
        line.lines.push_back({rig_.clock.wall(), who});
        const std::string old = rig_.cache_files.read(cache_file_name(to)).value_or("");
        const CacheFile merged = merge_cache_files(parse_cache_file(to, old), line, {}, 1000);
        ASSERT_TRUE(rig_.cache_files.replace(cache_file_name(to), format_cache_file(to, merged)).has_value());
        promises_[to][who] = {rig_.clock.wall(), rig_.clock.at - seconds{2}};
    }
    void forget() {
        const Label at = some_label();
        const Endpoint who = some_host();
        rig_.forget(at, who);
        promises_[at].erase(who);
        forgotten_[at][who] = {rig_.clock.at, seconds{34}};
    }
    void clear() {
        const Label at = some_label();
        rig_.table->hosts.erase(at);
        rig_.keeper->clear(at);
        promises_.erase(at);
        forgotten_.erase(at);
        for (int i = 0; i < hosts; ++i) forgotten_[at][host(i)] = {rig_.clock.at, seconds{1}};
    }
    void fault() {
        FaultyStorage& disk = random_.chance(0.5) ? rig_.cache : rig_.state;
        const StorageFault faults[] = {StorageFault::full, StorageFault::read_only, StorageFault::busy};
        disk.tear_appends(random_.below(60));
        disk.fail(faults[random_.below(3)]);
        rig_.pass(milliseconds{random_.below(20'000)});
        disk.fail(StorageFault::none);
        fault_ended_ = rig_.clock.at;
    }
    void flush() {
        EXPECT_TRUE(rig_.keeper->flush(rig_.clock.at, *rig_.table));
        for (auto& label_promises : promises_) {
            for (auto& promise : label_promises.second) promise.second.made = Instant{};
        }
        EXPECT_THAT(rig_.state_names(), IsEmpty());
    }
    // Time does not count while a fault lasts, nor until everything has been tried again.
    [[nodiscard]] bool held(Instant made) const {
        return fault_ended_ + seconds{1} < made || rig_.clock.at - fault_ended_ > seconds{130};
    }
    void crash() {
        const bool power = random_.chance(0.3);
        const Instant enough = rig_.clock.at - seconds{1};
        if (power) rig_.cache.lose_power(random_), rig_.state.lose_power(random_);
        rig_.crash();
        const auto& loaded = rig_.table->hosts;
        for (const auto& [of, promises] : promises_) {
            for (const auto& [who, promise] : promises) {
                if (promise.made > enough || !held(promise.made)) continue;
                const auto list = loaded.find(of);
                ASSERT_TRUE(list != loaded.end()) << of.text();
                const auto found = list->second.find(who);
                ASSERT_TRUE(found != list->second.end()) << of.text() << " " << who.text();
                EXPECT_GE(found->second, promise.seen);
            }
        }
        for (const auto& [of, gone] : forgotten_) {
            for (const auto& [who, when] : gone) {
                if (rig_.clock.at - when.since < when.allowed || !held(when.since)) continue;
                const auto list = loaded.find(of);
                EXPECT_FALSE(list != loaded.end() && list->second.contains(who)) << of.text() << " " << who.text();
            }
        }
        rebase();
    }
    // From now on only what survived is promised.
    void rebase() {
        promises_.clear();
        for (const auto& [of, list] : rig_.table->hosts) {
            for (const auto& [who, seen] : list) {
                promises_[of][who] = {seen, rig_.clock.at};
                forgotten_[of].erase(who);
            }
        }
    }

    SimRandom random_;
    Rig rig_;
    std::map<Label, std::map<Endpoint, Promise>> promises_;
    std::map<Label, std::map<Endpoint, Gone>> forgotten_;
    Instant fault_ended_ = Instant{};
};

TEST(CacheKeeperModel, KeepsEveryPromiseAcrossCrashes) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Life life{seed};
        life.live();
        if (testing::Test::HasFailure()) break;
    }
}

}  // namespace
}  // namespace halp
