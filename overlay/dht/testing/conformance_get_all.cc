// Conformance cases: GetAll, from the transcript of one record to a stream with control messages.
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp::neo {

// ---- a GetAll and its messages ----

RequestId begin_scan(CaseRun& t, Peer& peer, const GetAllRequest& request) {
    const RequestId id =
        t.start_with(peer, [&](std::string& out, RequestId i) { encode_get_all(out, i, request); });
    t.expect_answer(peer, id, GetAllCode::started, "GetAll");
    return id;
}

GetAllCode scan_step(CaseRun& t, Peer& peer, RequestId id, bool keys_only, Scanned& so_far) {
    const std::string payload = t.message(peer, id, "GetAll");
    const auto decoded = decode_get_all_answer(payload);
    const auto* answer = std::get_if<GetAllAnswer>(&decoded);
    if (!answer) {
        t.fail("GetAll: a message it does not have: " + hex_of(payload));
        return GetAllCode::error;
    }
    so_far.finished = so_far.finished || answer->code == GetAllCode::finished;
    if (answer->code != GetAllCode::record_batch) return answer->code;
    ++so_far.batches;
    std::string plain;
    t.expect(unpack(answer->batch, batch_bytes, plain), "GetAll: a batch that cannot be unpacked");
    RecordBatchReader reader(plain, keys_only);
    while (const auto record = reader.next()) {
        so_far.order.push_back(value_of(record->key));
        so_far.duplicates += so_far.records.emplace(value_of(record->key), record->value).second ? 0U : 1U;
    }
    t.expect(!reader.failed(), "GetAll: a batch that ends in the middle of a record");
    return answer->code;
}

void acknowledge(CaseRun& t, Peer& peer, RequestId id) { t.say_to(peer, id, octets({4})); }

Scanned scan(CaseRun& t, Peer& peer, const GetAllRequest& request) {
    Scanned all;
    const RequestId id = begin_scan(t, peer, request);
    while (!all.finished && !t.over()) {
        const GetAllCode code = scan_step(t, peer, id, request.keys_only, all);
        t.expect(code == GetAllCode::record_batch || code == GetAllCode::finished,
                 "GetAll: an unexpected message " + std::to_string(static_cast<int>(code)));
    }
    acknowledge(t, peer, id);
    return all;
}

void expect_records(CaseRun& t, const Scanned& scanned, const Records& wanted, std::string_view what) {
    const std::string begin(what);
    t.expect(scanned.duplicates == 0, begin + ": " + std::to_string(scanned.duplicates) + " records came twice");
    t.expect(scanned.records.size() == wanted.size(), begin + ": " + std::to_string(scanned.records.size()) +
                                                          " records instead of " + std::to_string(wanted.size()));
    t.expect(scanned.records == wanted, begin + ": other records than were put");
}

namespace {

constexpr Bytes channel = test_channel;
const GetAllRequest whole{false, channel, false, 0, false, {}};

// 1000 records of 8 KiB that do not compress, so that nodes have to wait for their clients.
Records bulky(CaseRun& t, std::size_t value_bytes = 8192) {
    Records all;
    for (std::uint64_t key = 0; key < 1000; ++key) {
        std::string& value = all[key];
        value.reserve(value_bytes);
        while (value.size() < value_bytes) value += number_of(t.random());
    }
    return all;
}

// 32 MiB of records. The buffers of two kernels hold less, so a node cannot have sent everything when it gets a
// control message that was sent at the beginning.
constexpr std::size_t bulkier = 32768;

void get_all_blocking(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = bulky(t);
    t.put_all(peer, records);
    expect_records(t, scan(t, peer), records, "GetAll of 1000 records of 8 KiB");
}

// Takes messages up to the Ack, which must come before Finished: a node must have more to send when this is
// called.
void ask_control(CaseRun& t, Peer& peer, RequestId id, Control control, Scanned& all) {
    constexpr std::array<std::string_view, 4> names = {"", "Suspend", "Resume", "Stop"};
    t.say_to(peer, id, octets({static_cast<int>(control)}));
    while (!t.over()) {
        if (scan_step(t, peer, id, false, all) == GetAllCode::ack) return;
        t.expect(!all.finished, "GetAll: Finished came, and no Ack of " +
                                    std::string(names[static_cast<std::size_t>(control)]) + " before it");
    }
}

void get_all_suspend(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = bulky(t, bulkier);
    t.put_all(peer, records);
    Scanned all;
    const RequestId id = begin_scan(t, peer, whole);
    ask_control(t, peer, id, Control::suspend, all);
    // Besides the batches under way, one more may have been in preparation.
    t.pass_quiet();
    while (!t.over() && t.has_message(peer, id)) scan_step(t, peer, id, false, all);
    const std::size_t before = all.order.size();
    t.expect(!all.finished && before < records.size(), "GetAll finished although suspended");
    t.pass(std::chrono::milliseconds{500});
    t.expect(!t.has_message(peer, id), "GetAll went on although suspended");
    ask_control(t, peer, id, Control::resume, all);
    while (!t.over() && !all.finished) scan_step(t, peer, id, false, all);
    acknowledge(t, peer, id);
    expect_records(t, all, records, "a GetAll that was suspended and resumed");
}

void get_all_connection_error(CaseRun& t) {
    Peer& first = t.open();
    const Records records = bulky(t);
    t.put_all(first, records);
    Scanned all;
    const RequestId id = begin_scan(t, first, whole);
    while (!t.over() && all.records.size() < 500) scan_step(t, first, id, false, all);
    t.hang_up(first);
    if (t.over()) return;
    Peer& second = t.open();
    const RequestId again = begin_scan(t, second, {false, channel, true, all.order.back(), false, {}});
    while (!t.over() && !all.finished) scan_step(t, second, again, false, all);
    acknowledge(t, second, again);
    expect_records(t, all, records, "a GetAll continued on another connection");
}

void predefined(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = {{0, "record 0"}, {1, "record 1"}, {2, "record 2"}};
    for (const auto& record : records) t.put(peer, record.first, record.second);
    expect_records(t, scan(t, peer), records, "GetAll of three records");
}

void one_record(CaseRun& t, bool keys_only) {
    Peer& peer = t.open();
    t.put(peer, 0x1122334455667788, "hello");
    const RequestId id = begin_scan(t, peer, {false, channel, false, 0, keys_only, {}});
    const std::string payload = t.message(peer, id, "GetAll");
    const auto decoded = decode_get_all_answer(payload);
    const auto* answer = std::get_if<GetAllAnswer>(&decoded);
    t.expect(answer && answer->code == GetAllCode::record_batch, "GetAll: no batch but " + hex_of(payload));
    if (t.over()) return;
    const std::string wanted =
        number_of(8) + number_of(0x1122334455667788) + (keys_only ? std::string() : array_of("hello"));
    std::string plain;
    t.expect(unpack(answer->batch, batch_bytes, plain), "the batch cannot be unpacked");
    t.expect(plain == wanted, "the batch holds " + hex_of(plain) + " instead of " + hex_of(wanted));
    t.expect_code(peer, id, 8, "GetAll, Finished");
    acknowledge(t, peer, id);
}

void empty_channel(CaseRun& t, bool suspended) {
    Peer& peer = t.open();
    const RequestId id = begin_scan(t, peer, {suspended, channel, false, 0, false, {}});
    t.expect_message(peer, id, octets({7}) + array_of(number_of(0) + octets({0x11, 0, 0})), "the empty batch");
    t.expect_code(peer, id, 8, "GetAll of nothing, Finished");
    acknowledge(t, peer, id);
}

void filter(CaseRun& t) {
    Peer& peer = t.open();
    for (const auto& record : Records{{1, "needle"}, {2, "hay needle hay"}, {3, "hay"}, {4, "need"}, {5, ""}})
        t.put(peer, record.first, record.second);
    expect_records(t, scan(t, peer, {false, channel, false, 0, false, "needle"}),
                   {{1, "needle"}, {2, "hay needle hay"}}, "GetAll with a filter");
    expect_records(t, scan(t, peer, {false, channel, false, 0, true, "needle"}), {{1, ""}, {2, ""}},
                   "GetAll of keys with a filter");
    expect_records(t, scan(t, peer, {false, channel, false, 0, false, "nowhere"}), {}, "a filter nothing passes");
}

void any_true(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 1, "v");
    const RequestId id = t.start(
        peer, octets({5, 0, 0}) + array_of(channel) + octets({0}) + number_of(0) + octets({7}) + number_of(0));
    t.expect_answer(peer, id, GetAllCode::started, "GetAll with 7 for true");
    Scanned all;
    while (!t.over() && !all.finished) scan_step(t, peer, id, true, all);
    acknowledge(t, peer, id);
    expect_records(t, all, {{1, ""}}, "GetAll of keys, said by a 7");
}

void continuing(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = sequential(100);
    t.put_all(peer, records);
    const Scanned all = scan(t, peer);
    expect_records(t, all, records, "GetAll");
    for (const std::size_t at : {std::size_t{0}, std::size_t{50}, std::size_t{99}}) {
        if (t.over()) return;
        const Scanned rest = scan(t, peer, {false, channel, true, all.order[at], false, {}});
        const std::vector<std::uint64_t> wanted(all.order.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                                                all.order.end());
        t.expect(rest.order == wanted, "GetAll behind record " + std::to_string(at) + " gave " +
                                           std::to_string(rest.order.size()) + " records instead of the " +
                                           std::to_string(wanted.size()) + " that follow it");
    }
}

void continuing_behind_removed(CaseRun& t) {
    Peer& peer = t.open();
    t.put_all(peer, sequential(100));
    const Scanned all = scan(t, peer);
    t.expect(all.order.size() == 100, "GetAll gave " + std::to_string(all.order.size()) + " records of 100");
    if (t.over()) return;
    t.remove(peer, all.order[50]);
    const Scanned rest = scan(t, peer, {false, channel, true, all.order[50], false, {}});
    t.expect(rest.order.size() == 49,
             "behind a removed key came " + std::to_string(rest.order.size()) + " records instead of 49");
}

void start_suspended(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = bulky(t);
    t.put_all(peer, records);
    const RequestId id = begin_scan(t, peer, {true, channel, false, 0, false, {}});
    t.expect_silence(peer, id, "a GetAll that starts suspended");
    Scanned all;
    ask_control(t, peer, id, Control::resume, all);
    while (!t.over() && !all.finished) scan_step(t, peer, id, false, all);
    acknowledge(t, peer, id);
    expect_records(t, all, records, "a GetAll that started suspended");
}

void stop(CaseRun& t) {
    Peer& peer = t.open();
    t.put_all(peer, bulky(t));
    Scanned all;
    const RequestId id = begin_scan(t, peer, {true, channel, false, 0, false, {}});
    ask_control(t, peer, id, Control::stop, all);
    t.expect(!all.finished, "a stopped GetAll said Finished");
    t.expect_silence(peer, id, "a stopped GetAll");
    // The id is free: its next message begins a request.
    t.say_to(peer, id, octets({7, 0}) + array_of(channel) + number_of(5));
    t.expect_answer(peer, id, ExistsAnswer::exists, "Exists with the id of a stopped GetAll");
}

void stop_midway(CaseRun& t) {
    Peer& peer = t.open();
    t.put_all(peer, bulky(t, bulkier));
    Scanned all;
    const RequestId id = begin_scan(t, peer, whole);
    ask_control(t, peer, id, Control::stop, all);
    t.expect_silence(peer, id, "a stopped GetAll");
    t.say_to(peer, id, octets({7, 0}) + array_of(channel) + number_of(5));
    t.expect_answer(peer, id, ExistsAnswer::exists, "Exists with the id of a stopped GetAll");
}

void late_control(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 1, "v");
    Scanned all;
    const RequestId id = begin_scan(t, peer, whole);
    while (!t.over() && !all.finished) scan_step(t, peer, id, false, all);
    for (const int control : {1, 2, 3}) t.say_to(peer, id, octets({control}));
    t.expect_silence(peer, id, "controls after Finished");
    acknowledge(t, peer, id);
    t.expect_alive(peer, "after controls that came too late");
}

