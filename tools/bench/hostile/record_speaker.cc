#include "tools/bench/hostile/record_speaker.h"

#include <array>
#include <chrono>
#include <utility>

#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "tools/bench/hostile/gossip_speaker.h"

namespace halp::bench {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t neo_value_bytes = 15 * mebibyte;
constexpr std::size_t legacy_value_bytes = 9 * mebibyte;
constexpr std::string_view name = "admin";
constexpr char version = static_cast<char>(neo::protocol_version);

// What a client has sent until it waits for the version, the nonce and the verdict.
constexpr std::size_t timestamp_frame = neo::header_bytes + 8;
constexpr std::size_t proof_frame = neo::header_bytes + 8 + name.size() + neo::hmac_bytes;
constexpr std::array<std::size_t, 3> received_at_stage{1, 1 + timestamp_frame, 1 + timestamp_frame + proof_frame};

std::optional<std::string> authentication_body(Wire& wire) {
    const auto bytes = wire.receive(neo::header_bytes);
    if (!bytes) return std::nullopt;
    const auto header = neo::decode_header(*bytes, neo::FrameType::authentication, neo::authentication_body_max);
    const auto* good = std::get_if<neo::FrameHeader>(&header);
    return good ? wire.receive(static_cast<std::size_t>(good->body_bytes)) : std::nullopt;
}

}  // namespace

std::optional<Wire> proved_client(const std::string& from, const Endpoint& neo) {
    std::optional<Wire> wire = Wire::open(from, neo, std::chrono::seconds{2});
    if (!wire || !wire->send_all(std::string(1, version)) || !wire->receive(1)) return std::nullopt;
    const std::uint64_t now = seconds_now();
    std::string hello;
    neo::encode_timestamp(hello, now);
    if (!wire->send_all(hello)) return std::nullopt;
    const auto body = authentication_body(*wire);
    if (!body) return std::nullopt;
    const auto nonce = neo::decode_nonce(*body);
    const auto* number = std::get_if<neo::Nonce>(&nonce);
    if (!number) return std::nullopt;
    std::string proof;
    neo::encode_proof(proof, {name, neo::handshake_hmac(neo::Secret{}, now, *number)});
    if (!wire->send_all(proof)) return std::nullopt;
    const auto verdict = authentication_body(*wire);
    if (!verdict || verdict->empty() || verdict->front() == 0 || !wire->does_not_wait()) return std::nullopt;
    return wire;
}

std::string unfinished_neo_put() {
    const std::string value(neo_value_bytes, 'v');
    std::string frame;
    neo::encode_put(frame, 2, {"hostile", 1, value});
    frame.pop_back();
    return frame;
}

std::string unfinished_legacy_put() {
    const std::string value(legacy_value_bytes, 'v');
    legacy::Request put;
    put.command = legacy::Command::put;
    put.channel = "hostile";
    put.key = "0000000000000001";
    put.value = value;
    std::string bytes;
    legacy::encode_request(bytes, put);
    bytes.pop_back();
    return bytes;
}

HostileNodes::HostileNodes(std::vector<Endpoint> at) {
    for (const Endpoint& endpoint : at)
        if (auto listener = Wire::listen(endpoint)) listeners_.push_back(std::move(*listener));
    const std::string value(neo_value_bytes, 'v');
    neo::encode_value(answer_, 1, value);
    thread_ = std::jthread{[this](const std::stop_token& over) { serve(over); }};
}

void HostileNodes::serve(const std::stop_token& over) {
    leave_processors_to_nodes();
    while (!over.stop_requested()) {
        for (const Wire& listener : listeners_)
            while (auto client = listener.accept()) clients_.push_back({std::move(*client)});
        std::erase_if(clients_, [&](Client& client) { return !serve(client); });
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

bool HostileNodes::serve(Client& client) const {
    const auto bytes = client.wire.receive_some();
    if (!bytes) return false;
    client.received += bytes->size();
    for (; client.stage < 3 && client.received >= received_at_stage[static_cast<std::size_t>(client.stage)];
         ++client.stage) {
        std::string next;
        if (client.stage == 0) next = std::string(1, version);
        if (client.stage == 1) neo::encode_nonce(next, {});
        if (client.stage == 2) neo::encode_verdict(next, true);
        if (!client.wire.send_some(next)) return false;
    }
    if (client.stage < 3 || client.sent + 1 >= answer_.size()) return true;
    // All but the last byte.
    const auto sent =
        client.wire.send_some(std::string_view{answer_}.substr(client.sent, answer_.size() - 1 - client.sent));
    client.sent += sent.value_or(0);
    return sent.has_value();
}

}  // namespace halp::bench
