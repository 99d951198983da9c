// Conformance cases: many records by the legacy protocol, lists that break, and both protocols beside each other.
// The first seven are those of the original's suite.
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/testing/conformance_legacy_caller.h"

namespace halp::neo {
namespace legacy_cases {
namespace {

void put_bulk(CaseRun& t, const Records& records) {
    LegacyCaller caller(t);
    caller.put_all(records);
    verify(t, caller, records);
}

// Every second one is removed.
void remove_bulk(CaseRun& t, Records records) {
    LegacyCaller caller(t);
    caller.put_all(records);
    verify(t, caller, records);
    Records gone;
    bool odd = false;
    for (auto at = records.begin(); at != records.end();) {
        if ((odd = !odd)) {
            gone.insert(*at);
            at = records.erase(at);
        } else {
            ++at;
        }
    }
    caller.ask_many(Command::remove, gone, [](std::uint64_t) {});
    verify(t, caller, records);
}

void ordered_put(CaseRun& t) { put_bulk(t, sequential(t.options().bulk)); }
void unordered_put(CaseRun& t) { put_bulk(t, spread(t.options().bulk)); }
void ordered_remove(CaseRun& t) { remove_bulk(t, sequential(t.options().bulk)); }
void unordered_remove(CaseRun& t) { remove_bulk(t, spread(t.options().bulk)); }

// The original waits for every record by itself. A node that flushes four times a second gets fewer to wait for.
void batch_listen(CaseRun& t) {
    LegacyCaller putter(t);
    Listening listening(t, putter);
    for (std::uint64_t key = 0; key < 8; ++key) {
        putter.put(key, std::to_string(key));
        listening.expect_change(key, std::to_string(key));
    }
    // At once: in any order, and a key more than once, but none is left out.
    const Records records = sequential(1000);
    putter.put_all(records);
    std::set<std::uint64_t> told;
    while (told.size() < records.size() && !t.over()) {
        const auto item = listening.caller().next(Command::listen);
        if (!item) return t.fail("the Listen ends");
        const auto key = parse_key(item->first);
        t.expect(key && records.contains(value_of(*key)),
                 "the Listen tells a key that was not put: " + item->first);
        if (key) told.insert(value_of(*key));
    }
}

void remove_a_channel(CaseRun& t) {
    LegacyCaller caller(t);
    caller.put(1, "1");
    caller.expect(Command::remove_channel, Status::ok, "RemoveChannel");
    t.expect(caller.get_all(Command::get_all).empty(), "GetAll gives records of a removed channel");
    t.expect(caller.get(1).empty(), "Get gives a record of a removed channel");
}

void mirror_of_removes(CaseRun& t) {
    LegacyCaller caller(t);
    caller.put_all(sequential(100));
    Peer& neo = t.open();
    const RequestId mirror = t.start_with(neo, [](std::string& out, RequestId id) {
        MirrorRequest request;
        request.channel = test_channel;
        request.initial_refresh = false;
        encode_mirror(out, id, request);
    });
    t.expect_answer(neo, mirror, MirrorCode::started, "Mirror");
    for (std::uint64_t key = 0; key < 5; ++key)
        caller.expect(Command::remove, Status::ok, "Remove", test_channel, key);
    for (std::uint64_t key = 0; key < 5; ++key)
        t.expect_message(neo, mirror, octets({8}) + number_of(key), "RecordDeleted of a legacy Remove");
}

// What fills the buffers of two kernels, so that the node is in the middle of it.
Records large() {
    Records records;
    for (std::uint64_t key = 0; key < 512; ++key) {
        std::string& value = records[key];
        std::uint64_t word = key + 1;
        while (value.size() < 32'768) {
            word = word * 6364136223846793005U + 1442695040888963407U;
            value.append(reinterpret_cast<const char*>(&word), sizeof word);
        }
    }
    return records;
}

void get_all_connection_lost(CaseRun& t) {
    LegacyCaller caller(t);
    const Records records = large();
    caller.put_all(records);
    for (int times = 0; times < 3 && !t.over(); ++times) {
        LegacyCaller leaver(t);
        leaver.expect(Command::get_all, Status::ok, "GetAll");
        t.expect(leaver.next(Command::get_all).has_value(), "a GetAll without a single batch");
        t.hang_up(leaver.peer());
    }
    t.expect(caller.get_all(Command::get_all) == records, "behind a lost connection GetAll gives other records");
}

void get_all_beside_get(CaseRun& t) {
    LegacyCaller reader(t), other(t);
    const Records records = large();
    other.put_all(records);
    reader.expect(Command::get_all, Status::ok, "GetAll");
    // The reader takes nothing meanwhile.
    for (std::uint64_t key = 0; key < 10; ++key)
        t.expect(other.get(key) == records.at(key), "Get is not answered rightly while a GetAll runs");
    t.expect(!reader.items(Command::get_all).empty(), "a GetAll without a single batch");
    t.expect(reader.get(1) == records.at(1), "the connection behind its GetAll does not answer");
}

void listen_hung_up(CaseRun& t) {
    LegacyCaller putter(t);
    {
        Listening listening(t, putter);
        t.hang_up(listening.caller().peer());
    }
    for (std::uint64_t key = 0; key < 10; ++key) putter.put(key, "behind a Listen that has gone");
    Listening again(t, putter);
    putter.put(5, "five");
    again.expect_change(5, "five");
}

// What was put at once before the removal may come with its value, or with none, or not at all; then the end.
void listen_removed_with_changes(CaseRun& t) {
    LegacyCaller putter(t);
    Listening listening(t, putter);
    std::string all;
    for (std::uint64_t key = 0; key < 100; ++key)
        all += LegacyCaller::wire(Command::put, test_channel, key, "value");
    putter.say(all + LegacyCaller::wire(Command::remove_channel));
    for (std::uint64_t key = 0; key < 100; ++key) t.expect(putter.hear(Command::put) == 200, "Put fails");
    t.expect(putter.hear(Command::remove_channel) == 200, "RemoveChannel fails");
    for (const auto& item : listening.caller().items(Command::listen))
        t.expect(item.second.empty() || item.second == "value", "the Listen tells another value");
    listening.caller().expect(Command::get_version, Status::ok, "the connection behind its Listen");
}

void same_records(CaseRun& t) {
    LegacyCaller caller(t);
    Peer& neo = t.open();
    Records records = sequential(200);
    caller.put_all(records);
    expect_records(t, scan(t, neo), records, "GetAll by neo of what legacy has put");
    Records more;
    for (std::uint64_t key = 1000; key < 1200; ++key) more[key] = "by neo " + std::to_string(key);
    t.put_all(neo, more);
    records.merge(more);
    verify(t, caller, records);
    t.expect(t.channels(neo).contains(std::string(test_channel)), "GetChannels by neo leaves the channel out");
    caller.expect(Command::remove_channel, Status::ok, "RemoveChannel");
    t.expect(!t.get(neo, 1), "neo finds a record of the channel that legacy has removed");
}

void neo_remove_channel_ends_listen(CaseRun& t) {
    LegacyCaller putter(t);
    Listening listening(t, putter);
    Peer& neo = t.open();
    t.remove_channel(neo);
    t.expect(!listening.caller().next(Command::listen), "after RemoveChannel by neo the Listen goes on");
}

void add_bulk(std::vector<ConformanceCase>& cases) {
    cases.insert(
        cases.end(),
        {{"legacy.ordered_put", "gives back many records that were put in sequence, by every request", ordered_put},
         {"legacy.unordered_put", "gives back many records that were put in no order", unordered_put},
         {"legacy.ordered_remove", "keeps every second of many records when the others are removed",
          ordered_remove},
         {"legacy.unordered_remove", "the same with keys in no order", unordered_remove},
         {"legacy.batch_listen", "tells a Listen each Put by itself, and all of a thousand", batch_listen},
         {"legacy.remove_channel", "has no record of a removed channel", remove_a_channel},
         {"mixed.mirror_remove", "tells a neo Mirror what legacy removes", mirror_of_removes},
         {"legacy.get_all_connection_lost", "goes on when clients leave in the middle of a GetAll",
          get_all_connection_lost},
         {"legacy.get_all_beside_get", "answers others while nobody reads a GetAll", get_all_beside_get},
         {"legacy.listen_hung_up", "goes on when the client of a Listen leaves", listen_hung_up},
         {"legacy.listen_removed_with_changes", "ends a Listen whose channel is removed with changes waiting",
          listen_removed_with_changes},
         {"mixed.same_records", "has the same records by both protocols", same_records},
         {"mixed.neo_remove_channel_ends_listen", "ends a Listen when neo removes its channel",
          neo_remove_channel_ends_listen}});
}

}  // namespace
}  // namespace legacy_cases

void add_legacy_bulk_cases(std::vector<ConformanceCase>& cases) { legacy_cases::add_bulk(cases); }

}  // namespace halp::neo
