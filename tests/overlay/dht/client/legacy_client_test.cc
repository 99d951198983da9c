// The legacy client against real nodes in virtual time: handshake, requests, queue, time-outs.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/overlay/dht/legacy_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LegacyClient : public LegacyCluster {
protected:
    static Notes sorted(Notes notes) {
        std::ranges::sort(notes);
        return notes;
    }
};

TEST_F(LegacyClient, ShakesHandsWithAllNodes) {
    two_halves();
    begin_legacy();
    EXPECT_FALSE(legacy_client->complete());
    EXPECT_EQ(shake_hands(), "complete");
    EXPECT_TRUE(legacy_client->complete());
    EXPECT_EQ(legacy_client->responsible_node(Key{2}), nodes[0]->address);
    EXPECT_EQ(legacy_client->responsible_node(Key{1}), nodes[1]->address);
    EXPECT_FALSE(legacy_client->add_node({"10.0.0.9", 10000})) << "too late";
}

TEST_F(LegacyClient, SaysWhatIsMissingFromAHandshake) {
    add_legacy(lower());
    begin_legacy();
    EXPECT_EQ(shake_hands(), no_upper);
    add_legacy(HashRange::make(middle - 10, ~std::uint64_t{0}).value());
    begin_legacy();
    EXPECT_NE(shake_hands().find("more than one node answers for 0x7ffffffffffffff6 to 0x7fffffffffffffff"),
              std::string::npos);
    crash(1);
    begin_legacy();
    EXPECT_EQ(shake_hands(), "10.0.0.2:10100: the node cannot be reached: connection refused; " + no_upper);
}

