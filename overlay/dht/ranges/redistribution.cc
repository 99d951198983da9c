#include "overlay/dht/ranges/redistribution.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "overlay/dht/ranges/range_parts.h"

namespace halp {
namespace {

constexpr Duration task_pause = std::chrono::seconds{2};
constexpr Duration task_poll = std::chrono::milliseconds{2};
// Of a task that this node has set itself, until the other node begins to take the part.
constexpr Duration taker_patience = std::chrono::seconds{10};
constexpr Duration rest_after_fill = std::chrono::seconds{5};
constexpr std::size_t removals_waiting_max = 4096;
// The original's redist_memory_limit_mulitplier (sic), and a little for a node that is nearly empty.
constexpr std::uint64_t growth_percent = 110, growth_bytes_min = std::uint64_t{64} << 20;

}  // namespace

Redistribution::Redistribution(RangeWorld world)
    : world_(std::move(world)), intake_(world_, [this] {
          return transfer_ && transfer_->frozen() ? std::optional{transfer_->part()} : std::nullopt;
      }) {}
Redistribution::~Redistribution() = default;

Result<void> Redistribution::check(const HashRange& wanted, const std::vector<legacy::Takeover>& takers) const {
    if (active() || intake_.removing() || world_.records.store().sweeping())
        return Error{ErrorCode::busy, "the range of the node is already changing"};
    for (const legacy::Takeover& taker : takers) {
        if (!HashRange::valid(taker.min, taker.max) || !Endpoint::make(taker.address, taker.port))
            return Error{ErrorCode::invalid, "the range or the address of a node that takes over is none"};
    }
    if (!wanted.empty()) return {};
    // Nothing may be left that no node has.
    const auto parts = leaving_parts(world_.ranges.own(), wanted, takers);
    const bool all_taken =
        std::ranges::all_of(parts, [](const LeavingPart& part) { return part.taker.has_value(); });
    if (parts.empty() || !all_taken)
        return Error{ErrorCode::invalid, "an empty range needs nodes that take over all that there is"};
    return {};
}

Result<void> Redistribution::begin(const HashRange& wanted, std::vector<legacy::Takeover> takers,
                                   RedistributionListener* listener, RangeTask::Why why) {
    if (Result<void> good = check(wanted, takers); !good) return good;
    RangeState next = world_.journal.state();
    next.own = world_.ranges.own();
    next.held = hull(next.held, next.own);
    next.task = RangeTask{next.own, wanted, std::move(takers), why};
    if (Result<void> kept = world_.journal.save(std::move(next)); !kept) return kept;
    // What nobody hands over is served at once. If another node still has it, that node finds this one owning it.
    if (const auto grown = joined(world_.ranges.own(), wanted); grown && !intake_.active())
        if (!set_own(*grown)) retry_at_ = world_.environment.clock.now() + task_pause;
    bytes_at_begin_ = world_.records.store().total().bytes;
    listener_ = listener;
    withdrawing_ = false;
    waiting_since_ = world_.environment.clock.now();
    world_.wake();
    return {};
}

handover::Answer Redistribution::share(const HashRange& known, const Endpoint& to) {
    const HashRange own = world_.ranges.own();
    const bool filling = filled_at_ != never && world_.environment.clock.now() < filled_at_ + rest_after_fill;
    if (refusing_ || filling || intake_.active() || own != known) return handover::later;
    const std::vector<HashRange> halves = own.split(2);
    if (halves.size() < 2) return handover::failed;
    legacy::Takeover taker{to.host, to.port, halves[1].min(), halves[1].max()};
    const bool begun = begin(halves[0], {std::move(taker)}, nullptr, RangeTask::Why::shared).has_value();
    return begun ? handover::taken : handover::later;
}

void Redistribution::note_fill() { filled_at_ = world_.environment.clock.now(); }

std::optional<handover::Heir> Redistribution::heir_of(Key key) const {
    if (world_.ranges.own().contains(key)) return std::nullopt;
    const std::vector<legacy::Takeover>& given = world_.journal.state().given;
    const auto newest = std::find_if(given.rbegin(), given.rend(), [key](const legacy::Takeover& one) {
        return one.min <= place_of(key) && place_of(key) <= one.max;
    });
    if (newest == given.rend()) return std::nullopt;
    return handover::Heir{HashRange::make(newest->min, newest->max).value_or(HashRange{}),
                          Endpoint{newest->address, newest->port}};
}

// The part must not lie beside what leaves in such a way that this would have no end to leave by.
bool Redistribution::admits(const HashRange& part) const {
    if (refusing_) return false;
    if (!active()) return true;
    const RangeState& state = world_.journal.state();
    const HashRange own = world_.ranges.own();
    if (state.held.overlaps(part) || own.overlaps(part)) return false;
    const HashRange grown = joined(own, part).value_or(own);
    const auto leaving = leaving_parts(own.common(state.task->was), state.task->wanted, state.task->takers);
    const auto walled_in = [&](const LeavingPart& one) { return !without(grown, one.range); };
    return leaving.empty() || !std::ranges::all_of(leaving, walled_in);
}

void Redistribution::resume() {
    const RangeState& state = world_.journal.state();
    if (state.passing) transfer_ = std::make_unique<RangeTransfer>(world_, *state.passing);
    bytes_at_begin_ = world_.records.store().total().bytes;
    waiting_since_ = world_.environment.clock.now();
    withdrawing_ = state.task && state.task->why == RangeTask::Why::leaving;
}

// Only a Redistribute from outside waits for its taker as long as it takes.
bool Redistribution::out_of_patience(Instant now) const {
    const RangeState& state = world_.journal.state();
    if (!state.task || state.task->why == RangeTask::Why::asked) return false;
    return now >= waiting_since_ + taker_patience;
}

bool Redistribution::takes_batches() const {
    if (!active()) return true;
    const std::uint64_t limit =
        std::max(bytes_at_begin_ * growth_percent / 100, bytes_at_begin_ + growth_bytes_min);
    return world_.records.store().total().bytes <= limit;
}

bool Redistribution::set_own(const HashRange& own) {
    RangeState next = world_.journal.state();
    next.own = own;
    next.held = hull(next.held, own);
    if (!world_.journal.save(std::move(next))) return false;
    const HashRange held = hull(world_.records.store().range(), own);
    if (!world_.records.set_range(held)) return false;
    if (own != world_.ranges.own()) world_.ranges.set_own(own);
    return true;
}

// ---- turns ----

bool Redistribution::pump(Instant now, neo::TurnBudget& budget) {
    if (stopped_) return false;
    moved_ = true;
    intake_.remove_remains(budget);
    settle_ = intake_.take_settled() || settle_;
    if (transfer_) {
        transfer_->pump(now, budget);
        if (transfer_->impossible()) {
            transfer_.reset();
            finish(false);
        } else if (transfer_->done() ||
                   (transfer_->may_stop() && !without(world_.ranges.own(), transfer_->part()))) {
            // In the second case another part that was taken over lies behind it. That of the other end is next.
            transfer_.reset();
        }
    }
    if (transfer_ && transfer_->copies()) waiting_since_ = now;
    if (out_of_patience(now)) withdrawing_ = true;
    if (withdrawing_ && active() && !cleaning_ && (!transfer_ || transfer_->may_stop())) {
        transfer_.reset();
        finish(false);
    }
    if (active() && !transfer_ && !cleaning_ && now >= retry_at_) next_part(now);
    if (cleaning_) clean(now, budget);
    return !active() && !intake_.active() && std::exchange(settle_, false);
}

// The next part of the range that touches an end of it. Without one, the range grows to what is wanted.
void Redistribution::next_part(Instant now) {
    retry_at_ = never;
    const RangeTask& task = *world_.journal.state().task;
    const HashRange own = world_.ranges.own();
    const std::vector<LeavingPart> parts = leaving_parts(own.common(task.was), task.wanted, task.takers);
    const auto next =
        std::ranges::find_if(parts, [&](const LeavingPart& p) { return without(own, p.range).has_value(); });
    if (next != parts.end()) {
        if (next->taker)
            transfer_ = std::make_unique<RangeTransfer>(world_, next->range, task.takers[*next->taker]);
        else if (!set_own(without(own, next->range).value_or(own)))
            retry_at_ = now + task_pause;
        return;
    }
    const HashRange grown = joined(own, task.wanted).value_or(own);
    if (own == grown || (!intake_.active() && set_own(grown))) {
        cleaning_ = true;
        cleaned_ = false;
        cleaning_at_ = {};
        return;
    }
    retry_at_ = now + (intake_.active() ? task_poll : task_pause);
}

// The records that other nodes have taken over go. Mirrors are not told: the records are still there, elsewhere.
void Redistribution::clean(Instant now, neo::TurnBudget& budget) {
    const std::vector<HashRange>& handed = world_.journal.state().handed;
    if (handed.empty()) cleaned_ = true;
    const auto gone = [&](Key key) {
        return !world_.ranges.own().contains(key) && !(intake_.active() && intake_.part().contains(key)) &&
               std::ranges::any_of(handed, [&](const HashRange& part) { return part.contains(key); });
    };
    std::vector<std::pair<Channel, Key>> removals;
    const std::uint64_t waiting = world_.records.writes_pending();
    while (!cleaned_ && !budget.spent() && waiting + removals.size() < removals_waiting_max) {
        const auto step = cleaning_at_.step(world_.records.store(), budget,
                                            [&](const Channel& channel, Key key, std::string_view) {
                                                if (gone(key)) removals.emplace_back(channel, key);
                                                return true;
                                            });
        // What cannot be read is set aside later.
        cleaned_ = step != RecordWalk::Step::more;
    }
    // A removal that fails leaves a record that is set aside at the end.
    for (const auto& [channel, key] : removals) world_.records.remove_quietly(channel, key, {});
    if (!cleaned_) return;
    if (!world_.records.all_completed()) {
        retry_at_ = now + task_poll;
        return;
    }
    finish(true);
}

void Redistribution::finish(bool done) {
    RangeState next = world_.journal.state();
    next.task.reset();
    next.handed.clear();
    next.own = next.held = world_.ranges.own();
    if (!world_.journal.save(std::move(next))) {
        world_.note(DhtHandoverFailed{"the range file could not be written"});
        retry_at_ = world_.environment.clock.now() + task_pause;
        return;
    }
    cleaning_ = withdrawing_ = false;
    settle_ = true;
    world_.wake();
    if (RedistributionListener* told = std::exchange(listener_, nullptr)) told->on_redistributed(done);
}

bool Redistribution::wants_turn() const {
    if (stopped_) return false;
    if (intake_.wants_turn() || (settle_ && !active() && !intake_.active())) return true;
    if (transfer_) return transfer_->wants_turn() || transfer_->done();
    if (!active()) return false;
    if (cleaning_) return !cleaned_ && world_.records.writes_pending() < removals_waiting_max;
    return retry_at_ == never;
}

Instant Redistribution::next_deadline() const {
    if (stopped_) return no_deadline;
    const Instant soon = world_.environment.clock.now() + task_poll;
    if (intake_.removing()) return transfer_ ? std::min(soon, transfer_->next_deadline()) : soon;
    if (transfer_) return transfer_->next_deadline();
    if (!active()) return no_deadline;
    if (cleaning_) return soon;
    return retry_at_ == never ? no_deadline : retry_at_;
}

RedistributionStatus Redistribution::status() const {
    RedistributionStatus status;
    status.active = active();
    status.taking_over = intake_.active();
    if (status.active) status.step = transfer_ ? std::string(transfer_->step()) : cleaning_ ? "cleaning" : "";
    if (transfer_) {
        status.handing = !transfer_->may_stop() && transfer_->gave_up();
        status.part = transfer_->part();
        status.other = transfer_->to().address + ":" + std::to_string(transfer_->to().port);
        status.records = transfer_->records_sent();
        status.trouble = transfer_->trouble();
    } else if (intake_.active()) {
        status.part = intake_.part();
        status.records = intake_.records_taken();
    }
    return status;
}

}  // namespace halp
