#include "overlay/dht/testing/conformance_trial.h"

#include <algorithm>
#include <chrono>
#include <variant>

#include "overlay/dht/wire/record_batch.h"
#include "store/records/key.h"

namespace halp::neo {
namespace {

// So much of a bulk of requests is on its way at a time.
constexpr std::size_t window_requests = 1000;
constexpr std::size_t window_bytes = std::size_t{256} << 10;

const SessionLimits& limits() {
    static const SessionLimits all;
    return all;
}

}  // namespace

// ---- words ----

std::string octets(std::initializer_list<int> bytes) {
    std::string out;
    for (const int byte : bytes) out.push_back(static_cast<char>(byte));
    return out;
}

std::string hex_of(Bytes raw, std::size_t most) {
    std::string out;
    for (const char byte : raw.substr(0, most)) {
        out += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
        out += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15];
    }
    if (raw.empty()) return "nothing";
    return raw.size() > most ? out + ".. (" + std::to_string(raw.size()) + " bytes)" : out;
}

std::string number_of(std::uint64_t n) {
    std::string out;
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(n >> shift & 0xff));
    return out;
}

std::string array_of(Bytes text) { return number_of(text.size()).append(text); }

std::string header_of(std::uint8_t type, std::uint64_t body_bytes) {
    std::string out(1, static_cast<char>(type));
    out += number_of(body_bytes);
    char parity = 0;
    for (const char byte : out) parity = static_cast<char>(parity ^ byte);
    out.push_back(parity);
    return out;
}

std::string frame_of(std::uint8_t type, Bytes body) { return header_of(type, body.size()).append(body); }

Records sequential(std::size_t count) {
    Records all;
    for (std::uint64_t key = 0; key < count; ++key) all[key] = std::to_string(key);
    return all;
}

Records spread(std::size_t count) {
    Records all;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint64_t key = 0xcbf29ce484222325;
        for (int shift = 0; shift < 32; shift += 8) key = (key ^ (i >> shift & 0xff)) * 0x100000001b3;
        all[key] = std::to_string(key);
    }
    return all;
}

// ---- verdict ----

Trial::~Trial() {
    for (const auto& entry : peers_)
        if (!entry.second->ended) doors_.transport.abort(entry.first);
}

std::uint64_t Trial::wall() const { return static_cast<std::uint64_t>(count(doors_.clock.wall())); }

void Trial::fail(std::string why) {
    if (over_) return;
    over_ = true;
    kind_ = Verdict::Kind::failed;
    reason_ = std::move(why);
}

void Trial::skip(std::string why) {
    if (over_) return;
    over_ = true;
    kind_ = Verdict::Kind::skipped;
    reason_ = std::move(why);
}

bool Trial::wait(const std::function<bool()>& done, Duration patience, std::string_view what) {
    if (over_) return false;
    if (world_.run_until(done, patience)) return true;
    fail(std::string(what) + ": nothing in time");
    return false;
}

bool Trial::wait(const std::function<bool()>& done, std::string_view what) {
    return wait(done, options_.patience, what);
}

void Trial::pass(Duration span) {
    if (!over_) static_cast<void>(world_.run_until([] { return false; }, span));
}

// ---- connections ----

Peer* Trial::find(StreamId stream) {
    const auto at = peers_.find(stream);
    return at == peers_.end() || at->second->ended ? nullptr : at->second.get();
}

Peer& Trial::connect() {
    if (over_) return nobody_;
    const StreamId stream = doors_.transport.connect(options_.node);
    return *(peers_[stream] = std::make_unique<Peer>(stream));
}

Peer& Trial::dial() {
    Peer& peer = connect();
    wait([&] { return peer.connected || peer.ended; }, "connecting to the node");
    if (peer.refused) fail("the node cannot be reached");
    return peer;
}

Peer& Trial::open_as(const Credential& credential) {
    Peer& peer = connect();
    if (over_) return peer;
    peer.session = std::make_unique<ClientSession>(limits(), credential, peer, doors_.clock.now());
    wait([&] { return peer.authenticated || peer.ended; }, "authenticating");
    if (peer.refused) fail("the node cannot be reached");
    expect(peer.authenticated, "the node ended the connection while `" + credential.name + "` authenticated");
    return peer;
}

Peer& Trial::open() { return open_as(options_.credential); }

void Trial::hang_up(Peer& peer) {
    if (over_ || peer.ended) return;
    doors_.transport.close(peer.stream());
    peer.ended = true;
}

