// The bytes of GetAll and Mirror.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "overlay/dht/wire/record_batch.h"
#include "tests/overlay/dht/neo_bench.h"

namespace halp::neo {
namespace HALP_TEST_FILE {

constexpr std::string_view chan = "04 00*7 63 68 61 6e";
constexpr std::uint64_t example_key = 0x1122334455667788;
constexpr std::string_view suspend = "01", resume = "02", stop = "03", ack = "04";

std::string get_all(bool suspended = false, std::string_view tail = "00 | 00*8 | 00 | 00*8") {
    return std::string("05 00 | ") + (suspended ? "01" : "00") + std::string(chan) + std::string(tail);
}
std::string mirror(bool suspended = false, bool refresh = false, std::string_view seconds = "00*4") {
    return std::string("04 00 | ") + (suspended ? "01" : "00") + std::string(chan) + (refresh ? "01" : "00") +
           std::string(seconds);
}

std::string plain_of(const std::string& message, std::size_t plain_max) {
    const std::string raw = bytes(message.substr(message.find(':') + 1));
    std::string plain;
    EXPECT_TRUE(unpack(Bytes(raw).substr(9), plain_max, plain)) << message.substr(0, 60);
    return plain;
}

// The records in one message 07 of a GetAll.
std::map<std::uint64_t, std::string> records_of(const std::string& message, bool keys_only = false) {
    const std::string plain = plain_of(message, batch_bytes);
    RecordBatchReader reader(plain, keys_only);
    std::map<std::uint64_t, std::string> found;
    while (const auto record = reader.next())
        EXPECT_TRUE(found.emplace(value_of(record->key), record->value).second) << "a key twice";
    EXPECT_FALSE(reader.failed());
    return found;
}
std::size_t refreshed_in(const std::string& message) {
    const std::string plain = plain_of(message, 2 * batch_bytes);
    RefreshBatchReader reader(plain);
    std::size_t n = 0;
    while (reader.next()) ++n;
    EXPECT_FALSE(reader.failed());
    return n;
}
std::string kind_of(const std::string& message) { return message.substr(message.find(':') + 1, 2); }
std::size_t count_of(const Heard& heard, const std::string& kind) {
    return static_cast<std::size_t>(
        std::ranges::count_if(heard, [&](const auto& m) { return kind_of(m) == kind; }));
}

// Adds the records of a GetAll's messages to `all`. Returns true when Finished is among the messages.
bool gather(const Heard& heard, std::map<std::uint64_t, std::string>& all) {
    bool finished = false;
    for (const std::string& message : heard) {
        finished = finished || kind_of(message) == "08";
        if (kind_of(message) != "07") continue;
        for (const auto& record : records_of(message)) EXPECT_TRUE(all.insert(record).second) << record.first;
    }
    return finished;
}

class NeoStreams : public ::testing::Test {
protected:
    NeoStreams() { bench.open(); }
    void fill(std::uint64_t records, std::size_t value_bytes = 100) {
        for (std::uint64_t key = 0; key < records; ++key) bench.put("chan", key, std::string(value_bytes, 'v'));
    }
    Heard again() { return bench.hear(); }
    Bench bench;
};

// ---- GetAll ----

TEST_F(NeoStreams, GetAllIsTheOneOfTheOriginalByteForByte) {
    bench.put("chan", example_key, "hello");
    const std::string said = bench.raw(bytes("01 29 00*7 28 07 00*7 05 00 00 04 00*7 63 68 61 6e 00 00*8 00 00*8"));
    EXPECT_EQ(hex(said),
              hex(bytes("01 09 00*7 08 07 00*7 fd | 01 09 00*7 08 07 00*7 05 |"
                        "01 3a 00*7 3b 07 00*7 07 29 00*7 1d 00*7 2e 08 00*7 88 77 66 55 44 33 22 11 05 00*7 "
                        "68 65 6c 6c 6f 11 00 00 | 01 09 00*7 08 07 00*7 08")));
    EXPECT_EQ(bench.session->active_requests(), 1U);
    EXPECT_EQ(hex(bench.raw(bytes("01 09 00*7 08 07 00*7 04"))), "");
    EXPECT_EQ(bench.session->active_requests(), 0U);
}

// Between the change of the range and the end of the sweep.
TEST_F(NeoStreams, RecordsOutOfTheRangeAreNotShownWhileTheyAreStillThere) {
    for (std::uint64_t key = 0; key < 6; ++key) bench.put("chan", key, "v");
    const HashRange lower = HashRange::make(0, ~0ULL >> 1).value();
    ASSERT_TRUE(bench.store.set_range(lower));
    bench.ranges.set_own(lower);
    ASSERT_TRUE(bench.store.sweeping());
    std::map<std::uint64_t, std::string> all;
    EXPECT_TRUE(gather(bench.say(1, get_all()), all));
    EXPECT_EQ(all, (std::map<std::uint64_t, std::string>{{0, "v"}, {2, "v"}, {4, "v"}}));
    std::size_t refreshed = 0;
    for (const std::string& message : bench.say(2, mirror(false, true)))
        if (message.size() > 10) refreshed += refreshed_in(message);
    EXPECT_EQ(refreshed, 3U);
}

TEST_F(NeoStreams, GetAllOfAnEmptyChannelSendsAnEmptyBatch) {
    EXPECT_EQ(bench.say(1, get_all()),
              (Heard{"1:fd", "1:05", "1:" + hex(bytes("07 | 0b 00*7 | 00*8 | 11 00 00")), "1:08"}));
}

TEST_F(NeoStreams, GetAllSendsKeysOnly) {
    bench.put("chan", example_key, "hello");
    const Heard heard = bench.say(1, get_all(false, "00 | 00*8 | 01 | 00*8"));
    EXPECT_EQ(heard.at(2),
              "1:" + hex(bytes("07 | 1c 00*7 | 10 00*7 | 21 08 00*7 88 77 66 55 44 33 22 11 11 00 00")));
}

TEST_F(NeoStreams, GetAllSendsEveryRecordOnceInFullBatches) {
    fill(2000);
    std::map<std::uint64_t, std::string> all;
    bool finished = gather(bench.say(1, get_all()), all);
    for (int i = 0; i < 100 && !finished; ++i) finished = gather(again(), all);
    EXPECT_TRUE(finished);
    EXPECT_EQ(all.size(), 2000U);
}

TEST_F(NeoStreams, GetAllFiltersByPartOfTheValue) {
    for (std::uint64_t key = 0; key < 100; ++key) bench.put("chan", key, std::to_string(key));
    const Heard heard = bench.say(1, get_all(false, "00 | 00*8 | 00 | 01 00*7 30"));  // "0"
    const auto found = records_of(heard.at(2));
    EXPECT_EQ(found.size(), 10U);
    for (const auto& record : found) EXPECT_NE(record.second.find('0'), std::string::npos);
    const Heard keys = bench.say(2, get_all(false, "00 | 00*8 | 01 | 01 00*7 30"));
    EXPECT_EQ(records_of(keys.at(2), true).size(), 10U);
}

// string_view::find would take hours for this filter: half of the value matches at each position.
TEST_F(NeoStreams, GetAllIsNotKeptBusyByAFilterMadeForThat) {
    constexpr std::size_t half = std::size_t{2} << 20;
    bench.put("chan", 1, std::string(2 * half, 'a'));
    bench.put("chan", 2, std::string(100, 'a') + "b");
    std::string frame;
    encode_get_all(frame, 1, {false, "chan", false, 0, true, std::string(half, 'a') + "b"});
    EXPECT_EQ(records_of(messages_of(bench.raw(frame)).at(2), true).size(), 0U);
    frame.clear();
    encode_get_all(frame, 2, {false, "chan", false, 0, true, std::string(100, 'a') + "b"});
    EXPECT_EQ(records_of(messages_of(bench.raw(frame)).at(2), true).count(2), 1U);
}

TEST_F(NeoStreams, GetAllGoesOnBehindAKeyWhetherOrNotItIsThere) {
    for (const std::uint64_t key : {1U, 5U, 9U}) bench.put("chan", key, "v");
    EXPECT_EQ(records_of(bench.say(1, get_all(false, "01 | 05 00*7 | 00 | 00*8")).at(2)).size(), 1U);
    EXPECT_EQ(records_of(bench.say(2, get_all(false, "01 | 04 00*7 | 00 | 00*8")).at(2)).size(), 2U);
    EXPECT_EQ(records_of(bench.say(3, get_all(false, "00 | 04 00*7 | 00 | 00*8")).at(2)).size(), 3U);
    EXPECT_EQ(records_of(bench.say(4, get_all(false, "01 | ff*8 | 00 | 00*8")).at(2)).size(), 0U);
}

TEST_F(NeoStreams, GetAllLeavesOutWhatFitsIntoNoBatch) {
    bench.put("chan", 1, std::string(value_bytes_max, 'a'));
    bench.put("chan", 2, std::string(value_bytes_max + 1, 'b'));
    bench.put("chan", 3, "c");
    const Heard heard = bench.say(1, get_all());
    ASSERT_EQ(count_of(heard, "07"), 2U);
    EXPECT_EQ(records_of(heard.at(2)).begin()->second.size(), value_bytes_max);
    EXPECT_EQ(records_of(heard.at(3)).begin()->first, 3U);
    EXPECT_EQ(kind_of(heard.at(4)), "08");
}

TEST_F(NeoStreams, GetAllPausesBehindOneRecordAndGoesOn) {
    fill(1000);
    EXPECT_EQ(bench.say(1, get_all(true)), (Heard{"1:fd", "1:05"}));
    EXPECT_EQ(bench.say(1, suspend), (Heard{"1:04"}));  // a second Suspend has no further effect
    EXPECT_EQ(again(), (Heard{}));
    Heard heard = bench.say(1, resume);
    EXPECT_EQ(heard.front(), "1:04");
    for (int i = 0; i < 10; ++i)
        for (const std::string& message : again()) heard.push_back(message);
    std::size_t records = 0;
    for (const std::string& message : heard)
        if (kind_of(message) == "07") records += records_of(message).size();
    EXPECT_EQ(records, 1000U);
    EXPECT_EQ(heard.back(), "1:08");
}

TEST_F(NeoStreams, GetAllWithNothingToSendIsNotPaused) {
    EXPECT_EQ(bench.say(1, get_all(true)).back(), "1:08");
    bench.put("chan", 1, "v");
    EXPECT_EQ(bench.say(2, get_all(true, "00 | 00*8 | 00 | 01 00*7 7a")).back(), "2:08");
}

// Behind the Ack of Suspend nothing is sent, also when the record that the suspension waits for does not fit. A
// batch has room for 22 or for 21 of these records: it is full when the client suspends, or when it resumes.
TEST_F(NeoStreams, GetAllSendsNoFullBatchWhileItIsSuspended) {
    for (const std::size_t value_bytes : {2950U, 3000U}) {
        Bench other;
        other.open();
        for (std::uint64_t key = 0; key < 50; ++key) other.put("chan", key, std::string(value_bytes, 'v'));
        std::map<std::uint64_t, std::string> all;
        EXPECT_EQ(other.say(1, get_all(true)), (Heard{"1:fd", "1:05"}));
        for (bool finished = false; !finished;) {
            other.session->on_bytes(framed(1, resume), other.now, UnixSeconds{0});
            const Heard resumed = messages_of(other.turn(1));  // time for one record
            ASSERT_EQ(resumed.front(), "1:04");
            finished = gather(resumed, all);
            if (finished) break;
            const Heard suspended = other.say(1, suspend);
            finished = gather(suspended, all);
            if (finished) break;  // no record was left, so there was no pause
            ASSERT_EQ(suspended.back(), "1:04") << "after " << all.size() << " records";
            ASSERT_EQ(other.hear(), (Heard{}));
        }
        EXPECT_EQ(all.size(), 50U);
    }
}

TEST_F(NeoStreams, GetAllStopsInMidStream) {
    fill(1000);
    bench.say(1, get_all(true));
    EXPECT_EQ(bench.say(1, stop), (Heard{"1:04"}));
    EXPECT_EQ(bench.session->active_requests(), 0U);
    EXPECT_EQ(again(), (Heard{}));
}

TEST_F(NeoStreams, GetAllPassesOverControlsBehindItsEnd) {
    bench.say(1, get_all());
    for (const auto control : {suspend, resume, stop}) EXPECT_EQ(bench.say(1, control), (Heard{}));
    EXPECT_EQ(bench.session->active_requests(), 1U);
    bench.say(1, ack);
    EXPECT_EQ(bench.session->active_requests(), 0U);
    EXPECT_FALSE(bench.session->over());
}

TEST_F(NeoStreams, ControlsComeOneAtATime) {
    fill(1000);
    bench.say(1, get_all(true));
    bench.raw(framed(1, resume) + framed(1, suspend));
    EXPECT_EQ(bench.session->end(), SessionEnd::out_of_turn);
}

TEST_F(NeoStreams, AnAckBeforeTheEndOrAnUnknownWordEndsTheConnection) {
    for (const std::string_view bad : {"04", "05", "00", ""}) {
        for (const std::string& begin : {get_all(true), mirror()}) {
            Bench other;
            other.open();
            other.put("chan", 1, "v");
            other.say(1, begin);
            other.raw(framed(1, bad));
            EXPECT_EQ(other.session->end(), SessionEnd::out_of_turn) << begin << bad;
        }
    }
}

TEST_F(NeoStreams, StreamsRefuseSurplusBytes) {
    for (const std::string& begin : {get_all(), mirror()}) {
        Bench other;
        other.open();
        EXPECT_EQ(other.say(1, begin + "ff"), (Heard{"1:fd"}));
        EXPECT_EQ(other.session->end(), SessionEnd::malformed);
    }
}

TEST_F(NeoStreams, GetAllSurvivesRemovalsUnderIt) {
    fill(3000);
    bench.session->on_bytes(framed(1, get_all()), bench.now, UnixSeconds{0});
    std::map<std::uint64_t, std::string> all;
    bool finished = false;
    for (std::uint64_t step = 0; step < 4000 && !finished; ++step) {
        finished = gather(messages_of(bench.turn(2000)), all);
        if (step < 1000) bench.remove("chan", 2 * step + 1);  // odd keys, before and after its position
    }
    EXPECT_TRUE(finished);
    for (std::uint64_t key = 0; key < 3000; key += 2) EXPECT_TRUE(all.contains(key)) << key;
}

// ---- Mirror ----

TEST_F(NeoStreams, MirrorTellsChangesAndRemovals) {
    EXPECT_EQ(bench.say(10, mirror()), (Heard{"10:fd", "10:05"}));
    bench.put("chan", 2, "xy");
    EXPECT_EQ(again(), (Heard{"10:" + hex(bytes("07 | 02 00*7 | 02 00*7 78 79"))}));
    bench.remove("chan", 2);
    bench.remove("chan", 2);  // there is no such record, so there is nothing to report
    EXPECT_EQ(again(), (Heard{"10:" + hex(bytes("08 | 02 00*7"))}));
    bench.put("other", 2, "xy");
    EXPECT_EQ(again(), (Heard{}));
}

TEST_F(NeoStreams, MirrorReadsTheValueWhenItTellsIt) {
    bench.say(1, mirror());
    bench.put("chan", 2, "a");
    bench.put("chan", 2, "b");
    bench.put("chan", 3, "c");
    bench.remove("chan", 3);
    const Heard heard = again();
    EXPECT_EQ(heard, (Heard{"1:" + hex(bytes("07 02 00*7 01 00*7 62")), "1:" + hex(bytes("07 02 00*7 01 00*7 62")),
                            "1:" + hex(bytes("08 03 00*7"))}));
}

TEST_F(NeoStreams, MirrorRefreshesByteForByteAsTheOriginal) {
    bench.put("chan", example_key, "hello");
    const Heard heard = bench.say(10, mirror(false, true));
    EXPECT_EQ(heard, (Heard{"10:fd", "10:05",
                            "10:" + hex(bytes("09 | 21 00*7 | 15 00*7 | 26 88 77 66 55 44 33 22 11 05 00*7 "
                                              "68 65 6c 6c 6f 11 00 00"))}));
    bench.pass(std::chrono::hours{1});
    EXPECT_EQ(again(), (Heard{}));  // once and not again
}

TEST_F(NeoStreams, MirrorRefreshesInBatchesOfTheOriginalsSize) {
    fill(500, 128);
    const Heard heard = bench.say(1, mirror(false, true));
    ASSERT_EQ(count_of(heard, "09"), 2U);
    EXPECT_EQ(refreshed_in(heard.at(2)), 456U);
    EXPECT_EQ(refreshed_in(heard.at(3)), 44U);
}

TEST_F(NeoStreams, MirrorRefreshesPeriodically) {
    fill(10);
    EXPECT_EQ(bench.say(1, mirror(false, false, "02 00*3")), (Heard{"1:fd", "1:05"}));
    for (int round = 0; round < 3; ++round) {
        bench.pass(std::chrono::milliseconds{1999});
        EXPECT_EQ(again(), (Heard{}));
        bench.pass(std::chrono::milliseconds{1});
        const Heard heard = again();
        ASSERT_EQ(heard.size(), 1U);
        EXPECT_EQ(refreshed_in(heard[0]), 10U);
    }
}

TEST_F(NeoStreams, MirrorTellsNothingWhileSuspendedAndAllOfItLater) {
    fill(10);
    bench.say(1, mirror(true, false, "01 00*3"));
    for (int i = 0; i < 3; ++i) {
        bench.put("chan", 5, "new");
        bench.pass(std::chrono::seconds{1});
        EXPECT_EQ(again(), (Heard{}));
    }
    Heard heard = bench.say(1, resume);
    EXPECT_EQ(heard.front(), "1:04");
    EXPECT_EQ(count_of(heard, "07"), 3U);
    EXPECT_EQ(count_of(heard, "09"), 1U);
    // The Mirror continues. In the originals it ends here.
    bench.put("chan", 5, "newer");
    EXPECT_EQ(count_of(again(), "07"), 1U);
    bench.pass(std::chrono::seconds{1});
    EXPECT_EQ(count_of(again(), "09"), 1U);
}

TEST_F(NeoStreams, MirrorSaysOnceThatUpdatesWereLost) {
    Bench small{{}, {.mirror_queue_max = 5}};
    small.open();
    small.say(1, mirror());
    for (std::uint64_t key = 0; key < 9; ++key) small.put("chan", key, "v");
    const Heard heard = small.hear();
    EXPECT_EQ(count_of(heard, "07"), 5U);
    EXPECT_EQ(heard.back(), "1:0b");
    EXPECT_EQ(small.hear(), (Heard{}));
}

TEST(NeoMirrors, OfOneConnectionShareWhatMayWait) {
    SessionLimits limits;
    limits.held_bytes_max = 10 * 16;  // ten updates
    Bench bench(limits);
    bench.open();
    bench.say(1, mirror(true));
    bench.say(2, mirror(true));
    for (std::uint64_t key = 0; key < 20; ++key) bench.put("chan", key, "v");
    EXPECT_EQ(bench.session->end(), SessionEnd::none) << "a Mirror has a word for it";
    Heard heard = bench.say(1, resume);
    const Heard second = bench.say(2, resume);
    heard.insert(heard.end(), second.begin(), second.end());
    EXPECT_EQ(count_of(heard, "07"), 10U);
    EXPECT_EQ(count_of(heard, "0b"), 2U);
    bench.put("chan", 50, "later");
    EXPECT_EQ(count_of(bench.hear(), "07"), 2U) << "what was told is no longer kept";
}

TEST_F(NeoStreams, MirrorSaysItAtMostOnceASecondAndNeverForgets) {
    Bench small{{}, {.mirror_queue_max = 5}};
    small.open();
    small.say(1, mirror());
    for (int i = 0; i < 2; ++i) {
        for (std::uint64_t key = 0; key < 9; ++key) small.put("chan", key, "v");
        EXPECT_EQ(count_of(small.hear(), "0b"), i == 0 ? 1U : 0U);
    }
    small.pass(std::chrono::milliseconds{999});
    EXPECT_EQ(small.hear(), (Heard{}));
    small.pass(std::chrono::milliseconds{1});
    EXPECT_EQ(small.hear(), (Heard{"1:0b"}));
}

TEST_F(NeoStreams, MirrorEndsWithItsChannel) {
    bench.say(2, mirror());
    bench.put("chan", 1, "v");
    const Heard heard = bench.say(3, "09 00 | " + std::string(chan));
    EXPECT_EQ(count_of(heard, "0a"), 1U);
    EXPECT_EQ(bench.say(2, stop), (Heard{}));  // too late, so there is no answer
    bench.say(2, ack);
    EXPECT_EQ(bench.session->active_requests(), 0U);
    EXPECT_FALSE(bench.session->over());
}

TEST_F(NeoStreams, MirrorHearsOfItsChannelsEndInEveryState) {
    bench.say(1, mirror(true));  // suspended without queued updates: reported at once, as in the originals
    bench.remove_channel("chan");
    EXPECT_EQ(again(), (Heard{"1:0a"}));

    Bench queued;
    queued.open();
    queued.say(1, mirror(true));
    queued.put("chan", 1, "v");
    queued.remove("chan", 1);
    queued.remove_channel("chan");
    EXPECT_EQ(queued.hear(), (Heard{}));
    EXPECT_EQ(queued.say(1, resume), (Heard{"1:04", "1:" + hex(bytes("08 01 00*7")), "1:0a"}));

    Bench refreshing;
    refreshing.open();
    for (std::uint64_t key = 0; key < 2000; ++key) refreshing.put("chan", key, std::string(100, 'v'));
    refreshing.session->on_bytes(framed(1, mirror(false, true)), refreshing.now, UnixSeconds{0});
    refreshing.turn(20000);
    refreshing.remove_channel("chan");
    EXPECT_EQ(refreshing.hear().back(), "1:0a");
}

TEST_F(NeoStreams, MirrorInterleavesUpdatesAndRefresh) {
    fill(1500, 128);
    bench.session->on_bytes(framed(1, mirror(false, true)), bench.now, UnixSeconds{0});
    std::size_t refreshed = 0, updates = 0;
    for (int i = 0; i < 200; ++i) {
        for (std::uint64_t key = 0; key < 20; ++key) bench.put("chan", key, "v");
        for (const std::string& message : messages_of(bench.turn(4000))) {
            if (kind_of(message) == "09") refreshed += refreshed_in(message);
            if (kind_of(message) == "07") ++updates;
        }
    }
    EXPECT_GT(updates, 500U);
    EXPECT_GE(refreshed, 1500U);
}

TEST_F(NeoStreams, MirrorStops) {
    bench.say(1, mirror(false, false, "01 00*3"));
    EXPECT_EQ(bench.say(1, stop), (Heard{"1:04"}));
    EXPECT_EQ(bench.records.listener_count(Channel::parse("chan").value()), 0U);
    bench.put("chan", 1, "v");
    bench.pass(std::chrono::seconds{2});
    EXPECT_EQ(again(), (Heard{}));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::neo
