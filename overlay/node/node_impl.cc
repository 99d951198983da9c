#include "overlay/node/node_impl.h"

#include <algorithm>

namespace halp {

namespace {

// A node that opens a conversation and then dawdles is cut off; generous, because a stalled machine is not an enemy.
constexpr Duration incoming_patience_min = std::chrono::seconds{5};

}  // namespace

OverlayNode::Impl::Impl(OverlayEnvironment environment, EndpointTable& table, OverlayOptions given, bool collects)
    : doors(environment),
      endpoints(table),
      options(std::move(given)),
      view(table, doors.random, options.view),
      labels(table, options.table),
      gossip({table, doors.random, *this, view, labels}, options),
      lists({table, view, labels, gossip, *this}),
      text(lists, *this),
      keeper(doors.cache, doors.state, *this, {.acknowledged = options.save_acknowledged, .learned = options.save_learned}),
      originals({table, doors.random, view, labels, gossip, lists}, options.text),
      collects_(collects) {}

void OverlayNode::Impl::start() {
    loading_ = true;
    keeper.load(*this, moment().now);
    loading_ = false;
    started_ = true;
    const Moment m = moment();
    gossip.start(m.now, m.wall);
    originals.start(m.now);
    settle();
}

void OverlayNode::Impl::leave() {
    const Moment m = moment();
    for (const Announcement& own : std::vector<Announcement>{gossip.announcements()})
        keeper.forgotten(own.label, endpoints.at(own.endpoint), m.wall, m.now);
    gossip.leave(m.now, m.wall);
    settle();
}

void OverlayNode::Impl::flush() {
    const Moment m = moment();
    for (const Label& label : labels.take_dirty()) keeper.changed(label, Urgency::learned, m.now);
    keeper.changed(Label::halp(), Urgency::learned, m.now);
    static_cast<void>(keeper.flush(m.now, *this));  // what could not be saved was noted
}

void OverlayNode::Impl::reconfigure(const OverlayOptions& given) {
    OverlayOptions next = given;
    next.swarm = options.swarm;
    next.advertise = options.advertise;
    next.listening = options.listening;
    next.listen_port = options.listen_port;
    next.own_addresses = options.own_addresses;
    options = next;
    view.set_options(options.view);
    labels.set_limits(options.table);
    gossip.reconfigure(options, moment().now);
}

bool OverlayNode::Impl::announced(const Label& label, const Endpoint& endpoint) const {
    return std::ranges::any_of(gossip.announcements(), [&](const Announcement& own) {
        return own.label == label && endpoints.at(own.endpoint) == endpoint;
    });
}

// ---- streams ----

void OverlayNode::Impl::accepted(StreamId id, const Endpoint& source) {
    ++streams_in_;
    NodeStream& stream = streams.add(id);
    stream.remote = source;
    stream.connected = true;
    streams.set_deadline(id, stream, doors.clock.now() + options.text.deadline);
}

void OverlayNode::Impl::connected(StreamId id, const Endpoint& remote) {
    NodeStream* stream = streams.find(id);
    if (!stream) return;
    stream->connected = true;
    stream->remote = remote;
    if (stream->use != StreamUse::gossip_out) return;
    if (!stream->hang_up_when_sent) {
        gossip.on_connected(stream->conversation);
        return;
    }
    gossip.on_sent(stream->conversation);
    streams.erase(id);
    doors.transport.close(id);
}

void OverlayNode::Impl::connect_failed(StreamId id, ConnectFailure why) {
    const NodeStream* stream = streams.find(id);
    if (!stream) return;
    const ConversationId conversation = stream->conversation;
    const StreamUse use = stream->use;
    streams.erase(id);
    const Moment m = moment();
    if (use == StreamUse::gossip_out) gossip.on_failed(conversation, why, m.now);
    else originals.on_failed(conversation, m);
}

void OverlayNode::Impl::bytes(StreamId id, Bytes data) {
    NodeStream* stream = streams.find(id);
    if (!stream) return;
    bytes_in_ += data.size();
    switch (stream->use) {
        case StreamUse::undecided: first_bytes(id, *stream, data); return;
        case StreamUse::text: text_bytes(id, *stream, data); return;
        case StreamUse::gossip_in:
        case StreamUse::gossip_out: frame_bytes(id, *stream, data); return;
        case StreamUse::original_out:
            if (stream->answer->on_bytes(data)) return;
            ended(id, false);
            doors.transport.abort(id);
            return;
    }
}

// The first byte of a connection tells gossip from HALP text.
void OverlayNode::Impl::first_bytes(StreamId id, NodeStream& stream, Bytes data) {
    if (static_cast<std::uint8_t>(data.front()) == gossip::frame_magic) {
        stream.use = StreamUse::gossip_in;
        streams.bind(id, stream, gossip.next_incoming());
        streams.set_deadline(id, stream,
                             doors.clock.now() + std::max(incoming_patience_min, 8 * options.gossip.exchange_timeout));
        frame_bytes(id, stream, data);
        return;
    }
    stream.use = StreamUse::text;
    if (const auto query = TextSession::whole_query(data)) {
        answer_text(id, stream.remote, *query);
        return;
    }
    stream.session = std::make_unique<TextSession>(
        data, doors.clock.now(), TextSessionTimes{options.text.pause_max, options.text.deadline});
    streams.set_deadline(id, stream, stream.session->next_deadline());
}

void OverlayNode::Impl::text_bytes(StreamId id, NodeStream& stream, Bytes data) {
    text_verdict(id, stream, stream.session->on_bytes(data, doors.clock.now()));
}

void OverlayNode::Impl::text_verdict(StreamId id, NodeStream& stream, TextSession::Verdict verdict) {
    switch (verdict) {
        case TextSession::Verdict::wait: streams.set_deadline(id, stream, stream.session->next_deadline()); return;
        case TextSession::Verdict::answer: {
            const std::unique_ptr<TextSession> session = std::move(stream.session);  // the query is a view into it
            answer_text(id, stream.remote, session->query());
            return;
        }
        case TextSession::Verdict::refuse:
            doors.transport.write(id, text_refusal);
            note(StreamEnded{stream.remote, StreamEnd::slow});
            streams.erase(id);
            doors.transport.close(id);
            return;
    }
}

void OverlayNode::Impl::answer_text(StreamId id, const Endpoint& source, const TextQuery& query) {
    const Moment m = moment();
    const std::string answer = text.answer(query, source, m, stored_);
    for (const StoredLine& stored : stored_) {
        if (stored.line) keeper.inserted(stored.label, *stored.line, m.now);
        else keeper.changed(stored.label, Urgency::acknowledged, m.now);
    }
    stored_.clear();
    streams.erase(id);
    bytes_out_ += answer.size();
    if (!answer.empty()) doors.transport.write(id, answer);
    doors.transport.close(id);
}

// Frames of gossip, one after the other; bytes are kept only while a frame is not whole.
void OverlayNode::Impl::frame_bytes(StreamId id, NodeStream& stream, Bytes data) {
    std::string gathered;
    if (!stream.received.empty()) {
        gathered = std::move(stream.received);
        gathered.append(data);
        data = gathered;
    }
    while (!data.empty()) {
        const auto size = gossip::frame_size(data);
        if (const auto* error = std::get_if<gossip::DecodeError>(&size)) {
            if (*error == gossip::DecodeError::need_more) break;
            bad_frame(id, stream, *error);
            return;
        }
        const std::size_t bytes = std::get<std::size_t>(size);
        if (data.size() < bytes) break;
        if (!take_frame(id, data.substr(0, bytes))) return;  // the stream is closed
        data.remove_prefix(bytes);
    }
    stream.received.assign(data);
}

bool OverlayNode::Impl::take_frame(StreamId id, Bytes frame) {
    NodeStream& stream = *streams.find(id);
    const auto decoded = gossip::decode(frame, endpoints);
    if (const auto* error = std::get_if<gossip::DecodeError>(&decoded)) {
        bad_frame(id, stream, *error);
        return false;
    }
    const Moment m = moment();
    gossip.on_message(stream.conversation, std::get<gossip::Message>(decoded), stream.remote, m.now, m.wall);
    do_gossip_actions();
    return streams.find(id) != nullptr;
}

void OverlayNode::Impl::bad_frame(StreamId id, NodeStream& stream, gossip::DecodeError error) {
    const ConversationId conversation = stream.conversation;
    const Moment m = moment();
    if (stream.use == StreamUse::gossip_out && error == gossip::DecodeError::bad_magic) {
        // It talks, but not gossip: an original answers our frame with its one error text.
        streams.erase(id);
        doors.transport.close(id);
        gossip.on_failed(conversation, ConnectFailure::text_only, m.now);
        return;
    }
    ++malformed_;
    note(StreamEnded{stream.remote, error == gossip::DecodeError::unknown_version ? StreamEnd::version : StreamEnd::malformed});
    if (const gossip::Refusal refusal = gossip::refusal_for(error); refusal != gossip::Refusal::none) {
        gossip::Message no;
        no.kind = gossip::Kind::refuse;
        no.refusal = refusal;
        doors.transport.write(id, gossip::encode(no, endpoints));
    }
    const bool ours = stream.use == StreamUse::gossip_out;
    streams.erase(id);
    doors.transport.close(id);
    if (ours) gossip.on_failed(conversation, ConnectFailure::silent, m.now);
}

// The peer sends no more (orderly) or the connection broke.
void OverlayNode::Impl::ended(StreamId id, bool orderly) {
    NodeStream* stream = streams.find(id);
    if (!stream) return;
    const Moment m = moment();
    const ConversationId conversation = stream->conversation;
    if (orderly && (stream->use == StreamUse::text || stream->use == StreamUse::undecided)) {
        if (stream->session) text_verdict(id, *stream, stream->session->on_end());
        else answer_text(id, stream->remote, parse_text_query({}));
        return;
    }
    const StreamUse use = stream->use;
    const std::unique_ptr<TextAnswer> answer = std::move(stream->answer);
    streams.erase(id);
    if (orderly) doors.transport.close(id);
    if (use == StreamUse::gossip_out) gossip.on_failed(conversation, ConnectFailure::silent, m.now);
    if (use == StreamUse::original_out) originals.on_answer(conversation, answer->text(orderly), m);
}

// ---- time ----

void OverlayNode::Impl::stream_due(StreamId id) {
    NodeStream& stream = *streams.find(id);
    if (stream.session) {
        text_verdict(id, stream, stream.session->on_deadline(doors.clock.now()));
        return;
    }
    const ConversationId conversation = stream.conversation;
    const StreamUse use = stream.use;
    if (use == StreamUse::gossip_in) note(StreamEnded{stream.remote, StreamEnd::slow});
    streams.erase(id);
    // Who never said a word hears none.
    if (use == StreamUse::undecided) doors.transport.close(id);
    else doors.transport.abort(id);
    if (use == StreamUse::original_out) originals.on_failed(conversation, moment());
}

void OverlayNode::Impl::woken() {
    armed_ = no_deadline;
    const Moment m = moment();
    for (StreamId id{}; streams.due(m.now, id);) stream_due(id);
    if (!started_) return;
    if (m.now >= gossip.next_deadline()) gossip.on_deadline(m.now, m.wall);
    if (m.now >= originals.next_deadline()) originals.on_deadline(m);
    save_changes(m);
    if (gossip.left(m.now) && !leave_noted_) {
        leave_noted_ = true;
        do_gossip_actions();
        doors.observer.note(LeaveDone{});
    }
}

void OverlayNode::Impl::save_changes(Moment m) {
    for (const Label& label : labels.take_dirty()) {
        // A label that quotas or time removed altogether takes its file with it, or strangers could fill the directory.
        if (lists.known(label)) keeper.changed(label, Urgency::learned, m.now);
        else keeper.clear(label);
    }
    if (m.now >= keeper.next_deadline()) keeper.on_deadline(m.now, *this);
}

void OverlayNode::Impl::settle() {
    do_gossip_actions();
    do_original_calls();
    collect_endpoints();
    arm();
}

void OverlayNode::Impl::arm() {
    Instant next = streams.next_deadline();
    if (started_) {
        next = std::min({next, keeper.next_deadline(), originals.next_deadline()});
        if (!leave_noted_) next = std::min(next, gossip.next_deadline());
    }
    if (next == armed_) return;
    armed_ = next;
    doors.alarm.wake_at(next);
}

void OverlayNode::Impl::do_gossip_actions() {
    for (const GossipAction& action : gossip.take_actions()) {
        if (const auto* call = std::get_if<GossipCall>(&action)) open(*call);
        else if (const auto* answer = std::get_if<GossipReply>(&action)) reply(*answer);
        else if (StreamId id{}; streams.stream_of(std::get<GossipHangUp>(action).conversation, id)) {
            streams.erase(id);
            doors.transport.close(id);
        }
    }
}

void OverlayNode::Impl::open(const GossipCall& call) {
    ++streams_out_;
    const StreamId id = doors.transport.connect(endpoints.at(call.to));
    NodeStream& stream = streams.add(id);
    stream.use = StreamUse::gossip_out;
    stream.hang_up_when_sent = call.hang_up;
    streams.bind(id, stream, call.conversation);
    scratch_.clear();
    gossip::encode_to(scratch_, call.first, endpoints);
    bytes_out_ += scratch_.size();
    doors.transport.write(id, scratch_);
}

void OverlayNode::Impl::reply(const GossipReply& answer) {
    StreamId id{};
    if (!streams.stream_of(answer.conversation, id)) return;  // it hung up meanwhile
    scratch_.clear();
    gossip::encode_to(scratch_, answer.message, endpoints);
    bytes_out_ += scratch_.size();
    doors.transport.write(id, scratch_);
    if (!answer.hang_up) return;
    streams.erase(id);
    doors.transport.close(id);
}

void OverlayNode::Impl::do_original_calls() {
    for (const OriginalCall& call : originals.take_calls()) {
        ++streams_out_;
        const StreamId id = doors.transport.connect(endpoints.at(call.to));
        NodeStream& stream = streams.add(id);
        stream.use = StreamUse::original_out;
        stream.answer = std::make_unique<TextAnswer>();
        streams.bind(id, stream, call.conversation);
        streams.set_deadline(id, stream, doors.clock.now() + options.text.deadline);
        bytes_out_ += call.query.size();
        doors.transport.write(id, call.query);
    }
}

// Strangers can make us remember endpoints; what nothing refers to any more is forgotten.
void OverlayNode::Impl::collect_endpoints() {
    if (!collects_ || !endpoints.wants_collection()) return;
    std::vector<bool> marks = endpoints.empty_marks();
    labels.mark_endpoints(marks);
    gossip.mark_endpoints(marks);
    originals.mark_endpoints(marks);
    lists.mark_endpoints(marks);
    endpoints.collect(marks);
}

// ---- what the machines note ----

void OverlayNode::Impl::note(const Event& event) {
    const Instant now = doors.clock.now();
    match(
        event,
        [&](const EntryForgotten& e) {
            // A host that failed is struck from the file; one that merely grew old stays there as a last resort.
            if (e.why == ForgottenWhy::withdrawn || e.why == ForgottenWhy::failed)
                keeper.forgotten(e.label, e.endpoint, doors.clock.wall(), now);
        },
        [&](const PeerBuried& e) { keeper.forgotten(Label::halp(), e.peer, doors.clock.wall(), now); },
        [&](const PeerLeft& e) { keeper.forgotten(Label::halp(), e.peer, doors.clock.wall(), now); },
        [&](const PeerIsOriginal&) { originals.start(now); },
        [&](const PeerJoined&) { keeper.changed(Label::halp(), Urgency::learned, now); },
        [&](const PeerProved&) { keeper.changed(Label::halp(), Urgency::learned, now); },
        [](const auto&) {});
    doors.observer.note(event);
}

// ---- the cache ----

CacheFile OverlayNode::Impl::lines_of(const Label& label) const {
    CacheFile file;
    const Moment m = moment();
    if (label.lists_names()) {
        for (const ListedName& name : lists.names(label, 0, lines_max(label))) file.names.push_back({name.seen, name.name});
        return file;
    }
    for (const ListedHost& host : lists.hosts(label, 0, lines_max(label), m))
        if (!(label == Label::halp() && host.own)) file.lines.push_back({host.seen, host.endpoint});
    return file;
}

std::size_t OverlayNode::Impl::lines_max(const Label& label) const {
    if (label == Label::halp()) return view.capacity();
    if (label.lists_names()) return label == Label::labels() ? options.table.labels_max : options.table.names_per_directory_max;
    return labels.allocation(label).entries_max;
}

void OverlayNode::Impl::take_host(const Label& label, const CacheLine& line) {
    lists.insert(label, line.endpoint, line.seen, local_source, LearnedFrom::cache, moment());
}

void OverlayNode::Impl::take_name(const Label& directory, const CacheNameLine& line) {
    lists.insert_name(directory, line.name, line.seen, local_source, moment());
}

NodeStatus OverlayNode::Impl::status() const {
    NodeStatus s;
    s.swarm = options.swarm;
    if (gossip.self() != no_endpoint) s.self = endpoints.at(gossip.self());
    s.peers_listed = view.listed_count();
    s.peers_proved = view.proved_count();
    s.anchors = view.count(PeerRole::anchor);
    s.graves = view.count(PeerRole::grave);
    s.labels = labels.label_count();
    for (const Label& label : labels.host_labels()) s.entries += labels.find(label)->size();
    s.announcements = gossip.announcements().size();
    s.endpoints = endpoints.size();
    s.table_bytes = labels.bytes() + endpoints.bytes();
    s.text_sessions = streams.size();
    s.health = gossip.health();
    s.leaving = gossip.leaving();
    const GossipCounters& g = gossip.counters();
    s.rounds = g.rounds;
    s.rounds_failed = g.rounds_failed;
    s.news_sent = g.news_sent;
    s.news_received = g.news_received;
    s.other_swarm = g.other_swarm;
    s.text_queries = text.counters().queries;
    s.text_inserts = text.counters().inserts;
    s.text_bad = text.counters().bad;
    s.bytes_in = bytes_in_;
    s.bytes_out = bytes_out_;
    s.streams_in = streams_in_;
    s.streams_out = streams_out_;
    s.malformed = malformed_;
    for (std::size_t i = 0; i < eviction_causes; ++i) s.evicted[i] = labels.evicted(static_cast<EvictionCause>(i));
    for (std::size_t i = 0; i < refusal_causes; ++i) s.refused[i] = labels.refused(static_cast<RefusalCause>(i));
    return s;
}

}  // namespace halp
