// Redistribute, and the messages of a node that hands over a part of its range (handover_wire.h).
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/node/legacy_handlers.h"
#include "overlay/dht/ranges/handover_wire.h"
#include "overlay/dht/ranges/redistribution.h"

namespace halp::legacy {
namespace {

using handover::Verb;
using neo::After;
using neo::Turn;

class Redistribute final : public neo::LongRequest, RedistributionListener {
public:
    explicit Redistribute(const Call& call) : redistribution_(call.context.redistribution), turns_(call.turns) {
        const auto wanted = HashRange::make(call.request.min, call.request.max);
        if (redistribution_ == nullptr || !wanted || !redistribution_->begin(*wanted, call.request.takeovers, this))
            done_ = false;
    }
    ~Redistribute() override {
        if (redistribution_ != nullptr) redistribution_->forget(*this);
    }

    After on_turn(Turn& turn) override {
        if (!done_) return After::wait;
        encode_status(turn.out, *done_ ? Status::ok : Status::error);
        return After::done;
    }
    After on_message(Bytes, Instant) override { return After::wait; }

private:
    void on_redistributed(bool done) override {
        done_ = done;
        turns_.want_turn(neo::RequestId{});
    }

    Redistribution* redistribution_;
    neo::TurnScheduler& turns_;
    std::optional<bool> done_;
};

class TakeOver final : public neo::LongRequest {
public:
    TakeOver(const Call& call, Redistribution& redistribution, const handover::Message& message)
        : redistribution_(redistribution),
          intake_(redistribution.intake()),
          turns_(call.turns),
          message_(message),
          channel_name_(message.channel),
          taker_{std::string(message.host), message.port},
          held_(call.holdings) {
        whole_ = neo::unpack(call.request.value, array_bytes_max, plain_);
        held_.set(plain_.size());
        records_.emplace(plain_, message.verb == Verb::drop, neo::KeyForm::raw);
        if (const auto channel = Channel::parse(channel_name_)) channel_ = *channel;
    }

    After on_turn(Turn& turn) override {
        const auto answer = whole_ ? work(turn) : std::optional{handover::failed};
        if (!answer) return waits_ ? After::wait : After::again;
        encode_status(turn.out, Status{*answer});
        return After::done;
    }
    After on_message(Bytes, Instant) override { return After::wait; }
    [[nodiscard]] Instant next_deadline() const override { return again_at_; }

private:
    static constexpr std::size_t writes_pending_max = 16384;
    // A write takes longer than the reading for which the budget is made, and a turn of writes is to be as short as
    // one of the node that sends them: about 100 records of 100 bytes.
    static constexpr std::size_t write_cost = 16;

    std::optional<handover::Answer> work(Turn& turn) {
        waits_ = false;
        if (message_.verb == Verb::ask) return handover::taken;
        if (message_.verb == Verb::automatic) return redistribution_.introduction(message_.token);
        if (message_.verb == Verb::share) return redistribution_.share(message_.part, taker_);
        if (message_.verb == Verb::begin)
            return intake_.begin(message_, turns_, redistribution_.admits(message_.part), turn.budget);
        if (!intake_.holds(turns_, message_.token)) return handover::failed;
        if (message_.verb == Verb::adopt) return adopt(turn.now);
        if (wait_below(writes_pending_max)) return std::nullopt;
        if (message_.verb != Verb::clear) return store(turn.budget);
        return intake_.clear(*channel_, cleared_to_, turn.budget) ? std::optional{handover::taken} : std::nullopt;
    }

    std::optional<handover::Answer> adopt(Instant now) {
        if (wait_below(1)) return std::nullopt;
        const auto answer = intake_.adopt(redistribution_.given_up());
        waits_ = !answer;
        again_at_ = answer ? no_deadline : now + std::chrono::milliseconds{5};
        return answer;
    }

    bool wait_below(std::size_t pending) {
        waits_ = intake_.writes_pending() >= pending;
        if (waits_) intake_.wake_when_below(pending);
        return waits_;
    }

    std::optional<handover::Answer> store(neo::TurnBudget& budget) {
        while (!budget.spent()) {
            const auto record = records_->next();
            if (!record) return records_->failed() ? handover::failed : handover::taken;
            for (std::size_t i = 0; i < write_cost; ++i) budget.spend_record(record->value.size());
            if (message_.verb == Verb::put)
                intake_.put(*channel_, record->key, record->value);
            else
                intake_.drop(*channel_, record->key);
        }
        return std::nullopt;
    }

