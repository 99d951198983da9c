// Conformance cases: Put, Get, Exists, Remove, and channels.
#include <algorithm>
#include <string>
#include <utility>

#include "overlay/dht/testing/conformance_case_run.h"

namespace halp::neo {
namespace {

constexpr std::size_t value_max = value_bytes_max;

void put_get(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = {{0xa, "foo"}, {0xb, "bar"}, {0xc, "doo"}};
    for (const auto& record : records) t.put(peer, record.first, record.second);
    for (const auto& record : records)
        t.expect(t.get(peer, record.first) == record.second, "Get does not give what was put");
}

void put_remove_get(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 0, "test");
    t.expect(t.remove(peer, 0), "Remove of a record that was put says there was none");
    t.expect(!t.get(peer, 0), "Get gives a record that was removed");
}

void get_non_existent(CaseRun& t) {
    Peer& peer = t.open();
    t.expect(!t.get(peer, 0xa), "Get gives a record that was never put");
}

void put_then_remove_channel(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 0, "hi");
    t.expect(t.get(peer, 0) == "hi", "Get does not give what was put");
    t.remove_channel(peer);
    t.expect(!t.get(peer, 0), "Get gives a record of a removed channel");
}

// The requests of the original's NeoVerifier, in its order.
void verify(CaseRun& t, Peer& peer, const Records& records) {
    t.expect(t.channels(peer).contains(std::string(test_channel)), "GetChannels does not list the channel");
    t.get_all_one_by_one(peer, records);
    t.exist_all(peer, records);
    expect_records(t, scan(t, peer), records, "GetAll");
    Records keys;
    for (const auto& record : records) keys[record.first] = "";
    expect_records(t, scan(t, peer, {false, test_channel, false, 0, true, {}}), keys, "GetAll of keys");
    Records filtered;
    for (const auto& record : records)
        if (record.second.find('0') != std::string::npos) filtered.insert(record);
    expect_records(t, scan(t, peer, {false, test_channel, false, 0, false, "0"}), filtered, "GetAll with a filter");
}

void put_bulk(CaseRun& t, const Records& records) {
    Peer& peer = t.open();
    t.put_all(peer, records);
    verify(t, peer, records);
}

void put_remove_bulk(CaseRun& t) {
    Peer& peer = t.open();
    Records records = sequential(t.options().bulk);
    t.put_all(peer, records);
    std::vector<std::uint64_t> even;
    for (const auto& record : records)
        if (record.first % 2 == 0) even.push_back(record.first);
    t.remove_all(peer, even);
    for (const std::uint64_t key : even) records.erase(key);
    verify(t, peer, records);
}

const std::vector<std::string>& four() {
    static const std::vector<std::string> names = {"channel1", "channel2", "channel3", "channel4"};
    return names;
}

// Exactly these channels, as in the original's case. A channel that the suite never writes to was there before.
void expect_channels(CaseRun& t, Peer& peer, const std::set<std::string>& wanted, std::string_view what) {
    const std::set<std::string> listed = t.channels(peer);
    const std::string begin = "GetChannels lists " + std::to_string(listed.size()) + " channels instead of " +
                              std::to_string(wanted.size());
    for (const std::string& name : listed)
        t.expect(name == test_channel || std::ranges::count(four(), name) > 0,
                 begin + ": the case wants a node without other channels, and there is `" + name + "`");
    t.expect(listed == wanted, begin + ", " + std::string(what));
}

void get_channels(CaseRun& t, bool one_removed) {
    Peer& peer = t.open();
    for (const std::string& name : four()) t.put(peer, 0, "whatever", name);
    std::set<std::string> there(four().begin(), four().end());
    expect_channels(t, peer, there, "not the four that were written to");
    if (one_removed) {
        t.remove_channel(peer, "channel1");
        there.erase("channel1");
        expect_channels(t, peer, there, "not the three that remain");
    }
    for (const std::string& name : four()) t.remove_channel(peer, name);
    expect_channels(t, peer, {}, "all of which were removed");
}

