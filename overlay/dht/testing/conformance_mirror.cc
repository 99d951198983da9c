// Conformance cases: Mirror.
#include <algorithm>
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/testing/mirror_follower.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp::neo {
namespace {

using namespace mirror_follower;

using std::chrono::milliseconds;
using std::chrono::seconds;

Records equal(std::size_t count, std::size_t bytes) {
    Records all;
    for (std::uint64_t key = 0; key < count; ++key) all[key] = std::string(bytes, '\0');
    return all;
}

// ---- the original's cases ----

void mirror_remove(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    t.put_all(writer, equal(100, 128));
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 0);
    t.remove_all(writer, {0, 1, 2, 3, 4});
    take_until(t, peer, id, seen, [&] { return seen.deleted.size() == 5; });
    control(t, peer, id, Control::stop, seen);
    expect_counts(t, seen, 0, 5, 0);
    std::ranges::sort(seen.deleted);
    t.expect(seen.deleted == std::vector<std::uint64_t>{0, 1, 2, 3, 4}, "Mirror: other records were deleted");
}

void mirror_update(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 0);
    const Records records = sequential(100);
    t.put_all(writer, records);
    take_until(t, peer, id, seen, [&] { return seen.changed.size() == 100; });
    control(t, peer, id, Control::stop, seen);
    expect_counts(t, seen, 100, 0, 0);
    for (const Update& update : seen.changed)
        t.expect(records.contains(update.key) && records.at(update.key) == update.value,
                 "Mirror: another value than was put");
}

void mirror_connection_error(CaseRun& t) {
    Peer& first = t.open();
    t.put_all(first, equal(100, 128));
    Seen seen;
    RequestId id = begin(t, first, false, true, 0);
    take_until(t, first, id, seen, [&] { return seen.refreshed.size() >= 100; });
    t.hang_up(first);
    if (t.over()) return;
    Peer& second = t.open();
    id = begin(t, second, false, true, 0);
    take_until(t, second, id, seen, [&] { return seen.refreshed.size() >= 200; });
    control(t, second, id, Control::stop, seen);
    expect_counts(t, seen, 0, 0, 200);
}

void mirror_suspend(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 0);
    control(t, peer, id, Control::suspend, seen);
    t.put_all(writer, equal(1000, 16384));
    take_rest(t, peer, id, seen);
    t.expect(seen.changed.size() <= 1, "Mirror: changes were told although suspended");
    control(t, peer, id, Control::resume, seen);
    take_until(t, peer, id, seen, [&] { return seen.changed.size() >= 1000; });
    control(t, peer, id, Control::stop, seen);
    expect_counts(t, seen, 1000, 0, 0);
    std::set<std::uint64_t> keys;
    for (const Update& update : seen.changed) keys.insert(update.key);
    t.expect(keys.size() == 1000, "Mirror: a change was told twice");
}

void mirror_refresh(CaseRun& t) {
    Peer& peer = t.open();
    t.put_all(peer, equal(1000, 128));
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 1);
    take_until(t, peer, id, seen, [&] { return seen.refreshed.size() >= 3000; });
    control(t, peer, id, Control::stop, seen);
    expect_counts(t, seen, 0, 0, 3000);
}

void mirror_refresh_suspend(CaseRun& t) {
    Peer& peer = t.open();
    t.put_all(peer, equal(500, 128));
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 1);
    control(t, peer, id, Control::suspend, seen);
    t.pass(milliseconds{2500});
    t.expect(!t.has_message(peer, id), "Mirror: a refresh came although suspended");
    control(t, peer, id, Control::resume, seen);
    take_until(t, peer, id, seen, [&] { return seen.refreshed.size() >= 1500; });
    control(t, peer, id, Control::stop, seen);
    expect_counts(t, seen, 0, 0, 1500);
}

void expect_id_is_free(CaseRun& t, Peer& peer, RequestId id) {
    t.say_to(peer, id, octets({7, 0}) + array_of(test_channel) + number_of(1));
    t.expect_answer(peer, id, ExistsAnswer::no_record, "Exists with the id of a Mirror that has ended");
}

void mirror_remove_channel(CaseRun& t) {
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 0);
    t.remove_channel(peer);
    take_until(t, peer, id, seen, [&] { return seen.removed > 0; });
    expect_counts(t, seen, 0, 0, 0);
    t.say_to(peer, id, octets({4}));
    t.expect_silence(peer, id, "Mirror after its end");
    expect_id_is_free(t, peer, id);
}

// ---- our cases ----

