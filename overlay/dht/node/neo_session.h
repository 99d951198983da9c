// One connection of a node, free of sockets: version, authentication, and the requests of a client side by side. It
// is told bytes, time and room; it answers with bytes in output() and with its own end.
//
// Fairness: requests that have something to say stand in one queue and say one message each time it is their turn.
// A turn is given only while there is room, so what waits for a slow reader is bounded by output_bytes_max, by the
// number of requests, and by nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "overlay/dht/node/handler_context.h"
#include "overlay/dht/node/handler_table.h"
#include "overlay/dht/node/holdings.h"
#include "overlay/dht/node/long_request.h"
#include "overlay/dht/node/request.h"
#include "overlay/dht/node/turn_budget.h"
#include "overlay/dht/node/turn_scheduler.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/dht/wire/neo_frames.h"
#include "overlay/dht/wire/session_limits.h"
#include "overlay/environment.h"
#include "store/hash.h"
#include "store/time.h"

namespace halp::neo {

struct SessionStats {
    std::uint64_t messages_in = 0;
    std::uint64_t requests = 0;
    std::uint64_t unsupported = 0;
    std::uint64_t late_messages = 0;
};

// Hears that a session may have become ready() although nobody has called it: news came to one of its requests.
class SessionOwner {
public:
    virtual ~SessionOwner() = default;
    virtual void on_ready(std::uint64_t stream) = 0;
};

class NodeSession final : TurnScheduler {
public:
    // `stream` is what the session is called towards its owner and the sink of its writes.
    NodeSession(std::uint64_t stream, const SessionLimits& limits, const Credentials& credentials, HandlerContext& context,
                SessionOwner& owner, const Nonce& nonce, Instant now);
    ~NodeSession() override;
    NodeSession(const NodeSession&) = delete;
    NodeSession& operator=(const NodeSession&) = delete;

    // What is to be sent, in order. The owner takes it when it likes.
    [[nodiscard]] std::string& output() { return output_; }
    // After any end but `gone` the output is still to be sent, then the connection closed.
    [[nodiscard]] SessionEnd end() const { return end_; }
    [[nodiscard]] bool over() const { return end_ != SessionEnd::none; }

    void on_bytes(Bytes arrived, Instant now, UnixSeconds wall);
    void on_written(RequestId id, Wrote wrote);
    [[nodiscard]] Instant next_deadline() const;
    void on_deadline(Instant now);
    // The connection is gone: every request ends.
    void on_closed() { finish(SessionEnd::gone); }

    // Whether pump would do anything: somebody wants a turn and there is room for what it says.
    [[nodiscard]] bool ready() const { return !over() && !turns_.empty() && has_room(); }
    // Of what was output before, so much has not left this machine yet.
    void set_unsent(std::size_t bytes) { unsent_ = bytes; }
    // Gives turns until nobody wants one, there is no room, or the budget is spent.
    void pump(Instant now, TurnBudget& budget);

    [[nodiscard]] bool authenticated() const { return stage_ == Stage::open; }
    [[nodiscard]] const std::string& client() const { return client_; }
    [[nodiscard]] std::optional<Rejection> rejection() const { return rejection_; }
    [[nodiscard]] std::size_t active_requests() const { return active_.size(); }
    [[nodiscard]] const SessionStats& stats() const { return stats_; }

private:
    enum class Stage : std::uint8_t { version, timestamp, proof, open };
    struct Active {
        const HandlerRow* row = nullptr;  // null: the request is not supported
        Support support = Support::supported;
        bool support_due = true;  // the first answer has not been given
        bool wants_turn = false;  // stands in turns_
        bool writing = false;     // waits for on_written
        bool answered = false;    // the single answer is known: code, and value
        std::uint8_t code = 0;
        bool has_value = false;
        std::unique_ptr<LongRequest> lasting;
        std::string held;  // parameters of a request that has not begun for lack of room; later the value
        std::optional<HoldingsShare> held_bytes;
        Reply::CodeOf code_of = nullptr;
        Instant deadline = no_deadline;
    };
    struct SpreadId {
        std::size_t operator()(RequestId id) const { return static_cast<std::size_t>(mix(id)); }
    };
    using ActiveMap = std::unordered_map<RequestId, Active, SpreadId>;

    void want_turn(RequestId id) override;
    void want_turn(RequestId id, Active& active);
    [[nodiscard]] bool has_room() const { return output_.size() + unsent_ < limits_.output_bytes_max; }
    void finish(SessionEnd end);

    void on_version(Bytes arrived);
    void on_timestamp(Bytes body, UnixSeconds wall);
    void on_proof(Bytes body);
    void on_request(Bytes body, Instant now);
    void begin(RequestId id, const RequestStart& start, Instant now);
    void run(RequestId id, Active& active, Bytes parameters, Instant now);
    void run_at_once(RequestId id, const HandlerRow& row, Bytes parameters, Instant now);
    [[nodiscard]] Request request_of(RequestId id, Bytes parameters, Instant now);
    void take(RequestId id, Active& active, const Reply& reply);
    void after(RequestId id, Active& active, After what);
    void give_turn(RequestId id, Instant now, TurnBudget& budget);
    void say(RequestId id, std::uint8_t code, const std::optional<Bytes>& value);
    void say_reply(RequestId id, const Active& active);
    void hold(Active& active, Bytes bytes);
    void set_deadline(RequestId id, Active& active, Instant deadline);
    void end_request(RequestId id);
    [[nodiscard]] bool ended_lately(RequestId id) const;

    std::uint64_t stream_;
    const SessionLimits& limits_;
    const Credentials& credentials_;
    HandlerContext& context_;
    SessionOwner& owner_;
    Nonce nonce_;
    Instant handshake_deadline_;
    Stage stage_ = Stage::version;
    SessionEnd end_ = SessionEnd::none;
    std::optional<Rejection> rejection_;
    std::uint64_t timestamp_ = 0;
    UnixSeconds node_time_{};
    std::string client_;
    FrameReceiver frames_;
    std::string output_;
    std::size_t unsent_ = 0;
    Holdings holdings_;
    ActiveMap active_;
    std::deque<RequestId> turns_;
    std::set<std::pair<Instant, RequestId>> deadlines_;
    std::deque<RequestId> ended_;  // talkative ones
    SessionStats stats_;
};

}  // namespace halp::neo