void value_too_big(CaseRun& t) {
    Peer& peer = t.open();
    const std::string largest(value_max, '\xff'), larger(value_max + 1, '\xff');
    t.put(peer, 1, largest);
    t.expect(t.get(peer, 1) == largest, "Get does not give the largest value");
    // Clients refuse to send this value. A node may store it or answer Error, but no GetAll can carry it.
    const RequestId id = t.start_with(peer, [&](std::string& out, RequestId i) {
        encode_put(out, i, {test_channel, 2, larger});
    });
    t.expect_supported(peer, id, "Put of 65513 bytes");
    const std::string code = t.message(peer, id, "Put of 65513 bytes");
    t.expect(code == octets({1}) || code == octets({3}), "Put of 65513 bytes: answered with " + hex_of(code));
    expect_records(t, scan(t, peer), {{1, largest}}, "GetAll of a value of 65512 and one of 65513 bytes");
}

void large_value_fetch(CaseRun& t) {
    const std::string largest(value_max, '\xff');
    Peer& peer = t.open();
    t.put(peer, 0, largest);
    t.expect(t.get(peer, 0) == largest, "Get does not give the largest value");
    t.expect(t.exists(peer, 0), "Exists does not know the largest value");
    expect_records(t, scan(t, peer), {{0, largest}}, "GetAll of the largest value");
}

void empty_value(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 1, "");
    const auto value = t.get(peer, 1);
    t.expect(value.has_value() && value->empty(), "Get does not give the empty value");
    t.expect(t.exists(peer, 1), "Exists does not know a record with an empty value");
}

void overwrite(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 1, "a longer first value");
    t.put(peer, 1, "second");
    t.expect(t.get(peer, 1) == "second", "Get does not give the value put last");
    expect_records(t, scan(t, peer), {{1, "second"}}, "GetAll after a record was put twice");
}

void extreme_keys(CaseRun& t) {
    Peer& peer = t.open();
    const Records records = {{0, "zero"}, {1, "one"}, {~std::uint64_t{0}, "all"}, {std::uint64_t{1} << 63, "high"}};
    for (const auto& record : records) t.put(peer, record.first, record.second);
    expect_records(t, scan(t, peer), records, "GetAll of the smallest and largest keys");
}

void binary_values(CaseRun& t) {
    Peer& peer = t.open();
    std::string value;
    for (int i = 0; i < 1024; ++i) value.push_back(static_cast<char>(i * 7));
    t.put(peer, 1, value);
    t.expect(t.get(peer, 1) == value, "Get does not give every byte that was put");
}

void remove_twice(CaseRun& t) {
    Peer& peer = t.open();
    t.expect(!t.remove(peer, 1), "Remove found a record in an empty channel");
    t.put(peer, 1, "x");
    t.expect(t.remove(peer, 1), "Remove does not find a record");
    t.expect(!t.remove(peer, 1), "Remove found a record twice");
    t.expect(!t.exists(peer, 1), "Exists knows a record that was removed");
}

void channels_apart(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 1, "here");
    t.put(peer, 1, "there", "channel1");
    t.expect(t.get(peer, 1) == "here" && t.get(peer, 1, "channel1") == "there", "channels share a record");
    t.remove_channel(peer, "channel1");
    t.expect(t.get(peer, 1) == "here", "removing one channel took a record of another");
}

void clients_share(CaseRun& t) {
    Peer& one = t.open();
    Peer& other = t.open();
    t.put(one, 1, "shared");
    t.expect(t.get(other, 1) == "shared", "another connection does not see an acknowledged Put");
    t.hang_up(one);
    t.expect(t.get(other, 1) == "shared", "a record left with the connection that put it");
}