void bytes_of_updates(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    const RequestId id = begin(t, peer, false, false, 0);
    t.put(writer, 2, "xy");
    t.expect_message(peer, id, octets({7}) + number_of(2) + array_of("xy"), "RecordChanged");
    t.expect(t.remove(writer, 2), "Remove does not find the record");
    t.expect_message(peer, id, octets({8}) + number_of(2), "RecordDeleted");
    t.expect(!t.remove(writer, 2), "Remove finds a record twice");
    t.expect_silence(peer, id, "Mirror after a Remove of nothing");
    t.put(writer, 3, "");
    t.expect_message(peer, id, octets({7}) + number_of(3) + array_of(""), "RecordChanged to nothing");
}

void updates_are_changes(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    const RequestId id = begin(t, peer, false, false, 0);
    const std::string ask = octets({10, 0, 2}) + array_of(test_channel) + number_of(1);
    t.expect_answer(writer, t.start(writer, ask + number_of(0) + array_of("new")), UpdateCode::ok, "Update");
    t.expect_message(peer, id, octets({7}) + number_of(1) + array_of("new"), "RecordChanged by Update");
    t.expect_answer(writer, t.start(writer, ask + number_of(0) + array_of("lost")), UpdateCode::conflict, "Update");
    t.expect_silence(peer, id, "Mirror after an Update that was refused");
}

void mirror_start_suspended(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, true, false, 0);
    t.put(writer, 1, "one");
    t.put(writer, 2, "two");
    t.remove(writer, 1);
    t.expect_silence(peer, id, "a Mirror that starts suspended");
    control(t, peer, id, Control::resume, seen);
    take_rest(t, peer, id, seen);
    // The change of a record that is gone is not reported; its removal is.
    t.expect(seen.changed == std::vector<Update>{{2, "two"}}, "Mirror: other changes than those that count");
    t.expect(seen.deleted == std::vector<std::uint64_t>{1}, "Mirror: the removal was not told");
}

void newest_value(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, true, false, 0);
    t.put(writer, 1, "old");
    t.put(writer, 1, "new");
    control(t, peer, id, Control::resume, seen);
    take_rest(t, peer, id, seen);
    t.expect(!seen.changed.empty() && seen.changed.back() == Update{1, "new"},
             "Mirror: the newest value is not told");
}

void refresh_batches(CaseRun& t) {
    Peer& peer = t.open();
    t.put_all(peer, equal(500, 128));
    Seen seen;
    const RequestId id = begin(t, peer, false, true, 0);
    take_until(t, peer, id, seen, [&] { return seen.refreshed.size() >= 500; });
    t.expect(seen.batches == 2, "Mirror: 500 records of 144 bytes came in " + std::to_string(seen.batches) +
                                    " batches instead of 2 (456 and 44)");
    take_rest(t, peer, id, seen);
    expect_counts(t, seen, 0, 0, 500);
}

void refresh_skips_large(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 1, std::string(65520, 'a'));
    t.put(peer, 2, "small");
    const RequestId id = t.start_with(peer, [](std::string& out, RequestId i) {
        encode_put(out, i, {test_channel, 3, std::string(65521, 'b')});
    });
    t.expect_supported(peer, id, "Put of 65521 bytes");
    t.message(peer, id, "Put of 65521 bytes");
    Seen seen;
    const RequestId mirror = begin(t, peer, false, true, 0);
    take_until(t, peer, mirror, seen, [&] { return seen.refreshed.size() >= 2; });
    take_rest(t, peer, mirror, seen);
    expect_counts(t, seen, 0, 0, 2);
}

void double_suspension(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    t.put(writer, 1, "one");
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 1);
    control(t, peer, id, Control::suspend, seen);
    t.pass(milliseconds{1300});  // a refresh is due
    t.put(writer, 2, "two");     // and then an update
    control(t, peer, id, Control::resume, seen);
    take_until(t, peer, id, seen, [&] { return !seen.changed.empty() && !seen.refreshed.empty(); });
    t.put(writer, 3, "three");
    take_until(t, peer, id, seen, [&] { return seen.changed.size() >= 2; });
    const std::size_t before = seen.batches;
    take_until(t, peer, id, seen, [&] { return seen.batches > before; });
    control(t, peer, id, Control::stop, seen);
}

// The other order: the update arrives during the suspension, and the refresh falls due after it.
void double_suspension_update_first(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    t.put(writer, 1, "one");
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 1);
    control(t, peer, id, Control::suspend, seen);
    t.put(writer, 2, "two");
    t.pass(milliseconds{1300});
    control(t, peer, id, Control::resume, seen);
    take_until(t, peer, id, seen, [&] { return !seen.changed.empty() && seen.batches >= 2; });
    t.put(writer, 3, "three");
    take_until(t, peer, id, seen, [&] { return seen.changed.size() >= 2; });
    control(t, peer, id, Control::stop, seen);
}

