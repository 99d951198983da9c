#include "overlay/dht/client/client_streams.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "overlay/dht/wire/record_batch.h"

namespace halp {

using namespace dht;

namespace {

// Our nodes send at most twice neo::batch_bytes. A batch that unpacks to more than this is treated as an attack.
constexpr std::size_t plain_max = std::size_t{1} << 20;

neo::Control word_for(bool stopping, bool suspending) {
    if (stopping) return neo::Control::stop;
    return suspending ? neo::Control::suspend : neo::Control::resume;
}

template <class Note, class Word>
Note note_of(Word word, const AllNodesRequest& request) {
    switch (word) {
        case Word::started:
            return Started{};
        case Word::suspended:
            return Suspended{};
        case Word::resumed:
            return Resumed{};
        case Word::stopped:
            return Stopped{};
        case Word::finished:
            return end_of<Note>(request.cover());
        case Word::timed_out:
            break;
    }
    return TimedOut{request.cover()};
}

}  // namespace

// ---- GetAll and Mirror ----

bool StreamRequest::change(State wanted) {
    if (finished() || changing_ || any_due() || wanted_ == State::stopped) return false;
    wanted_ = wanted;
    changing_ = wanted;
    next_.reset();
    if (wanted == State::stopped) end_waiting_parts();
    for (const auto& part : parts())
        if (part.second == Phase::running) reconcile(part.first);
    // Completed in a later turn, because no notifier may be called within this call.
    context_.later(id());
    return true;
}

bool StreamRequest::want(State next) {
    if (finished() || wanted_ == State::stopped) return false;
    next_ = next;
    begin_next_change();
    return true;
}

// change() refuses while an earlier change is incomplete; then next_ keeps its value.
void StreamRequest::begin_next_change() {
    if (next_ && *next_ == wanted_) next_.reset();
    if (next_) static_cast<void>(change(*next_));  // refused: as the comment above says
}

void StreamRequest::on_turn() {
    complete_change();
    if (wanted_ == State::stopped && parts().empty() && !finished()) return on_all_ended();
    end_if_all_ended();
}

void StreamRequest::reconcile(NodeNumber node) {
    Control& control = controls_[node];
    if (!control.started || control.due || control.told == wanted_) return;
    control.due = wanted_;
    std::string frame;
    neo::encode_code(frame, id(), word_for(wanted_ == State::stopped, wanted_ == State::suspended));
    context_.send(node, id(), frame);
}

std::string StreamRequest::encode(NodeNumber node) {
    controls_[node] = {wanted_, std::nullopt, false};
    return encode(node, wanted_ == State::suspended);
}

AllNodesRequest::Step StreamRequest::on_data(NodeNumber node, Bytes payload) {
    Control& control = controls_[node];
    switch (take(node, payload)) {
        case Message::data:
            return control.started ? Step::go_on : Step::broken;
        case Message::acknowledged:
            return control.due ? on_acknowledged(node) : Step::broken;
        case Message::started:
            if (control.started) return Step::broken;
            control.started = true;
            reconcile(node);
            return Step::go_on;
        case Message::error:
            if (control.started) return Step::broken;
            fail_part(node);
            say_error(context_.endpoint(node));
            return Step::ended;
        case Message::closing:
            break;
        case Message::broken:
            return Step::broken;
    }
    if (!control.started) return Step::broken;
    // A control message that crosses the end of the part is dropped on both sides.
    context_.unsend(node, id());
    control.due.reset();
    std::string frame;
    neo::encode_code(frame, id(), neo::Control::ack);
    context_.send(node, id(), frame);
    return Step::ended;
}

AllNodesRequest::Step StreamRequest::on_acknowledged(NodeNumber node) {
    Control& control = controls_[node];
    control.told = *std::exchange(control.due, std::nullopt);
    if (control.told == State::stopped) return Step::ended;
    reconcile(node);
    return Step::go_on;
}

bool StreamRequest::any_due() const {
    return std::ranges::any_of(controls_, [](const auto& entry) { return entry.second.due.has_value(); });
}

void StreamRequest::on_part_lost(NodeNumber node) { controls_.erase(node); }

void StreamRequest::on_phase_changed() {
    bool any_started = false, any_pending = false;
    for (const auto& [node, phase] : parts()) {
        const auto control = controls_.find(node);
        const bool has_started = control != controls_.end() && control->second.started;
        any_started |= has_started;
        any_pending |= phase == Phase::asked || (phase == Phase::running && !has_started);
    }
    if (any_started && !any_pending && !std::exchange(started_, true)) say(Word::started);
    complete_change();
}

void StreamRequest::complete_change() {
    // Stopped is the last note: on_all_ended() sends it.
    if (!changing_ || *changing_ == State::stopped || any_due() || finished()) return;
    const State reached = *std::exchange(changing_, std::nullopt);
    say(reached == State::suspended ? Word::suspended : Word::resumed);
    begin_next_change();
}

void StreamRequest::on_all_ended() {
    finish();
    say(wanted_ == State::stopped ? Word::stopped : Word::finished);
}

void StreamRequest::stop_parts() {
    wanted_ = State::stopped;
    changing_.reset();
    end_waiting_parts();
    for (const auto& part : parts())
        if (part.second == Phase::running) reconcile(part.first);
    context_.later(id());
}

void StreamRequest::on_time_out() {
    say(Word::timed_out);
    cancel();
}

void StreamRequest::cancel() {
    if (finished()) return;
    mute();
    stop_parts();
}

// ---- GetAll ----

GetAllRequest::GetAllRequest(RequestContext& context, neo::RequestId id, const neo::GetAllRequest& what,
                             GetAllNotifier notify)
    : StreamRequest(context, id, neo::RequestCode::get_all),
      channel_(what.channel),
      filter_(what.value_filter),
      keys_only_(what.keys_only),
      say_(std::move(notify)) {}

std::string GetAllRequest::encode(NodeNumber node, bool suspended) {
    const auto last = last_.find(node);
    const bool continuing = last != last_.end();
    std::string frame;
    neo::encode_get_all(
        frame, id(),
        {suspended, channel_, continuing, continuing ? value_of(last->second) : 0, keys_only_, filter_});
    return frame;
}

StreamRequest::Message GetAllRequest::take(NodeNumber node, Bytes payload) {
    const auto decoded = neo::decode_get_all_answer(payload);
    const auto* answer = std::get_if<neo::GetAllAnswer>(&decoded);
    if (!answer) return Message::broken;
    switch (answer->code) {
        case neo::GetAllCode::ack:
            return Message::acknowledged;
        case neo::GetAllCode::started:
            return Message::started;
        case neo::GetAllCode::error:
            return Message::error;
        case neo::GetAllCode::record_batch:
            return deliver(node, answer->batch) ? Message::data : Message::broken;
        case neo::GetAllCode::finished:
            return Message::closing;
    }
    return Message::broken;
}

bool GetAllRequest::deliver(NodeNumber node, Bytes batch) {
    if (!neo::unpack(batch, plain_max, plain_)) return false;
    neo::RecordBatchReader records(plain_, keys_only_);
    while (const auto record = records.next()) {
        last_[node] = record->key;
        if (keys_only_)
            say_(KeyReceived{record->key});
        else
            say_(RecordReceived{record->key, record->value});
        if (say_.muted()) return true;
    }
    return !records.failed();
}

void GetAllRequest::say(Word word) { say_(note_of<GetAllNote>(word, *this)); }

// ---- Mirror ----

MirrorRequest::MirrorRequest(RequestContext& context, neo::RequestId id, const neo::MirrorRequest& what,
                             MirrorNotifier notify)
    : StreamRequest(context, id, neo::RequestCode::mirror),
      channel_(what.channel),
      initial_refresh_(what.initial_refresh),
      periodic_refresh_s_(what.periodic_refresh_s),
      say_(std::move(notify)) {}

std::string MirrorRequest::encode(NodeNumber, bool suspended) {
    std::string frame;
    neo::encode_mirror(frame, id(), {suspended, channel_, initial_refresh_, periodic_refresh_s_});
    return frame;
}

StreamRequest::Message MirrorRequest::take(NodeNumber node, Bytes payload) {
    const auto decoded = neo::decode_mirror_answer(payload);
    const auto* answer = std::get_if<neo::MirrorAnswer>(&decoded);
    if (!answer) return Message::broken;
    switch (answer->code) {
        case neo::MirrorCode::ack:
            return Message::acknowledged;
        case neo::MirrorCode::started:
            return Message::started;
        case neo::MirrorCode::error:
            return Message::error;
        case neo::MirrorCode::record_changed:
            say_(Updated{Key{answer->key}, answer->value});
            break;
        case neo::MirrorCode::record_deleted:
            say_(Deleted{Key{answer->key}});
            break;
        case neo::MirrorCode::record_refresh_batch:
            return deliver(answer->value) ? Message::data : Message::broken;
        case neo::MirrorCode::update_overflow:
            say_(UpdatesLost{context_.endpoint(node)});
            break;
        case neo::MirrorCode::channel_removed:
            say_(ChannelRemoved{context_.endpoint(node)});
            return Message::closing;
    }
    return Message::data;
}

bool MirrorRequest::deliver(Bytes batch) {
    if (!neo::unpack(batch, plain_max, plain_)) return false;
    neo::RefreshBatchReader records(plain_);
    while (const auto record = records.next()) {
        say_(Refreshed{record->key, record->value});
        if (say_.muted()) return true;
    }
    return !records.failed();
}

void MirrorRequest::say(Word word) { say_(note_of<MirrorNote>(word, *this)); }

void MirrorRequest::on_cover_changed() {
    if (!has_started() || !wants_cover() || context_.untried_hints()) return;
    for (const auto& part : parts())
        if (part.second == Phase::asked || context_.range_due(part.first)) return;
    dht::RangeCover now = cover_with_lost();
    if (now == told_) return;
    told_ = std::move(now);
    say_(CoverChanged{told_});
}

}  // namespace halp
