// The long requests of the legacy protocol but Listen: GetChannels, GetAll with its kin, and PutBatch. The client
// sends nothing while they run; what it has sent ahead waits in the session.
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "overlay/dht/node/channel_pages.h"
#include "overlay/dht/node/legacy_handlers.h"
#include "overlay/dht/ranges/redistribution.h"

namespace halp::legacy {
namespace {

using neo::After;
using neo::RecordBatch;
using neo::Turn;

class Silent : public neo::LongRequest {
public:
    After on_message(Bytes, Instant) final { return After::wait; }
};

class GetChannels final : public Silent {
public:
    explicit GetChannels(const Call& call) : channels_(call.context.records) {}

    After on_turn(Turn& turn) override {
        if (!std::exchange(begun_, true)) encode_status(turn.out, Status::ok);
        const Channel* const channel = channels_.next();
        if (!channel) {
            encode_array(turn.out, {});
            return After::done;
        }
        turn.budget.spend_record(channel->name().size());
        // A name that the protocol cannot carry would end the list, or the client.
        if (valid_channel(channel->name())) encode_array(turn.out, channel->name());
        return After::again;
    }

private:
    ChannelPages channels_;
    bool begun_ = false;
};

class GetAll final : public Silent {
public:
    explicit GetAll(const Call& call)
        : context_(call.context),
          channel_(*call.channel),
          keys_only_(call.request.command == Command::get_all_keys),
          filter_(call.request.value),
          held_(call.holdings),
          batch_(neo::KeyForm::digits, call.options.batch_bytes) {
        held_.set(filter_.size());
    }

    After on_turn(Turn& turn) override {
        if (!std::exchange(begun_, true)) encode_status(turn.out, Status::ok);
        bool full = false;
        const HashRange own = context_.ranges.own();
        const bool moving = context_.redistribution != nullptr && context_.redistribution->busy();
        const bool all = !context_.records.store().sweeping() && !moving;
        const Result<Scan> scan =
            context_.records.store().scan(channel_, last_, [&](Key key, std::string_view value) {
                turn.budget.spend_record(value.size());
                full = (all || own.contains(key)) && add(key, value) == RecordBatch::Fit::full;
                if (full) return false;
                last_ = key;
                return !turn.budget.spent();
            });
        if (!scan) {
            context_.failures.read_failed("GetAll", "legacy", scan.error());
            return After::fail;
        }
        const bool complete = scan.value() == Scan::ended;
        if (full || complete) send(turn);
        if (complete) encode_array(turn.out, {});
        return complete ? After::done : After::again;
    }

private:
    RecordBatch::Fit add(Key key, std::string_view value) {
        // memmem, because string_view::find takes up to the product of the lengths, which are both the clients'.
        const bool wanted =
            filter_.empty() || memmem(value.data(), value.size(), filter_.data(), filter_.size()) != nullptr;
        if (!wanted) return RecordBatch::Fit::added;
        const RecordBatch::Fit fit = keys_only_ ? batch_.add(key) : batch_.add(key, value);
        if (fit == RecordBatch::Fit::too_big) ++context_.failures.records_left_out;
        if (fit == RecordBatch::Fit::added) context_.records.actions().iterated.add(keys_only_ ? 0 : value.size());
        return fit;
    }

    // At least one batch is sent, so the last may be empty.
    void send(Turn& turn) {
        packed_.clear();
        neo::pack(batch_.plain(), packed_);
        batch_.clear();
        encode_array(turn.out, packed_);
    }

    neo::HandlerContext& context_;
    const Channel channel_;
    const bool keys_only_;
    const std::string filter_;
    neo::HoldingsShare held_;
    std::optional<Key> last_;
    RecordBatch batch_;
    std::string packed_;
    bool begun_ = false;
};

// The records of the batch are put in their order. The first that cannot be put gives the status; those before it
// stay.
class PutBatch final : public Silent {
public:
    explicit PutBatch(const Call& call)
        : context_(call.context), requester_(call.requester), channel_(*call.channel), held_(call.holdings) {
        whole_ = neo::unpack(call.request.value, array_bytes_max, plain_) && well_formed();
        held_.set(plain_.size());
        records_.emplace(plain_, false, neo::KeyForm::digits);
    }

    After on_turn(Turn& turn) override {
        if (!whole_) return end(turn, Status::error);
        while (!failed() && !read_all_ && !turn.budget.spent()) put_next(turn.budget);
        if (!failed() && !read_all_) return After::again;
        if (pending_ > 0) return After::wait;
        return end(turn, write_failed_ != Status::ok ? write_failed_ : record_failed_);
    }
    After on_written(Wrote wrote) override {
        --pending_;
        if (write_failed_ == Status::ok) write_failed_ = status_of_put(wrote);
        return pending_ == 0 ? After::again : After::wait;
    }

private:
    // All of it, before anything is stored.
    [[nodiscard]] bool well_formed() const {
        neo::RecordBatchReader read(plain_, false, neo::KeyForm::digits);
        while (read.next()) continue;
        return !read.failed();
    }

    void put_next(neo::TurnBudget& budget) {
        const auto record = records_->next();
        read_all_ = !record;
        if (!record) return;
        budget.spend_record(record->value.size());
        if (record->value.empty()) return judge(Status::empty_value);
        if (!context_.ranges.own().contains(record->key)) return judge(Status::wrong_node);
        if (context_.redistribution != nullptr && !context_.redistribution->takes_batches())
            return judge(Status::out_of_memory);
        const auto wrote = context_.records.put(channel_, record->key, record->value, requester_);
        if (wrote) return judge(status_of_put(*wrote));
        ++pending_;
    }

    void judge(Status status) { record_failed_ = status; }
    [[nodiscard]] bool failed() const { return write_failed_ != Status::ok || record_failed_ != Status::ok; }

    static After end(Turn& turn, Status status) {
        encode_status(turn.out, status);
        return After::done;
    }

    neo::HandlerContext& context_;
    const Requester requester_;
    const Channel channel_;
    std::string plain_;
    neo::HoldingsShare held_;
    std::optional<neo::RecordBatchReader> records_;
    bool whole_ = false, read_all_ = false;
    std::size_t pending_ = 0;
    Status record_failed_ = Status::ok;  // of the record that was judged at once, the last one
    Status write_failed_ = Status::ok;   // of the first write that failed later, which is of an earlier record
};

}  // namespace

std::unique_ptr<neo::LongRequest> begin_get_channels(const Call& call) {
    return std::make_unique<GetChannels>(call);
}
std::unique_ptr<neo::LongRequest> begin_get_all(const Call& call) { return std::make_unique<GetAll>(call); }
std::unique_ptr<neo::LongRequest> begin_put_batch(const Call& call) { return std::make_unique<PutBatch>(call); }

}  // namespace halp::legacy
