#include "overlay/dht/node/legacy_session.h"

#include <algorithm>
#include <utility>

#include "overlay/dht/node/legacy_lookahead.h"
#include "overlay/dht/ranges/handover_wire.h"
#include "overlay/dht/ranges/redistribution.h"

namespace halp::legacy {

using neo::After;
using neo::SessionEnd;

NodeSession::NodeSession(std::uint64_t stream, const neo::SessionLimits& limits, const Options& options,
                         neo::HandlerContext& context, neo::SessionOwner& owner, Instant now)
    : stream_(stream),
      limits_(limits),
      options_(options),
      context_(context),
      owner_(owner),
      holdings_(limits.held_bytes_max),
      first_request_by_(now + limits.handshake_timeout) {}

NodeSession::~NodeSession() {
    for (const Answer& answer : waiting_) end_count(answer.counted);
    if (lasting_) end_count(current_);
    if (context_.redistribution != nullptr) context_.redistribution->intake().connection_lost(*this);
}

const std::string& NodeSession::client() const {
    static const std::string name = "legacy";  // the protocol knows no names
    return name;
}

// The requests are destroyed with the session, because one of them may be the caller of this function.
void NodeSession::finish(SessionEnd end) {
    if (over()) return;
    end_ = end;
    wants_turn_ = input_waits_ = false;
    deadline_ = no_deadline;
}

// ---- input ----

void NodeSession::on_bytes(Bytes arrived, Instant, UnixSeconds) {
    if (over() || arrived.empty()) return;
    if (input().empty()) {
        arrived.remove_prefix(take(arrived));
        input_at_ = 0;
        input_.assign(arrived);
    } else {
        input_ += arrived;
        if (!lasting_) go_on();
    }
    if (input().size() > limits_.held_bytes_max) return finish(SessionEnd::too_many);
    if (lasting_ && !input().empty()) after(lasting_->on_message(input(), Instant{}));
}

void NodeSession::go_on() {
    input_at_ += take(input());
    if (input_at_ < input_.size() / 2) return;
    input_.erase(0, input_at_);
    input_at_ = 0;
    if (input_.capacity() > 4 * (input_.size() + limits_.output_bytes_max)) input_.shrink_to_fit();
}

// Begins all requests that can begin. Returns the number of bytes that are done.
std::size_t NodeSession::take(Bytes in) {
    std::size_t done = 0;
    input_waits_ = false;
    Lookahead<ArrivedRequests> ahead(skip_ > 0 ? Bytes{} : in, context_.records.store());
    while (!over() && !lasting_ && done < in.size()) {
        if (!has_room() || waiting_.size() >= limits_.requests_max) {
            input_waits_ = true;
            break;
        }
        ahead.step();
        const Bytes rest = in.substr(done);
        const std::size_t taken = skip_ > 0 ? throw_away(rest.size()) : take_one(rest);
        if (taken == 0) break;
        done += taken;
    }
    return done;
}

std::size_t NodeSession::throw_away(std::size_t available) {
    const auto gone = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, available));
    skip_ -= gone;
    if (skip_ == 0 && end_after_skip_) finish(SessionEnd::malformed);
    return gone;
}

// Returns 0 when the request is not whole yet or cannot begin yet.
std::size_t NodeSession::take_one(Bytes in) {
    const ReadRequest read = read_request(in, options_.value_bytes_max);
    switch (read.kind) {
        case ReadRequest::Kind::need_more:
            return 0;
        case ReadRequest::Kind::unknown:
            finish(SessionEnd::malformed);
            return 0;
        case ReadRequest::Kind::too_long:
            skip_ = read.skip;
            end_after_skip_ = true;
            if (skip_ == 0) finish(SessionEnd::malformed);
            return read.bytes;
        case ReadRequest::Kind::request:
            break;
    }
    const HandlerRow& row = *find_handler(read.request.command);
    if (!waiting_.empty() && !row.write) return 0;
    skip_ = read.skip;
    ++stats_.messages_in;
    ++stats_.requests;
    begin(row, read.request);
    return read.bytes;
}

// ---- requests ----

