// The requests of the legacy protocol (overlay/dht/wire/legacy.md), one row each: short ones as functions, long
// ones by the interface of neo's (long_request.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "overlay/dht/node/handler_context.h"
#include "overlay/dht/node/holdings.h"
#include "overlay/dht/node/long_request.h"
#include "overlay/dht/node/session.h"
#include "overlay/dht/records/turn_scheduler.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/dht/wire/record_batch.h"
#include "store/records/channel.h"
#include "store/time.h"

namespace halp::legacy {

inline constexpr std::size_t batch_overhead = 32;  // what a record takes in a batch besides its value

// What an operator may set for the legacy protocol.
struct Options {
    std::string address;  // with `port`: what the node says of itself; original clients ignore it
    std::uint16_t port = 0;
    std::size_t batch_bytes = neo::batch_bytes;  // of GetAll
    // Of one Put. The default is that of the original: the longest value that fits into a batch of GetAll.
    std::size_t value_bytes_max = neo::batch_bytes - batch_overhead;
    // How long a Listen keeps its answers back, to send them together. 0: each at once, the status with the first.
    Duration flush_interval = std::chrono::milliseconds{250};
    std::size_t listen_queue_max = 32768;  // changes that wait for one Listen; more are dropped and counted
};

// A request as its handler gets it. Channel and key are set when the request has them; both have been judged.
struct Call {
    const Request& request;  // its views are valid until the handler returns
    const Channel* channel = nullptr;
    Key key{};
    Requester requester;  // for writes
    neo::TurnScheduler& turns;
    neo::Holdings& holdings;
    neo::HandlerContext& context;
    const Options& options;
    const neo::SessionOwner& owner;
    std::string& out;  // for the answer of a request that is not a write
};

// How a short request goes on: its handler has written the answer, or the status is known, or the write decides.
struct Reply {
    using StatusOf = Status (*)(Wrote);
    bool said = false;
    std::optional<Status> status;
    StatusOf status_of = nullptr;

    static Reply answered() { return {true, std::nullopt, nullptr}; }
    static Reply is(Status status) { return {false, status, nullptr}; }
    static Reply written(std::optional<Wrote> wrote, StatusOf status_of) {
        return wrote ? is(status_of(*wrote)) : Reply{false, std::nullopt, status_of};
    }
};

// Exactly one of the two handlers is set.
struct HandlerRow {
    Command command;
    Reply (*single)(const Call&);
    std::unique_ptr<neo::LongRequest> (*lasting)(const Call&);
    bool has_channel;
    bool has_key;
    bool owner_only;  // answered with WrongNode for a key out of the range of the node
    bool write;       // answers with its status only, so further writes may begin before it is completed
};
[[nodiscard]] std::span<const HandlerRow> handler_table();
[[nodiscard]] const HandlerRow* find_handler(Command command);

[[nodiscard]] Status status_of_put(Wrote wrote);

[[nodiscard]] std::unique_ptr<neo::LongRequest> begin_get_channels(const Call& call);
[[nodiscard]] std::unique_ptr<neo::LongRequest> begin_get_all(const Call& call);
[[nodiscard]] std::unique_ptr<neo::LongRequest> begin_put_batch(const Call& call);
[[nodiscard]] std::unique_ptr<neo::LongRequest> begin_listen(const Call& call);
[[nodiscard]] std::unique_ptr<neo::LongRequest> begin_redistribute(const Call& call);
// A PutBatch that is a message of handover_wire.h. Null: it is malformed, or this node takes over nothing.
[[nodiscard]] std::unique_ptr<neo::LongRequest> begin_take_over(const Call& call);

}  // namespace halp::legacy