// The capacity of a Mirror's queue in updates (the original's constant, which mistakes bytes for updates).
constexpr std::size_t queued_max = 262'144;

void overflow(CaseRun& t) {
    constexpr std::size_t keys = 4096;
    Peer& writer = t.open();
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, true, false, 0);
    const Records records = sequential(keys);
    for (std::size_t puts = 0; puts < queued_max && !t.over(); puts += keys) t.put_all(writer, records);
    t.put(writer, keys, "one too many");
    t.put(writer, keys, "and another");
    control(t, peer, id, Control::resume, seen);
    take_until(t, peer, id, seen, [&] { return seen.overflows > 0 || seen.changed.size() > queued_max; });
    t.expect(seen.changed.size() == queued_max, "Mirror: " + std::to_string(seen.changed.size()) +
                                                    " changes of a queue of " + std::to_string(queued_max));
    take_rest(t, peer, id, seen);
    t.expect(seen.overflows == 1, "Mirror: one overflow was told more than once");
    t.put(writer, 7, "after");
    take_until(t, peer, id, seen, [&] { return seen.changed.size() > queued_max; });
    t.expect(t.over() || seen.changed.back() == Update{7, "after"},
             "Mirror: after an overflow another change came");
}

// A Mirror that waits with its refresh for a slow reader must still report that its channel is gone.
void removal_while_refreshing(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    t.put_all(writer, equal(1000, 16384));
    Seen seen;
    const RequestId id = begin(t, peer, false, true, 1);
    t.remove_channel(writer);
    take_until(t, peer, id, seen, [&] { return seen.removed > 0; });
    t.say_to(peer, id, octets({4}));
    t.expect_silence(peer, id, "a Mirror that has ended");
    t.expect_alive(peer, "after a Mirror has ended");
}

// A control message right before the removal. Either both are answered or the removal only: a control message that
// arrives when the node is about to send ChannelRemoved is ignored.
void removal_before_ack(CaseRun& t) {
    for (const Control word : {Control::suspend, Control::resume}) {
        Peer& peer = t.open();
        Seen seen;
        const RequestId id = begin(t, peer, word == Control::resume, false, 0), removal = t.next_id();
        std::string out = frame_of(1, number_of(id) + octets({static_cast<int>(word)}));
        encode_remove_channel(out, removal, test_channel);
        t.say(peer, out);
        t.expect_answer(peer, removal, RemoveChannelAnswer::removed, "RemoveChannel right behind a control");
        t.pass_quiet();
        if (seen.removed == 0 && !t.has_message(peer, id))
            return t.fail("Mirror: neither an Ack nor ChannelRemoved");
        take_rest(t, peer, id, seen);
        // A suspension may delay the report until it ends.
        if (word == Control::suspend && seen.removed == 0) t.say_to(peer, id, octets({2}));
        take_until(t, peer, id, seen, [&] { return seen.removed > 0; });
        t.expect(seen.acks <= 2, "Mirror: more Acks than controls");
        expect_counts(t, seen, 0, 0, 0);
        t.say_to(peer, id, octets({4}));
        t.expect_silence(peer, id, "a Mirror that has ended");
        expect_id_is_free(t, peer, id);
    }
}

// Between ChannelRemoved and the client's Ack the request is over but its id is not free. The channel may be
// created and removed again meanwhile.
void removal_not_acknowledged(CaseRun& t) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 1);
    t.remove_channel(writer);
    take_until(t, peer, id, seen, [&] { return seen.removed > 0; });
    t.put(writer, 1, "again");
    for (const int word : {1, 2, 3}) t.say_to(peer, id, octets({word}));
    t.remove_channel(writer);
    t.pass(milliseconds{1200});  // a refresh would be due
    t.expect_silence(peer, id, "a Mirror after ChannelRemoved");
    t.expect_alive(peer, "a connection whose Mirror is not acknowledged");
    t.say_to(peer, id, octets({4}));
    t.pass_quiet();
    expect_id_is_free(t, peer, id);
}

void removal_while_suspended(CaseRun& t, bool queued) {
    Peer& writer = t.open();
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, true, false, 0);
    if (queued) t.put(writer, 1, "one");
    t.remove_channel(writer);
    take_rest(t, peer, id, seen);
    // Either at once, despite the suspension, or at its end.
    if (seen.removed == 0) {
        t.say_to(peer, id, octets({2}));
        take_until(t, peer, id, seen, [&] { return seen.removed > 0; });
    }
    t.say_to(peer, id, octets({4}));
    t.expect_alive(peer, "after a Mirror has ended");
}