std::optional<bool> Trial::log_in(Peer& peer, const Login& login) {
    say(peer, octets({protocol_version}));
    expect_heard(peer, octets({protocol_version}), "the version of the node");
    const std::uint64_t timestamp = login.timestamp.value_or(wall());
    std::string out;
    encode_timestamp(out, timestamp);
    say(peer, out);
    const std::string frame = hear(peer, header_bytes + nonce_bytes);
    const auto nonce = decode_nonce(Bytes(frame).substr(std::min(frame.size(), header_bytes)));
    if (over_ || std::holds_alternative<DecodeError>(nonce)) {
        fail("no nonce came but " + hex_of(frame));
        return std::nullopt;
    }
    Hmac hmac = handshake_hmac(login.credential.secret, timestamp, std::get<Nonce>(nonce));
    if (login.wrong_hmac) hmac[17] = static_cast<char>(hmac[17] ^ 1);
    out.clear();
    encode_proof(out, {login.credential.name, hmac});
    say(peer, out);
    const std::string verdict = hear(peer, header_bytes + 1);
    const auto accepted = decode_verdict(Bytes(verdict).substr(std::min(verdict.size(), header_bytes)));
    if (over_ || std::holds_alternative<DecodeError>(accepted)) return std::nullopt;
    return std::get<bool>(accepted);
}

// ---- bytes ----

void Trial::say(Peer& peer, Bytes raw) {
    if (over_) return;
    if (peer.ended) return fail("the node ended the connection too early");
    doors_.transport.write(peer.stream(), raw);
}

void Trial::say_in_pieces(Peer& peer, Bytes raw) {
    for (const char byte : raw) {
        if (over_) return;
        say(peer, Bytes(&byte, 1));
        pass(std::chrono::milliseconds{1});
    }
}

std::string Trial::hear(Peer& peer, std::size_t bytes) {
    wait([&] { return peer.heard.size() >= bytes || peer.ended; }, "an answer");
    std::string taken = peer.heard.substr(0, bytes);
    peer.heard.erase(0, taken.size());
    return taken;
}

void Trial::expect_heard(Peer& peer, Bytes exactly, std::string_view what) {
    if (over_) return;
    const std::string got = hear(peer, exactly.size());
    expect(got == exactly, std::string(what) + ": expected " + hex_of(exactly) + ", got " + hex_of(got));
}

void Trial::expect_end(Peer& peer, std::string_view what) {
    const std::size_t before = peer.messages;
    wait([&] { return peer.ended; }, std::string(what) + ": the end of the connection");
    expect(peer.heard.empty(), std::string(what) + ": before the end of the connection came " + hex_of(peer.heard));
    expect(peer.messages == before, std::string(what) + ": a message came before the end of the connection");
}

// ---- messages ----

void Trial::say_to(Peer& peer, RequestId id, Bytes payload) {
    say(peer, frame_of(1, number_of(id).append(payload)));
}

RequestId Trial::start(Peer& peer, Bytes payload) {
    const RequestId id = next_id();
    say_to(peer, id, payload);
    return id;
}

RequestId Trial::start_with(Peer& peer, const std::function<void(std::string&, RequestId)>& encode) {
    const RequestId id = next_id();
    std::string out;
    encode(out, id);
    say(peer, out);
    return id;
}

bool Trial::has_message(Peer& peer, RequestId id) const {
    const auto at = peer.inbox.find(id);
    return at != peer.inbox.end() && !at->second.empty();
}

std::string Trial::message(Peer& peer, RequestId id, std::string_view what) {
    wait([&] { return has_message(peer, id) || peer.ended; }, what);
    if (over_) return {};
    if (!has_message(peer, id)) {
        fail(std::string(what) + ": the node ended the connection");
        return {};
    }
    std::deque<std::string>& waiting = peer.inbox[id];
    std::string first = std::move(waiting.front());
    waiting.pop_front();
    if (waiting.empty()) peer.inbox.erase(id);
    return first;
}

void Trial::expect_message(Peer& peer, RequestId id, Bytes payload, std::string_view what) {
    const std::string got = message(peer, id, what);
    expect(got == payload, std::string(what) + ": expected " + hex_of(payload) + ", got " + hex_of(got));
}

void Trial::expect_supported(Peer& peer, RequestId id, std::string_view what) {
    expect_message(peer, id, octets({0xfd}), std::string(what) + ", whether supported");
}

void Trial::expect_code(Peer& peer, RequestId id, std::uint8_t code, std::string_view what) {
    expect_message(peer, id, octets({code}), what);
}

