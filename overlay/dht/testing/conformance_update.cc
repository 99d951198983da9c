// Conformance cases: both forms of Update.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/wire/contiguous.h"

namespace halp::neo {
namespace {

constexpr std::uint64_t key = 0;

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    return hash;
}

std::string first_form() { return octets({10, 0, 1}) + array_of(test_channel) + number_of(key); }
std::string second_form(std::string_view original, std::string_view value) {
    return octets({10, 0, 2}) + array_of(test_channel) + number_of(key) + number_of(fnv1a(original)) +
           array_of(value);
}
std::string change(std::string_view original, std::string_view value) {
    return octets({2}) + number_of(fnv1a(original)) + array_of(value);
}

// Up to the value, which must be `expected`.
RequestId read(CaseRun& t, Peer& peer, std::string_view expected) {
    const RequestId id = t.start(peer, first_form());
    t.expect_supported(peer, id, "Update");
    t.expect_message(peer, id, octets({5}) + array_of(expected), "Update, the record");
    return id;
}

void decide(CaseRun& t, Peer& peer, RequestId id, const std::string& decision, UpdateCode answer,
            std::string_view what) {
    t.say_to(peer, id, decision);
    t.expect_code(peer, id, static_cast<std::uint8_t>(answer), what);
}

void no_record(CaseRun& t) {
    Peer& peer = t.open();
    t.expect_answer(peer, t.start(peer, first_form()), UpdateCode::no_record, "Update of nothing");
}

void update(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, key, "hello");
    decide(t, peer, read(t, peer, "hello"), change("hello", "hello world"), UpdateCode::ok, "UpdateRecord");
    t.expect(t.get(peer, key) == "hello world", "Get does not give the updated value");
}

// A struct in the layout of the originals.
struct User {
    std::string name;
    std::uint64_t id = 0;
    std::array<std::uint64_t, 7> totals{};
    static constexpr auto fields = std::tuple{&User::name, &User::id, &User::totals};
};

void serializer_update(CaseRun& t) {
    const User user{"hello", 23, {1}};
    const std::string value = to_contiguous(user);
    Peer& peer = t.open();
    t.put(peer, key, value);
    const RequestId id = read(t, peer, value);
    User changed = user;
    ++changed.totals[0];
    decide(t, peer, id, change(value, to_contiguous(changed)), UpdateCode::ok, "UpdateRecord");
    const auto got = from_contiguous<User>(t.get(peer, key).value_or(""));
    t.expect(got && got->name == "hello" && got->id == 23 && got->totals == decltype(User::totals){2},
             "Get does not give the updated struct");
}

void conflict(CaseRun& t) {
    Peer& one = t.open();
    Peer& other = t.open();
    t.put(one, key, "hello");
    const RequestId slow = read(t, one, "hello");
    decide(t, other, read(t, other, "hello"), change("hello", "world"), UpdateCode::ok, "the first UpdateRecord");
    decide(t, one, slow, change("hello", "lost"), UpdateCode::conflict, "the second UpdateRecord");
    t.expect(t.get(one, key) == "world", "Get does not give the value of the first update");
}

void remove_record(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, key, "hello");
    decide(t, peer, read(t, peer, "hello"), octets({3}), UpdateCode::ok, "RemoveRecord");
    t.expect(!t.exists(peer, key), "the record is still there");
}

void leave_record(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, key, "hello");
    decide(t, peer, read(t, peer, "hello"), octets({4}), UpdateCode::ok, "LeaveRecord");
    t.expect(t.get(peer, key) == "hello", "the record has changed");
}

void vanished(CaseRun& t, const std::string& decision, bool stored) {
    Peer& peer = t.open();
    t.put(peer, key, "hello");
    const RequestId id = read(t, peer, "hello");
    t.expect(t.remove(peer, key), "Remove does not find the record");
    decide(t, peer, id, decision, UpdateCode::ok, "a decision about a record that vanished");
    t.expect(t.exists(peer, key) == stored, stored ? "nothing was stored" : "the record is back");
}

void write_only(CaseRun& t) {
    Peer& peer = t.open();
    t.expect_answer(peer, t.start(peer, second_form("never there", "first")), UpdateCode::ok,
                    "a direct UpdateRecord of nothing");
    t.expect(t.get(peer, key) == "first", "Get does not give what a direct UpdateRecord stored");
    t.expect_answer(peer, t.start(peer, second_form("first", "second")), UpdateCode::ok, "a direct UpdateRecord");
    t.expect(t.get(peer, key) == "second", "Get does not give what a direct UpdateRecord stored");
    t.expect_answer(peer, t.start(peer, second_form("first", "third")), UpdateCode::conflict,
                    "a direct UpdateRecord of another record");
    t.expect(t.get(peer, key) == "second", "a refused UpdateRecord has changed the record");
}