void two_mirrors(CaseRun& t) {
    Peer& one = t.open();
    Peer& other = t.open();
    const RequestId a = begin(t, one, false, false, 0), b = begin(t, one, false, false, 0);
    const RequestId c = begin(t, other, false, false, 0);
    t.put(one, 1, "v");
    const std::string told = octets({7}) + number_of(1) + array_of("v");
    t.expect_message(one, a, told, "the first Mirror");
    t.expect_message(one, b, told, "the second Mirror of this connection");
    t.expect_message(other, c, told, "the Mirror of another connection");
}

void own_channel_only(CaseRun& t) {
    Peer& peer = t.open();
    const RequestId id = begin(t, peer, false, false, 0);
    t.put(peer, 1, "elsewhere", "channel1");
    t.expect_silence(peer, id, "Mirror while another channel changes");
    t.remove_channel(peer, "channel1");
    t.expect_silence(peer, id, "Mirror while another channel is removed");
}

void stop_frees_id(CaseRun& t) {
    Peer& peer = t.open();
    Seen seen;
    const RequestId id = begin(t, peer, false, false, 0);
    control(t, peer, id, Control::stop, seen);
    t.put(peer, 1, "v");
    t.expect_silence(peer, id, "a stopped Mirror");
    t.say_to(peer, id, octets({7, 0}) + array_of(test_channel) + number_of(1));
    t.expect_answer(peer, id, ExistsAnswer::exists, "Exists with the id of a stopped Mirror");
}

void mirror_bad_control(CaseRun& t) {
    for (const int what : {0, 4, 5, 77}) {
        Peer& peer = t.open();
        const RequestId id = begin(t, peer, false, false, 0);
        t.say_to(peer, id, octets({what}));
        t.expect_end(peer, "control " + std::to_string(what));
    }
}

}  // namespace

void add_mirror_cases(std::vector<ConformanceCase>& cases) {
    const std::vector<ConformanceCase> mine = {
        {"dhttest.mirror_remove", "five Removes are reported", mirror_remove},
        {"dhttest.mirror_update", "a hundred Puts are reported with their values", mirror_update},
        {"dhttest.mirror_connection_error", "after a lost connection a refresh sends all records again",
         mirror_connection_error},
        {"dhttest.mirror_suspend", "changes during a suspension are reported once, after Resume", mirror_suspend},
        {"dhttest.mirror_refresh", "three periodic refreshes send every record three times", mirror_refresh},
        {"dhttest.mirror_refresh_suspend", "there is no refresh during a suspension, and one after it",
         mirror_refresh_suspend},
        {"dhttest.mirror_remove_channel", "the removal of the channel ends it", mirror_remove_channel},
        {"mirror.bytes", "the bytes of changes and removals", bytes_of_updates},
        {"mirror.update", "a successful Update is reported, a refused one is not", updates_are_changes},
        {"mirror.start_suspended",
         "a Mirror that begins suspended waits for Resume and skips changes of removed records",
         mirror_start_suspended},
        {"mirror.newest_value", "the last report of a record has its newest value", newest_value},
        {"mirror.refresh_batches", "a batch leaves when it has 65536 bytes", refresh_batches},
        {"mirror.refresh_skips_large", "records that fit into no batch are left out", refresh_skips_large},
        {"mirror.double_suspension", "a refresh and then an update during a suspension are both sent after it",
         double_suspension},
        {"mirror.double_suspension_update_first",
         "an update and then a refresh during a suspension are both sent after it", double_suspension_update_first},
        {"mirror.overflow", "of 262146 changes 262144 are reported, then UpdateOverflow, then later changes",
         overflow},
        {"mirror.removal_while_refreshing", "the removal of the channel ends it in the middle of a refresh",
         removal_while_refreshing},
        {"mirror.removal_before_ack", "the removal of the channel right after a control message ends it",
         removal_before_ack},
        {"mirror.removal_not_acknowledged",
         "after ChannelRemoved nothing comes until the client's Ack frees the id", removal_not_acknowledged},
        {"mirror.removal_while_idle_suspended", "the removal of the channel is not lost in a suspension",
         [](CaseRun& t) { removal_while_suspended(t, false); }},
        {"mirror.removal_while_suspended",
         "the removal of the channel is not lost in a suspension with queued changes",
         [](CaseRun& t) { removal_while_suspended(t, true); }},
        {"mirror.two_mirrors", "every Mirror of a channel reports a change", two_mirrors},
        {"mirror.own_channel_only", "a Mirror reports no change of other channels", own_channel_only},
        {"mirror.stop", "after the Ack of Stop nothing comes and the id is free", stop_frees_id},
        {"mirror.bad_control", "an unknown control, or an Ack out of turn, ends the connection",
         mirror_bad_control},
    };
    cases.insert(cases.end(), mine.begin(), mine.end());
}

}  // namespace halp::neo