void Trial::expect_silence(Peer& peer, RequestId id, std::string_view what) {
    pass_quiet();
    if (has_message(peer, id)) fail(std::string(what) + ": unexpectedly came " + hex_of(peer.inbox[id].front()));
    expect(!peer.ended, std::string(what) + ": the node ended the connection");
}

void Trial::expect_alive(Peer& peer, std::string_view what) {
    const RequestId id = start(peer, octets({77, 0}));
    expect_message(peer, id, octets({0xff}), what);
}

// ---- requests ----

void Trial::put(Peer& peer, std::uint64_t key, Bytes value, std::string_view channel) {
    const bool ours = std::find(other_channels.begin(), other_channels.end(), channel) != other_channels.end();
    if (ours && !over_) others_.emplace(channel);
    const RequestId id = start_with(peer, [&](std::string& out, RequestId i) {
        encode_put(out, i, {channel, key, value});
    });
    expect_answer(peer, id, PutAnswer::put, "Put of key " + std::to_string(key));
}

std::optional<std::string> Trial::get(Peer& peer, std::uint64_t key, std::string_view channel) {
    const std::string what = "Get of key " + std::to_string(key);
    const RequestId id = start_with(peer, [&](std::string& out, RequestId i) {
        encode_record_key(out, i, RequestCode::get, {channel, key});
    });
    expect_supported(peer, id, what);
    const std::string code = message(peer, id, what);
    if (code == octets({static_cast<int>(GetAnswer::no_record)})) return std::nullopt;
    expect(code == octets({static_cast<int>(GetAnswer::got)}), what + ": answered with " + hex_of(code));
    const std::string framed = message(peer, id, what + ", its value");
    const auto value = decode_value(framed);
    if (const auto* bytes = std::get_if<Bytes>(&value)) return std::string(*bytes);
    fail(what + ": its value is not an array but " + hex_of(framed));
    return std::nullopt;
}

bool Trial::exists(Peer& peer, std::uint64_t key, std::string_view channel) {
    const std::string what = "Exists of key " + std::to_string(key);
    const RequestId id = start_with(peer, [&](std::string& out, RequestId i) {
        encode_record_key(out, i, RequestCode::exists, {channel, key});
    });
    expect_supported(peer, id, what);
    const std::string code = message(peer, id, what);
    expect(code == octets({1}) || code == octets({2}), what + ": answered with " + hex_of(code));
    return code == octets({1});
}

bool Trial::remove(Peer& peer, std::uint64_t key, std::string_view channel) {
    const std::string what = "Remove of key " + std::to_string(key);
    const RequestId id = start_with(peer, [&](std::string& out, RequestId i) {
        encode_record_key(out, i, RequestCode::remove, {channel, key});
    });
    expect_supported(peer, id, what);
    const std::string code = message(peer, id, what);
    expect(code == octets({1}) || code == octets({2}), what + ": answered with " + hex_of(code));
    return code == octets({2});
}

void Trial::remove_channel(Peer& peer, std::string_view channel) {
    const RequestId id =
        start_with(peer, [&](std::string& out, RequestId i) { encode_remove_channel(out, i, channel); });
    expect_answer(peer, id, RemoveChannelAnswer::removed, "RemoveChannel of " + std::string(channel));
}

std::set<std::string> Trial::channels(Peer& peer) {
    std::set<std::string> names;
    const RequestId id = start_with(peer, [](std::string& out, RequestId i) { encode_get_channels(out, i); });
    expect_supported(peer, id, "GetChannels");
    while (!over_) {
        const std::string payload = message(peer, id, "GetChannels");
        const auto decoded = decode_channels_answer(payload);
        const auto* answer = std::get_if<ChannelsAnswer>(&decoded);
        if (!answer || answer->code == ChannelsCode::error) {
            fail("GetChannels: answered with " + hex_of(payload));
            break;
        }
        if (answer->code == ChannelsCode::finished) break;
        expect(names.emplace(answer->name).second,
               "GetChannels: " + std::string(answer->name) + " came more than once");
    }
    return names;
}

Range Trial::hash_range(Peer& peer) {
    const RequestId id = start_with(peer, [](std::string& out, RequestId i) { encode_get_hash_range(out, i); });
    expect_supported(peer, id, "GetHashRange");
    const std::string payload = message(peer, id, "GetHashRange");
    const auto decoded = decode_hash_range(payload);
    if (const auto* range = std::get_if<Range>(&decoded)) return *range;
    fail("GetHashRange: answered with " + hex_of(payload));
    return {};
}

// ---- bulk ----

