// Requests of a DhtClient to all nodes, against real nodes: merged, restarted, suspended and stopped.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/client/request_control.h"
#include "tests/overlay/dht/dht_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DhtClientStreams : public Cluster {
protected:
    void SetUp() override {
        add_server(lower());
        add_server(upper());
        connect();
    }
    void fill(std::uint64_t count, std::size_t bytes, std::string_view channel = "chan") {
        for (std::uint64_t key = 0; key < count; ++key)
            store(key % 2, channel, key, std::string(bytes, static_cast<char>('a' + key % 26)));
    }
    // Counts the records by key and keeps every other note as text.
    template <class Note>
    auto collect(Notes& notes) {
        return [&test = *this, &notes]([[maybe_unused]] const Note& note) {
            static_cast<void>(test);  // of other notes only the text is kept
            if constexpr (std::is_same_v<Note, dht::GetAllNote>) {
                if (const auto* record = std::get_if<dht::RecordReceived>(&note)) {
                    ++test.times[value_of(record->key)];
                    if (test.times.size() == test.reconnect_at) test.client->reconnect();
                    return;
                }
                if (const auto* key = std::get_if<dht::KeyReceived>(&note)) {
                    ++test.times[value_of(key->key)];
                    return;
                }
            }
            notes.push_back(describe(note));
        };
    }
    [[nodiscard]] bool each_once(std::uint64_t count) const {
        return times.size() == count &&
               std::ranges::all_of(times, [](const auto& entry) { return entry.second == 1; });
    }
    DhtRequestId get_all(Notes& notes, const GetAllSettings& settings = {}) {
        return client->get_all("chan", settings, collect<dht::GetAllNote>(notes)).value();
    }
    // The virtual network delivers any amount at once, so a stream would end before a control message could stop
    // it. This stream begins suspended.
    DhtRequestId get_all_suspended(Notes& notes) {
        crash(0);
        crash(1);
        run_world();
        const auto id = get_all(notes);
        EXPECT_TRUE(client->suspend(id));
        restart(0);
        restart(1);
        run_world(seconds{5});
        return id;
    }

    std::map<std::uint64_t, int> times;
    std::size_t reconnect_at = 0;  // records
};

TEST_F(DhtClientStreams, GetAllGathersTheRecordsOfAllNodes) {
    fill(1000, 100);
    Notes notes;
    const auto id = get_all(notes);
    run_world(seconds{1});
    EXPECT_EQ(notes, (Notes{"started", "finished"}));
    EXPECT_TRUE(each_once(1000));
    EXPECT_FALSE(client->active(id));
    EXPECT_EQ(nodes[0]->node->status().requests_active, 1U) << "the closing Ack was sent";
}

TEST_F(DhtClientStreams, GetAllOfKeysAndWithAFilter) {
    fill(260, 10);
    Notes notes;
    GetAllSettings settings;
    settings.keys_only = true;
    settings.value_filter = "bbb";
    get_all(notes, settings);
    run_world(seconds{1});
    EXPECT_EQ(notes, (Notes{"started", "finished"}));
    EXPECT_TRUE(each_once(10));
}