    Redistribution& redistribution_;
    RangeIntake& intake_;
    neo::TurnScheduler& turns_;
    handover::Message message_;
    const std::string channel_name_;
    const Endpoint taker_;
    std::optional<Channel> channel_;
    std::string plain_;
    neo::HoldingsShare held_;
    std::optional<neo::RecordBatchReader> records_;
    std::optional<Key> cleared_to_;
    bool whole_ = false, waits_ = false;
    Instant again_at_ = no_deadline;
};

// Records of keys that another node answered for as well. A record that is here stays: whoever wrote it was told
// that it is kept.
class Fill final : public neo::LongRequest {
public:
    Fill(const Call& call, Redistribution& redistribution, const handover::Message& message)
        : context_(call.context), requester_(call.requester), held_(call.holdings) {
        if (const auto channel = Channel::parse(std::string(message.channel))) channel_ = *channel;
        whole_ = channel_ && neo::unpack(call.request.value, array_bytes_max, plain_);
        held_.set(plain_.size());
        records_.emplace(plain_, false, neo::KeyForm::raw);
        next_ = records_->next();
        redistribution.note_fill();
    }

    After on_turn(Turn& turn) override {
        if (whole_ && answer_ != handover::failed) {
            read(turn);
            if (next_) return again_at_ == no_deadline ? After::again : After::wait;
            if (pending_ > 0) return After::wait;
        }
        const bool broken = !whole_ || records_->failed();
        encode_status(turn.out, Status{broken ? handover::failed : answer_});
        return After::done;
    }
    After on_message(Bytes, Instant) override { return After::wait; }
    After on_written(Wrote wrote) override {
        --pending_;
        if (wrote != Wrote::done) answer_ = handover::failed;
        return pending_ == 0 && !next_ ? After::again : After::wait;
    }
    [[nodiscard]] Instant next_deadline() const override { return again_at_; }

private:
    // A record whose key has a write on its way waits for it: only then it is known whether there is a record.
    void read(Turn& turn) {
        again_at_ = no_deadline;
        const std::vector<Key> pending = context_.records.keys_pending(*channel_);
        while (next_ && !turn.budget.spent()) {
            if (std::ranges::binary_search(pending, next_->key)) {
                again_at_ = turn.now + std::chrono::milliseconds{1};
                return;
            }
            turn.budget.spend_record(next_->value.size());
            take(next_->key, next_->value);
            next_ = records_->next();
        }
    }

    void take(Key key, std::string_view value) {
        if (!context_.ranges.own().contains(key)) return worsen(handover::owned);
        const Result<bool> found = context_.records.store().get(*channel_, key, context_.value);
        if (!found) return worsen(handover::failed);
        if (found.value()) {
            if (context_.value != value) worsen(handover::adopted);
            return;
        }
        const auto wrote = context_.records.put(*channel_, key, value, requester_);
        if (!wrote) ++pending_;
        if (wrote && *wrote != Wrote::done) worsen(handover::failed);
    }
    // The numbers of the answers rise with what is wrong.
    void worsen(handover::Answer answer) { answer_ = std::max(answer_, answer); }

    neo::HandlerContext& context_;
    const Requester requester_;
    std::optional<Channel> channel_;
    std::string plain_;
    neo::HoldingsShare held_;
    std::optional<neo::RecordBatchReader> records_;
    std::optional<neo::BatchRecord> next_;
    handover::Answer answer_ = handover::taken;
    std::size_t pending_ = 0;
    bool whole_ = false;
    Instant again_at_ = no_deadline;
};

}  // namespace

std::unique_ptr<neo::LongRequest> begin_redistribute(const Call& call) {
    return std::make_unique<Redistribute>(call);
}

std::unique_ptr<neo::LongRequest> begin_take_over(const Call& call) {
    const auto message = handover::parse_message(call.request.channel);
    if (!message || call.context.redistribution == nullptr) return nullptr;
    if (message->verb == Verb::fill) return std::make_unique<Fill>(call, *call.context.redistribution, *message);
    return std::make_unique<TakeOver>(call, *call.context.redistribution, *message);
}

}  // namespace halp::legacy
