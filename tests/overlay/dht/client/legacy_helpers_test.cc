// What is built on the calls of the legacy client: the mirror and the batcher.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "overlay/dht/client/legacy/legacy_batcher.h"
#include "overlay/dht/client/legacy/legacy_mirror.h"
#include "tests/overlay/dht/legacy_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LegacyHelpers : public LegacyCluster {
protected:
    using Fill = LegacyMirrorSettings::Fill;
    void follow(const LegacyMirrorSettings& settings) {
        mirror = std::make_unique<LegacyMirror>(
            *legacy_client, "chan", settings,
            [this](const dht::MirrorNote& note) {
                if (const auto* now = std::get_if<dht::Updated>(&note))
                    notes.push_back("+" + std::to_string(value_of(now->key)) + " " + std::string(now->value));
                else if (const auto* is = std::get_if<dht::Refreshed>(&note))
                    notes.push_back("=" + std::to_string(value_of(is->key)) + " " + std::string(is->value));
                else
                    notes.push_back(describe(note));
            },
            [this](const dht::RangeCover& cover) { notes.push_back("filled " + describe(cover)); });
    }
    ~LegacyHelpers() override { mirror.reset(); }
    Notes take() {
        Notes some = std::move(notes);
        notes.clear();
        std::ranges::sort(some);
        return some;
    }
    Notes notes;
    std::unique_ptr<LegacyMirror> mirror;
};

TEST_F(LegacyHelpers, AMirrorBringsEverythingThenEveryChangeAndEverythingAgain) {
    two_halves();
    connect_legacy();
    for (const std::uint64_t key : {1U, 2U}) EXPECT_EQ(put(key, "v"), Notes{"ok"});
    follow({.fill = Fill::repeating_now, .update_after = seconds{60}, .retry_after = seconds{3}});
    world.run_for(seconds{1});
    EXPECT_EQ(take(), (Notes{"=1 v", "=2 v", "filled ", "started"}));
    EXPECT_EQ(put(2, "w"), Notes{"ok"});
    EXPECT_EQ(take(), Notes{"+2 w"});
    world.run_for(seconds{60});
    EXPECT_EQ(take(), (Notes{"=1 v", "=2 w", "filled "}));
    mirror->fill();
    world.run_for(seconds{1});
    EXPECT_EQ(take(), (Notes{"=1 v", "=2 w", "filled "}));
    EXPECT_EQ(mirror->cover(), dht::RangeCover{});
}

TEST_F(LegacyHelpers, AMirrorFillsAsItIsTold) {
    two_halves();
    connect_legacy();
    EXPECT_EQ(put(2, "v"), Notes{"ok"});
    follow({.fill = Fill::none, .update_after = seconds{10}, .retry_after = seconds{3}});
    world.run_for(seconds{30});
    EXPECT_EQ(take(), Notes{"started"});
    follow({.fill = Fill::once, .update_after = seconds{10}, .retry_after = seconds{3}});
    world.run_for(seconds{30});
    EXPECT_EQ(take(), (Notes{"=2 v", "filled ", "started"}));
    follow({.fill = Fill::repeating, .update_after = seconds{10}, .retry_after = seconds{3}});
    world.run_for(seconds{5});
    EXPECT_EQ(take(), Notes{"started"});
    world.run_for(seconds{10});
    EXPECT_EQ(take(), (Notes{"=2 v", "filled "}));
}

TEST_F(LegacyHelpers, AMirrorComesBackToANodeThatWasLostAndSaysSoOnce) {
    two_halves();
    connect_legacy();
    follow({.fill = Fill::once, .update_after = seconds{10}, .retry_after = seconds{3}});
    world.run_for(seconds{1});
    take();
    crash(1);
    world.run_for(seconds{20});
    EXPECT_EQ(take(), Notes{"10.0.0.2:10100 disconnected: the node ended the connection"});
    EXPECT_EQ(mirror->cover().missing, std::vector{upper()});
    restart(1);
    world.run_for(seconds{5});
    EXPECT_EQ(mirror->cover(), dht::RangeCover{});
    EXPECT_EQ(put(1, "back"), Notes{"ok"});
    EXPECT_EQ(take(), Notes{"+1 back"});
}

TEST_F(LegacyHelpers, AMirrorAsksAgainForWhatAGetAllHasMissed) {
    two_halves();
    connect_legacy();
    EXPECT_EQ(put(1, "v"), Notes{"ok"});
    crash(1);
    nodes[1]->records = std::make_unique<WriteLog>(nodes[1]->store);
    follow({.fill = Fill::once, .update_after = seconds{10}, .retry_after = seconds{3}});
    world.run_for(seconds{1});
    EXPECT_TRUE(std::ranges::count(notes, "filled " + no_upper) > 0);
    restart(1);
    take();
    world.run_for(seconds{5});
    EXPECT_TRUE(std::ranges::count(notes, "filled ") > 0);
}

TEST_F(LegacyHelpers, AMirrorEndsWithItsChannel) {
    two_halves();
    connect_legacy();
    follow({.fill = Fill::repeating_now, .update_after = seconds{10}, .retry_after = seconds{3}});
    world.run_for(seconds{1});
    take();
    run([](auto& to, const auto& notify) { return to.remove_channel("chan", notify); });
    EXPECT_EQ(take(),
              (Notes{"channel removed on 10.0.0.1:10100", "channel removed on 10.0.0.2:10100", "finished"}));
    EXPECT_TRUE(mirror->over());
    world.run_for(seconds{30});
    EXPECT_LE(take().size(), 1U) << "at most the GetAll that was scheduled";
}

