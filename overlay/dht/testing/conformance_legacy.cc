// Conformance cases: the legacy protocol, and both protocols over the same records. No case sends what is known to
// end an original node: no malformed batch, no key that is none, no empty filter.
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/testing/conformance_legacy_caller.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/records/key.h"

namespace halp::neo {
namespace legacy_cases {
namespace {

void version(CaseRun& t) {
    LegacyCaller caller(t);
    caller.expect(Command::get_version, Status::ok, "GetVersion");
    t.expect(caller.value == legacy::version_text, "the version is `" + caller.value + "`");
}

void range(CaseRun& t) {
    LegacyCaller caller(t);
    caller.expect(Command::get_responsible_range, Status::ok, "GetResponsibleRange");
    const RangeBounds told = t.hash_range(t.open());
    t.expect(told.min == caller.answer.min && told.max == caller.answer.max,
             "GetResponsibleRange and GetHashRange give two ranges");
}

void put_get(CaseRun& t) {
    LegacyCaller caller(t);
    t.expect(caller.get(7).empty(), "Get finds a record in a channel that is not there");
    t.expect(!caller.exists(7), "Exists finds a record in a channel that is not there");
    caller.put(7, "seven");
    t.expect(caller.get(7) == "seven", "Get gives `" + caller.value + "`");
    t.expect(caller.exists(7), "Exists does not find a record");
    t.expect(caller.get(8).empty(), "Get finds a record that is not there");
    caller.put(7, "other");
    t.expect(caller.get(7) == "other", "Get gives the former value");
}

void remove(CaseRun& t) {
    LegacyCaller caller(t);
    caller.expect(Command::remove, Status::ok, "Remove in a channel that is not there", test_channel, 7);
    caller.put(7, "seven");
    caller.expect(Command::remove, Status::ok, "Remove", test_channel, 7);
    t.expect(!caller.exists(7), "a removed record exists");
    caller.expect(Command::remove, Status::ok, "Remove of a record that is not there", test_channel, 7);
}

void channels(CaseRun& t) {
    LegacyCaller caller(t);
    caller.put(1, "one");
    caller.expect(Command::get_channels, Status::ok, "GetChannels");
    const auto has = [&] {
        bool found = false;
        for (const auto& item : caller.items(Command::get_channels)) found = found || item.first == test_channel;
        return found;
    };
    t.expect(has(), "GetChannels leaves a channel out");
    caller.expect(Command::remove_channel, Status::ok, "RemoveChannel");
    caller.expect(Command::remove_channel, Status::ok, "RemoveChannel of a channel that is not there");
    caller.expect(Command::get_channels, Status::ok, "GetChannels");
    t.expect(!has(), "GetChannels gives a removed channel");
}

void sizes(CaseRun& t) {
    LegacyCaller caller(t);
    caller.expect(Command::get_channel_size, Status::ok, "GetChannelSize of a channel that is not there");
    t.expect(caller.answer.count == 0, "a missing channel has records");
    for (std::uint64_t key = 0; key < 3; ++key) caller.put(key, "value");
    caller.expect(Command::get_channel_size, Status::ok, "GetChannelSize");
    t.expect(caller.answer.count == 3, "GetChannelSize counts " + std::to_string(caller.answer.count));
    caller.expect(Command::get_size, Status::ok, "GetSize");
    t.expect(caller.answer.count >= 3, "GetSize counts " + std::to_string(caller.answer.count));
}

void statuses(CaseRun& t) {
    LegacyCaller caller(t);
    const std::string long_value(200'000, 'v');
    caller.expect(Command::put, Status::bad_channel_name, "Put with a bad channel name, before its value", "a.b", 1,
                  long_value);
    caller.expect(Command::put, Status::bad_channel_name, "Put without a channel name", "", 1, "v");
    caller.expect(Command::put, Status::value_too_big, "Put of 200000 bytes", test_channel, 1, long_value);
    caller.expect(Command::put, Status::empty_value, "Put of nothing", test_channel, 1, "");
    caller.put(1, std::string(65504, 'v'));
    t.expect(caller.get(1).size() == 65504, "65504 bytes do not come back");
    for (const Command command : {Command::get, Command::exists, Command::remove, Command::get_channel_size,
                                  Command::remove_channel, Command::get_all, Command::get_all_keys})
        caller.expect(command, Status::bad_channel_name, legacy::name(command), "a b");
    caller.expect(Command::get_version, Status::ok, "GetVersion on the same connection");
}

void get_all(CaseRun& t) {
    LegacyCaller caller(t);
    t.expect(caller.get_all(Command::get_all).empty(), "a channel that is not there has records");
    Plain records;
    for (std::uint64_t key = 0; key < 200; ++key) records[key] = "record " + std::to_string(key);
    records[200] = std::string(60'000, 'v');
    records[201] = std::string(60'000, 'w');
    for (const auto& [key, value] : records) caller.put(key, value);
    t.expect(caller.get_all(Command::get_all) == records, "GetAll gives other records");
    const Plain keys = caller.get_all(Command::get_all_keys);
    t.expect(keys.size() == records.size() && keys.begin()->second.empty(), "GetAllKeys gives other keys");
    const Plain some = caller.get_all(Command::get_all_filter, test_channel, "cord 19");
    t.expect(some.size() == 11 && some.contains(19) && some.contains(199), "GetAllFilter gives other records");
}

void put_batch(CaseRun& t) {
    LegacyCaller caller(t);
    const auto packed = [](const std::vector<std::pair<std::uint64_t, std::string>>& records) {
        RecordBatch batch(KeyForm::digits);
        for (const auto& [key, value] : records) static_cast<void>(batch.add(Key{key}, value));  // few and short
        std::string out;
        pack(batch.plain(), out);
        return out;
    };
    caller.expect(Command::put_batch, Status::ok, "an empty PutBatch", test_channel, 0, packed({}));
    caller.expect(Command::put_batch, Status::ok, "PutBatch", test_channel, 0, packed({{1, "one"}, {2, "two"}}));
    caller.expect(Command::put_batch, Status::empty_value, "PutBatch with an empty value", test_channel, 0,
                  packed({{3, "three"}, {4, ""}, {5, "five"}}));
    t.expect(caller.get_all(Command::get_all) == Plain{{1, "one"}, {2, "two"}, {3, "three"}},
             "PutBatch does not stop at the first record that fails");
    caller.expect(Command::put_batch, Status::bad_channel_name, "PutBatch with a bad name", "a b", 0, packed({}));
}

void sent_ahead(CaseRun& t) {
    LegacyCaller caller(t);
    std::string all;
    for (std::uint64_t key = 0; key < 100; ++key)
        all += LegacyCaller::wire(Command::put, test_channel, key, "v" + std::to_string(key)) +
               LegacyCaller::wire(Command::get, test_channel, key);
    caller.say(all);
    for (std::uint64_t key = 0; key < 100; ++key) {
        t.expect(caller.hear(Command::put) == 200, "a Put that was sent ahead fails");
        t.expect(caller.hear(Command::get) == 200, "a Get that was sent ahead fails");
        t.expect(caller.value == "v" + std::to_string(key), "a Get does not see the Put before it");
    }
}

void in_pieces(CaseRun& t) {
    LegacyCaller caller(t);
    t.say_in_pieces(caller.peer(), LegacyCaller::wire(Command::put, test_channel, 7, "seven"));
    t.expect(caller.hear(Command::put) == 200, "a Put that came byte by byte fails");
    t.expect(caller.get(7) == "seven", "a Put that came byte by byte stored something else");
}

void unknown_command(CaseRun& t) {
    for (const char code : {'\x00', '\x02', '\x7f'}) {
        LegacyCaller caller(t);
        caller.say(std::string{code, 0, 0, 0});
        t.expect_end(caller.peer(), "command " + std::to_string(code));
    }
}

void array_limit(CaseRun& t) {
    LegacyCaller caller(t);
    std::string out = LegacyCaller::wire(Command::get_channel_size, "").substr(0, 4);
    out += number_of(legacy::array_bytes_max + 1);
    out.append(legacy::array_bytes_max + 1, 'x');
    caller.say(out);
    t.expect_end(caller.peer(), "a channel name of 10 MiB and a byte");
}

void wrong_node(CaseRun& t) {
    if (!t.control()) return t.skip("only the owner of a node can change its range");
    const RangeBounds told = t.hash_range(t.open());
    if (t.over()) return;
    const HashRange former = HashRange::make(told.min, told.max).value_or(HashRange{});
    if (!t.control()->set_range(HashRange::make(1ULL << 63, ~0ULL).value()))
        return t.skip("this node cannot be given that range");
    LegacyCaller caller(t);
    caller.put(1, "odd");
    caller.expect(Command::put, Status::wrong_node, "Put of a key of another node", test_channel, 2, "even");
    caller.expect(Command::put, Status::wrong_node, "the same with nothing", test_channel, 2, "");
    caller.expect(Command::remove, Status::wrong_node, "Remove of a key of another node", test_channel, 2);
    t.expect(caller.get(2).empty(), "Get looks at the range");
    t.control()->set_range(former);
}

void listen_trigger(CaseRun& t) {
    LegacyCaller putter(t);
    Listening listening(t, putter);
    for (std::uint64_t key = 0; key < 5; ++key) {
        putter.put(key, "value " + std::to_string(key));
        listening.expect_change(key, "value " + std::to_string(key));
    }
    putter.expect(Command::remove, Status::ok, "Remove", test_channel, 1);
    t.pass(std::chrono::milliseconds{500});
    t.expect(listening.caller().peer().heard.empty(), "a Listen tells a removal");
}

void listen_channel_removed(CaseRun& t) {
    LegacyCaller putter(t);
    Listening listening(t, putter);
    putter.expect(Command::remove_channel, Status::ok, "RemoveChannel");
    t.expect(!listening.caller().next(Command::listen), "after RemoveChannel the Listen goes on");
    listening.caller().expect(Command::get_version, Status::ok, "the connection after its Listen");
}

void listen_ended_by_data(CaseRun& t) {
    LegacyCaller putter(t);
    Listening listening(t, putter);
    listening.caller().say(LegacyCaller::wire(Command::get_version));
    putter.put(1, "wakes the fake node of the originals");
    t.expect(listening.caller().hear(Command::get_version) == 200, "what ends a Listen is not answered");
}

void neo_put_feeds_listen(CaseRun& t) {
    LegacyCaller putter(t);
    Listening listening(t, putter);
    Peer& neo = t.open();
    t.put(neo, 5, "by neo");
    listening.expect_change(5, "by neo");
    t.expect(putter.get(5) == "by neo", "legacy Get does not find what neo put");
}

void legacy_put_feeds_mirror(CaseRun& t) {
    Peer& neo = t.open();
    const RequestId mirror = t.start_with(neo, [](std::string& out, RequestId id) {
        MirrorRequest request;
        request.channel = test_channel;
        encode_mirror(out, id, request);
    });
    t.expect_answer(neo, mirror, MirrorCode::started, "Mirror");
    LegacyCaller putter(t);
    putter.put(5, "by legacy");
    const std::string told = t.message(neo, mirror, "the update of the Mirror");
    t.expect(told.find("by legacy") != std::string::npos, "the Mirror tells " + hex_of(told));
    t.expect(t.get(neo, 5) == "by legacy", "neo Get does not find what legacy put");
    putter.expect(Command::remove, Status::ok, "Remove", test_channel, 5);
    const std::string deleted = t.message(neo, mirror, "the removal of the Mirror");
    t.expect(!deleted.empty() && deleted[0] == static_cast<char>(MirrorCode::record_deleted),
             "the Mirror tells " + hex_of(deleted));
}

void add(std::vector<ConformanceCase>& cases) {
    cases.insert(
        cases.end(),
        {{"legacy.version", "says version 20110401", version},
         {"legacy.range", "has the range that neo tells", range},
         {"legacy.put_get", "finds what was put and nothing else, by Get and Exists", put_get},
         {"legacy.remove", "removes a record, and answers Ok where there is none", remove},
         {"legacy.channels", "lists channels and removes them", channels},
         {"legacy.sizes", "counts the records of a channel and of all", sizes},
         {"legacy.statuses", "judges name, length and emptiness in this order", statuses},
         {"legacy.get_all", "gives all records, all keys, and those with a filter", get_all},
         {"legacy.put_batch", "puts a batch up to the first record that fails", put_batch},
         {"legacy.sent_ahead", "answers requests that were sent ahead, in their order", sent_ahead},
         {"legacy.in_pieces", "reads a request that comes byte by byte", in_pieces},
         {"legacy.unknown_command", "ends the connection over an unknown command", unknown_command},
         {"legacy.array_limit", "reads an array above 10 MiB to its end and ends the connection", array_limit},
         {"legacy.wrong_node", "refuses Put and Remove of other nodes' keys, and no Get", wrong_node},
         {"legacy.listen", "tells a Listen each Put and no Remove", listen_trigger},
         {"legacy.listen_channel_removed", "ends a Listen with its channel", listen_channel_removed},
         {"legacy.listen_ended_by_data", "ends a Listen when the client sends anything, and answers that",
          listen_ended_by_data},
         {"mixed.neo_put_feeds_listen", "tells a legacy Listen what neo puts", neo_put_feeds_listen},
         {"mixed.legacy_put_feeds_mirror", "tells a neo Mirror what legacy puts and removes",
          legacy_put_feeds_mirror}});
}

}  // namespace
}  // namespace legacy_cases

void add_legacy_cases(std::vector<ConformanceCase>& cases) {
    legacy_cases::add(cases);
    add_legacy_bulk_cases(cases);
}

}  // namespace halp::neo
