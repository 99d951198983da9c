// Mirror: the changes of a channel as they happen, and a periodic refresh with all its records. It ends when the
// client stops it or the channel is removed.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "overlay/dht/node/channel_stream.h"
#include "overlay/dht/node/neo_handlers.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp::neo {
namespace {

// The changes that were not sent yet. A change is only a key. Its value is read when it is sent, so the client
// gets the newest value, and no change of a record that is gone by then.
class UpdateQueue {
public:
    struct Update {
        Key key;
        bool removed;
    };
    UpdateQueue(std::size_t most, Holdings& holdings) : most_(most), held_(holdings) {}

    void push(const Update& update) {
        if (waiting_.size() < most_ && held_.has_room(sizeof update)) {
            waiting_.push_back(update);
            held_.set(waiting_.size() * sizeof update);
        } else {
            overflowed_ = true;
        }
    }
    std::optional<Update> pop() {
        if (waiting_.empty()) return std::nullopt;
        const Update first = waiting_.front();
        waiting_.pop_front();
        held_.set(waiting_.size() * sizeof first);
        return first;
    }
    [[nodiscard]] bool empty() const { return waiting_.empty(); }

    // An overflow is reported when the queue is empty, at most once a second.
    [[nodiscard]] bool overflowed() const { return overflowed_ && waiting_.empty(); }
    [[nodiscard]] Instant may_tell() const { return may_tell_; }
    void told(Instant now) {
        overflowed_ = false;
        may_tell_ = now + std::chrono::seconds{1};
    }

private:
    std::size_t most_;
    HoldingsShare held_;
    std::deque<Update> waiting_;
    bool overflowed_ = false;
    Instant may_tell_ = never;
};

class Mirror final : public ChannelStream, RecordListener {
public:
    Mirror(const Request& request, const MirrorRequest& wanted)
        : ChannelStream(request, wanted.channel, wanted.start_suspended),
          turns_(request.turns),
          id_(request.id),
          period_(wanted.periodic_refresh_s),
          refreshing_(wanted.initial_refresh),
          updates_(context_.limits.mirror_queue_max, request.holdings) {}
    ~Mirror() override {
        if (listening_) context_.records.unlisten(channel(), *this);
    }

    After on_turn(Turn& turn) override {
        if (!started_) return start(turn);
        if (control_.ack_due()) return acknowledge(turn);
        if (control_.ending()) return After::wait;
        tick(turn.now);
        if (const auto ended = end_of_channel(turn)) return *ended;
        if (control_.suspended()) return After::wait;
        if (!ready_.empty()) return send_refresh(turn);
        return send_news(turn);
    }

    [[nodiscard]] Instant next_deadline() const override {
        if (control_.ending()) return no_deadline;
        Instant next = next_refresh_;
        if (updates_.overflowed() && !control_.suspended()) next = std::min(next, updates_.may_tell());
        return next;
    }

private:
    // ---- RecordListener ----
    void on_changed(Key key) override { push({key, false}); }
    void on_removed(Key key) override { push({key, true}); }
    void on_channel_removed() override {
        listening_ = false;
        channel_gone_ = true;
        turns_.want_turn(id_);
    }
    [[nodiscard]] bool sending() const override { return !control_.suspended() && !updates_.empty(); }
    void push(const UpdateQueue::Update& update) {
        updates_.push(update);
        if (!control_.suspended()) turns_.want_turn(id_);
    }

    After start(Turn& turn) {
        started_ = true;
        encode_mirror_answer(turn.out, turn.id,
                             {has_valid_name() ? MirrorCode::started : MirrorCode::error, 0, {}});
        if (!has_valid_name()) return After::done;
        // From here on, so that the client misses no write that is acknowledged after Started.
        context_.records.listen(channel(), *this);
        listening_ = true;
        if (!refreshing_) start_period(turn.now);
        return After::again;
    }

    After acknowledge(Turn& turn) {
        encode_mirror_answer(turn.out, turn.id, {MirrorCode::ack, 0, {}});
        return control_.acknowledged() ? After::again : After::done;
    }