void no_acknowledgement(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 1, "v");
    Scanned all;
    const RequestId id = begin_scan(t, peer, whole);
    while (!t.over() && !all.finished) scan_step(t, peer, id, false, all);
    expect_records(t, scan(t, peer), {{1, "v"}}, "another GetAll while one is not acknowledged");
    acknowledge(t, peer, id);
    t.pass_quiet();
    t.say_to(peer, id, octets({7, 0}) + array_of(channel) + number_of(1));
    t.expect_answer(peer, id, ExistsAnswer::exists, "Exists with the id of an acknowledged GetAll");
}

void repeated_controls(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = bulky(t);
    t.put_all(peer, records);
    Scanned all;
    const RequestId id = begin_scan(t, peer, {true, channel, false, 0, false, {}});
    ask_control(t, peer, id, Control::suspend, all);
    ask_control(t, peer, id, Control::suspend, all);
    ask_control(t, peer, id, Control::resume, all);
    while (!t.over() && !all.finished) scan_step(t, peer, id, false, all);
    acknowledge(t, peer, id);
    expect_records(t, all, records, "a GetAll suspended twice and resumed once");
}

void two_controls_at_once(CaseRun& t) {
    Peer& peer = t.open();
    t.put_all(peer, bulky(t));
    const RequestId id = begin_scan(t, peer, {true, channel, false, 0, false, {}});
    const std::string suspend = frame_of(1, number_of(id) + octets({1}));
    t.say(peer, suspend + suspend);
    t.wait([&] { return peer.ended; }, "the end of a connection with two controls at once");
}