TEST_F(DhtClientStreams, GetAllGoesOnBehindTheLastRecordAfterADisconnection) {
    fill(20'000, 200);
    Notes notes;
    reconnect_at = 3000;
    get_all(notes);
    run_world(seconds{5});
    EXPECT_TRUE(each_once(20'000)) << times.size();
    EXPECT_EQ(notes.back(), "finished");
    EXPECT_EQ(std::ranges::count(notes, "started"), 1);
    EXPECT_GT(notes.size(), 2U) << "the disconnection was told";
}

TEST_F(DhtClientStreams, GetAllWaitsForANodeThatIsAwayAndThenGoesOn) {
    fill(20'000, 200);
    Notes notes;
    reconnect_at = 3000;
    get_all(notes);
    ASSERT_TRUE(world.run_until([&] { return times.size() >= 3000; }, seconds{5}));
    crash(1);
    run_world(seconds{5});
    EXPECT_NE(notes.back(), "finished");
    restart(1);
    run_world(seconds{10});
    EXPECT_EQ(notes.back(), "finished");
    EXPECT_TRUE(each_once(20'000)) << times.size();
}

TEST_F(DhtClientStreams, SuspendedNothingComesUntilResumed) {
    fill(2000, 200);
    Notes notes;
    const auto id = get_all_suspended(notes);
    EXPECT_EQ(notes, (Notes{"suspended", "started"}));
    EXPECT_TRUE(times.empty());
    EXPECT_TRUE(client->resume(id));
    EXPECT_FALSE(client->suspend(id)) << "not while the change is being acknowledged";
    run_world(seconds{5});
    EXPECT_EQ(notes, (Notes{"suspended", "started", "resumed", "finished"}));
    EXPECT_TRUE(each_once(2000));
    EXPECT_FALSE(client->suspend(id));
}

TEST_F(DhtClientStreams, ASuspensionSurvivesADisconnection) {
    fill(2000, 200);
    Notes notes;
    const auto id = get_all_suspended(notes);
    nodes[0]->node->disconnect_all();
    run_world(seconds{5});
    EXPECT_TRUE(times.empty());
    EXPECT_TRUE(client->resume(id));
    run_world(seconds{5});
    EXPECT_EQ(notes.back(), "finished");
    EXPECT_TRUE(each_once(2000)) << times.size();
}

TEST_F(DhtClientStreams, WhatIsAskedDuringAChangeIsDoneBehindItAndTheLastWordCounts) {
    Notes notes;
    const auto id = client->mirror("chan", {}, collect<dht::MirrorNote>(notes)).value();
    run_world();
    notes.clear();
    EXPECT_TRUE(client->set_suspended(id, true));
    EXPECT_FALSE(client->resume(id)) << "the change is not acknowledged";
    EXPECT_TRUE(client->set_suspended(id, false));
    EXPECT_TRUE(client->set_suspended(id, true));
    EXPECT_TRUE(client->set_suspended(id, false));
    run_world();
    EXPECT_EQ(notes, (Notes{"suspended", "resumed"}));
    EXPECT_TRUE(client->set_suspended(id, false)) << "nothing to do";
    EXPECT_TRUE(client->set_suspended(id, true));
    EXPECT_TRUE(client->set_suspended(id, false));
    EXPECT_TRUE(client->set_suspended(id, true)) << "as it is already becoming";
    run_world();
    EXPECT_EQ(notes, (Notes{"suspended", "resumed", "suspended"}));
    store(0, "chan", 2, "two");
    run_world();
    EXPECT_EQ(notes.size(), 3U) << "it is suspended";
    EXPECT_TRUE(client->stop(id));
    run_world();
    EXPECT_FALSE(client->set_suspended(id, false));
}

TEST_F(DhtClientStreams, AStoppedStreamIsNotResumedAnyMore) {
    fill(2000, 200);
    Notes notes;
    const auto id = get_all_suspended(notes);
    RequestControl control(*client, id);
    EXPECT_TRUE(control.active());
    EXPECT_TRUE(control.stop());
    EXPECT_FALSE(client->set_suspended(id, false));
    run_world(seconds{5});
    EXPECT_EQ(notes.back(), "stopped");
    EXPECT_FALSE(control.active() || control.suspend() || control.resume() || control.stop() || control.cancel());
}

TEST_F(DhtClientStreams, AThrottleHoldsBackWhatFillsAQueue) {
    crash(0);
    crash(1);
    run_world();
    Notes notes;
    const auto id = client->mirror("chan", {}, collect<dht::MirrorNote>(notes)).value();
    Throttle throttle(0.75, 0.25);
    SuspendableRequest flow(*client, id);
    throttle.add(flow);
    const auto at = [&](double level) {
        throttle.level(level);
        run_world();
        return std::pair{throttle.holding(), notes.empty() ? "" : notes.back()};
    };
    using Seen = std::pair<bool, std::string>;
    EXPECT_EQ(at(0.7), (Seen{false, ""}));
    EXPECT_EQ(at(0.8), (Seen{true, "suspended"}));
    EXPECT_TRUE(flow.suspended());
    notes.clear();
    EXPECT_EQ(at(0.5), (Seen{true, ""})) << "the marks lie apart";
    EXPECT_EQ(at(0.2), (Seen{false, "resumed"}));
    notes.clear();
    EXPECT_EQ(at(0.5), (Seen{false, ""}));
    throttle.level(1);
    Suspendable& later = flow;
    throttle.remove(later);
    throttle.level(0);
    EXPECT_TRUE(flow.suspended()) << "it is no longer the throttle's";
}

TEST_F(DhtClientStreams, StoppedIsTheLastNote) {
    fill(2000, 200);
    Notes notes;
    const auto id = get_all_suspended(notes);
    EXPECT_TRUE(client->stop(id));
    EXPECT_FALSE(client->resume(id));
    run_world(seconds{5});
    EXPECT_EQ(notes, (Notes{"suspended", "started", "stopped"}));
    EXPECT_TRUE(times.empty());
    EXPECT_FALSE(client->active(id));
    EXPECT_EQ(nodes[0]->node->status().requests_active, 1U);
}

TEST_F(DhtClientStreams, StoppingDoesNotWaitForANodeThatIsAway) {
    crash(1);
    run_world();
    Notes notes;
    const auto id = get_all(notes);
    run_world();
    EXPECT_EQ(notes, (Notes{"started"}));
    EXPECT_TRUE(client->stop(id));
    run_world();
    EXPECT_EQ(notes, (Notes{"started", "stopped"}));
}

TEST_F(DhtClientStreams, ANotifierMayStopItsOwnRequest) {
    fill(20'000, 200);
    Notes notes;
    DhtRequestId id = neo::no_request;
    const auto hear = [&](const dht::GetAllNote& note) {
        if (!std::holds_alternative<dht::RecordReceived>(note)) return notes.push_back(describe(note));
        if (++times[0] == 10) client->stop(id);
    };
    id = client->get_all("chan", {}, hear).value();
    run_world(seconds{5});
    EXPECT_EQ(notes.back(), "stopped");
    EXPECT_FALSE(client->active(id));
}

TEST_F(DhtClientStreams, ACancelledStreamIsSilentAndLeavesTheNodesInOrder) {
    fill(20'000, 200);
    Notes notes;
    DhtRequestId id = neo::no_request;
    const auto hear = [&](const dht::GetAllNote& note) {
        if (!std::holds_alternative<dht::RecordReceived>(note)) return notes.push_back(describe(note));
        if (++times[0] == 10) client->cancel(id);
    };
    id = client->get_all("chan", {}, hear).value();
    run_world(seconds{5});
    EXPECT_LE(notes.size(), 1U);
    EXPECT_EQ(times[0], 10);
    EXPECT_EQ(nodes[0]->node->status().requests_active, 1U);
    EXPECT_EQ(client->stats().requests_active, 0U);
}

TEST_F(DhtClientStreams, ATimeOutEndsAStreamThatWaits) {
    crash(1);
    run_world();
    Notes notes;
    const auto id = get_all(notes);
    EXPECT_TRUE(client->set_timeout(id, seconds{2}));
    run_world(seconds{3});
    EXPECT_EQ(notes, (Notes{"started", "timed out; no answer for 0x8000000000000000 to 0xffffffffffffffff"}));
    EXPECT_FALSE(client->active(id));
}

TEST_F(DhtClientStreams, MirrorTellsOfRefreshesChangesAndRemovals) {
    store(0, "chan", 2, "two");
    Notes notes;
    const auto id = client->mirror("chan", {true, 0}, collect<dht::MirrorNote>(notes)).value();
    run_world();
    EXPECT_EQ(notes, (Notes{"started", "refreshed 0000000000000002, 3 bytes"}));
    notes.clear();
    put(5, "five");
    remove(2);
    EXPECT_EQ(notes, (Notes{"updated 0000000000000005, 4 bytes", "deleted 0000000000000002"}));
    notes.clear();
    EXPECT_TRUE(client->suspend(id));
    run_world();
    put(7, "x");
    EXPECT_EQ(notes, (Notes{"suspended"}));
    EXPECT_TRUE(client->resume(id));
    run_world();
    // The nodes acknowledge one after the other.
    EXPECT_EQ(notes.size(), 3U);
    EXPECT_EQ(std::ranges::count(notes, "resumed"), 1);
    EXPECT_EQ(std::ranges::count(notes, "updated 0000000000000007, 1 bytes"), 1);
    EXPECT_TRUE(client->stop(id));
    run_world();
    EXPECT_EQ(notes.back(), "stopped");
    EXPECT_FALSE(client->active(id));
}

TEST_F(DhtClientStreams, MirrorIsRestartedAfterADisconnectionAndRefreshesAgain) {
    store(0, "chan", 2, "two");
    Notes notes;
    EXPECT_TRUE(client->mirror("chan", {true, 0}, collect<dht::MirrorNote>(notes)));
    run_world();
    notes.clear();
    nodes[0]->node->disconnect_all();
    run_world(seconds{1});
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0].substr(0, 28), "10.0.0.1:10100 disconnected:");
    EXPECT_EQ(notes[1], "refreshed 0000000000000002, 3 bytes");
    put(4, "four");
    EXPECT_EQ(notes.back(), "updated 0000000000000004, 4 bytes");
}

TEST_F(DhtClientStreams, MirrorEndsWhenTheChannelIsRemovedEverywhere) {
    Notes notes, removal;
    EXPECT_TRUE(client->mirror("chan", {}, collect<dht::MirrorNote>(notes)));
    run_world();
    EXPECT_TRUE(client->remove_channel("chan", listen<dht::RemoveChannelNote>(removal)));
    run_world();
    EXPECT_EQ(removal, (Notes{"finished"}));
    ASSERT_EQ(notes.size(), 4U);
    EXPECT_EQ(notes.back(), "finished");
    EXPECT_EQ(std::ranges::count(notes, "channel removed on 10.0.0.2:10100"), 1);
    EXPECT_EQ(nodes[0]->node->status().requests_active, 1U);
}

TEST_F(DhtClientStreams, RemoveChannelNeedsPermission) {
    store(0, "chan", 2, "two");
    for (const auto& node : nodes) node->node->disconnect_all();
    for (const auto& node : nodes) {
        neo::Credentials credentials;
        credentials.set({"bob", {}});
        node->node->set_credentials(credentials);
    }
    const HostId host = world.add_host({"10.0.3.1", 1000});
    DhtClientOptions options;
    options.credential.name = "bob";
    DhtClient bob(world.env(host), options);
    world.attach(host, bob);
    for (const auto& node : nodes) bob.add_node(node->address);
    run_world(seconds{1});
    Notes notes;
    EXPECT_TRUE(bob.remove_channel("chan", listen<dht::RemoveChannelNote>(notes)));
    run_world(seconds{1});
    EXPECT_EQ(notes, (Notes{"10.0.0.1:10100 does not permit this"}));
    EXPECT_EQ(stored(0, "chan", 2), "two");
}

TEST_F(DhtClientStreams, EachChannelIsNamedOnce) {
    store(0, "a", 2, "x");
    store(1, "a", 1, "x");
    store(1, "b", 1, "x");
    Notes notes;
    EXPECT_TRUE(client->get_channels(listen<dht::GetChannelsNote>(notes)));
    run_world();
    EXPECT_EQ(notes.back(), "finished");
    std::ranges::sort(notes);
    EXPECT_EQ(notes, (Notes{"channel a", "channel b", "finished"}));
}

TEST_F(DhtClientStreams, ANodeThatIsAddedLaterTakesPart) {
    Notes notes;
    EXPECT_TRUE(client->mirror("chan", {true, 0}, collect<dht::MirrorNote>(notes)));
    run_world();
    add_server(HashRange());
    store(2, "chan", 9, "nine");
    client->add_node(nodes[2]->address);
    run_world(seconds{1});
    EXPECT_EQ(notes, (Notes{"started", "refreshed 0000000000000009, 4 bytes"}));
}

TEST_F(DhtClientStreams, WithoutNodesARequestToAllWaitsForTheFirst) {
    add_server(HashRange::full());
    begin_client();
    Notes notes;
    EXPECT_TRUE(client->get_channels(listen<dht::GetChannelsNote>(notes)));
    run_world(seconds{1});
    EXPECT_TRUE(notes.empty());
    client->add_node(nodes[2]->address);
    run_world(seconds{1});
    EXPECT_EQ(notes, (Notes{"finished"}));
}

// ---- a Mirror with a slow consumer ----

class DhtMirrorUnderLoad : public Cluster {
protected:
    void hear(const dht::MirrorNote& note) {
        if (const auto* changed = std::get_if<dht::Updated>(&note)) {
            ++updates;
            copy[value_of(changed->key)] = changed->value;
        } else if (const auto* again = std::get_if<dht::Refreshed>(&note)) {
            copy[value_of(again->key)] = again->value;
        } else if (std::holds_alternative<dht::UpdatesLost>(note)) {
            ++overflows;
        }
    }
    std::map<std::uint64_t, std::string> copy;
    std::size_t updates = 0, overflows = 0;
};

TEST_F(DhtMirrorUnderLoad, IsToldThatUpdatesWereLostAndRepairedByTheNextRefresh) {
    constexpr std::size_t kept = 100, written = 1000;
    DhtNodeOptions options;
    options.handlers.mirror_queue_max = kept;
    add_server(HashRange::full(), options);
    connect();
    const auto id = client->mirror("chan", {.initial_refresh = false, .periodic_refresh_s = 5},
                                   [this](const dht::MirrorNote& note) { hear(note); });
    ASSERT_TRUE(id);
    run_world();
    ASSERT_TRUE(client->suspend(*id));
    run_world();
    for (std::uint64_t key = 0; key < written; ++key) store(0, "chan", key, "value " + std::to_string(key));
    run_world();
    EXPECT_EQ(updates, 0U);

    ASSERT_TRUE(client->resume(*id));
    run_world();
    EXPECT_EQ(updates, kept) << "the node keeps so many and no more";
    EXPECT_EQ(overflows, 1U);
    EXPECT_EQ(copy.size(), kept);

    run_world(seconds{6});
    ASSERT_EQ(copy.size(), written);
    for (const auto& [key, value] : copy) EXPECT_EQ(value, "value " + std::to_string(key));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