// The order of judgement is that of legacy.md, section 2.
void NodeSession::begin(const HandlerRow& row, const Request& request) {
    const auto kind = static_cast<std::size_t>(&row - handler_table().data());
    current_ = {kind, context_.counts.begin(kind)};
    Call call{request, nullptr,   {},       {&context_.completions, stream_, first_waiting_ + waiting_.size()},
              *this,   holdings_, context_, options_,
              owner_,  output_};
    if (!row.has_channel) return run(row, call);
    if (row.command == Command::put_batch && handover::is_message(request.channel)) return take_over(call);
    if (row.command == Command::get && request.channel == handover::heir_channel) return say_heir(request);
    if (!valid_channel(request.channel)) return say(Status::bad_channel_name);
    call.channel = context_.channel_named(request.channel);
    if (!call.channel) return say(Status::error);
    if (row.has_key) {
        const auto key = parse_key(request.key);
        if (!key) {
            end_count(current_);
            return finish(SessionEnd::malformed);
        }
        call.key = *key;
        if (row.owner_only && !context_.ranges.own().contains(*key)) return say(Status::wrong_node);
    }
    run(row, call);
}

void NodeSession::run(const HandlerRow& row, const Call& call) {
    if (row.single) return answer(row.single(call));
    lasting_ = row.lasting(call);
    wants_turn_ = true;
    if (holdings_.over()) finish(SessionEnd::too_many);
}

void NodeSession::take_over(const Call& call) {
    lasting_ = begin_take_over(call);
    if (!lasting_) return say(Status::bad_channel_name);
    wants_turn_ = true;
    if (holdings_.over()) finish(SessionEnd::too_many);
}

void NodeSession::say_heir(const Request& request) {
    const auto key = parse_key(request.key);
    const auto heir = key && context_.redistribution != nullptr ? context_.redistribution->heir_of(*key)
                                                                : std::optional<handover::Heir>{};
    if (!heir) return say(Status::bad_channel_name);
    encode_status(output_, Status::ok);
    encode_array(output_, handover::format_heir(*heir));
    end_count(current_);
}

void NodeSession::answer(const Reply& reply) {
    const bool now = reply.said || (waiting_.empty() && reply.status);
    if (!now) return waiting_.push_back({reply.status, reply.status_of, current_});
    if (!reply.said) encode_status(output_, *reply.status);
    end_count(current_);
}

void NodeSession::on_written(std::uint64_t request, Wrote wrote) {
    if (over()) return;
    if (lasting_) return after(lasting_->on_written(wrote));
    Answer& answer = waiting_[static_cast<std::size_t>(request - first_waiting_)];
    answer.status = answer.status_of(wrote);
    for (; !waiting_.empty() && waiting_.front().status; ++first_waiting_) {
        encode_status(output_, *waiting_.front().status);
        end_count(waiting_.front().counted);
        waiting_.pop_front();
    }
    if (waiting_.size() < limits_.requests_max && !input().empty()) input_waits_ = true;
}

void NodeSession::want_turn(neo::RequestId) {
    if (over() || !lasting_) return;
    wants_turn_ = true;
    owner_.on_ready(stream_);
}

void NodeSession::after(After what) {
    switch (what) {
        case After::wait:
            deadline_ = lasting_->next_deadline();
            return;
        case After::again:
            wants_turn_ = true;
            return;
        case After::done:
            end_count(current_);
            lasting_.reset();
            wants_turn_ = false;
            deadline_ = no_deadline;
            input_waits_ = !input().empty();
            return;
        case After::close:
            return finish(SessionEnd::out_of_turn);
        case After::fail:
            return finish(SessionEnd::failed);
    }
}

void NodeSession::pump(Instant now, neo::TurnBudget& budget) {
    while (ready() && !budget.spent()) {
        if (!lasting_) {
            go_on();
            budget.spend_record(0);
            continue;
        }
        wants_turn_ = false;
        neo::Turn turn{output_, neo::RequestId{}, now, budget};
        after(lasting_->on_turn(turn));
    }
}

// ---- time ----

Instant NodeSession::next_deadline() const {
    if (over()) return no_deadline;
    return stats_.requests == 0 ? first_request_by_ : deadline_;
}

void NodeSession::on_deadline(Instant now) {
    if (over()) return;
    if (stats_.requests == 0) {
        if (now >= first_request_by_) finish(SessionEnd::too_slow);
        return;
    }
    deadline_ = no_deadline;
    if (lasting_) wants_turn_ = true;
}

}  // namespace halp::legacy
