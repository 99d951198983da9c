// One connection that speaks the legacy protocol: requests one after the other, answers in the same order. A
// request may be sent ahead; it waits here until the ones before it are answered. Only writes that are answered
// with their status alone run side by side, so that a client that sends many of them ahead waits for the disk once
// and not once for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "overlay/dht/node/handler_context.h"
#include "overlay/dht/node/holdings.h"
#include "overlay/dht/node/legacy_handlers.h"
#include "overlay/dht/node/long_request.h"
#include "overlay/dht/node/session.h"
#include "overlay/dht/records/turn_scheduler.h"

namespace halp::legacy {

class NodeSession final : public neo::Session, neo::TurnScheduler {
public:
    // `stream` identifies the session towards its owner and the completion handler of its writes.
    NodeSession(std::uint64_t stream, const neo::SessionLimits& limits, const Options& options,
                neo::HandlerContext& context, neo::SessionOwner& owner, Instant now);
    ~NodeSession() override;

    void on_bytes(Bytes arrived, Instant now, UnixSeconds wall) override;
    void on_written(std::uint64_t request, Wrote wrote) override;
    [[nodiscard]] Instant next_deadline() const override;
    void on_deadline(Instant now) override;
    void on_closed() override { finish(neo::SessionEnd::gone); }
    [[nodiscard]] std::size_t input_kept() const override { return input().size() + holdings_.bytes(); }
    void drop_input() override { finish(neo::SessionEnd::too_many); }

    [[nodiscard]] bool ready() const override {
        return !over() && has_room() && (lasting_ ? wants_turn_ : input_waits_);
    }
    void pump(Instant now, neo::TurnBudget& budget) override;

    [[nodiscard]] bool authenticated() const override { return stats_.requests > 0; }
    [[nodiscard]] const std::string& client() const override;
    [[nodiscard]] std::size_t active_requests() const override { return waiting_.size() + (lasting_ ? 1 : 0); }

private:
    struct Counted {  // by RequestCounts
        std::size_t kind = 0;
        Instant begun = never;
    };
    // The answer of a write, in the order of the requests.
    struct Answer {
        std::optional<Status> status;
        Reply::StatusOf status_of = nullptr;
        Counted counted;
    };

    void want_turn(neo::RequestId) override;
    [[nodiscard]] bool has_room() const { return output_.size() + unsent_ < limits_.output_bytes_max; }
    void finish(neo::SessionEnd end);

    [[nodiscard]] Bytes input() const { return Bytes(input_).substr(input_at_); }
    void go_on();
    [[nodiscard]] std::size_t take(Bytes in);
    [[nodiscard]] std::size_t throw_away(std::size_t available);
    [[nodiscard]] std::size_t take_one(Bytes in);
    void begin(const HandlerRow& row, const Request& request);
    void run(const HandlerRow& row, const Call& call);
    void take_over(const Call& call);
    void say_heir(const Request& request);
    void answer(const Reply& reply);
    void say(Status status) { answer(Reply::is(status)); }
    void after(neo::After what);
    void end_count(const Counted& request) { context_.counts.end(request.kind, request.begun); }

    std::uint64_t stream_;
    const neo::SessionLimits& limits_;
    const Options& options_;
    neo::HandlerContext& context_;
    neo::SessionOwner& owner_;
    neo::Holdings holdings_;
    Instant first_request_by_;
    std::string input_;         // what waits: the beginning of a request, or requests sent ahead
    std::size_t input_at_ = 0;  // so much of it is done
    bool input_waits_ = false;  // the input may hold a whole request that can begin now or when there is room
    std::uint64_t skip_ = 0;    // so many bytes are to be thrown away
    bool end_after_skip_ = false;
    std::deque<Answer> waiting_;
    std::uint64_t first_waiting_ = 0;  // the number of the first of them
    Counted current_;                  // the request that begins now, or the long one
    std::unique_ptr<neo::LongRequest> lasting_;
    bool wants_turn_ = false;
    Instant deadline_ = no_deadline;
};

}  // namespace halp::legacy