void Trial::ask_many(Peer& peer, const std::vector<Asked>& asked, std::size_t answers, std::string_view what) {
    for (std::size_t i = 0; i < asked.size() && !over_;) {
        std::string out;
        const std::size_t before = peer.messages, first = i;
        while (i < asked.size() && i - first < window_requests && out.size() < window_bytes)
            out += asked[i++].frame;
        say(peer, out);
        const std::size_t wanted = before + answers * (i - first);
        wait([&] { return peer.messages >= wanted || peer.ended; }, what);
    }
}

void Trial::put_all(Peer& peer, const Records& records) {
    std::vector<Asked> asked;
    for (const auto& record : records) {
        asked.push_back({next_id(), {}});
        encode_put(asked.back().frame, asked.back().id, {test_channel, record.first, record.second});
    }
    ask_many(peer, asked, 2, "many Puts");
    for (const Asked& each : asked) expect_answer(peer, each.id, PutAnswer::put, "one of many Puts");
}

void Trial::remove_all(Peer& peer, const std::vector<std::uint64_t>& keys) {
    std::vector<Asked> asked;
    for (const std::uint64_t key : keys) {
        asked.push_back({next_id(), {}});
        encode_record_key(asked.back().frame, asked.back().id, RequestCode::remove, {test_channel, key});
    }
    ask_many(peer, asked, 2, "many Removes");
    for (const Asked& each : asked) expect_answer(peer, each.id, RemoveAnswer::removed, "one of many Removes");
}

void Trial::get_all_one_by_one(Peer& peer, const Records& records) {
    std::vector<Asked> asked;
    for (const auto& record : records) {
        asked.push_back({next_id(), {}});
        encode_record_key(asked.back().frame, asked.back().id, RequestCode::get, {test_channel, record.first});
    }
    ask_many(peer, asked, 2, "many Gets");
    auto at = asked.begin();
    for (const auto& record : records) {
        const std::string what = "Get of key " + std::to_string(record.first);
        expect_answer(peer, at->id, GetAnswer::got, what);
        expect_message(peer, at->id, array_of(record.second), what + ", its value");
        ++at;
    }
}

void Trial::exist_all(Peer& peer, const Records& records) {
    std::vector<Asked> asked;
    for (const auto& record : records) {
        asked.push_back({next_id(), {}});
        encode_record_key(asked.back().frame, asked.back().id, RequestCode::exists, {test_channel, record.first});
    }
    ask_many(peer, asked, 2, "many Exists");
    for (const Asked& each : asked) expect_answer(peer, each.id, ExistsAnswer::exists, "one of many Exists");
}

void Trial::tidy(const std::set<std::string>& others) {
    if (over_) return;
    Peer& peer = connect();
    peer.session = std::make_unique<ClientSession>(limits(), options_.credential, peer, doors_.clock.now());
    static_cast<void>(world_.run_until([&] { return peer.authenticated || peer.ended; }, options_.patience));
    if (!peer.authenticated || peer.ended) return;
    std::string out;
    encode_remove_channel(out, next_id(), test_channel);
    for (const std::string& name : others) encode_remove_channel(out, next_id(), name);
    doors_.transport.write(peer.stream(), out);
    const std::size_t answers = 2 * (1 + others.size());
    static_cast<void>(world_.run_until([&] { return peer.messages >= answers || peer.ended; }, options_.patience));
    hang_up(peer);
}

// ---- the world ----

void Trial::on_connected(StreamId stream) {
    Peer* peer = find(stream);
    if (!peer) return;
    peer->connected = true;
    if (!peer->session) return;
    doors_.transport.write(stream, peer->session->output());
    peer->session->output().clear();
}

void Trial::on_connect_failed(StreamId stream, ConnectFailure why) {
    Peer* peer = find(stream);
    if (!peer) return;
    peer->ended = true;
    peer->refused = why;
}

void Trial::on_gone(StreamId stream, bool still_ours) {
    Peer* peer = find(stream);
    if (!peer) return;
    peer->ended = true;
    if (still_ours) doors_.transport.close(stream);
}

void Trial::on_bytes(StreamId stream, Bytes bytes) {
    Peer* peer = find(stream);
    if (!peer) return;
    if (!peer->session) {
        peer->heard += bytes;
        return;
    }
    peer->session->on_bytes(bytes, doors_.clock.wall());
    std::string& output = peer->session->output();
    if (!output.empty()) doors_.transport.write(stream, output);
    output.clear();
    if (peer->session->over() && peer->session->end() != SessionEnd::rejected) {
        fail("the node broke the protocol (" + std::string(name(peer->session->end())) + "), last heard " +
             hex_of(bytes));
        doors_.transport.abort(stream);
        peer->ended = true;
    }
}

}  // namespace halp::neo