void update_to_empty_value(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, key, "hello");
    decide(t, peer, read(t, peer, "hello"), change("hello", ""), UpdateCode::ok, "UpdateRecord to nothing");
    t.expect(t.get(peer, key) == "", "Get does not give the empty value");
}

void bad_first_type(CaseRun& t) {
    for (const int type : {0, 3, 4, 77}) {
        Peer& peer = t.open();
        t.start(peer, octets({10, 0, type}) + array_of(test_channel) + number_of(key));
        t.wait([&] { return peer.ended; },
               "the end of a connection with an Update of type " + std::to_string(type));
    }
}

void bad_second_type(CaseRun& t) {
    for (const int type : {0, 1, 5, 77}) {
        Peer& peer = t.open();
        t.put(peer, key, "hello");
        t.say_to(peer, read(t, peer, "hello"), octets({type}));
        t.expect_end(peer, "decision " + std::to_string(type));
    }
}

void update_surplus_is_ignored(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, key, "hello");
    for (const int decision : {4, 3}) {
        const RequestId id = t.start(peer, first_form() + "surplus");
        t.expect_supported(peer, id, "GetRecord with surplus bytes");
        t.expect_message(peer, id, octets({5}) + array_of("hello"), "GetRecord with surplus bytes, the record");
        decide(t, peer, id, octets({decision}) + "surplus", UpdateCode::ok,
               decision == 4 ? "LeaveRecord with surplus bytes" : "RemoveRecord with surplus bytes");
        t.expect(t.exists(peer, key) == (decision == 4), "a decision with surplus bytes was not carried out");
    }
}

// Every truncation of a decision that still has its code, and the decision with one surplus byte.
void malformed_decision(CaseRun& t) {
    const std::string whole = change("hello", "lost");
    std::vector<std::string> all = {whole + "!"};
    for (const std::size_t bytes :
         {whole.size() - 1, whole.size() - 4, std::size_t{16}, std::size_t{9}, std::size_t{1}})
        all.push_back(whole.substr(0, bytes));
    Peer& bystander = t.open();
    t.put(bystander, key, "hello");
    for (const std::string& decision : all) {
        if (t.over()) return;
        Peer& peer = t.open();
        t.say_to(peer, read(t, peer, "hello"), decision);
        t.expect_end(peer, "an UpdateRecord of " + std::to_string(decision.size()) + " bytes instead of " +
                               std::to_string(whole.size()));
    }
    t.expect(t.get(bystander, key) == "hello", "a malformed UpdateRecord has changed the record");
}

}  // namespace

void add_update_cases(std::vector<ConformanceCase>& cases) {
    const std::vector<ConformanceCase> mine = {
        {"dhttest.update_no_record", "Update of a missing record is answered with NoRecord", no_record},
        {"dhttest.update", "a record is read, changed and stored", update},
        {"dhttest.serializer_update", "a number inside a serialised struct is changed", serializer_update},
        {"update.conflict", "of two changes of the same value the later one is answered with Conflict", conflict},
        {"update.remove", "RemoveRecord removes", remove_record},
        {"update.leave", "LeaveRecord changes nothing", leave_record},
        {"update.vanished_stored", "a change of a record that was removed meanwhile is stored",
         [](CaseRun& t) { vanished(t, change("hello", "again"), true); }},
        {"update.vanished_removed", "the removal of a record that was removed meanwhile is Ok",
         [](CaseRun& t) { vanished(t, octets({3}), false); }},
        {"update.write_only", "the direct form stores unless another value is present", write_only},
        {"update.empty_value", "a record can be changed to the empty value", update_to_empty_value},
        {"update.surplus_lenient", "surplus bytes in GetRecord, LeaveRecord, RemoveRecord are ignored",
         update_surplus_is_ignored},
        {"update.malformed_decision", "surplus or missing bytes in UpdateRecord end the connection",
         malformed_decision},
        {"update.bad_type", "an unknown first message ends the connection", bad_first_type},
        {"update.bad_decision", "an unknown decision ends the connection", bad_second_type},
    };
    cases.insert(cases.end(), mine.begin(), mine.end());
}

}  // namespace halp::neo
