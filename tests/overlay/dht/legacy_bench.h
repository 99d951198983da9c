// A legacy session on a record engine for tests at the level of bytes. The test calls everything that a node would
// call.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "overlay/dht/node/legacy_session.h"
#include "store/records/memory_store.h"
#include "tests/overlay/dht/neo_bytes.h"

namespace halp::legacy {

class Bench : public neo::SessionOwner, public CompletionHandler {
public:
    explicit Bench(RecordStore* other = nullptr) : records(other ? *other : store) { connect(); }

    void connect() {
        session.reset();
        session = std::make_unique<NodeSession>(1, limits, options, context, *this, now);
    }
    // Passes bytes in, runs everything that happens at once, and returns the output.
    std::string raw(std::string_view arrived) {
        session->on_bytes(arrived, now, UnixSeconds{});
        return turn();
    }
    std::string turn(std::size_t budget_bytes = std::size_t{1} << 30) {
        records.collect();
        neo::TurnBudget budget(budget_bytes);
        session->pump(now, budget);
        records.collect();
        return std::exchange(session->output(), {});
    }
    static std::string wire(Command command, Bytes channel = "chan", std::uint64_t key = 2, Bytes value = "hello") {
        const std::string digits = key_text(Key{key});
        Request request;
        request.command = command;
        request.channel = channel;
        request.key = digits;
        request.value = value;
        std::string out;
        encode_request(out, request);
        return out;
    }
    // The answer as hex.
    std::string ask(Command command, Bytes channel = "chan", std::uint64_t key = 2, Bytes value = "hello") {
        return neo::hex(raw(wire(command, channel, key, value)));
    }
    void pass(Duration span) {
        now += span;
        if (now >= session->next_deadline()) session->on_deadline(now);
    }
    void on_ready(std::uint64_t) override {}
    [[nodiscard]] std::size_t connection_count() const override { return 3; }
    void on_written(std::uint64_t, std::uint64_t request, Wrote wrote) override {
        session->on_written(request, wrote);
    }

    Instant now = Instant{} + std::chrono::hours{1};
    neo::SessionLimits limits;
    Options options;
    neo::HandlerLimits handlers;
    neo::Permissions permissions;
    MemoryStore store;
    WriteLog records;
    HashRanges ranges{HashRange::full()};
    neo::HandlerContext context{records, ranges, handlers, permissions, *this};
    std::unique_ptr<NodeSession> session;
};

}  // namespace halp::legacy
