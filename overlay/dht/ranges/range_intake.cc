#include "overlay/dht/ranges/range_intake.h"

#include <algorithm>
#include <vector>

#include "overlay/dht/ranges/range_parts.h"

namespace halp {

using handover::Answer;

RangeIntake::~RangeIntake() {
    world_.records.forget(*this);
    if (staging_) world_.records.unwatch(*this);
}

std::optional<Answer> RangeIntake::refusal(const handover::Message& message, bool admitted) const {
    const RangeState& state = world_.journal.state();
    if (std::ranges::find(state.adopted, message.token) != state.adopted.end()) return Answer::adopted;
    if (active() || world_.records.store().sweeping()) return Answer::later;
    const HashRange own = world_.ranges.own();
    const bool at_end = without(own, message.part).has_value();
    if (!admitted) return Answer::later;
    if (own.overlaps(message.part)) return at_end ? std::nullopt : std::optional{Answer::owned};
    // Later, because the keys between may be on their way, too.
    return joined(own, message.part) ? std::nullopt : std::optional{Answer::later};
}

std::optional<Answer> RangeIntake::begin(const handover::Message& message, neo::TurnScheduler& connection,
                                         bool admitted, neo::TurnBudget& budget) {
    if (looking_ && holder_ == &connection) return look(budget);
    // The same part again: the node that gives it has lost the first connection, perhaps before this node noticed.
    if (holder_ != nullptr && token_ == message.token) abandon();
    if (const auto refused = refusal(message, admitted)) return refused;
    holder_ = &connection;
    token_ = message.token;
    part_ = message.part;
    failed_ = false;
    taken_ = 0;
    if (!world_.ranges.own().overlaps(part_)) return start();
    // Both nodes answer for the part. Without records of it, this node steps back, and has it again when it is
    // handed over. Not answering comes before looking.
    world_.ranges.set_own(without(world_.ranges.own(), part_).value_or(HashRange{}));
    looking_.emplace();
    return look(budget);
}

std::optional<Answer> RangeIntake::look(neo::TurnBudget& budget) {
    bool found = false;
    const auto step =
        looking_->step(world_.records.store(), budget, [&](const Channel&, Key key, std::string_view) {
            found = found || part_.contains(key);
            return !found;
        });
    if (step == RecordWalk::Step::more && !found) return std::nullopt;
    if (step == RecordWalk::Step::ended && !found && world_.records.all_completed()) {
        looking_.reset();
        return start();
    }
    abandon();
    return Answer::owned;
}

HashRange RangeIntake::own_in_file(const HashRange& own) const {
    const auto giving = still_own_();
    return giving ? joined(own, *giving).value_or(own) : own;
}

Answer RangeIntake::start() {
    RangeState next = world_.journal.state();
    next.own = own_in_file(world_.ranges.own());
    if (next.held.overlaps(part_) && !next.task) next.held = next.own;
    const bool kept = world_.journal.save(next).has_value();
    // The store takes the records, and nothing shows them. The range file has the part neither as own nor as held.
    if (!kept || !world_.records.set_range(hull(world_.records.store().range(), part_))) {
        world_.note(
            DhtHandoverFailed{"a part of the range could not be taken over: the range could not be written"});
        abandon();
        return Answer::later;
    }
    staging_ = true;
    world_.records.watch(*this);
    return Answer::taken;
}

void RangeIntake::expect(std::optional<Wrote> wrote) {
    if (!wrote) ++pending_;
    if (wrote && *wrote != Wrote::done && *wrote != Wrote::absent) failed_ = true;
}

void RangeIntake::put(const Channel& channel, Key key, std::string_view value) {
    if (!part_.contains(key)) return;
    ++taken_;
    expect(world_.records.put_quietly(channel, key, value, {this, token_, 0}));
}

void RangeIntake::drop(const Channel& channel, Key key) {
    if (!part_.contains(key)) return;
    expect(world_.records.remove_quietly(channel, key, {this, token_, 0}));
}

bool RangeIntake::clear(const Channel& channel, std::optional<Key>& after, neo::TurnBudget& budget) {
    std::vector<Key> keys;
    const auto scan = world_.records.store().scan(channel, after, [&](Key key, std::string_view) {
        budget.spend_record(0);
        after = key;
        if (part_.contains(key)) keys.push_back(key);
        return !budget.spent();
    });
    for (const Key key : keys) drop(channel, key);
    failed_ = failed_ || !scan;
    return !scan || scan.value() == Scan::ended;
}

std::optional<Answer> RangeIntake::adopt(const std::optional<HashRange>& given_up) {
    if (pending_ > 0 && !failed_) return std::nullopt;
    const auto grown = joined(world_.ranges.own(), part_);
    if (failed_ || !grown) {
        abandon();
        return Answer::failed;
    }
    if (given_up && !joined(*grown, *given_up)) return std::nullopt;
    RangeState next = world_.journal.state();
    next.own = own_in_file(*grown);
    next.held = hull(next.held, next.own);
    if (!next.task) next.held = next.own;
    next.adopted.push_back(token_);
    if (!world_.journal.save(std::move(next))) {
        world_.note(
            DhtHandoverFailed{"a part of the range could not be taken over: the range could not be written"});
        abandon();
        return Answer::failed;
    }
    world_.note(DhtTookOver{part_, taken_});
    stop();
    world_.ranges.set_own(*grown);
    return Answer::taken;
}

void RangeIntake::abandon() {
    if (looking_) world_.ranges.set_own(joined(world_.ranges.own(), part_).value_or(world_.ranges.own()));
    if (staging_) {
        remains_.emplace();
        barrier_ = world_.records.next_write();
    }
    stop();
}

void RangeIntake::remove_remains(neo::TurnBudget& budget) {
    if (!remains_ || !world_.records.completed_before(barrier_)) return;
    std::vector<std::pair<Channel, Key>> removals;
    const auto step =
        remains_->step(world_.records.store(), budget, [&](const Channel& channel, Key key, std::string_view) {
            if (part_.contains(key)) removals.emplace_back(channel, key);
            return true;
        });
    // A removal that fails leaves a record that is set aside when the range settles.
    for (const auto& [channel, key] : removals) world_.records.remove_quietly(channel, key, {});
    barrier_ = world_.records.next_write();
    if (step == RecordWalk::Step::more || !removals.empty()) return;
    remains_.reset();
    settled_ = true;
}

bool RangeIntake::wants_turn() const { return settled_ || (remains_ && world_.records.completed_before(barrier_)); }

void RangeIntake::stop() {
    if (staging_) world_.records.unwatch(*this);
    world_.records.forget(*this);
    looking_.reset();
    holder_ = nullptr;
    staging_ = false;
    pending_ = wake_below_ = 0;
    settled_ = true;
    world_.wake();
}

void RangeIntake::connection_lost(const neo::TurnScheduler& connection) {
    if (holder_ == &connection) abandon();
}

void RangeIntake::on_written(std::uint64_t, std::uint64_t, Wrote wrote) {
    --pending_;
    if (wrote != Wrote::done && wrote != Wrote::absent) failed_ = true;
    if (pending_ < wake_below_ && holder_) {
        wake_below_ = 0;
        holder_->want_turn(neo::RequestId{});
    }
}

}  // namespace halp
