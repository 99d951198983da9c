// GetAll: the records of a channel in the order of their keys, in batches. It ends when the client has
// acknowledged Finished.
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "overlay/dht/node/channel_stream.h"
#include "overlay/dht/node/neo_handlers.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp::neo {
namespace {

class GetAll final : public ChannelStream {
public:
    GetAll(const Request& request, const GetAllRequest& wanted)
        : ChannelStream(request, wanted.channel, wanted.start_suspended),
          keys_only_(wanted.keys_only),
          filter_(wanted.value_filter),
          held_(request.holdings) {
        held_.set(filter_.size());
        if (wanted.continuing) last_ = Key{wanted.continue_from};
    }

    After on_turn(Turn& turn) override {
        if (!started_) return start(turn);
        if (control_.ack_due()) return acknowledge(turn);
        if (control_.ending()) return After::wait;
        if (complete_) {
            encode_get_all_answer(turn.out, turn.id, {GetAllCode::finished, {}});
            control_.end();
            return After::wait;
        }
        if (paused()) return After::wait;
        return gather(turn);
    }

private:
    After start(Turn& turn) {
        started_ = true;
        encode_get_all_answer(turn.out, turn.id, {has_valid_name() ? GetAllCode::started : GetAllCode::error, {}});
        return has_valid_name() ? After::again : After::done;
    }

    After acknowledge(Turn& turn) {
        encode_get_all_answer(turn.out, turn.id, {GetAllCode::ack, {}});
        if (!control_.acknowledged()) return After::done;
        if (!control_.suspended()) took_one_ = false;
        return paused() ? After::wait : After::again;
    }

    // A suspension takes effect after one more record, or when the next one does not fit. When no record is left,
    // the request ends without a pause.
    [[nodiscard]] bool paused() const { return control_.suspended() && took_one_; }

    After gather(Turn& turn) {
        bool full = false;
        const Shown shows = shown();
        const Result<Scan> scan = records().scan(channel(), last_, [&](Key key, std::string_view value) {
            turn.budget.spend_record(value.size());
            full = shows(key) && add(key, value) == RecordBatch::Fit::full;
            if (full) return false;
            last_ = key;
            return !paused() && !turn.budget.spent();
        });
        // The store cannot be read: the connection ends, and the client asks again from its last key.
        if (!scan) {
            read_failed("GetAll", scan.error());
            return After::fail;
        }
        complete_ = scan.value() == Scan::ended;
        // A full batch stays here while the client has suspended: behind the Ack of Suspend nothing is sent.
        if (full && control_.suspended())
            took_one_ = true;
        else if (full || complete_)
            send(turn);
        return paused() ? After::wait : After::again;
    }

    // Skips a record that fits into no batch, as the originals do.
    RecordBatch::Fit add(Key key, std::string_view value) {
        if (!contains_filter(value)) return RecordBatch::Fit::added;
        const RecordBatch::Fit fit = keys_only_ ? batch_.add(key) : batch_.add(key, value);
        if (fit == RecordBatch::Fit::too_big) ++context_.failures.records_left_out;
        if (fit == RecordBatch::Fit::added) took_one_ = control_.suspended();
        return fit;
    }

    // Uses memmem because both strings are the client's: string_view::find takes up to the product of their
    // lengths.
    [[nodiscard]] bool contains_filter(std::string_view value) const {
        return filter_.empty() || memmem(value.data(), value.size(), filter_.data(), filter_.size()) != nullptr;
    }

    void send(Turn& turn) {
        packed_.clear();
        pack(batch_.plain(), packed_);
        batch_.clear();
        encode_get_all_answer(turn.out, turn.id, {GetAllCode::record_batch, packed_});
    }

    bool keys_only_;
    std::string filter_;
    HoldingsShare held_;
    std::optional<Key> last_;
    RecordBatch batch_;
    std::string packed_;
    bool complete_ = false;
    bool took_one_ = false;  // since the suspension, or the batch has no room for it
};

}  // namespace

std::unique_ptr<LongRequest> begin_get_all(const Request& request) {
    const auto decoded = decode_get_all(request.parameters);
    const auto* wanted = std::get_if<GetAllRequest>(&decoded);
    if (!wanted) return nullptr;
    return std::make_unique<GetAll>(request, *wanted);
}

}  // namespace halp::neo
