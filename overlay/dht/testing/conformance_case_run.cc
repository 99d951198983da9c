#include "overlay/dht/testing/conformance_case_run.h"

#include <algorithm>
#include <chrono>
#include <variant>

#include "overlay/dht/wire/record_batch.h"
#include "store/records/key.h"

namespace halp::neo {
namespace {

const SessionLimits& limits() {
    static const SessionLimits all;
    return all;
}

}  // namespace

// ---- verdict ----

CaseRun::~CaseRun() {
    for (const auto& entry : peers_)
        if (!entry.second->ended) environment_.transport.abort(entry.first);
}

std::uint64_t CaseRun::wall() const { return static_cast<std::uint64_t>(count(environment_.clock.wall())); }

void CaseRun::fail(std::string why) {
    if (over_) return;
    over_ = true;
    kind_ = Verdict::Kind::failed;
    reason_ = std::move(why);
}

void CaseRun::skip(std::string why) {
    if (over_) return;
    over_ = true;
    kind_ = Verdict::Kind::skipped;
    reason_ = std::move(why);
}

bool CaseRun::wait(const std::function<bool()>& done, Duration patience, std::string_view what) {
    if (over_) return false;
    if (world_.run_until(done, patience)) return true;
    fail(std::string(what) + ": nothing in time");
    return false;
}

bool CaseRun::wait(const std::function<bool()>& done, std::string_view what) {
    return wait(done, options_.patience, what);
}

void CaseRun::pass(Duration span) {
    if (!over_) static_cast<void>(world_.run_until([] { return false; }, span));  // only the time matters
}

// ---- connections ----

Peer* CaseRun::find(StreamId stream) {
    const auto at = peers_.find(stream);
    return at == peers_.end() || at->second->ended ? nullptr : at->second.get();
}

Peer& CaseRun::connect_to(const Endpoint& node) {
    if (over_) return nobody_;
    const StreamId stream = environment_.transport.connect(node);
    return *(peers_[stream] = std::make_unique<Peer>(stream));
}

Peer& CaseRun::dial() {
    Peer& peer = connect();
    wait([&] { return peer.connected || peer.ended; }, "connecting to the node");
    if (peer.refused) fail("the node cannot be reached");
    return peer;
}

Peer& CaseRun::dial_legacy() {
    constexpr std::uint16_t neo_above_legacy = 100;
    const Endpoint& neo = options_.node;
    const bool below = neo.port > neo_above_legacy;
    if (!options_.legacy && !below) skip("where is the legacy protocol served?");
    const Endpoint at = options_.legacy.value_or(
        Endpoint{neo.host, static_cast<std::uint16_t>(below ? neo.port - neo_above_legacy : 0)});
    Peer& peer = connect_to(at);
    wait([&] { return peer.connected || peer.ended; }, "connecting by the legacy protocol");
    if (peer.refused) skip("nobody serves the legacy protocol at " + at.text());
    return peer;
}

Peer& CaseRun::open_as(const Credential& credential) {
    Peer& peer = connect();
    if (over_) return peer;
    peer.session = std::make_unique<ClientSession>(limits(), credential, peer, environment_.clock.now());
    wait([&] { return peer.authenticated || peer.ended; }, "authenticating");
    if (peer.refused) fail("the node cannot be reached");
    expect(peer.authenticated, "the node ended the connection while `" + credential.name + "` authenticated");
    return peer;
}

Peer& CaseRun::open() { return open_as(options_.credential); }

void CaseRun::hang_up(Peer& peer) {
    if (over_ || peer.ended) return;
    environment_.transport.close(peer.stream());
    peer.ended = true;
}

std::optional<bool> CaseRun::log_in(Peer& peer, const Login& login) {
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

void CaseRun::say(Peer& peer, Bytes raw) {
    if (over_) return;
    if (peer.ended) return fail("the node ended the connection too early");
    environment_.transport.write(peer.stream(), raw);
}

void CaseRun::say_in_pieces(Peer& peer, Bytes raw) {
    for (const char byte : raw) {
        if (over_) return;
        say(peer, Bytes(&byte, 1));
        pass(std::chrono::milliseconds{1});
    }
}

std::string CaseRun::hear(Peer& peer, std::size_t bytes) {
    wait([&] { return peer.heard.size() >= bytes || peer.ended; }, "an answer");
    std::string taken = peer.heard.substr(0, bytes);
    peer.heard.erase(0, taken.size());
    return taken;
}

void CaseRun::expect_heard(Peer& peer, Bytes exactly, std::string_view what) {
    if (over_) return;
    const std::string got = hear(peer, exactly.size());
    expect(got == exactly, std::string(what) + ": expected " + hex_of(exactly) + ", got " + hex_of(got));
}

void CaseRun::expect_end(Peer& peer, std::string_view what) {
    const std::size_t before = peer.messages;
    wait([&] { return peer.ended; }, std::string(what) + ": the end of the connection");
    expect(peer.heard.empty(), std::string(what) + ": before the end of the connection came " + hex_of(peer.heard));
    expect(peer.messages == before, std::string(what) + ": a message came before the end of the connection");
}

// ---- messages ----

void CaseRun::say_to(Peer& peer, RequestId id, Bytes payload) {
    say(peer, frame_of(1, number_of(id).append(payload)));
}

RequestId CaseRun::start(Peer& peer, Bytes payload) {
    const RequestId id = next_id();
    say_to(peer, id, payload);
    return id;
}

RequestId CaseRun::start_with(Peer& peer, const std::function<void(std::string&, RequestId)>& encode) {
    const RequestId id = next_id();
    std::string out;
    encode(out, id);
    say(peer, out);
    return id;
}

bool CaseRun::has_message(Peer& peer, RequestId id) const {
    const auto at = peer.inbox.find(id);
    return at != peer.inbox.end() && !at->second.empty();
}

std::string CaseRun::message(Peer& peer, RequestId id, std::string_view what) {
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

void CaseRun::expect_message(Peer& peer, RequestId id, Bytes payload, std::string_view what) {
    const std::string got = message(peer, id, what);
    expect(got == payload, std::string(what) + ": expected " + hex_of(payload) + ", got " + hex_of(got));
}

void CaseRun::expect_supported(Peer& peer, RequestId id, std::string_view what) {
    expect_message(peer, id, octets({0xfd}), std::string(what) + ", whether supported");
}

void CaseRun::expect_code(Peer& peer, RequestId id, std::uint8_t code, std::string_view what) {
    expect_message(peer, id, octets({code}), what);
}

void CaseRun::expect_silence(Peer& peer, RequestId id, std::string_view what) {
    pass_quiet();
    if (has_message(peer, id)) fail(std::string(what) + ": unexpectedly came " + hex_of(peer.inbox[id].front()));
    expect(!peer.ended, std::string(what) + ": the node ended the connection");
}

void CaseRun::expect_alive(Peer& peer, std::string_view what) {
    const RequestId id = start(peer, octets({77, 0}));
    expect_message(peer, id, octets({0xff}), what);
}

void CaseRun::tidy(const std::set<std::string>& others) {
    if (over_) return;
    Peer& peer = connect();
    peer.session = std::make_unique<ClientSession>(limits(), options_.credential, peer, environment_.clock.now());
    // What the peer has said by then is judged below.
    static_cast<void>(world_.run_until([&] { return peer.authenticated || peer.ended; }, options_.patience));
    if (!peer.authenticated || peer.ended) return;
    std::string out;
    encode_remove_channel(out, next_id(), test_channel);
    for (const std::string& name : others) encode_remove_channel(out, next_id(), name);
    environment_.transport.write(peer.stream(), out);
    const std::size_t answers = 2 * (1 + others.size());
    // It hangs up in any case.
    static_cast<void>(world_.run_until([&] { return peer.messages >= answers || peer.ended; }, options_.patience));
    hang_up(peer);
}

// ---- the world ----

void CaseRun::on_connected(StreamId stream) {
    Peer* peer = find(stream);
    if (!peer) return;
    peer->connected = true;
    if (!peer->session) return;
    environment_.transport.write(stream, peer->session->output());
    peer->session->output().clear();
}

void CaseRun::on_connect_failed(StreamId stream, ConnectFailure why) {
    Peer* peer = find(stream);
    if (!peer) return;
    peer->ended = true;
    peer->refused = why;
}

void CaseRun::on_gone(StreamId stream, bool still_ours) {
    Peer* peer = find(stream);
    if (!peer) return;
    peer->ended = true;
    if (still_ours) environment_.transport.close(stream);
}

void CaseRun::on_bytes(StreamId stream, Bytes bytes) {
    Peer* peer = find(stream);
    if (!peer) return;
    if (!peer->session) {
        peer->heard += bytes;
        return;
    }
    peer->session->on_bytes(bytes, environment_.clock.wall());
    std::string& output = peer->session->output();
    if (!output.empty()) environment_.transport.write(stream, output);
    output.clear();
    if (peer->session->over() && peer->session->end() != SessionEnd::rejected) {
        fail("the node broke the protocol (" + std::string(name(peer->session->end())) + "), last heard " +
             hex_of(bytes));
        environment_.transport.abort(stream);
        peer->ended = true;
    }
}

}  // namespace halp::neo