void reading_a_missing_channel(CaseRun& t) {
    Peer& peer = t.open();
    const std::string name(test_channel);
    t.expect(!t.channels(peer).contains(name), "GetChannels lists a channel that is not there");
    t.expect(!t.get(peer, 1), "Get found a record in a channel that is not there");
    t.expect(!t.exists(peer, 1), "Exists knows a record of a channel that is not there");
    if (t.control()) t.expect(!t.channels(peer).contains(name), "a mere Get has created the channel");
}

void missing_channel(CaseRun& t) {
    Peer& peer = t.open();
    t.remove_channel(peer);
    t.remove_channel(peer);
}

void channel_names(CaseRun& t) {
    Peer& peer = t.open();
    const std::string key = number_of(1);
    for (const std::string& name :
         {std::string("my.channel"), std::string("a b"), std::string("\xc3\xa4"), std::string(300, 'x')}) {
        const std::string channel = array_of(name);
        const std::vector<std::pair<std::string, int>> all = {
            {octets({2, 0}) + channel + key + array_of("v"), 1},
            {octets({7, 0}) + channel + key, 1},
            {octets({8, 0}) + channel + key, 2},
            {octets({7, 0}) + channel + key, 2},
            {octets({9, 0}) + channel, 1},
        };
        for (const auto& each : all) {
            const std::string what = "request " + std::to_string(each.first[0]) + " on channel " + hex_of(name);
            const RequestId id = t.start(peer, each.first);
            t.expect_supported(peer, id, what);
            t.expect_code(peer, id, static_cast<std::uint8_t>(each.second), what);
        }
    }
}

}  // namespace

void add_record_cases(std::vector<ConformanceCase>& cases) {
    const std::vector<ConformanceCase> mine = {
        {"dhttest.put_get", "three records are put and read", put_get},
        {"dhttest.put_remove_get", "a removed record is gone", put_remove_get},
        {"dhttest.get_non_existent", "Get of a missing record is answered with NoRecord", get_non_existent},
        {"dhttest.remove_channel", "the records of a removed channel are gone", put_then_remove_channel},
        {"dhttest.put_remove", "of many records the even ones are removed and the odd ones stay", put_remove_bulk},
        {"dhttest.get_channels", "GetChannels lists four channels and no other",
         [](CaseRun& t) { get_channels(t, false); }},
        {"dhttest.get_channels_remove",
         "GetChannels lists three channels and no other after the removal of a fourth",
         [](CaseRun& t) { get_channels(t, true); }},
        {"dhttest.ordered_put", "many records with consecutive keys, by every request that reads",
         [](CaseRun& t) { put_bulk(t, sequential(t.options().bulk)); }},
        {"dhttest.unordered_put", "many records with spread keys, by every request that reads",
         [](CaseRun& t) { put_bulk(t, spread(t.options().bulk)); }},
        {"dhttest.value_too_big", "every request carries 65512 bytes; GetAll never carries 65513", value_too_big},
        {"dhttest.large_value_fetch", "a value of 65512 bytes is read by every request", large_value_fetch},
        {"records.empty_value", "an empty value is stored and read", empty_value},
        {"records.overwrite", "the last value put replaces the others", overwrite},
        {"records.extreme_keys", "the smallest and the largest keys are valid", extreme_keys},
        {"records.binary_values", "values may contain any bytes", binary_values},
        {"records.remove_twice", "Remove tells whether there was a record", remove_twice},
        {"records.channels_apart", "channels have their own records", channels_apart},
        {"records.clients_share", "one connection reads what another one has put", clients_share},
        {"channels.read_missing", "a channel that is not there is read as an empty one", reading_a_missing_channel},
        {"channels.remove_missing", "removing a missing channel succeeds", missing_channel},
        {"channels.names", "names may have dots, blanks, bytes that are no ASCII, and 300 bytes", channel_names},
    };
    cases.insert(cases.end(), mine.begin(), mine.end());
}

}  // namespace halp::neo
