// One connection that speaks neo: version, authentication, and the requests of a client side by side.
//
// Fairness: requests with something to send stand in one queue, and each sends one message per turn. A request
// gets a turn only while the output has room. So the memory for a slow reader is limited by output_bytes_max and
// by the number of requests.
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
#include "overlay/dht/node/session.h"
#include "overlay/dht/records/turn_budget.h"
#include "overlay/dht/records/turn_scheduler.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/dht/wire/neo_frames.h"
#include "overlay/dht/wire/session_limits.h"
#include "overlay/environment.h"
#include "store/hash.h"
#include "store/time.h"

namespace halp::neo {

class NodeSession final : public Session, TurnScheduler {
public:
    // `stream` identifies the session towards its owner and the completion handler of its writes.
    NodeSession(std::uint64_t stream, const SessionLimits& limits, const Credentials& credentials,
                HandlerContext& context, SessionOwner& owner, const Nonce& nonce, Instant now);
    ~NodeSession() override;

    void on_bytes(Bytes arrived, Instant now, UnixSeconds wall) override;
    void on_written(RequestId id, Wrote wrote) override;
    [[nodiscard]] Instant next_deadline() const override;
    void on_deadline(Instant now) override;
    void on_closed() override { finish(SessionEnd::gone); }

    [[nodiscard]] std::size_t input_kept() const override { return frames_.bytes_kept() + holdings_.bytes(); }
    void drop_input() override { finish(SessionEnd::too_many); }

    [[nodiscard]] bool ready() const override {
        return !over() && (!turns_.empty() || !short_turns_.empty()) && has_room();
    }
    void pump(Instant now, TurnBudget& budget) override;

    [[nodiscard]] bool authenticated() const override { return stage_ == Stage::open; }
    [[nodiscard]] const std::string& client() const override { return client_; }
    [[nodiscard]] std::optional<Rejection> rejection() const override { return rejection_; }
    [[nodiscard]] std::size_t active_requests() const override { return active_.size(); }

private:
    enum class Stage : std::uint8_t { version, timestamp, proof, open };
    struct Active {
        const HandlerRow* row = nullptr;  // null: the node does not support the request
        Support support = Support::supported;
        bool support_due = true;  // the first answer (supported or not) is still to be sent
        bool wants_turn = false;  // is in turns_ or short_turns_
        bool writing = false;     // waits for on_written
        bool answered = false;    // the single answer is known: `code` and, if has_value, `held`
        std::uint8_t code = 0;
        bool has_value = false;
        std::unique_ptr<LongRequest> lasting;
        std::string held;  // the parameters while the request waits to begin; later the value of its answer
        std::optional<HoldingsShare> held_bytes;
        Reply::CodeOf code_of = nullptr;
        Instant deadline = no_deadline;
        Instant begun = never;  // by RequestCounts
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
    std::optional<Rejection> rejection_;
    std::uint64_t timestamp_ = 0;
    UnixSeconds node_time_{};
    std::string client_;
    FrameReceiver frames_;
    Holdings holdings_;
    ActiveMap active_;
    // Requests with one answer go before streams, so that a Get does not wait for a batch of each GetAll. So many
    // of them in a row, then a stream has a turn.
    static constexpr std::size_t short_turns_max = 64;
    std::deque<RequestId> short_turns_, turns_;
    std::size_t short_in_a_row_ = 0;  // while a stream wants a turn
    std::set<std::pair<Instant, RequestId>> deadlines_;
    std::deque<RequestId> ended_;  // the last talkative ones
};

}  // namespace halp::neo
