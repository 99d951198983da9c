#include "overlay/dht/client/client_update.h"

#include <utility>
#include <variant>

#include "store/hash.h"

namespace halp {

using namespace dht;
using neo::UpdateAsk;
using neo::UpdateCode;

UpdateRequest::UpdateRequest(RequestContext& context, const NodeMap& nodes, neo::RequestId id,
                             const neo::RecordAddress& what, UpdateChooser choose, UpdateNotifier notify)
    : ClientRequest(context, id, neo::RequestCode::update),
      channel_(what.channel),
      key_(what.key),
      candidates_(nodes.newest_first(Key{what.key})),
      choose_(std::move(choose)),
      notify_(std::move(notify)) {
    bool any_open = false;
    for (std::size_t i = 0; i < candidates_.size(); ++i) any_open = any_open || context_.open(candidates_[i]);
    if (any_open) {
        ask_next();
        return;
    }
    none_open_.emplace();
    if (!candidates_.empty()) none_open_->away = context_.endpoint(candidates_.front());
    candidates_ = {};
    context_.later(id);
}

void UpdateRequest::on_turn() {
    if (none_open_) end(std::move(*none_open_));
}

void UpdateRequest::ask_next() {
    reader_ = {};
    while (next_ < candidates_.size()) {
        const NodeNumber node = candidates_[next_++];
        if (!context_.open(node)) {
            passed_over_ = node;
            continue;
        }
        std::string frame;
        neo::encode_update(frame, id(), {UpdateAsk::get_record, channel_, key_, 0, {}});
        reader_ = {node, Stage::support};
        return context_.send(node, id(), frame);
    }
    // A skipped node may have the record, so "no record" would be a guess.
    if (passed_over_) return end(NodeDisconnected{context_.endpoint(*passed_over_), "not connected"});
    end(NoRecord{});
}

bool UpdateRequest::on_message(NodeNumber node, Bytes payload) {
    Side& side = writer_.node == node ? writer_ : reader_;
    if (side.node != node) return true;
    if (side.stage == Stage::support) return on_support(side, payload);
    if (side.stage != Stage::answer && side.stage != Stage::written) return false;
    const auto decoded = neo::decode_update_answer(payload);
    const auto* answer = std::get_if<neo::UpdateAnswer>(&decoded);
    if (!answer && std::get<neo::DecodeError>(decoded) == neo::DecodeError::bad_code) {
        side.stage = Stage::idle;
        end(NodeError{context_.endpoint(node)});
        return true;
    }
    if (!answer) return false;
    return side.stage == Stage::answer ? on_read(*answer) : on_written(side, answer->code);
}

bool UpdateRequest::on_support(Side& side, Bytes payload) {
    const auto decoded = neo::decode_support(payload);
    const auto* support = std::get_if<neo::Support>(&decoded);
    if (!support) return false;
    const bool writing = &side == &writer_;
    side.stage = writing ? Stage::written : Stage::answer;
    if (*support == neo::Support::supported) return true;
    side.stage = Stage::idle;
    end(Unsupported{context_.endpoint(*side.node), *support});
    return true;
}

bool UpdateRequest::on_read(const neo::UpdateAnswer& answer) {
    const Endpoint& node = context_.endpoint(*reader_.node);
    switch (answer.code) {
        case UpdateCode::record_value:
            decide(answer.value);
            return true;
        case UpdateCode::no_record:
            ask_next();
            return true;
        case UpdateCode::wrong_node:
            end(WrongNode{node});
            return true;
        case UpdateCode::error:
            end(NodeError{node});
            return true;
        case UpdateCode::ok:
        case UpdateCode::conflict:
            return false;
    }
    return false;
}

void UpdateRequest::decide(Bytes value) {
    reader_.stage = Stage::deciding;
    const UpdateChooser choose = choose_;  // a copy: the chooser may cancel the request
    UpdateChoice choice = choose ? choose(value) : UpdateChoice::leave();
    if (reader_.stage != Stage::deciding) return;  // the chooser has cancelled it
    switch (choice.what) {
        case UpdateChoice::What::leave:
            return tell({UpdateAsk::leave_record, 0, {}});
        case UpdateChoice::What::remove:
            return tell({UpdateAsk::remove_record, 0, {}});
        case UpdateChoice::What::replace:
            return replace(value, std::move(choice.value));
    }
}

void UpdateRequest::replace(Bytes value, std::string with) {
    if (with.size() > neo::value_bytes_max) return end(ValueTooBig{with.size()});
    const NodeNumber newest = candidates_.front();
    if (reader_.node == newest) return tell({UpdateAsk::update_record, fnv1a(value), with});
    if (!context_.open(newest)) return end(NodeDisconnected{context_.endpoint(newest), "not connected"});
    write_to_newest(fnv1a(value), with);
}

void UpdateRequest::write_to_newest(std::uint64_t original_hash, Bytes value) {
    writer_ = {candidates_.front(), Stage::support};
    std::string frame;
    neo::encode_update(frame, id(), {UpdateAsk::update_record, channel_, key_, original_hash, value});
    context_.send(*writer_.node, id(), frame);
}

void UpdateRequest::tell(const neo::UpdateDecision& decision) {
    std::string frame;
    neo::encode_update_decision(frame, id(), decision);
    reader_.stage = Stage::written;
    context_.send(*reader_.node, id(), frame);
}

bool UpdateRequest::on_written(const Side& side, UpdateCode code) {
    const Endpoint& node = context_.endpoint(*side.node);
    switch (code) {
        case UpdateCode::ok:
            if (&side == &reader_) {
                end(Succeeded{});
            } else {
                writer_ = {};
                tell({UpdateAsk::remove_record, 0, {}});
            }
            return true;
        case UpdateCode::conflict:
            end(Conflict{});
            return true;
        case UpdateCode::wrong_node:
            end(WrongNode{node});
            return true;
        case UpdateCode::error:
            end(NodeError{node});
            return true;
        case UpdateCode::record_value:
        case UpdateCode::no_record:
            return false;
    }
    return false;
}

void UpdateRequest::on_lost(NodeNumber node, std::string_view why) {
    for (Side* side : {&reader_, &writer_}) {
        if (side->node != node) continue;
        *side = {};
        return end(NodeDisconnected{context_.endpoint(node), std::string(why)});
    }
}

void UpdateRequest::release() {
    for (const Side* side : {&reader_, &writer_})
        if (side->node && side->stage == Stage::support) context_.unsend(*side->node, id());
    if (reader_.node && reader_.stage == Stage::deciding && context_.open(*reader_.node))
        tell({UpdateAsk::leave_record, 0, {}});
}

void UpdateRequest::on_time_out() {
    // A node that still looks for the record would wait for a choice for ever. The request stays until the node
    // was told.
    const UpdateNotifier notify = notify_;
    cancel();
    if (notify) notify(TimedOut{});
}

void UpdateRequest::cancel() {
    notify_ = nullptr;
    choose_ = nullptr;
    const bool reading = reader_.stage == Stage::support || reader_.stage == Stage::answer;
    if (reading && context_.open(*reader_.node)) return;  // decide() will tell the node to leave the record
    end(NoRecord{});
}

void UpdateRequest::end(UpdateNote note) {
    release();
    context_.over(id());
    const UpdateNotifier notify = std::exchange(notify_, nullptr);
    if (notify) notify(note);
}

}  // namespace halp
