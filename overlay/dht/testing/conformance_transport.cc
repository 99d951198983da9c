// Conformance cases: from the first byte to the verdict of the authentication.
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "overlay/dht/testing/conformance_case_run.h"

namespace halp::neo {
namespace {

constexpr std::uint64_t minute = 60;

std::string timestamp_frame(std::uint64_t unix_s) {
    std::string out;
    encode_timestamp(out, unix_s);
    return out;
}

// The verdict must be no, and then the connection must end.
void expect_rejected(CaseRun& t, const Login& login) {
    Peer& peer = t.dial();
    const std::optional<bool> accepted = t.log_in(peer, login);
    t.expect(accepted.has_value(), "the connection ended without a verdict");
    t.expect(!accepted.value_or(false), "the node let in whom it should have turned away");
    t.expect_end(peer, "after the rejection");
}

void expect_accepted(CaseRun& t, const Login& login) {
    Peer& peer = t.dial();
    t.expect(t.log_in(peer, login).value_or(false), "the node turned away whom it should have let in");
}

Login own(CaseRun& t) { return {t.options().credential, std::nullopt, false}; }

Login at(CaseRun& t, std::uint64_t timestamp) {
    Login login = own(t);
    login.timestamp = timestamp;
    return login;
}

Login named(CaseRun& t, std::string name) {
    Login login = own(t);
    login.credential.name = std::move(name);
    return login;
}

// Sends raw bytes when the node awaits the timestamp.
void expect_end_after_version(CaseRun& t, const std::string& bytes, std::string_view what) {
    Peer& peer = t.dial();
    t.say(peer, octets({1}));
    t.expect_heard(peer, octets({1}), "the version of the node");
    t.say(peer, bytes);
    t.expect_end(peer, what);
}

// Sends raw bytes when the node awaits the proof.
void expect_end_after_nonce(CaseRun& t, const std::string& bytes, std::string_view what) {
    Peer& peer = t.dial();
    t.say(peer, octets({1}));
    t.expect_heard(peer, octets({1}), "the version of the node");
    t.say(peer, timestamp_frame(t.wall()));
    const std::string nonce = t.hear(peer, header_bytes + nonce_bytes);
    t.expect(nonce.starts_with(header_of(2, nonce_bytes)), "no nonce came but " + hex_of(nonce));
    t.say(peer, bytes);
    t.expect_end(peer, what);
}

void version_exchange(CaseRun& t) {
    Peer& peer = t.dial();
    t.pass_quiet();
    t.expect(peer.heard.empty(), "the node spoke first: " + hex_of(peer.heard));
    t.say(peer, octets({1}));
    t.expect_heard(peer, octets({1}), "the version of the node");
    t.pass_quiet();
    t.expect(peer.heard.empty() && !peer.ended, "the node did not wait for the timestamp");
}

void version_mismatch(CaseRun& t) {
    Peer& peer = t.dial();
    t.say(peer, octets({2}));
    t.expect_heard(peer, octets({1}), "the version of the node");
    t.expect_end(peer, "another version");
}

void bytes_behind_version(CaseRun& t) {
    Peer& peer = t.dial();
    t.say(peer, octets({1}) + timestamp_frame(t.wall()));
    t.expect_end(peer, "bytes right behind the version");
}

void nonces_differ(CaseRun& t) {
    std::set<std::string> nonces;
    for (int i = 0; i < 4 && !t.over(); ++i) {
        Peer& peer = t.dial();
        t.say(peer, octets({1}));
        t.expect_heard(peer, octets({1}), "the version of the node");
        t.say(peer, timestamp_frame(t.wall()));
        nonces.insert(t.hear(peer, header_bytes + nonce_bytes));
        t.hang_up(peer);
    }
    t.expect(nonces.size() == 4, "the same nonce was given twice");
}

void silent_client(CaseRun& t) {
    Peer& peer = t.dial();
    t.wait([&] { return peer.ended; }, std::chrono::seconds{15}, "the end of a connection that says nothing");
    t.expect(peer.heard.empty(), "the node spoke to a silent client: " + hex_of(peer.heard));
}

void no_messages_before_verdict(CaseRun& t) {
    expect_end_after_version(t, frame_of(1, number_of(1) + octets({6, 0})), "a request before authentication");
}

void huge_header_first(CaseRun& t) {
    expect_end_after_version(t, header_of(1, std::uint64_t{1} << 40), "2^40 bytes announced before authentication");
    expect_end_after_version(t, header_of(2, ~std::uint64_t{0} - 4), "2^64 - 5 bytes announced");
}

std::string proof_body(CaseRun& t) { return array_of(t.options().credential.name) + std::string(hmac_bytes, 'x'); }

// Lengths that are too long by one byte, longer than any proof, and so long that the sum of sizes overflows.
void lying_name(CaseRun& t) {
    const std::string name = t.options().credential.name, behind = name + std::string(hmac_bytes, 'x');
    for (const std::uint64_t length : {std::uint64_t{name.size() + 1}, std::uint64_t{500}, ~std::uint64_t{0},
                                       ~std::uint64_t{0} - 7, std::uint64_t{1} << 63}) {
        if (t.over()) return;
        expect_end_after_nonce(t, frame_of(2, number_of(length) + behind),
                               "a name of " + std::to_string(length) + " bytes");
    }
}

}  // namespace

void add_transport_cases(std::vector<ConformanceCase>& cases) {
    const std::vector<ConformanceCase> mine = {
        {"handshake.version", "the node answers version 1 with 1 and never speaks first", version_exchange},
        {"handshake.version_mismatch", "another version is answered with 1, then the end", version_mismatch},
        {"handshake.bytes_behind_version", "bytes before the node's version end the connection",
         bytes_behind_version},
        {"handshake.accepted", "name, time and HMAC are right: verdict 1",
         [](CaseRun& t) { expect_accepted(t, own(t)); }},
        {"handshake.nonces_differ", "every connection gets a nonce of its own", nonces_differ},
        {"handshake.29_minutes_late", "clocks may differ by 29 minutes",
         [](CaseRun& t) { expect_accepted(t, at(t, t.wall() - 29 * minute)); }},
        {"handshake.29_minutes_early", "clocks may differ by 29 minutes",
         [](CaseRun& t) { expect_accepted(t, at(t, t.wall() + 29 * minute)); }},
        {"handshake.31_minutes_late", "clocks may not differ by 31 minutes: verdict 0, then the end",
         [](CaseRun& t) { expect_rejected(t, at(t, t.wall() - 31 * minute)); }},
        {"handshake.31_minutes_early", "clocks may not differ by 31 minutes: verdict 0, then the end",
         [](CaseRun& t) { expect_rejected(t, at(t, t.wall() + 31 * minute)); }},
        {"handshake.time_zero", "time 0 is rejected", [](CaseRun& t) { expect_rejected(t, at(t, 0)); }},
        {"handshake.time_out_of_range", "a time beyond 2^63 - 1 is rejected",
         [](CaseRun& t) { expect_rejected(t, at(t, std::uint64_t{1} << 63)); }},
        {"handshake.empty_name", "an empty name is rejected", [](CaseRun& t) { expect_rejected(t, named(t, "")); }},
        {"handshake.long_name", "a name of 101 bytes is rejected",
         [](CaseRun& t) { expect_rejected(t, named(t, std::string(101, 'a'))); }},
        {"handshake.unknown_name", "an unknown name is rejected",
         [](CaseRun& t) { expect_rejected(t, named(t, "nobody-by-this-name")); }},
        {"handshake.bad_name", "a name with a blank is rejected",
         [](CaseRun& t) { expect_rejected(t, named(t, "ad min")); }},
        {"handshake.wrong_hmac", "one wrong bit of the HMAC is rejected",
         [](CaseRun& t) {
             Login login = own(t);
             login.wrong_hmac = true;
             expect_rejected(t, login);
         }},
        {"handshake.short_timestamp", "a timestamp of 7 bytes ends the connection without an answer",
         [](CaseRun& t) { expect_end_after_version(t, frame_of(2, std::string(7, 'x')), "a short timestamp"); }},
        {"handshake.long_timestamp", "a timestamp of 9 bytes ends the connection without an answer",
         [](CaseRun& t) { expect_end_after_version(t, frame_of(2, std::string(9, 'x')), "a long timestamp"); }},
        {"handshake.short_proof", "a proof that lacks a byte ends the connection without an answer",
         [](CaseRun& t) {
             const std::string body = proof_body(t);
             expect_end_after_nonce(t, frame_of(2, body.substr(0, body.size() - 1)), "a short proof");
         }},
        {"handshake.long_proof", "a proof with a surplus byte ends the connection without an answer",
         [](CaseRun& t) { expect_end_after_nonce(t, frame_of(2, proof_body(t) + "x"), "a long proof"); }},
        {"handshake.lying_name",
         "a proof whose name is longer than the proof ends the connection without an answer", lying_name},
        {"handshake.long_message", "an authentication message of 1000 bytes ends the connection without an answer",
         [](CaseRun& t) { expect_end_after_version(t, frame_of(2, std::string(1000, 'x')), "1000 bytes"); }},
        {"handshake.request_first", "a request before authentication ends the connection",
         no_messages_before_verdict},
        {"handshake.huge_header", "a header that announces too much ends the connection at once",
         huge_header_first},
        {"handshake.silent_client", "a silent client loses its connection within 15 s", silent_client},
    };
    cases.insert(cases.end(), mine.begin(), mine.end());
}

}  // namespace halp::neo