    // ChannelRemoved is sent after the updates that were queued before it. If a suspension holds these back, it is
    // sent after the suspension.
    std::optional<After> end_of_channel(Turn& turn) {
        if (!channel_gone_) return std::nullopt;
        refreshing_ = false;
        batch_.clear();
        ready_.clear();
        if (!updates_.empty()) return std::nullopt;
        encode_mirror_answer(turn.out, turn.id, {MirrorCode::channel_removed, 0, {}});
        control_.end();
        return After::wait;
    }

    // Alternates between one update and one record of the refresh, so that neither starves the other.
    After send_news(Turn& turn) {
        const bool said = send_update(turn);
        if (refreshing_) refresh(turn, said);
        if (!said && !ready_.empty()) return send_refresh(turn);
        if (said || refreshing_ || !updates_.empty() || channel_gone_) return After::again;
        if (!updates_.overflowed() || turn.now < updates_.may_tell()) return After::wait;
        encode_mirror_answer(turn.out, turn.id, {MirrorCode::update_overflow, 0, {}});
        updates_.told(turn.now);
        return After::wait;
    }

    bool send_update(Turn& turn) {
        while (const auto update = updates_.pop()) {
            turn.budget.spend_record(0);
            if (update->removed) {
                encode_mirror_answer(turn.out, turn.id, {MirrorCode::record_deleted, value_of(update->key), {}});
                return true;
            }
            const Result<bool> found = records().get(channel(), update->key, value_);
            turn.budget.spend(value_.size());
            if (!found) read_failed("Mirror", found.error());
            if (found.value_or(false) && shown()(update->key)) {
                encode_mirror_answer(turn.out, turn.id,
                                     {MirrorCode::record_changed, value_of(update->key), value_});
                return true;
            }
            if (turn.budget.spent()) break;
        }
        return false;
    }

    void refresh(Turn& turn, bool only_one) {
        const Shown shows = shown();
        const Result<Scan> scan = records().scan(channel(), refreshed_, [&](Key key, Bytes value) {
            turn.budget.spend_record(value.size());
            // Too long for any batch, so it is skipped, as in the originals.
            if (shows(key) && !batch_.add(key, value)) ++context_.failures.records_left_out;
            refreshed_ = key;
            return !only_one && !batch_.full() && !turn.budget.spent();
        });
        // The next refresh may succeed.
        if (!scan) read_failed("Mirror", scan.error());
        const bool ended = !scan || scan.value() == Scan::ended;
        if (ended) {
            refreshing_ = false;
            refreshed_ = std::nullopt;
            start_period(turn.now);
        }
        if (batch_.full() || (ended && !batch_.empty())) {
            pack(batch_.plain(), ready_);
            batch_.clear();
        }
    }

    After send_refresh(Turn& turn) {
        encode_mirror_answer(turn.out, turn.id, {MirrorCode::record_refresh_batch, 0, ready_});
        ready_.clear();
        return After::again;
    }

    // A period that ends during a refresh starts no other refresh.
    void tick(Instant now) {
        if (now < next_refresh_) return;
        refreshing_ = true;
        next_refresh_ += (now - next_refresh_) / period_ * period_ + period_;
    }

    void start_period(Instant now) {
        if (period_ > Duration{0} && next_refresh_ == no_deadline) next_refresh_ = now + period_;
    }

    TurnScheduler& turns_;
    RequestId id_;
    std::chrono::seconds period_;
    bool refreshing_;
    std::optional<Key> refreshed_;  // the last key of the current refresh
    Instant next_refresh_ = no_deadline;
    UpdateQueue updates_;
    RefreshBatch batch_;
    std::string ready_;  // a packed batch that waits for its turn
    std::string value_;  // reused
    bool listening_ = false;
    bool channel_gone_ = false;
};

}  // namespace

std::unique_ptr<LongRequest> begin_mirror(const Request& request) {
    const auto decoded = decode_mirror(request.parameters);
    const auto* wanted = std::get_if<MirrorRequest>(&decoded);
    if (!wanted) return nullptr;
    return std::make_unique<Mirror>(request, *wanted);
}

}  // namespace halp::neo
