// Listen: the changes of a channel as they happen, until the channel is removed or the client sends anything. What
// is to be sent is kept back for flush_interval, so that many changes leave together.
#include <deque>
#include <string>
#include <utility>

#include "overlay/dht/node/legacy_handlers.h"

namespace halp::legacy {
namespace {

using neo::After;
using neo::Turn;

class Listen final : public neo::LongRequest, RecordListener {
public:
    explicit Listen(const Call& call)
        : context_(call.context), turns_(call.turns), options_(call.options), channel_(*call.channel) {
        // From here on, so that no change is missed while the channel is being made.
        context_.records.listen(channel_, *this);
        if (const auto made = context_.records.create_channel(channel_, call.requester)) open(*made);
    }
    ~Listen() override { context_.records.unlisten(channel_, *this); }

    After on_turn(Turn& turn) override {
        if (stage_ == Stage::opening) return After::wait;
        if (stage_ == Stage::refused) {
            encode_status(turn.out, Status::error);
            return After::done;
        }
        if (!std::exchange(begun_, true)) encode_status(kept_back_, Status::ok);
        if (leaving_) return flush(turn, After::done);
        gather(turn);
        if (!queue_.empty()) return kept_back_.size() >= flush_bytes ? flush(turn, After::again) : After::again;
        if (removed_) {
            encode_array(kept_back_, {});
            encode_array(kept_back_, {});
            return flush(turn, After::done);
        }
        return rest(turn);
    }
    // Whatever the client sends ends the Listen, without the two empty arrays.
    After on_message(Bytes, Instant) override {
        leaving_ = true;
        return stage_ == Stage::opening ? After::wait : After::again;
    }
    After on_written(Wrote wrote) override {
        open(wrote);
        return After::again;
    }
    [[nodiscard]] Instant next_deadline() const override { return due_; }

private:
    enum class Stage : std::uint8_t { opening, open, refused };
    static constexpr std::size_t flush_bytes = std::size_t{64} << 10;

    void open(Wrote made) { stage_ = made == Wrote::done ? Stage::open : Stage::refused; }

    // The value is that of now. A record that is gone by now has none.
    void gather(Turn& turn) {
        while (!queue_.empty() && kept_back_.size() < flush_bytes && !turn.budget.spent()) {
            const Key key = queue_.front();
            queue_.pop_front();
            std::string& value = context_.value;
            const Result<bool> found = context_.records.store().get(channel_, key, value);
            if (!found) context_.failures.read_failed("Listen", "legacy", found.error());
            const Bytes now = found && found.value() ? Bytes(value) : Bytes{};
            turn.budget.spend_record(now.size());
            encode_record(kept_back_, key, now);
            context_.records.actions().forwarded.add(now.size());
            told_one_ = true;
        }
    }

    // Nothing waits: flush what is due, and wait for what is not.
    After rest(Turn& turn) {
        if (kept_back_.empty()) return After::wait;
        const bool at_once = options_.flush_interval == Duration{0};
        if (at_once && !told_one_) return After::wait;
        if (due_ == no_deadline && !at_once) due_ = turn.now + options_.flush_interval;
        if (at_once || turn.now >= due_ || kept_back_.size() >= flush_bytes) return flush(turn, After::wait);
        return After::wait;
    }

    After flush(Turn& turn, After then) {
        turn.out += kept_back_;
        kept_back_.clear();
        due_ = no_deadline;
        return then;
    }

    void on_changed(Key key) override {
        if (queue_.size() >= options_.listen_queue_max) {
            ++context_.failures.changes_dropped;
            return;
        }
        queue_.push_back(key);
        turns_.want_turn(neo::RequestId{});
    }
    void on_removed(Key) override {}  // the protocol does not tell it
    [[nodiscard]] bool sending() const override { return !queue_.empty() || (told_one_ && !kept_back_.empty()); }
    void on_channel_removed() override {
        removed_ = true;
        turns_.want_turn(neo::RequestId{});
    }

    neo::HandlerContext& context_;
    neo::TurnScheduler& turns_;
    const Options& options_;
    const Channel channel_;
    Stage stage_ = Stage::opening;
    std::deque<Key> queue_;
    std::string kept_back_;
    Instant due_ = no_deadline;
    bool begun_ = false, told_one_ = false, removed_ = false, leaving_ = false;
};

}  // namespace

std::unique_ptr<neo::LongRequest> begin_listen(const Call& call) { return std::make_unique<Listen>(call); }

}  // namespace halp::legacy