TEST_F(LegacyHelpers, ASuspendedMirrorTellsNoRecordUntilItIsResumed) {
    two_halves();
    connect_legacy();
    follow({.fill = Fill::once, .update_after = seconds{10}, .retry_after = seconds{3}});
    world.run_for(seconds{1});
    take();
    mirror->suspend();
    EXPECT_EQ(put(1, "one"), Notes{"ok"});
    EXPECT_EQ(put(2, "two"), Notes{"ok"});
    EXPECT_EQ(take(), Notes{});
    mirror->resume();
    world.run_for(seconds{1});
    EXPECT_EQ(take(), (Notes{"+1 one", "+2 two"}));
}

TEST_F(LegacyHelpers, ABatcherSendsToEachNodeWhatIsItsOwn) {
    two_halves();
    connect_legacy();
    std::size_t outcomes = 0, bad = 0;
    LegacyBatcher batches(*legacy_client, "chan", [&](const LegacyBatcher::Outcome& outcome) {
        ++outcomes;
        bad += outcome.stored() ? 0 : 1;
    });
    const std::string value(1000, 'v');
    for (std::uint64_t key = 0; key < 1000; ++key) {
        while (batches.add(Key{key}, value) == LegacyBatcher::Added::full) world.run_for(milliseconds{10});
    }
    while (!batches.flush()) world.run_for(milliseconds{10});
    world.run_for(seconds{1});
    EXPECT_TRUE(batches.empty());
    EXPECT_EQ(outcomes, 16U) << "63 records of 1032 bytes fit into one batch";
    EXPECT_EQ(bad, 0U);
    EXPECT_EQ(nodes[0]->store.total().records, 500U);
    EXPECT_EQ(nodes[1]->store.total().records, 500U);
    EXPECT_EQ(batches.add(Key{1}, ""), LegacyBatcher::Added::empty_value);
    EXPECT_EQ(batches.add(Key{1}, std::string(70'000, 'v')), LegacyBatcher::Added::too_big);
}

TEST_F(LegacyHelpers, ABatcherGivesBackWhatTheWrongNodeHasRefused) {
    two_halves();
    connect_legacy();
    std::vector<std::uint64_t> back;
    bool wrong = false;
    LegacyBatcher batches(*legacy_client, "chan", [&](const LegacyBatcher::Outcome& outcome) {
        wrong = wrong || outcome.wrong_node();
        auto records = outcome.records();
        if (!outcome.stored())
            while (const auto record = records.next()) back.push_back(value_of(record->key));
    });
    for (const std::uint64_t key : {2U, 4U}) EXPECT_EQ(batches.add(Key{key}, "v"), LegacyBatcher::Added::added);
    ASSERT_TRUE(nodes[0]->node->set_range(HashRange()));
    ASSERT_TRUE(nodes[1]->node->set_range(HashRange::full()));
    EXPECT_TRUE(batches.flush());
    world.run_for(seconds{1});
    EXPECT_TRUE(wrong);
    EXPECT_EQ(back, (std::vector<std::uint64_t>{2, 4}));
    for (const std::uint64_t key : back) EXPECT_EQ(batches.add(Key{key}, "v"), LegacyBatcher::Added::added);
    EXPECT_TRUE(batches.flush());
    world.run_for(seconds{1});
    EXPECT_EQ(stored(1, "chan", 4), "v") << "the ranges were asked for meanwhile";
}

TEST_F(LegacyHelpers, EveryNoteHasTheContextOfItsRequest) {
    two_halves();
    connect_legacy();
    std::vector<std::uint64_t> contexts;
    const auto hear = [&](const legacy::About& about, const legacy::Note&) { contexts.push_back(about.context); };
    legacy_client->put("chan", Key{2}, "v", hear, {.context = 77});
    world.run_for(seconds{1});
    EXPECT_EQ(contexts, (std::vector<std::uint64_t>{77, 77}));
    contexts.clear();
    legacy_client->get("chan", Key{2}, hear);
    world.run_for(seconds{1});
    EXPECT_EQ(contexts, (std::vector<std::uint64_t>{2, 2, 2})) << "else the key";
}

TEST_F(LegacyHelpers, AMirrorOfANameThatLegacyDoesNotTakeEnds) {
    two_halves();
    connect_legacy();
    mirror = std::make_unique<LegacyMirror>(
        *legacy_client, "a b", LegacyMirrorSettings{},
        [this](const dht::MirrorNote& note) { notes.push_back(describe(note)); },
        [this](const dht::RangeCover& cover) { notes.push_back("filled " + describe(cover)); });
    world.run_for(seconds{30});
    const std::string refused = " disconnected: legacy takes only letters, digits, _ and - in channel names";
    EXPECT_EQ(take(), (Notes{"10.0.0.1:10100" + refused, "10.0.0.2:10100" + refused,
                             "filled no answer for 0x0000000000000000 to 0xffffffffffffffff", "finished"}));
    EXPECT_TRUE(mirror->over());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