TEST_F(LegacyClient, ShakesHandsAgainUntilAllNodesAreThere) {
    two_halves();
    crash(1);
    begin_legacy();
    std::vector<std::string> known;
    int attempts = 0;
    bool complete = false;
    LegacyHandshake handshake(
        *legacy_client, {.retry_after = seconds{3}, .step_timeout = {}},
        [&](const HandshakeOutcome& how) {
            ++attempts;
            complete = how.complete;
        },
        [&](const Endpoint& node, const HashRange&) { known.push_back(node.host); });
    world.run_for(seconds{4});
    EXPECT_EQ(attempts, 2);
    EXPECT_EQ(known, Notes{"10.0.0.1"});
    restart(1);
    world.run_for(seconds{4});
    EXPECT_TRUE(complete);
    EXPECT_EQ(known, (Notes{"10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(legacy_client->stats().scheduled, 0U) << "no more attempts";
}

TEST_F(LegacyClient, DoesNothingBeforeItKnowsVersionAndRange) {
    two_halves();
    begin_legacy();
    EXPECT_EQ(put(1, "one"), Notes{"no node is known for the key"});
    const Notes notes = run([](auto& to, const auto& notify) { return to.get_all("chan", notify); });
    EXPECT_EQ(notes.front(), "the node's version is not known yet");
    EXPECT_EQ(notes.size(), 3U);
    EXPECT_EQ(nodes[0]->node->status().requests, 0U);
}

TEST_F(LegacyClient, PutsGetsAsksAndRemoves) {
    two_halves();
    connect_legacy();
    for (const std::uint64_t key : {1U, 2U}) {
        EXPECT_EQ(get(key), (Notes{"value ", "ok"}));
        EXPECT_EQ(put(key, "some"), Notes{"ok"});
        EXPECT_EQ(get(key), (Notes{"value some", "ok"}));
        const auto there = run([&](auto& to, const auto& notify) { return to.exists("chan", Key{key}, notify); });
        EXPECT_EQ(there, (Notes{"the record exists", "ok"}));
        EXPECT_EQ(run([&](auto& to, const auto& notify) { return to.remove("chan", Key{key}, notify); }),
                  Notes{"ok"});
        EXPECT_EQ(get(key), (Notes{"value ", "ok"}));
    }
    EXPECT_EQ(stored(0, "chan", 2), "-");
}

TEST_F(LegacyClient, RefusesWhatNoNodeTakesBeforeItIsSent) {
    two_halves();
    connect_legacy();
    const std::uint64_t before = nodes[0]->node->status().requests;
    EXPECT_EQ(put(2, ""), Notes{"legacy takes no empty values"});
    EXPECT_EQ(run([](auto& to, const auto& notify) { return to.get("a b", Key{2}, notify); }),
              Notes{"legacy takes only letters, digits, _ and - in channel names"});
    EXPECT_EQ(run([](auto& to, const auto& notify) { return to.get_all_filter("chan", "", notify); }),
              (Notes{"the filter is empty", "all: no answer for 0x0000000000000000 to 0xffffffffffffffff"}));
    EXPECT_EQ(run([](auto& to, const auto& notify) {
                  return to.get_size(notify, {.node = Endpoint{"10.9.9.9", 1}});
              }),
              Notes{"this client does not know the node"});
    EXPECT_EQ(nodes[0]->node->status().requests, before);
}

TEST_F(LegacyClient, AsksAllNodesForRecordsKeysChannelsAndSizes) {
    two_halves();
    connect_legacy();
    for (std::uint64_t key = 0; key < 4; ++key) EXPECT_EQ(put(key, "v" + std::to_string(key)), Notes{"ok"});
    EXPECT_EQ(sorted(run([](auto& to, const auto& notify) { return to.get_all("chan", notify); })),
              (Notes{"0=v0", "1=v1", "2=v2", "3=v3", "all: ", "ok", "ok"}));
    EXPECT_EQ(sorted(run([](auto& to, const auto& notify) { return to.get_all_filter("chan", "3", notify); })),
              (Notes{"3=v3", "all: ", "ok", "ok"}));
    EXPECT_EQ(run([](auto& to, const auto& notify) { return to.get_all_keys("chan", notify); }).size(), 7U);
    EXPECT_EQ(sorted(run([](auto& to, const auto& notify) { return to.get_channels(notify); })),
              (Notes{"all: ", "channel chan", "channel chan", "ok", "ok"}));
    EXPECT_EQ(sorted(run([](auto& to, const auto& notify) { return to.get_channel_size("chan", notify); })),
              (Notes{"2 records of 4 bytes", "2 records of 4 bytes", "all: ", "ok", "ok"}));
    EXPECT_EQ(run([](auto& to, const auto& notify) { return to.get_size(notify); }).size(), 5U);
    EXPECT_EQ(run([](auto& to, const auto& notify) { return to.get_num_connections(notify); }).size(), 5U);
    EXPECT_EQ(sorted(run([](auto& to, const auto& notify) { return to.remove_channel("chan", notify); })),
              (Notes{"all: ", "ok", "ok"}));
    EXPECT_EQ(get(1), (Notes{"value ", "ok"}));
}

TEST_F(LegacyClient, AsksOneNodeIfThatIsWanted) {
    two_halves();
    connect_legacy();
    for (std::uint64_t key = 0; key < 4; ++key) EXPECT_EQ(put(key, "v"), Notes{"ok"});
    const Notes notes =
        run([&](auto& to, const auto& notify) { return to.get_all("chan", notify, {.node = nodes[1]->address}); });
    EXPECT_EQ(sorted(notes), (Notes{"1=v", "3=v", "ok"}));
}

TEST_F(LegacyClient, MissesTheKeysOfANodeThatIsDead) {
    two_halves();
    connect_legacy();
    for (std::uint64_t key = 0; key < 4; ++key) EXPECT_EQ(put(key, "v"), Notes{"ok"});
    crash(1);
    world.run_for(seconds{1});
    for (const Begin& begin : {Begin([](auto&to, const auto&notify) { return to.get_all("chan", notify); }),
                               Begin([](auto&to, const auto&notify) { return to.get_channels(notify); }),
                               Begin([](auto&to, const auto&notify) { return to.get_size(notify); }),
                               Begin([](auto&to, const auto&notify) { return to.remove_channel("chan", notify); })})
        EXPECT_EQ(run(begin).back(), "all: " + no_upper);
}

TEST_F(LegacyClient, SaysWhichKeysHaveMovedWhileItAsked) {
    two_halves();
    connect_legacy();
    ASSERT_TRUE(nodes[0]->node->set_range(HashRange::make(0, 99).value()));
    const Notes notes = run([](auto& to, const auto& notify) { return to.get_channels(notify); });
    EXPECT_EQ(notes.back(), "all: no answer for 0x0000000000000064 to 0x7fffffffffffffff");
}

TEST_F(LegacyClient, TakesANodeThatHasGivenAKeyAwayForNoAnswer) {
    two_halves();
    connect_legacy();
    EXPECT_EQ(put(2, "even"), Notes{"ok"});
    ASSERT_TRUE(nodes[0]->node->set_range(HashRange()));
    ASSERT_TRUE(nodes[1]->node->set_range(HashRange::full()));
    store(1, "chan", 2, "moved");
    EXPECT_EQ(get(2), Notes{"404 (wrong node)"}) << "and not: no record";
    EXPECT_EQ(get(2), (Notes{"value moved", "ok"})) << "the ranges were asked for again";
    EXPECT_EQ(put(2, "new"), Notes{"ok"});
}

TEST_F(LegacyClient, HearsWhatIsPutUntilTheChannelIsRemoved) {
    two_halves();
    connect_legacy();
    Notes notes;
    const Id id = legacy_client->listen("chan", write_to(notes));
    world.run_for(milliseconds{500});
    EXPECT_EQ(legacy_client->cover(id), dht::RangeCover{});
    EXPECT_EQ(put(1, "one"), Notes{"ok"});
    EXPECT_EQ(put(2, "two"), Notes{"ok"});
    EXPECT_EQ(notes, (Notes{"1=one", "2=two"}));
    run([](auto& to, const auto& notify) { return to.remove_channel("chan", notify); });
    EXPECT_EQ(notes, (Notes{"1=one", "2=two", "ok", "ok", "all: "}));
    EXPECT_FALSE(legacy_client->active(id));
}

TEST_F(LegacyClient, TellsNothingWhileASuspendedRequestWaits) {
    two_halves();
    connect_legacy();
    for (std::uint64_t key = 0; key < 60; ++key) store(key % 2, "chan", key, std::string(3000, 'v'));
    Notes notes;
    Id id = 0;
    const auto count = [&] {
        return std::ranges::count_if(notes,
                                     [](const std::string& note) { return note.find('=') != std::string::npos; });
    };
    const auto hear = write_to(notes);
    id = legacy_client->get_all("chan", [&](const legacy::About& about, const legacy::Note& note) {
        hear(about, note);
        if (count() == 5) legacy_client->suspend(id);
    });
    world.run_for(seconds{1});
    EXPECT_EQ(count(), 5) << "in the middle of a batch";
    EXPECT_TRUE(legacy_client->resume(id));
    EXPECT_EQ(count(), 5) << "no note from within the call";
    const auto told = legacy_client->bytes_handled(id);
    world.run_for(seconds{1});
    EXPECT_EQ(count(), 60);
    EXPECT_EQ(notes.back(), "all: ");
    EXPECT_GT(told, 0U);
}

TEST_F(LegacyClient, QueuesSoManyBytesAndNoMore) {
    two_halves();
    LegacyDhtClientOptions options;
    options.links.connections_max = 1;
    options.links.ahead_max = 1;
    options.links.queue_bytes = 1024;
    connect_legacy(options);
    Notes notes;
    for (int i = 0; i < 4; ++i) legacy_client->put("chan", Key{2}, std::string(400, 'v'), write_to(notes, true));
    world.run_for(seconds{1});
    EXPECT_EQ(notes, (Notes{"started", "queued", "queued", "the queue of the node is full", "ok", "started", "ok",
                            "started", "ok"}));
    EXPECT_EQ(legacy_client->stats().total().queue_full, 1U);
}

TEST_F(LegacyClient, OpensAsManyConnectionsAsItMayAndKeepsThem) {
    two_halves();
    connect_legacy();
    Notes notes;
    for (std::uint64_t i = 0; i < 1000; ++i) legacy_client->put("chan", Key{2 * i}, "v", write_to(notes));
    world.run_for(seconds{1});
    EXPECT_EQ(notes, Notes(1000, "ok"));
    EXPECT_EQ(nodes[0]->node->status().connections, 5U);
    EXPECT_EQ(nodes[0]->node->status().accepted, 5U);
    EXPECT_LE(nodes[1]->node->status().connections, 2U);
}

TEST_F(LegacyClient, TimesOutWhereAStepTakesTooLong) {
    two_halves();
    LegacyDhtClientOptions options;
    options.step_timeout = seconds{2};
    connect_legacy(options);
    world.stall(nodes[0]->host, seconds{60});
    Notes notes;
    legacy_client->put("chan", Key{2}, "v", write_to(notes));
    legacy_client->put("chan", Key{2}, "v", write_to(notes), {.step_timeout = seconds{4}});
    world.run_for(milliseconds{1900});
    EXPECT_EQ(notes, Notes{});
    world.run_for(milliseconds{200});
    EXPECT_EQ(notes, Notes{"timed out"});
    world.run_for(seconds{3});
    EXPECT_EQ(notes.size(), 2U);
    EXPECT_GE(legacy_client->stats().nodes[0].io_timeouts, 1U);
    EXPECT_EQ(legacy_client->stats().nodes[1].errors, 0U);
}

TEST_F(LegacyClient, FailsWhatIsUnderWayWhenANodeDies) {
    two_halves();
    connect_legacy();
    world.stall(nodes[0]->host, seconds{1});
    Notes notes;
    for (int i = 0; i < 10; ++i) legacy_client->put("chan", Key{2}, "v", write_to(notes));
    world.run_for(milliseconds{100});
    crash(0);
    world.run_for(seconds{2});
    EXPECT_EQ(notes.size(), 10U);
    EXPECT_EQ(std::ranges::count(notes, "ok"), 0);
    restart(0);
    EXPECT_EQ(put(2, "again"), Notes{"ok"}) << "it connects again when it is asked to";
}

TEST_F(LegacyClient, BeginsLaterWhatIsScheduled) {
    two_halves();
    LegacyDhtClientOptions options;
    options.scheduled_max = 1;
    connect_legacy(options);
    const auto later = [](auto& to, const auto& notify) {
        return to.put("chan", Key{2}, "v", notify, {.after = seconds{2}});
    };
    Notes notes;
    const auto hear = write_to(notes, true);
    later(*legacy_client, hear);
    later(*legacy_client, hear);
    world.run_for(seconds{1});
    EXPECT_EQ(notes, (Notes{"scheduled", "too many requests are scheduled"}));
    world.run_for(seconds{2});
    EXPECT_EQ(notes, (Notes{"scheduled", "too many requests are scheduled", "started", "ok"}));
}

TEST_F(LegacyClient, IsSilentAboutWhatIsCancelled) {
    two_halves();
    connect_legacy();
    Notes notes;
    const Id put_id = legacy_client->put("chan", Key{2}, "v", write_to(notes, true));
    const Id listen_id = legacy_client->listen("chan", write_to(notes, true));
    EXPECT_TRUE(legacy_client->cancel(put_id));
    EXPECT_TRUE(legacy_client->cancel(listen_id));
    EXPECT_FALSE(legacy_client->cancel(listen_id));
    world.run_for(seconds{1});
    EXPECT_EQ(notes, Notes{});
    EXPECT_EQ(put(4, "v"), Notes{"ok"});
}

TEST_F(LegacyClient, PutsABatchOnTheNodeThatIsNamed) {
    two_halves();
    connect_legacy();
    neo::RecordBatch batch(neo::KeyForm::digits);
    EXPECT_EQ(batch.add(Key{2}, "two"), neo::RecordBatch::Fit::added);
    EXPECT_EQ(batch.add(Key{4}, "four"), neo::RecordBatch::Fit::added);
    std::string packed;
    neo::pack(batch.plain(), packed);
    const auto put_at = [&](std::size_t node) {
        return run([&](auto& to, const auto& notify) {
            return to.put_batch(nodes[node]->address, "chan", packed, notify);
        });
    };
    EXPECT_EQ(put_at(0), Notes{"ok"});
    EXPECT_EQ(stored(0, "chan", 4), "four");
    EXPECT_EQ(put_at(1), Notes{"404 (wrong node)"});
}

TEST_F(LegacyClient, KeepsWhatIsQueuedForASuspendedNode) {
    two_halves();
    connect_legacy();
    EXPECT_TRUE(legacy_client->suspend_node(nodes[0]->address));
    Notes notes;
    legacy_client->put("chan", Key{2}, "v", write_to(notes, true));
    world.run_for(seconds{1});
    EXPECT_EQ(notes, Notes{"queued"});
    EXPECT_TRUE(legacy_client->resume_node(nodes[0]->address));
    world.run_for(seconds{1});
    EXPECT_EQ(notes, (Notes{"queued", "started", "ok"}));
}

TEST_F(LegacyClient, CountsByNodeAndByCommand) {
    two_halves();
    connect_legacy();
    EXPECT_EQ(put(2, "v"), Notes{"ok"});
    const auto stats = legacy_client->stats();
    EXPECT_EQ(stats.times.at(legacy::Command::put).count, 1U);
    EXPECT_EQ(stats.nodes[0].requests, 3U) << "version, range, Put";
    EXPECT_EQ(stats.nodes[0].answers, 3U);
    EXPECT_EQ(legacy::describe(stats).size(), 5U);
    legacy_client->clear_stats();
    EXPECT_EQ(legacy_client->stats().total().requests, 0U);
}

// Suspended before its time has come, it tells nothing when that comes.
TEST_F(LegacyClient, TellsNothingOfAListThatWasSuspendedBeforeItsTime) {
    add_legacy(HashRange::full());
    connect_legacy();
    Notes notes;
    const Id id =
        legacy_client->listen("chan", write_to(notes), {.after = std::optional<Duration>(std::chrono::seconds{1})});
    EXPECT_TRUE(legacy_client->suspend(id));
    world.run_for(std::chrono::seconds{2});
    for (const std::uint64_t key : {1U, 2U}) EXPECT_EQ(put(key, "v"), Notes{"ok"});
    world.run_for(std::chrono::seconds{1});
    EXPECT_EQ(notes, Notes{});
    EXPECT_TRUE(legacy_client->resume(id));
    world.run_for(std::chrono::seconds{1});
    EXPECT_EQ(notes, (Notes{"1=v", "2=v"}));
}

// The node of the lower half never answers a question for its range.
TEST_F(LegacyClient, AsksForTheRangesAgainAlthoughANodeIsSilent) {
    two_halves();
    connect_legacy();
    const auto asked = [&] {
        for (const auto& count : nodes[1]->node->request_counts())
            if (count.name == "GetResponsibleRange") return count.count.handled;
        return std::uint64_t{0};
    };
    world.partition({nodes[0]->host});
    legacy_client->refresh_ranges();
    world.run_for(std::chrono::seconds{1});
    const std::uint64_t once = asked();
    legacy_client->refresh_ranges();
    world.run_for(std::chrono::seconds{1});
    EXPECT_EQ(asked(), once) << "one is under way";
    world.run_for(std::chrono::seconds{20});
    legacy_client->refresh_ranges();
    world.run_for(std::chrono::seconds{1});
    EXPECT_EQ(asked(), once + 1);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
