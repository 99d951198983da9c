// Conformance cases: frames, request ids and the beginnings of requests on an authenticated connection.
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"

namespace halp::neo {
namespace {

// The bytes must end this connection and no other.
void expect_end_of_one(CaseRun& t, const std::string& bytes, std::string_view what) {
    Peer& bystander = t.open();
    Peer& peer = t.open();
    t.say(peer, bytes);
    t.expect_end(peer, what);
    t.expect_alive(bystander, "another connection");
}

void bad_parity(CaseRun& t) {
    std::string frame = frame_of(1, number_of(5) + octets({77, 0}));
    frame[header_bytes - 1] = static_cast<char>(frame[header_bytes - 1] ^ 0x10);
    expect_end_of_one(t, frame, "wrong parity");
}

void reused_id(CaseRun& t) {
    Peer& peer = t.open();
    for (int i = 0; i < 3; ++i) {
        t.say_to(peer, 42, octets({7, 0}) + array_of(test_channel) + number_of(1));
        t.expect_answer(peer, 42, ExistsAnswer::no_record, "Exists with an id used before");
    }
    t.say_to(peer, 7, octets({7, 0}) + array_of(test_channel) + number_of(1));
    t.expect_answer(peer, 7, ExistsAnswer::no_record, "Exists with a smaller id");
    t.say_to(peer, ~std::uint64_t{0}, octets({7, 0}) + array_of(test_channel) + number_of(1));
    t.expect_answer(peer, ~std::uint64_t{0}, ExistsAnswer::no_record, "Exists with the largest id");
}

// A message with the id of a running request belongs to that request. The case sends an Exists, which no running
// request knows as a message.
void active_id(CaseRun& t) {
    const std::string channel = array_of(test_channel), key = number_of(1);
    struct Running {
        std::string_view what;
        std::string request;
        std::size_t answers;  // messages before it waits for its client
    };
    const std::vector<Running> all = {
        {"GetHashRange", octets({1, 0}), 2},
        {"Mirror", octets({4, 0, 0}) + channel + octets({0, 0, 0, 0, 0}), 2},
        {"GetAll", octets({5, 0, 1}) + channel + octets({0}) + key + octets({0}) + number_of(0), 2},
        {"Update", octets({10, 0, 1}) + channel + key, 2},
    };
    for (const Running& each : all) {
        Peer& bystander = t.open();
        t.put(bystander, 1, "a");
        t.put(bystander, 2, "b");
        Peer& peer = t.open();
        const RequestId id = t.start(peer, each.request);
        for (std::size_t i = 0; i < each.answers; ++i) t.message(peer, id, each.what);
        if (t.over()) return;
        t.say_to(peer, id, octets({7, 0}) + channel + key);
        t.wait([&] { return peer.ended; },
               "the end of a connection with an Exists of the id of a running " + std::string(each.what));
        t.expect_alive(bystander, "another connection");
    }
}

void unsupported(CaseRun& t) {
    Peer& peer = t.open();
    for (const int code : {0, 11, 77, 255}) {
        t.say_to(peer, 9, octets({code, 0}));
        t.expect_message(peer, 9, octets({0xff}), "unknown code " + std::to_string(code));
    }
    for (int code = 1; code <= 10; ++code) {
        t.say_to(peer, 9, octets({code, 9}) + array_of(test_channel) + number_of(1));
        t.expect_message(peer, 9, octets({0xfe}), "version 9 of code " + std::to_string(code));
    }
    t.put(peer, 1, "still served");
}

// Fills a connection with requests that never end.
void fill(CaseRun& t, Peer& peer, std::size_t count) {
    std::string out;
    for (RequestId id = 1; id <= count; ++id) encode_get_hash_range(out, id);
    t.say(peer, out);
}

void requests_5000(CaseRun& t) {
    Peer& peer = t.open();
    fill(t, peer, 5000);
    t.wait([&] { return peer.messages >= 10000 || peer.ended; }, "answers to 5000 requests");
    t.expect(!peer.ended, "the node ended a connection with 5000 requests");
}

void requests_5001(CaseRun& t) {
    Peer& bystander = t.open();
    Peer& peer = t.open();
    fill(t, peer, 5001);
    t.wait([&] { return peer.ended; }, "the end of a connection with 5001 requests");
    t.expect_alive(bystander, "another connection");
}

// One request of a raw peer, sent in pieces, with the exact bytes of its answer.
struct Exchange {
    std::string_view what;
    std::string request;
    std::string answers;
};

std::string answers_of(RequestId id, const std::vector<std::string>& payloads) {
    std::string all;
    for (const std::string& payload : payloads) all += frame_of(1, number_of(id) + payload);
    return all;
}

std::vector<Exchange> short_session() {
    std::vector<Exchange> all = {
        {"a Put", {}, answers_of(2, {octets({0xfd}), octets({1})})},
        {"a Get", {}, answers_of(3, {octets({0xfd}), octets({2}), array_of("hello")})},
        {"an Update", {}, answers_of(4, {octets({0xfd}), octets({5}) + array_of("hello")})},
        {"a RemoveRecord", frame_of(1, number_of(4) + octets({3})), answers_of(4, {octets({6})})},
        {"an Exists", {}, answers_of(5, {octets({0xfd}), octets({2})})}};
    encode_put(all[0].request, 2, {test_channel, 3, "hello"});
    encode_record_key(all[1].request, 3, RequestCode::get, {test_channel, 3});
    encode_update(all[2].request, 4, {UpdateAsk::get_record, test_channel, 3, 0, {}});
    encode_record_key(all[4].request, 5, RequestCode::exists, {test_channel, 3});
    return all;
}

void talk_in_pieces(CaseRun& t, Peer& peer) {
    for (const Exchange& each : short_session()) {
        t.say_in_pieces(peer, each.request);
        t.expect_heard(peer, each.answers, "answers to " + std::string(each.what) + " byte by byte");
    }
}

void byte_by_byte(CaseRun& t) {
    Peer& peer = t.dial();
    t.expect(t.log_in(peer, {t.options().credential, std::nullopt, false}).value_or(false), "not authenticated");
    talk_in_pieces(t, peer);
}

void whole_session_byte_by_byte(CaseRun& t) {
    Peer& peer = t.dial();
    t.say(peer, octets({1}));
    t.expect_heard(peer, octets({1}), "the version of the node");
    std::string out;
    const std::uint64_t now = t.wall();
    encode_timestamp(out, now);
    t.say_in_pieces(peer, out);
    const std::string frame = t.hear(peer, header_bytes + nonce_bytes);
    t.expect(frame.size() == header_bytes + nonce_bytes, "no nonce came");
    if (t.over()) return;
    const auto nonce = std::get<Nonce>(decode_nonce(Bytes(frame).substr(header_bytes)));
    const Credential& own = t.options().credential;
    out.clear();
    encode_proof(out, {own.name, handshake_hmac(own.secret, now, nonce)});
    t.say_in_pieces(peer, out);
    t.expect_heard(peer, frame_of(2, octets({1})), "the verdict");
    talk_in_pieces(t, peer);
}

void hundred_in_one(CaseRun& t) {
    Peer& peer = t.open();
    t.put(peer, 3, "hello");
    std::string out;
    for (RequestId id = 1001; id <= 1100; ++id) encode_record_key(out, id, RequestCode::get, {test_channel, 3});
    t.say(peer, out);
    for (RequestId id = 1001; id <= 1100; ++id) {
        t.expect_answer(peer, id, GetAnswer::got, "one of a hundred Gets");
        t.expect_message(peer, id, array_of("hello"), "its value");
    }
}

void side_by_side(CaseRun& t) {
    Peer& peer = t.open();
    const RequestId updating = t.start(peer, octets({10, 0, 1}) + array_of(test_channel) + number_of(1));
    t.expect_answer(peer, updating, UpdateCode::no_record, "Update of nothing");
    t.put(peer, 1, "one");
    const RequestId held = t.start(peer, octets({10, 0, 1}) + array_of(test_channel) + number_of(1));
    t.expect_supported(peer, held, "Update");
    t.expect_message(peer, held, octets({5}) + array_of("one"), "Update, the record");
    t.put(peer, 2, "two");
    t.expect(t.get(peer, 2) == "two", "Get while an Update waits for its client");
    t.say_to(peer, held, octets({4}));
    t.expect_code(peer, held, 6, "Update, after LeaveRecord");
}

// The parameters of the request end too soon.
void truncated(CaseRun& t) {
    const std::string channel = array_of(test_channel), key = number_of(1);
    const std::vector<std::pair<std::string, std::string>> all = {
        {"Put", octets({2, 0}) + channel + key + number_of(5) + "hell"},
        {"Get", octets({3, 0}) + channel + "1234567"},
        {"Mirror", octets({4, 0, 0}) + channel + octets({0, 0, 0, 0})},
        {"GetAll", octets({5, 0, 0}) + channel + octets({0}) + key + octets({0}) + number_of(1)},
        {"Exists", octets({7, 0}) + channel},
        {"Remove", octets({8, 0}) + number_of(1000) + "abc"},
        {"RemoveChannel", octets({9, 0}) + number_of(~std::uint64_t{0}) + "abc"},
        {"Update", octets({10, 0, 2}) + channel + key + key + number_of(3) + "ab"},
    };
    Peer& bystander = t.open();
    for (const auto& each : all) {
        if (t.over()) return;
        Peer& peer = t.open();
        t.start(peer, each.second);
        t.wait([&] { return peer.ended; }, "the end of a connection with truncated parameters of " + each.first);
    }
    t.expect_alive(bystander, "another connection");
}

void surplus_is_an_error(CaseRun& t) {
    const std::string channel = array_of(test_channel), key = number_of(1);
    const std::vector<std::pair<std::string, std::string>> all = {
        {"Mirror", octets({4, 0, 0}) + channel + octets({0, 0, 0, 0, 0})},
        {"GetAll", octets({5, 0, 0}) + channel + octets({0}) + key + octets({0}) + number_of(0)},
        {"Remove", octets({8, 0}) + channel + key},
        {"Update", octets({10, 0, 2}) + channel + key + key + array_of("ab")},
    };
    for (const auto& each : all) {
        if (t.over()) return;
        Peer& peer = t.open();
        t.start(peer, each.second + "!");
        t.wait([&] { return peer.ended; }, "the end of a connection with a surplus byte in " + each.first);
    }
}

void surplus_is_passed_over(CaseRun& t) {
    const std::string channel = array_of(test_channel), key = number_of(1);
    Peer& peer = t.open();
    const auto ask = [&](const std::string& payload, std::uint8_t answer, std::string_view what) {
        const RequestId id = t.start(peer, payload + "surplus");
        t.expect_supported(peer, id, what);
        t.expect_code(peer, id, answer, what);
        return id;
    };
    ask(octets({2, 0}) + channel + key + array_of("v"), 1, "Put with surplus bytes");
    const RequestId id = ask(octets({3, 0}) + channel + key, 2, "Get with surplus bytes");
    t.expect_message(peer, id, array_of("v"), "Get with surplus bytes, the value");
    ask(octets({7, 0}) + channel + key, 1, "Exists with surplus bytes");
    ask(octets({9, 0}) + channel, 1, "RemoveChannel with surplus bytes");
    const RequestId listing = t.start(peer, octets({6, 0}) + "surplus");
    t.expect_supported(peer, listing, "GetChannels with surplus bytes");
    while (!t.over()) {
        const std::string payload = t.message(peer, listing, "GetChannels with surplus bytes");
        if (payload == octets({3})) return;  // Finished
        t.expect(payload.starts_with('\x02'), "GetChannels with surplus bytes: answered with " + hex_of(payload));
    }
}

}  // namespace

void add_framing_cases(std::vector<ConformanceCase>& cases) {
    const std::vector<ConformanceCase> mine = {
        {"frames.bad_parity", "wrong parity ends this connection and no other", bad_parity},
        {"frames.type_0", "a frame of type 0 ends the connection",
         [](CaseRun& t) {
             expect_end_of_one(t, frame_of(0, number_of(5) + octets({77, 0})), "type 0");
         }},
        {"frames.type_3", "a frame of type 3 ends the connection",
         [](CaseRun& t) {
             expect_end_of_one(t, frame_of(3, number_of(5) + octets({77, 0})), "type 3");
         }},
        {"frames.authentication_again", "an authentication message after the verdict ends the connection",
         [](CaseRun& t) { expect_end_of_one(t, frame_of(2, number_of(5)), "type 2"); }},
        {"frames.body_of_7", "a request frame without a whole id ends the connection",
         [](CaseRun& t) { expect_end_of_one(t, frame_of(1, "1234567"), "a body of 7 bytes"); }},
        {"frames.huge", "a request of 2^40 bytes ends the connection as soon as it is announced",
         [](CaseRun& t) { expect_end_of_one(t, header_of(1, std::uint64_t{1} << 40), "2^40 bytes"); }},
        {"frames.byte_by_byte", "requests may come byte by byte", byte_by_byte},
        {"frames.handshake_byte_by_byte", "a whole session, from the handshake on, may come byte by byte",
         whole_session_byte_by_byte},
        {"frames.hundred_in_one", "a hundred requests may come in one piece", hundred_in_one},
        {"requests.id_0", "request id 0 ends the connection",
         [](CaseRun& t) {
             expect_end_of_one(t, frame_of(1, number_of(0) + octets({77, 0})), "id 0");
         }},
        {"requests.no_command", "a first message of one byte ends the connection",
         [](CaseRun& t) { expect_end_of_one(t, frame_of(1, number_of(5) + octets({3})), "no version"); }},
        {"requests.empty", "a first message without payload ends the connection",
         [](CaseRun& t) { expect_end_of_one(t, frame_of(1, number_of(5)), "no payload"); }},
        {"requests.reused_id", "the id of a request that is over may be used again, in any order", reused_id},
        {"requests.active_id", "a request with the id of one that still runs ends the connection", active_id},
        {"requests.unsupported", "unknown codes are answered with -1, unknown versions with -2", unsupported},
        {"requests.5000", "a connection carries 5000 requests at a time", requests_5000},
        {"requests.5001", "the 5001st request at a time ends the connection", requests_5001},
        {"requests.side_by_side", "requests of one connection do not wait for each other", side_by_side},
        {"requests.truncated", "parameters that end too soon end the connection", truncated},
        {"requests.surplus_strict", "surplus bytes in Mirror, GetAll, Remove, Update end the connection",
         surplus_is_an_error},
        {"requests.surplus_lenient", "surplus bytes in the other requests are ignored", surplus_is_passed_over},
    };
    cases.insert(cases.end(), mine.begin(), mine.end());
}

}  // namespace halp::neo
