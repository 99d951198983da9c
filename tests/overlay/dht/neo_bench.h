// A NodeSession on a memory engine for tests at the level of bytes. The test calls everything that a node would
// call.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/node/neo_session.h"
#include "store/records/memory_store.h"
#include "tests/overlay/dht/neo_bytes.h"

namespace halp::neo {

inline constexpr std::uint64_t bench_time = 0x6b001f35;

// The payloads of request frames, each as "id:hex".
inline std::vector<std::string> messages_of(std::string_view output) {
    std::vector<std::string> all;
    while (!output.empty()) {
        const auto header = decode_header(output, FrameType::request, ~0ULL);
        if (!std::holds_alternative<FrameHeader>(header)) {
            all.push_back("not a request frame: " + hex(output.substr(0, 40)));
            break;
        }
        const auto size = static_cast<std::size_t>(std::get<FrameHeader>(header).body_bytes);
        const Bytes body = output.substr(header_bytes, size);
        const auto message = std::get<RequestBody>(decode_request_body(body));
        all.push_back(std::to_string(message.id) + ":" + hex(message.payload));
        output.remove_prefix(header_bytes + size);
    }
    return all;
}

// One frame around a payload given in hex.
inline std::string framed(RequestId id, std::string_view payload_hex) {
    std::string out;
    {
        FrameWriter frame(out, id);
        out += bytes(payload_hex);
    }
    return out;
}

class Bench : public SessionOwner, public CompletionHandler {
public:
    explicit Bench(SessionLimits session_limits = {}, HandlerLimits handler_limits = {})
        : limits(session_limits), handlers(handler_limits) {
        connect();
    }

    void connect() {
        session.reset();
        session = std::make_unique<NodeSession>(1, limits, credentials, context, *this,
                                                Nonce{0x3f, 0x1d, static_cast<char>(0xea), 0x7c}, now);
    }
    // Passes bytes in, runs everything that happens at once, and returns the output.
    std::string raw(std::string_view arrived) {
        session->on_bytes(arrived, now, UnixSeconds{static_cast<std::int64_t>(bench_time)});
        return turn();
    }
    std::string turn(std::size_t budget_bytes = std::size_t{1} << 30) {
        records.collect();
        TurnBudget budget(budget_bytes);
        session->pump(now, budget);
        return std::exchange(session->output(), {});
    }
    std::vector<std::string> say(RequestId id, std::string_view payload_hex) {
        return messages_of(raw(framed(id, payload_hex)));
    }
    std::vector<std::string> hear() { return messages_of(turn()); }
    // A connection that has been authenticated.
    Bench& open() {
        raw(bytes("01"));
        raw(bytes("02 08 00*7 0a 35 1f 00 6b 00*4"));
        const std::string verdict = raw(proof());
        EXPECT_EQ(hex(verdict), hex(bytes("02 01 00*7 03 01")));
        return *this;
    }
    static std::string proof(const std::string& name = "admin") {
        std::string out;
        encode_proof(out, {name, handshake_hmac({}, bench_time, {0x3f, 0x1d, static_cast<char>(0xea), 0x7c})});
        return out;
    }
    void pass(Duration span) {
        now += span;
        if (now >= session->next_deadline()) session->on_deadline(now);
    }

    void put(std::string_view channel, std::uint64_t key, std::string_view value) {
        records.put(Channel::parse(channel).value(), Key{key}, value, {});
        records.collect();
    }
    void remove(std::string_view channel, std::uint64_t key) {
        records.remove(Channel::parse(channel).value(), Key{key}, {});
        records.collect();
    }
    void remove_channel(std::string_view channel) {
        records.remove_channel(Channel::parse(channel).value(), {});
        records.collect();
    }

    void on_ready(std::uint64_t) override { ++nudges; }
    void on_written(std::uint64_t, std::uint64_t request, Wrote wrote) override {
        session->on_written(request, wrote);
    }

    Instant now = Instant{} + std::chrono::hours{1};
    SessionLimits limits;
    HandlerLimits handlers;
    Permissions permissions;
    Credentials credentials = Credentials::for_tests();
    MemoryStore store;
    WriteLog records{store};
    HashRanges ranges{HashRange::full()};
    HandlerContext context{records, ranges, handlers, permissions, *this};
    int nudges = 0;
    std::unique_ptr<NodeSession> session;
};

using Heard = std::vector<std::string>;

}  // namespace halp::neo