void bad_control(CaseRun& t) {
    for (const int control : {0, 4, 5, 77}) {
        Peer& peer = t.open();
        t.put_all(peer, {{1, "a"}, {2, "b"}});
        const RequestId id = begin_scan(t, peer, {true, channel, false, 0, false, {}});
        t.say_to(peer, id, octets({control}));
        t.wait([&] { return peer.ended; }, "the end of a connection with control " + std::to_string(control));
    }
}

void gets_meanwhile(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = bulky(t);
    t.put_all(peer, records);
    Scanned all;
    const RequestId id = begin_scan(t, peer, whole);
    const auto value = t.get(peer, 7);
    t.expect(value == records.at(7), "Get beside a GetAll gives another value");
    while (!t.over() && !all.finished) scan_step(t, peer, id, false, all);
    acknowledge(t, peer, id);
    expect_records(t, all, records, "a GetAll with a Get beside it");
}

}  // namespace

void add_get_all_cases(std::vector<ConformanceCase>& cases) {
    const std::vector<ConformanceCase> mine = {
        {"get_all.predefined", "three records are put, and GetAll returns these three", predefined},
        {"dhttest.get_all_blocking", "1000 records of 8 KiB come once each", get_all_blocking},
        {"dhttest.get_all_suspend", "a suspended GetAll is silent, a resumed one complete", get_all_suspend},
        {"dhttest.get_all_connection_error", "after a lost connection it continues without duplicates",
         get_all_connection_error},
        {"get_all.one_record", "the bytes of a batch of one record", [](CaseRun& t) { one_record(t, false); }},
        {"get_all.one_key", "the bytes of a batch of one key", [](CaseRun& t) { one_record(t, true); }},
        {"get_all.empty", "an empty channel gives one empty batch, then Finished",
         [](CaseRun& t) { empty_channel(t, false); }},
        {"get_all.empty_suspended", "a suspended GetAll of an empty channel finishes",
         [](CaseRun& t) { empty_channel(t, true); }},
        {"get_all.filter", "only values that contain the filter come", filter},
        {"get_all.any_true", "every byte but 0 is true", any_true},
        {"get_all.continuing", "it continues strictly after a key", continuing},
        {"get_all.continuing_behind_removed", "it continues after a key that was removed",
         continuing_behind_removed},
        {"get_all.start_suspended", "a GetAll that begins suspended waits for Resume", start_suspended},
        {"get_all.stop", "after the Ack of Stop nothing comes and the id is free", stop},
        {"get_all.stop_midway", "stopped between two batches, nothing comes and the id is free", stop_midway},
        {"get_all.late_control", "control messages after Finished are ignored", late_control},
        {"get_all.no_acknowledgement", "without the last Ack the id stays in use and the connection works",
         no_acknowledgement},
        {"get_all.repeated_controls", "Suspend while suspended is acknowledged and changes nothing",
         repeated_controls},
        {"get_all.two_controls_at_once", "a control before the Ack of the last one ends the connection",
         two_controls_at_once},
        {"get_all.bad_control", "an unknown control, or an Ack out of turn, ends the connection", bad_control},
        {"get_all.gets_meanwhile", "a Get is answered while a long GetAll runs", gets_meanwhile},
    };
    cases.insert(cases.end(), mine.begin(), mine.end());
}

}  // namespace halp::neo
