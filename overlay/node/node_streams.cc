#include "overlay/node/node_streams.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "store/hash.h"

namespace halp {

namespace {

// A peer that opens a conversation and then dawdles is cut off. Generous, because a stalled machine is no enemy.
constexpr Duration incoming_patience_min = std::chrono::seconds{5};

// No more work is done for a peer that has so much of its answers to read. The mark of a world below which it tells
// on_writable is not above it (WorldLimits::writable_below).
constexpr std::size_t unread_max = std::size_t{64} << 10;
// Of one connection. An honest peer sends two frames, and the second one after an answer.
constexpr std::size_t waiting_bytes_max = 2 * gossip::frame_bytes_max;

// `walked`: lines before the slice that a `get` asks for.
Work work_of(const TextQuery& query, std::size_t walked, const std::string& answer) {
    const bool insert = std::holds_alternative<TextInsert>(query);
    return work::query + walked * work::walked_host +
           answer.size() * (insert ? work::inserted_byte : work::listed_byte);
}

// A connection that was too many when it came may have its query under way. A world accepts a batch before it reads
// from the first of them.
constexpr Duration newcomer_patience = std::chrono::milliseconds{50};
constexpr std::size_t newcomers_max = 64;

constexpr std::size_t inside_a_string = 15;  // bytes, for which it needs no memory of its own

}  // namespace

void NodeStreams::on_accept(StreamId id, const Endpoint& source) {
    ++counters_.accepted;
    NodeStream& stream = streams_.add(id);
    stream.remote = source;
    streams_.set_deadline(id, stream, now() + parts_.options.text.deadline);
    unfinished_.enter(stream.place, id, {fnv1a(source.host), source.group()});
    if (!surplus(stream)) return;
    newcomers_.emplace_back(now() + newcomer_patience, id);
    if (newcomers_.size() > newcomers_max) bound_newcomer();
}

// The connection that gives way when there are too many whose query is not whole, of all or of one host.
const Place* NodeStreams::surplus(const NodeStream& latest) {
    if (!latest.place.source) return nullptr;  // it has become something else
    const TextOptions& text = parts_.options.text;
    if (Places::of_source(latest.place) > text.sessions_per_source_max)
        return Places::silent_of_source(latest.place);
    return unfinished_.size() > text.sessions_max ? unfinished_.silent_of_fullest() : nullptr;
}

void NodeStreams::bound_newcomers(Instant now) {
    while (!newcomers_.empty() && newcomers_.front().first <= now) bound_newcomer();
}

void NodeStreams::bound_newcomer() {
    const NodeStream* stream = streams_.find(newcomers_.front().second);
    newcomers_.erase(newcomers_.begin());
    const Place* silent = stream ? surplus(*stream) : nullptr;
    if (silent) refuse_silent(silent->stream);
}

void NodeStreams::refuse_silent(StreamId id) {
    ++counters_.text_refused;
    const NodeStream& stream = *streams_.find(id);
    if (stream.use == StreamUse::text) return refuse_text(id, stream, StreamEnd::too_many);
    parts_.observer.note(StreamEnded{stream.remote, StreamEnd::too_many});
    hang_up(id);
}

void NodeStreams::on_connected(StreamId id, const Endpoint& remote) {
    NodeStream* stream = streams_.find(id);
    if (!stream) return;
    stream->remote = remote;
    if (stream->use != StreamUse::gossip_out) return;
    if (!stream->hang_up_when_sent) return parts_.gossip.on_connected(stream->conversation, now());
    parts_.gossip.on_sent(stream->conversation, now());
    hang_up(id);
}

void NodeStreams::on_connect_failed(StreamId id, ConnectFailure why) {
    const NodeStream* stream = streams_.find(id);
    if (!stream) return;
    const ConversationId conversation = stream->conversation;
    const StreamUse use = stream->use;
    forget(id);
    if (use == StreamUse::gossip_out)
        parts_.gossip.on_failed(conversation, why, now());
    else
        parts_.originals.on_failed(conversation, moment());
}

void NodeStreams::on_bytes(StreamId id, Bytes bytes) {
    NodeStream* stream = streams_.find(id);
    if (!stream) return;
    counters_.bytes_in += bytes.size();
    receive(id, *stream, bytes);
    count_input(id);
}

void NodeStreams::receive(StreamId id, NodeStream& stream, Bytes bytes) {
    switch (stream.use) {
        case StreamUse::undecided:
            return first_bytes(id, stream, bytes);
        case StreamUse::text:
            if (!stream.session) return;  // it is being answered; what comes behind a query is ignored
            unfinished_.heard(stream.place);
            return text_verdict(id, stream, stream.session->on_bytes(bytes, now()));
        case StreamUse::gossip_in:
        case StreamUse::gossip_out:
            return frame_bytes(id, stream, bytes);
        case StreamUse::original_out:
            if (stream.answer->on_bytes(bytes)) return;
            ended(id, false);
            transport().abort(id);
            return;
    }
}

void NodeStreams::first_bytes(StreamId id, NodeStream& stream, Bytes bytes) {
    if (static_cast<std::uint8_t>(bytes.front()) == gossip::frame_magic) {
        const Duration patience = std::max(incoming_patience_min, 8 * parts_.options.gossip.exchange_timeout);
        unfinished_.leave(stream.place);
        stream.use = StreamUse::gossip_in;
        streams_.bind(id, stream, parts_.gossip.next_incoming());
        streams_.set_deadline(id, stream, now() + patience);
        return frame_bytes(id, stream, bytes);
    }
    stream.use = StreamUse::text;
    if (const auto query = TextSession::whole_query(bytes)) return take_query(id, stream, bytes, *query);
    unfinished_.heard(stream.place);
    const TextOptions& text = parts_.options.text;
    stream.session = std::make_unique<TextSession>(bytes, now(), TextSessionTimes{text.pause_max, text.deadline});
    streams_.set_deadline(id, stream, stream.session->next_deadline());
}

// ---- HALP text ----

void NodeStreams::text_verdict(StreamId id, NodeStream& stream, TextSession::Verdict verdict) {
    switch (verdict) {
        case TextSession::Verdict::wait:
            return streams_.set_deadline(id, stream, stream.session->next_deadline());
        case TextSession::Verdict::answer: {
            const std::unique_ptr<TextSession> session = std::move(stream.session);  // the query is a view into it
            return take_query(id, stream, session->bytes(), session->query());
        }
        case TextSession::Verdict::refuse:
            return refuse_text(id, stream, StreamEnd::slow);
    }
}

// Text has one error text. No answer at all would be an empty list.
void NodeStreams::refuse_text(StreamId id, const NodeStream& stream, StreamEnd why) {
    write(id, text_refusal);
    parts_.observer.note(StreamEnded{stream.remote, why});
    hang_up(id);
}

void NodeStreams::take_query(StreamId id, NodeStream& stream, Bytes whole, const TextQuery& query) {
    unfinished_.leave(stream.place);
    if (shares_.may_begin(stream.remote, now())) return answer_text(id, stream, query);
    stream.received.assign(whole);
    streams_.set_deadline(id, stream, now() + parts_.options.text.deadline);
    wait(id, stream);
}

void NodeStreams::answer_text(StreamId id, NodeStream& stream, const TextQuery& query) {
    if (TextService::is_long(query)) {
        stream.insert = std::make_unique<LongInsert>(std::get<TextInsert>(query));
        parts_.text.begin(stream.remote);
        return continue_insert(id, stream);
    }
    const std::string answer = parts_.text.answer(query, stream.remote, moment());
    shares_.spend(work_of(query, parts_.text.walked(query), answer));
    if (!answer.empty()) write(id, answer);
    hang_up(id);
}

// One step. The answer is made as the peer reads it.
void NodeStreams::continue_insert(StreamId id, NodeStream& stream) {
    std::string piece;
    shares_.spend(parts_.text.answer_some(*stream.insert, stream.remote, moment(), work::per_step, piece));
    if (!piece.empty()) write(id, piece);
    if (stream.insert->done()) return hang_up(id);
    streams_.set_deadline(id, stream, now() + parts_.options.text.deadline);
    stream.waiting = true;
    if (transport().unsent(id) <= unread_max) wait(id, stream);
}

// ---- shares of a turn ----

void NodeStreams::wait(StreamId id, NodeStream& stream) {
    stream.waiting = true;
    shares_.wait(stream.remote, id, now());
}

void NodeStreams::on_writable(StreamId id) {
    NodeStream* stream = streams_.find(id);
    if (stream && stream->waiting) wait(id, *stream);
}

void NodeStreams::work_on(StreamId id) {
    NodeStream* stream = streams_.find(id);
    if (!stream || !stream->waiting) return;
    stream->waiting = false;
    const std::string query = stream->use == StreamUse::text ? std::move(stream->received) : std::string{};
    if (stream->insert)
        continue_insert(id, *stream);
    else if (stream->use == StreamUse::text)
        answer_text(id, *stream, parse_text_query(query));
    else
        frame_bytes(id, *stream, {});
    count_input(id);
    stream = streams_.find(id);
    if (stream && !stream->waiting && stream->ended) ended(id, true);
}

// ---- unfinished input ----

void NodeStreams::count_input(StreamId id) {
    NodeStream* stream = streams_.find(id);
    if (!stream) return;
    std::size_t kept = stream->session ? stream->session->bytes_kept() : 0;
    if (stream->received.capacity() > inside_a_string) kept += stream->received.capacity();
    if (stream->insert) kept += stream->insert->bytes.size();
    parts_.input.set(stream->kept, parts_.holder, id, stream->remote, kept);
}

void NodeStreams::forget(StreamId id) {
    NodeStream* stream = streams_.find(id);
    if (!stream) return;
    unfinished_.leave(stream->place);
    streams_.erase(id);
}

void NodeStreams::drop_input(StreamId id) {
    const NodeStream& stream = *streams_.find(id);
    if (stream.use == StreamUse::text && !stream.insert) return refuse_text(id, stream, StreamEnd::too_many);
    parts_.observer.note(StreamEnded{stream.remote, StreamEnd::too_many});
    if (stream.use != StreamUse::gossip_out) return hang_up(id);
    ended(id, false);
    transport().abort(id);
}

// ---- gossip ----

// Frames, one after the other. Bytes are kept only while a frame is not whole.
void NodeStreams::frame_bytes(StreamId id, NodeStream& stream, Bytes bytes) {
    if (stream.foreign) return foreign_bytes(id, stream, bytes);
    if (stream.waiting) return queue_bytes(id, stream, bytes);
    std::string gathered;
    if (!stream.received.empty()) {
        gathered = std::move(stream.received);
        gathered.append(bytes);
        bytes = gathered;
    }
    while (!bytes.empty()) {
        const auto size = gossip::frame_size(bytes);
        if (const auto* error = std::get_if<gossip::DecodeError>(&size)) {
            if (*error == gossip::DecodeError::need_more) break;
            if (*error == gossip::DecodeError::bad_magic && stream.use == StreamUse::gossip_out) {
                stream.received.clear();
                return foreign_bytes(id, stream, bytes);
            }
            ++counters_.arrived.frames;
            return bad_frame(id, stream, *error);
        }
        const std::size_t frame = std::get<std::size_t>(size);
        if (bytes.size() < frame || !may_take_frame(id, stream)) break;
        if (!take_frame(id, bytes.substr(0, frame))) return;
        bytes.remove_prefix(frame);
    }
    stream.received.assign(bytes);
}

// A call of this node ends with its first answer, so only what others begin is counted.
bool NodeStreams::may_take_frame(StreamId id, NodeStream& stream) {
    if (stream.use != StreamUse::gossip_in) return true;
    if (transport().unsent(id) > unread_max) {
        stream.waiting = true;  // until on_writable
        return false;
    }
    if (stepping_ ? !shares_.step_spent() : shares_.may_begin(stream.remote, now())) return true;
    wait(id, stream);
    return false;
}

void NodeStreams::queue_bytes(StreamId id, NodeStream& stream, Bytes bytes) {
    if (stream.received.size() + bytes.size() <= waiting_bytes_max) {
        stream.received.append(bytes);
        return;
    }
    parts_.observer.note(StreamEnded{stream.remote, StreamEnd::too_many});
    hang_up(id);
}

// False when the stream is closed.
bool NodeStreams::take_frame(StreamId id, Bytes frame) {
    NodeStream& stream = *streams_.find(id);
    ++counters_.arrived.frames;
    auto decoded = gossip::decode(frame, parts_.endpoints);
    if (const auto* error = std::get_if<gossip::DecodeError>(&decoded)) {
        bad_frame(id, stream, *error);
        return false;
    }
    const Moment m = moment();
    auto& message = std::get<gossip::Message>(decoded);
    if (stream.use == StreamUse::gossip_in) {
        shares_.spend(work::frame + frame.size() * work::frame_byte);
        // A conversation is a request, its answer, and what the answer asked for.
        if (std::exchange(stream.asked, true) && message.kind != gossip::Kind::supplement) {
            bad_frame(id, stream, gossip::DecodeError::trailing_bytes);
            return false;
        }
    }
    count_arrived(message, stream.remote);
    parts_.gossip.on_message(stream.conversation, message, stream.remote, m.now, m.wall);
    carry_out_gossip();
    return streams_.find(id) != nullptr;
}

// What means nothing here is taken out before anybody else judges it.
void NodeStreams::count_arrived(gossip::Message& message, const Endpoint& remote) {
    const auto hosts = [&] {
        std::size_t sum = 0;
        for (const gossip::LabelEntries& label : message.labels) sum += label.entries.size();
        return sum;
    };
    Arrived& arrived = counters_.arrived;
    const std::size_t nodes_before = message.peers.size(), hosts_before = hosts();
    parts_.addresses.after_receiving(message, remote);
    arrived.nodes += nodes_before;
    arrived.hosts += hosts_before;
    arrived.nodes_elsewhere += nodes_before - message.peers.size();
    arrived.hosts_elsewhere += hosts_before - hosts();
}

void NodeStreams::bad_frame(StreamId id, NodeStream& stream, gossip::DecodeError error) {
    const ConversationId conversation = stream.conversation;
    const bool ours = stream.use == StreamUse::gossip_out;
    ++counters_.arrived.malformed;
    const bool version = error == gossip::DecodeError::unknown_version;
    parts_.observer.note(StreamEnded{stream.remote, version ? StreamEnd::version : StreamEnd::malformed});
    if (const gossip::Refusal refusal = gossip::refusal_for(error); refusal != gossip::Refusal::none) {
        gossip::Message no;
        no.kind = gossip::Kind::refuse;
        no.refusal = refusal;
        transport().write(id, gossip::encode(no, parts_.endpoints));
    }
    hang_up(id);
    if (ours) parts_.gossip.on_failed(conversation, ConnectFailure::silent, now());
}

// It talks, but not gossip. An original server answers a frame with its one error text and ends; another service,
// of whatever kind, sends something else or goes on. So the answer is judged when it has ended or is too long.
void NodeStreams::foreign_bytes(StreamId id, NodeStream& stream, Bytes bytes) {
    constexpr std::size_t line_end = 2;
    stream.foreign = true;
    if (stream.received.size() + bytes.size() <= text_refusal.size() + line_end) {
        stream.received.append(bytes);
        return;
    }
    const ConversationId conversation = stream.conversation;
    hang_up(id);
    parts_.gossip.on_failed(conversation, ConnectFailure::not_halp, now());
}

void NodeStreams::carry_out_gossip() {
    for (GossipAction& action : parts_.gossip.take_actions()) {
        if (auto* call = std::get_if<GossipCall>(&action))
            open(*call);
        else if (auto* answer = std::get_if<GossipReply>(&action))
            reply(*answer);
        else if (StreamId id{}; streams_.stream_of(std::get<GossipHangUp>(action).conversation, id))
            hang_up(id);
    }
}

void NodeStreams::open(GossipCall& call) {
    ++counters_.opened;
    const Endpoint to = parts_.endpoints.at(call.to);  // a copy: the table may grow
    const StreamId id = transport().connect(to);
    NodeStream& stream = streams_.add(id);
    stream.use = StreamUse::gossip_out;
    stream.hang_up_when_sent = call.hang_up;
    streams_.bind(id, stream, call.conversation);
    parts_.addresses.before_sending(call.first, to);
    scratch_.clear();
    gossip::encode_to(scratch_, call.first, parts_.endpoints);
    write(id, scratch_);
}

void NodeStreams::reply(GossipReply& answer) {
    StreamId id{};
    if (!streams_.stream_of(answer.conversation, id)) return;  // the peer hung up meanwhile
    parts_.addresses.before_sending(answer.message, streams_.find(id)->remote);
    scratch_.clear();
    gossip::encode_to(scratch_, answer.message, parts_.endpoints);
    shares_.spend(scratch_.size() * work::frame_byte);
    write(id, scratch_);
    if (answer.hang_up) hang_up(id);
}

// ---- original servers ----

void NodeStreams::carry_out_visits() {
    for (const OriginalCall& call : parts_.originals.take_calls()) {
        ++counters_.opened;
        const StreamId id = transport().connect(parts_.endpoints.at(call.to));
        NodeStream& stream = streams_.add(id);
        stream.use = StreamUse::original_out;
        stream.answer = std::make_unique<TextAnswer>();
        streams_.bind(id, stream, call.conversation);
        streams_.set_deadline(id, stream, now() + parts_.options.text.deadline);
        write(id, call.query);
    }
}

// ---- ends ----

// The peer sends no more (orderly), or the connection broke.
void NodeStreams::ended(StreamId id, bool orderly) {
    NodeStream* stream = streams_.find(id);
    if (!stream) return;
    if (orderly && stream->waiting) {
        stream->ended = true;
        return;
    }
    if (orderly && stream->use == StreamUse::undecided) return answer_text(id, *stream, parse_text_query({}));
    if (orderly && stream->use == StreamUse::text) return text_verdict(id, *stream, stream->session->on_end());
    const ConversationId conversation = stream->conversation;
    const StreamUse use = stream->use;
    const std::unique_ptr<TextAnswer> answer = std::move(stream->answer);
    const ConnectFailure why = !stream->foreign               ? ConnectFailure::silent
                               : is_refusal(stream->received) ? ConnectFailure::text_only
                                                              : ConnectFailure::not_halp;
    forget(id);
    if (orderly) transport().close(id);
    if (use == StreamUse::gossip_out) parts_.gossip.on_failed(conversation, why, now());
    if (use == StreamUse::original_out) parts_.originals.on_answer(conversation, answer->text(orderly), moment());
}

void NodeStreams::on_deadline(Instant now) {
    for (StreamId id{}; streams_.due(now, id);) too_slow(id);
    bound_newcomers(now);
    shares_.begin_turn(now);
    stepping_ = true;
    for (StreamId id{}; shares_.next_step(id);) work_on(id);
    stepping_ = false;
}

void NodeStreams::too_slow(StreamId id) {
    NodeStream& stream = *streams_.find(id);
    if (stream.session) return text_verdict(id, stream, stream.session->on_deadline(now()));
    const ConversationId conversation = stream.conversation;
    const StreamUse use = stream.use;
    if (use == StreamUse::gossip_in) parts_.observer.note(StreamEnded{stream.remote, StreamEnd::slow});
    if (use == StreamUse::undecided) return hang_up(id);  // a silent peer gets no error text
    forget(id);
    transport().abort(id);
    if (use == StreamUse::original_out) parts_.originals.on_failed(conversation, moment());
}

void NodeStreams::write(StreamId id, Bytes bytes) {
    counters_.bytes_out += bytes.size();
    transport().write(id, bytes);
}

void NodeStreams::hang_up(StreamId id) {
    forget(id);
    transport().close(id);
}

}  // namespace halp
