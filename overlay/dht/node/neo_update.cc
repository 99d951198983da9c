// Update: replaces or removes a record if it is unchanged since the client read it. It has two steps (read,
// decide), or one for a client that has read the record from another node.
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "overlay/dht/node/neo_handlers.h"

namespace halp::neo {
namespace {

class Update final : public LongRequest {
public:
    Update(const Request& request, const UpdateTarget& target)
        : context_(request.context), requester_(request.requester), client_(request.client), key_{target.key} {}

    void wrong_node() { answer(UpdateCode::wrong_node); }

    void begin(const UpdateRequest& wanted) {
        const auto channel = Channel::parse(wanted.channel);
        if (!channel) return answer(UpdateCode::error);
        channel_ = *channel;
        if (wanted.ask == UpdateAsk::update_record) return write(wanted.original_hash, wanted.value);
        reading_ = true;
    }

    After on_turn(Turn& turn) override {
        if (std::exchange(reading_, false)) read();
        if (!answer_) return After::wait;
        encode_update_answer(turn.out, turn.id, {*answer_, value_});
        const bool over = *answer_ != UpdateCode::record_value;
        deciding_ = !over;
        answer_.reset();
        value_ = {};
        return over ? After::done : After::wait;
    }

    After on_message(Bytes payload, Instant) override {
        if (!deciding_) return After::close;
        const auto decoded = decode_update_decision(payload);
        const auto* decision = std::get_if<UpdateDecision>(&decoded);
        if (!decision) return After::close;
        deciding_ = false;
        // The range has changed since: the client asks again, and finds the node that has the key now.
        if (decision->ask != UpdateAsk::leave_record && !context_.ranges.own().contains(key_)) {
            answer(UpdateCode::conflict);
            return After::again;
        }
        switch (decision->ask) {
            case UpdateAsk::update_record:
                write(decision->original_hash, decision->value);
                break;
            case UpdateAsk::remove_record:
                kind_ = Kind::removal;
                answer_write(context_.records.remove(*channel_, key_, requester_));
                break;
            default:
                answer(UpdateCode::ok);
                break;
        }
        return answer_ ? After::again : After::wait;
    }

    After on_written(Wrote wrote) override {
        answer_write(wrote);
        return After::again;
    }

private:
    enum class Kind : std::uint8_t { update, removal };

    void answer(UpdateCode code) { answer_ = code; }

    // Without a value the write has not ended yet.
    void answer_write(std::optional<Wrote> wrote) {
        if (!wrote) return;
        switch (kind_) {
            case Kind::removal:  // a record that is already gone counts as removed
                answer(wrote == Wrote::done || wrote == Wrote::absent ? UpdateCode::ok : UpdateCode::error);
                break;
            case Kind::update:
                if (wrote == Wrote::conflict)
                    answer(UpdateCode::conflict);
                else
                    answer(wrote == Wrote::done ? UpdateCode::ok : UpdateCode::error);
                break;
        }
    }

    // Reads when the value is sent and not earlier, so that a thousand waiting Updates do not hold a thousand
    // values.
    void read() {
        const Result<bool> found = context_.records.store().get(*channel_, key_, value_);
        if (!found) {
            context_.failures.read_failed("Update", client_, found.error());
            return answer(UpdateCode::error);
        }
        if (found.value()) context_.records.actions().read.add(value_.size());
        answer(found.value() ? UpdateCode::record_value : UpdateCode::no_record);
    }

    void write(std::uint64_t original_hash, Bytes value) {
        if (value.size() > context_.limits.value_bytes_max) return answer(UpdateCode::error);
        kind_ = Kind::update;
        answer_write(context_.records.update(*channel_, key_, original_hash, value, requester_));
    }

    HandlerContext& context_;
    Requester requester_;
    const std::string client_;
    Key key_;
    std::optional<Channel> channel_;
    std::optional<UpdateCode> answer_;  // waits to be sent
    std::string value_;
    Kind kind_ = Kind::update;
    bool reading_ = false;   // the next turn reads the record
    bool deciding_ = false;  // the client's choice is awaited
};

}  // namespace

std::unique_ptr<LongRequest> begin_update(const Request& request) {
    const auto target = decode_update_target(request.parameters);
    const auto* aimed = std::get_if<UpdateTarget>(&target);
    if (!aimed) return nullptr;
    auto update = std::make_unique<Update>(request, *aimed);
    // The node's range is checked before the rest of the parameters (neo.md, 5).
    if (!request.context.ranges.own().contains(Key{aimed->key})) {
        update->wrong_node();
        return update;
    }
    const auto decoded = decode_update(request.parameters);
    const auto* wanted = std::get_if<UpdateRequest>(&decoded);
    if (!wanted) return nullptr;
    update->begin(*wanted);
    return update;
}

}  // namespace halp::neo
