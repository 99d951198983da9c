#include "overlay/dht/node/neo_session.h"

#include <algorithm>
#include <cassert>
#include <variant>

#include "overlay/dht/node/neo_lookahead.h"

namespace halp::neo {
namespace {

std::size_t kind_of(const HandlerRow& row) { return static_cast<std::size_t>(&row - handler_table().data()); }

}  // namespace

NodeSession::NodeSession(std::uint64_t stream, const SessionLimits& limits, const Credentials& credentials,
                         HandlerContext& context, SessionOwner& owner, const Nonce& nonce, Instant now)
    : stream_(stream),
      limits_(limits),
      credentials_(credentials),
      context_(context),
      owner_(owner),
      nonce_(nonce),
      handshake_deadline_(now + limits.handshake_timeout),
      holdings_(limits.held_bytes_max) {}

NodeSession::~NodeSession() {
    for (const auto& entry : active_)
        if (entry.second.row) context_.counts.end(kind_of(*entry.second.row), entry.second.begun);
}

void NodeSession::finish(SessionEnd end) {
    if (over()) return;
    end_ = end;
    turns_.clear();
    short_turns_.clear();
    deadlines_.clear();
    // The requests are destroyed with the session, because one of them may be the caller of this function.
}

// ---- handshake ----

void NodeSession::on_bytes(Bytes arrived, Instant now, UnixSeconds wall) {
    if (over() || arrived.empty()) return;
    if (stage_ == Stage::version) return on_version(arrived);
    frames_.begin(arrived);
    Lookahead<ArrivedFrames> ahead(stage_ == Stage::open ? frames_.left() : Bytes{}, context_.records.store());
    while (!over()) {
        ahead.step();
        const FrameType expected = stage_ == Stage::open ? FrameType::request : FrameType::authentication;
        const auto frame = frames_.next(expected, limits_.message_bytes_max);
        if (const auto* error = std::get_if<DecodeError>(&frame)) {
            if (*error != DecodeError::need_more) finish(SessionEnd::malformed);
            break;
        }
        const Bytes body = std::get<Bytes>(frame);
        ++stats_.messages_in;
        switch (stage_) {
            case Stage::version:
                assert(false);
                break;
            case Stage::timestamp:
                on_timestamp(body, wall);
                break;
            case Stage::proof:
                on_proof(body);
                break;
            case Stage::open:
                on_request(body, now);
                break;
        }
    }
    frames_.end();
}

// A client must wait for the node's version, so no byte may follow its own. A client with another version is told
// the node's.
void NodeSession::on_version(Bytes arrived) {
    if (arrived.size() != 1) return finish(SessionEnd::version);
    output_.push_back(static_cast<char>(protocol_version));
    if (static_cast<std::uint8_t>(arrived.front()) != protocol_version) return finish(SessionEnd::version);
    stage_ = Stage::timestamp;
}

void NodeSession::on_timestamp(Bytes body, UnixSeconds wall) {
    const auto decoded = decode_timestamp(body);
    if (std::holds_alternative<DecodeError>(decoded)) return finish(SessionEnd::malformed);
    timestamp_ = std::get<std::uint64_t>(decoded);
    node_time_ = wall;
    encode_nonce(output_, nonce_);
    stage_ = Stage::proof;
}

void NodeSession::on_proof(Bytes body) {
    const auto decoded = decode_proof(body);
    const auto* proof = std::get_if<Proof>(&decoded);
    if (!proof) return finish(SessionEnd::malformed);
    client_ = proof->name.substr(0, client_name_max);
    rejection_ = check_proof(credentials_, *proof, timestamp_, node_time_, nonce_);
    encode_verdict(output_, !rejection_);
    if (rejection_) return finish(SessionEnd::rejected);
    stage_ = Stage::open;
}

// ---- requests ----

void NodeSession::on_request(Bytes body, Instant now) {
    const RequestBody request =
        std::get<RequestBody>(decode_request_body(body));  // never an error: the header was checked
    if (request.id == no_request) return finish(SessionEnd::request_zero);
    const auto found = active_.find(request.id);
    if (found != active_.end()) {
        Active& active = found->second;
        const bool begun = active.lasting && !active.support_due;
        if (!begun) return finish(SessionEnd::out_of_turn);
        return after(request.id, active, active.lasting->on_message(request.payload, now));
    }
    if (request.payload.size() == 1 && ended_lately(request.id)) {
        ++stats_.late_messages;
        return;
    }
    const auto start = decode_start(request.payload);
    if (std::holds_alternative<DecodeError>(start)) return finish(SessionEnd::malformed);
    if (active_.size() >= limits_.requests_max) return finish(SessionEnd::too_many);
    begin(request.id, std::get<RequestStart>(start), now);
}

void NodeSession::begin(RequestId id, const RequestStart& start, Instant now) {
    ++stats_.requests;
    bool known_code = false;
    const HandlerRow* row = find_handler(start.code, start.version, known_code);
    // Many requests have come in one piece, and their answers fill the output: it leaves now. Otherwise the rest of
    // them would be stored until the next turn.
    if (output_.size() >= limits_.output_bytes_max) owner_.send_output(stream_);
    // An answer is sent at once only when no other single answer waits, and it is not the turn of a stream.
    const bool at_once =
        has_room() && short_turns_.empty() && (turns_.empty() || short_in_a_row_ < short_turns_max);
    if (at_once && !turns_.empty()) ++short_in_a_row_;
    if (at_once && row && row->single) return run_at_once(id, *row, start.parameters, now);
    Active& active = active_[id];
    active.row = row;
    if (!row) {
        ++stats_.unsupported;
        active.support = known_code ? Support::version_unknown : Support::code_unknown;
        return want_turn(id, active);
    }
    active.begun = context_.counts.begin(kind_of(*row));
    if (at_once) {
        encode_support(output_, id, Support::supported);
        active.support_due = false;
    }
    if (!at_once && row->long_answer) {
        hold(active, start.parameters);
        return want_turn(id, active);
    }
    run(id, active, start.parameters, now);
}

Request NodeSession::request_of(RequestId id, Bytes parameters, Instant now) {
    return {id, parameters, client_, {&context_.completions, stream_, id}, now, *this, holdings_, context_};
}

// The usual case: the request is carried out and answered at once, and nothing of it is stored.
void NodeSession::run_at_once(RequestId id, const HandlerRow& row, Bytes parameters, Instant now) {
    const Instant begun = context_.counts.begin(kind_of(row));
    const Reply reply = row.single(request_of(id, parameters, now), context_.records);
    if (reply.kind == Reply::Kind::answer) {
        encode_whole_answer(output_, id, reply.code, reply.value);
        return context_.counts.end(kind_of(row), begun);
    }
    encode_support(output_, id, Support::supported);
    if (reply.kind == Reply::Kind::malformed) {
        finish(SessionEnd::malformed);
        return context_.counts.end(kind_of(row), begun);
    }
    Active& active = active_[id];
    active.row = &row;
    active.begun = begun;
    active.support_due = false;
    take(id, active, reply);
}

void NodeSession::run(RequestId id, Active& active, Bytes parameters, Instant now) {
    const Request request = request_of(id, parameters, now);
    if (active.row->single) return take(id, active, active.row->single(request, context_.records));
    active.lasting = active.row->lasting(request);
    if (!active.lasting) return finish(SessionEnd::malformed);
    if (holdings_.over()) return finish(SessionEnd::too_many);
    want_turn(id, active);
}

void NodeSession::hold(Active& active, Bytes bytes) {
    active.held.assign(bytes);
    if (!active.held_bytes) active.held_bytes.emplace(holdings_);
    active.held_bytes->set(bytes.size());
    if (holdings_.over()) finish(SessionEnd::too_many);
}

void NodeSession::take(RequestId id, Active& active, const Reply& reply) {
    if (reply.kind == Reply::Kind::malformed) return finish(SessionEnd::malformed);
    if (reply.kind == Reply::Kind::when_written) {
        active.writing = true;
        active.code_of = reply.code_of;
        if (active.support_due) want_turn(id, active);
        return;
    }
    if (!active.support_due && has_room()) {
        say(id, reply.code, reply.value);
        return end_request(id);
    }
    active.answered = true;
    active.code = reply.code;
    active.has_value = reply.value.has_value();
    hold(active, reply.value.value_or(Bytes{}));
    want_turn(id, active);
}

void NodeSession::on_written(RequestId id, Wrote wrote) {
    const auto found = active_.find(id);
    if (over() || found == active_.end()) return;
    Active& active = found->second;
    if (active.lasting) return after(id, active, active.lasting->on_written(wrote));
    assert(active.writing);
    active.writing = false;
    active.answered = true;
    active.code = active.code_of(wrote);
    if (active.wants_turn || active.support_due || !has_room()) return want_turn(id, active);
    say_reply(id, active);
    end_request(id);
}

void NodeSession::say(RequestId id, std::uint8_t code, const std::optional<Bytes>& value) {
    encode_code(output_, id, code);
    if (value) encode_value(output_, id, *value);
}

void NodeSession::say_reply(RequestId id, const Active& active) {
    say(id, active.code, active.has_value ? std::optional<Bytes>(active.held) : std::nullopt);
}

void NodeSession::end_request(RequestId id) {
    const auto found = active_.find(id);
    set_deadline(id, found->second, no_deadline);
    if (found->second.row && found->second.row->talkative && limits_.ended_requests_kept > 0) {
        if (ended_.size() == limits_.ended_requests_kept) ended_.pop_front();
        ended_.push_back(id);
    }
    if (found->second.row) context_.counts.end(kind_of(*found->second.row), found->second.begun);
    active_.erase(found);
}

bool NodeSession::ended_lately(RequestId id) const { return std::ranges::find(ended_, id) != ended_.end(); }

// ---- turns ----

void NodeSession::want_turn(RequestId id) {
    const auto found = active_.find(id);
    if (found == active_.end()) return;
    want_turn(id, found->second);
    owner_.on_ready(stream_);
}

void NodeSession::want_turn(RequestId id, Active& active) {
    if (over() || active.wants_turn) return;
    active.wants_turn = true;
    const bool streams = active.row && !active.row->single && active.row->code != RequestCode::update;
    (streams ? turns_ : short_turns_).push_back(id);
}

void NodeSession::after(RequestId id, Active& active, After what) {
    switch (what) {
        case After::wait:
            return set_deadline(id, active, active.lasting->next_deadline());
        case After::again:
            return want_turn(id, active);
        case After::done:
            return end_request(id);
        case After::close:
            return finish(SessionEnd::out_of_turn);
        case After::fail:
            return finish(SessionEnd::failed);
    }
}

void NodeSession::pump(Instant now, TurnBudget& budget) {
    while (ready() && !budget.spent()) {
        const bool stream = short_turns_.empty() || (!turns_.empty() && short_in_a_row_ >= short_turns_max);
        std::deque<RequestId>& from = stream ? turns_ : short_turns_;
        short_in_a_row_ = stream ? 0 : short_in_a_row_ + 1;
        const RequestId id = from.front();
        from.pop_front();
        give_turn(id, now, budget);
    }
}

void NodeSession::give_turn(RequestId id, Instant now, TurnBudget& budget) {
    const auto found = active_.find(id);
    if (found == active_.end()) return;
    Active& active = found->second;
    active.wants_turn = false;
    if (active.support_due) {
        encode_support(output_, id, active.support);
        active.support_due = false;
        if (!active.row) return end_request(id);
        if (!active.lasting && !active.answered && !active.writing) {
            const std::string parameters = std::move(active.held);
            active.held_bytes.reset();
            return run(id, active, parameters, now);
        }
        if (!active.writing) want_turn(id, active);
        return;
    }
    if (active.lasting) {
        Turn turn{output_, id, now, budget};
        return after(id, active, active.lasting->on_turn(turn));
    }
    if (!active.answered) return;
    say_reply(id, active);
    end_request(id);
}

// ---- time ----

void NodeSession::set_deadline(RequestId id, Active& active, Instant deadline) {
    if (active.deadline == deadline) return;
    if (active.deadline != no_deadline) deadlines_.erase({active.deadline, id});
    if (deadline != no_deadline) deadlines_.insert({deadline, id});
    active.deadline = deadline;
}

Instant NodeSession::next_deadline() const {
    if (over()) return no_deadline;
    if (stage_ != Stage::open) return handshake_deadline_;
    return deadlines_.empty() ? no_deadline : deadlines_.begin()->first;
}

void NodeSession::on_deadline(Instant now) {
    if (over()) return;
    if (stage_ != Stage::open) {
        if (now >= handshake_deadline_) finish(SessionEnd::too_slow);
        return;
    }
    while (!over() && !deadlines_.empty() && deadlines_.begin()->first <= now) {
        const RequestId id = deadlines_.begin()->second;
        Active& active = active_.find(id)->second;
        set_deadline(id, active, no_deadline);
        want_turn(id, active);
    }
}

}  // namespace halp::neo
