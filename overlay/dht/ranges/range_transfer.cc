#include "overlay/dht/ranges/range_transfer.h"

#include <array>
#include <chrono>
#include <utility>

#include "overlay/dht/ranges/handover_batch.h"
#include "overlay/dht/ranges/range_parts.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp {
namespace {

using namespace handover;

constexpr Duration pause_while_busy = std::chrono::milliseconds{100};
constexpr std::size_t batches_waiting_max = 16;
constexpr std::size_t unsent_max = std::size_t{1} << 20;
// So few changes are sent while the part is answered by nobody.
constexpr std::size_t changes_at_the_end = 1024, batches_at_the_end = 2;
// More changes than this are sent before the scan goes on.
constexpr std::size_t changes_max = 100000;

std::optional<std::array<std::uint8_t, 4>> ipv4_of(const std::string& host) {
    const std::string packed = Endpoint{host, 1}.packed_address();
    if (packed.size() != 4) return std::nullopt;
    std::array<std::uint8_t, 4> bytes{};
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(packed[i]);
    return bytes;
}

}  // namespace

RangeTransfer::RangeTransfer(RangeWorld& world, const HashRange& part, const legacy::Takeover& to)
    : world_(world), part_(part), to_(to), link_(world.environment.transport) {}

RangeTransfer::RangeTransfer(RangeWorld& world, const RangePassing& passing)
    : RangeTransfer(world, passing.part, passing.to) {
    token_ = passing.token;
    passing_ = !passing.plain;
    if (passing.plain) stage_ = Stage::following;
    fill_ = passing.fill;
}

RangeTransfer::~RangeTransfer() { set_watching(false); }

void RangeTransfer::set_watching(bool watching) {
    if (std::exchange(watching_, watching) == watching) return;
    if (watching)
        world_.records.watch(*this);
    else
        world_.records.unwatch(*this);
}

// ---- what changes meanwhile ----

void RangeTransfer::on_write(const Channel& channel, Key key) {
    if (!part_.contains(key) || !walk_.passed(channel, key)) return;
    if (changed_[channel].insert(key).second) ++changes_;
    world_.wake();
}

void RangeTransfer::on_channel_removed(const Channel& channel) {
    if (const auto found = changed_.find(channel); found != changed_.end()) {
        changes_ -= found->second.size();
        changed_.erase(found);
    }
    if (batch_channel_ == channel) {
        batch_.clear();
        batch_channel_.reset();
    }
    if (walk_.reached(channel)) cleared_.insert(channel);
    world_.wake();
}

// ---- turns ----

void RangeTransfer::pump(Instant now, neo::TurnBudget& budget) {
    hear(now);
    if (stage_ == Stage::done) return;
    const bool idle = stage_ == Stage::waiting;
    if (!idle && link_.lost()) fall_back(now, pause_after_failure, "the connection was lost");
    if (!idle && now >= answer_by_) fall_back(now, pause_after_failure, "no answer");
    if (stage_ == Stage::following && !link_.connected() && answer_by_ == no_deadline && now >= retry_at_)
        connect(now);
    if (stage_ == Stage::waiting && now >= retry_at_) connect(now);
    if (stage_ == Stage::connecting && link_.connected()) {
        if (!passing_) token_ = world_.environment.random.next();
        say(Verb::begin);
        stage_ = Stage::asking;
        answer_by_ = now + patience;
    }
    if (stage_ == Stage::copying) copy(now, budget);
    if (stage_ == Stage::draining) drain(now, budget);
    if (stage_ == Stage::following && link_.connected()) follow(now, budget);
}

bool RangeTransfer::wants_turn() const {
    if (link_.has_answer() || (link_.lost() && stage_ != Stage::waiting)) return true;
    switch (stage_) {
        case Stage::connecting:
            return link_.connected();
        case Stage::copying:
            return has_room() &&
                   (!scanned_ || changes_ > 0 || !cleared_.empty() || link_.waiting() <= batches_at_the_end);
        case Stage::following:
            return link_.connected() && has_room() && (!scanned_ || !apart_.empty()) &&
                   world_.records.completed_before(barrier_);
        default:
            return false;
    }
}

Instant RangeTransfer::next_deadline() const {
    switch (stage_) {
        case Stage::waiting:
            return retry_at_;
        case Stage::draining:
            return world_.environment.clock.now() + poll;
        case Stage::following:
            return answer_by_ == no_deadline ? retry_at_ : answer_by_;
        case Stage::done:
            return no_deadline;
        default:
            return answer_by_;
    }
}

std::string_view RangeTransfer::step() const {
    constexpr std::array<std::string_view, 9> names{"waiting", "connecting", "asking",    "copying", "draining",
                                                    "passing", "ending",     "following", "done"};
    return names[static_cast<std::size_t>(stage_)];
}

void RangeTransfer::connect(Instant now) {
    link_.open(heir_ ? heir_->node : Endpoint{to_.address, to_.port});
    answer_by_ = now + patience;
    if (stage_ == Stage::waiting) stage_ = Stage::connecting;
}

void RangeTransfer::fall_back(Instant now, Duration pause, std::string why) {
    const std::string whom = heir_ ? heir_->node.host + ":" + std::to_string(heir_->node.port)
                                   : to_.address + ":" + std::to_string(to_.port);
    if (pause >= pause_after_failure)
        world_.note(DhtHandoverFailed{"a part of the range could not be handed to " + whom + " yet: " + why});
    trouble_ = std::move(why);
    link_.close();
    set_watching(false);
    if (std::exchange(frozen_, false) && !passing_)
        world_.ranges.set_own(joined(world_.ranges.own(), part_).value_or(world_.ranges.own()));
    changed_.clear();
    changes_ = 0;
    cleared_.clear();
    batch_.clear();
    batch_keys_.clear();
    batch_channel_.reset();
    if (refused_) ++rounds_refused_;
    heirs_in_vain_ = 0;
    heir_.reset();
    forget_round();
    retry_at_ = now + pause;
    answer_by_ = no_deadline;
    if (stage_ != Stage::following) stage_ = Stage::waiting;
}

void RangeTransfer::forget_round() {
    following_sent_.clear();
    following_failed_ = refused_ = asked_for_heir_ = took_apart_ = false;
    refused_key_.reset();
    next_heir_.reset();
    left_ = 0;
    apart_.clear();
    walk_ = {};
    scanned_ = false;
}

// ---- answers ----

void RangeTransfer::hear(Instant now) {
    while (const auto answer = link_.next_answer()) {
        answer_by_ = link_.waiting() > 0 ? now + patience : no_deadline;
        hear_one(*answer, now);
    }
}

void RangeTransfer::hear_one(const legacy::Link::Answer& answer, Instant now) {
    switch (stage_) {
        case Stage::asking:
            return hear_beginning(answer.status, now);
        case Stage::copying:
        case Stage::draining:
            if (answer.status != handover::taken)
                fall_back(now, pause_after_failure, "it answered " + std::to_string(answer.status));
            return;
        case Stage::passing:
            return hear_adoption(answer.status, now);
        case Stage::ending: {
            const auto range = HashRange::make(answer.min, answer.max);
            if (range && !range->empty() && range->overlaps(part_)) announce(*range);
            return end(now);
        }
        case Stage::following:
            return hear_following(answer);
        default:
            return;
    }
}

void RangeTransfer::hear_beginning(std::uint32_t status, Instant now) {
    const bool is_theirs = status == handover::adopted || (passing_ && status == handover::owned);
    if (is_theirs) {
        // After a restart nothing says what was sent. The records are here until the end of the redistribution.
        stage_ = Stage::ending;
        legacy::Request ask;
        ask.command = legacy::Command::get_responsible_range;
        link_.ask(ask, 0);
        answer_by_ = now + patience;
        return;
    }
    // A node that says `later` to this token has not adopted the part, and will not without a new beginning. So the
    // part is this node's again, which answers for it meanwhile.
    if (status == handover::later && passing_ && !take_back())
        return fall_back(now, pause_after_failure, "the range could not be written");
    if (status == handover::later) return fall_back(now, pause_while_busy, "it is busy with another part");
    if (status == handover::taken) {
        if (passing_ && !take_back()) return fall_back(now, pause_after_failure, "the range could not be written");
        return begin_copying(now);
    }
    if (passing_) return fall_back(now, pause_after_failure, "it does not know the part that it was given");
    fill_ = status == handover::owned;
    begin_following(now);
}

void RangeTransfer::hear_adoption(std::uint32_t status, Instant now) {
    if (status == handover::taken || status == handover::adopted) {
        legacy::Request ask;
        ask.command = legacy::Command::get_responsible_range;
        link_.ask(ask, 0);
        answer_by_ = now + patience;
        stage_ = Stage::ending;
        return;
    }
    // It has said that it has not adopted the part, and forgotten what it had of it.
    if (status == handover::failed && !take_back()) return fall_back(now, pause_after_failure, "the disk");
    fall_back(now, status == handover::failed ? pause_while_busy : pause_after_failure,
              "it could not take the part");
}

bool RangeTransfer::take_back() {
    RangeState next = world_.journal.state();
    const auto own = joined(next.own, part_);
    if (!own) return false;
    next.own = *own;
    next.passing.reset();
    if (!world_.journal.save(std::move(next))) return false;
    passing_ = frozen_ = false;
    world_.ranges.set_own(*own);
    return true;
}

// ---- sending ----

bool RangeTransfer::has_room() const {
    return link_.waiting() < batches_waiting_max && link_.unsent() < unsent_max;
}

void RangeTransfer::say(Verb verb, Bytes channel, Bytes plain, std::uint64_t tag) {
    const std::string message = handover::format_message({verb, token_, part_, channel, {}, 0});
    packed_.clear();
    neo::pack(plain, packed_);
    legacy::Request request;
    request.command = legacy::Command::put_batch;
    request.channel = message;
    request.value = packed_;
    link_.ask(request, tag);
}

void RangeTransfer::begin_copying(Instant now) {
    walk_ = {};
    scanned_ = false;
    sent_ = 0;
    set_watching(true);
    stage_ = Stage::copying;
    answer_by_ = now + patience;
}

void RangeTransfer::copy(Instant now, neo::TurnBudget& budget) {
    while (stage_ == Stage::copying && has_room() && !budget.spent()) {
        send_cleared();
        const bool nearly_equal = changes_ <= changes_at_the_end && link_.waiting() <= batches_at_the_end;
        if (scanned_ && nearly_equal) return freeze(now);
        if (scanned_ && changes_ == 0) break;
        if (scanned_ || changes_ > changes_max)
            send_changes(budget);
        else
            send_scanned(now, budget);
    }
    if (link_.waiting() > 0 && answer_by_ == no_deadline) answer_by_ = now + patience;
}

void RangeTransfer::send_scanned(Instant now, neo::TurnBudget& budget) {
    const auto step =
        walk_.step(world_.records.store(), budget, [&](const Channel& channel, Key key, std::string_view value) {
            if (!part_.contains(key)) return true;
            const std::size_t bytes = record_overhead + value.size();
            const bool full =
                !batch_.empty() && (batch_channel_ != channel || batch_.size() + bytes > handover::batch_bytes);
            if (full) return false;
            add_record(channel, key, value);
            return true;
        });
    if (step == RecordWalk::Step::failed) return fall_back(now, pause_after_failure, "records could not be read");
    scanned_ = step == RecordWalk::Step::ended;
    // The turn is over, or the batch is full: in both cases it leaves, so that no record waits while others change.
    send_batch();
}

void RangeTransfer::add_record(const Channel& channel, Key key, std::string_view value) {
    batch_channel_ = channel;
    if (value.size() > record_bytes_max) {
        impossible_ = true;
        trouble_ = "the record " + key_text(key) + " of channel " + channel.name() + " is too long for a message";
        return;
    }
    append_record(batch_, key, value);
    ++sent_;
}

void RangeTransfer::send_batch() {
    if (!batch_.empty() && batch_channel_) say(Verb::put, batch_channel_->name(), batch_);
    batch_.clear();
    batch_channel_.reset();
}

void RangeTransfer::send_cleared() {
    for (const Channel& channel : std::exchange(cleared_, {})) say(Verb::clear, channel.name());
}

// One batch of records that have changed, and one of keys that are gone.
void RangeTransfer::send_changes(neo::TurnBudget& budget) {
    if (changed_.empty()) return;
    const auto first = changed_.begin();
    const Channel channel = first->first;
    std::string gone, value;
    while (!first->second.empty() && batch_.size() < handover::batch_bytes && !budget.spent()) {
        const Key key = *first->second.begin();
        first->second.erase(first->second.begin());
        --changes_;
        const Result<bool> found = world_.records.store().get(channel, key, value);
        budget.spend_record(value.size());
        if (!found) {
            impossible_ = true;
            trouble_ = found.error().message;
        } else if (found.value()) {
            add_record(channel, key, value);
        } else {
            append_key(gone, key);
        }
    }
    if (first->second.empty()) changed_.erase(first);
    send_batch();
    if (!gone.empty()) say(Verb::drop, channel.name(), gone);
}

// ---- the end ----

void RangeTransfer::freeze(Instant now) {
    const auto left = without(world_.ranges.own(), part_);
    if (impossible_ || !left) return fall_back(now, pause_after_failure, impossible_ ? trouble_ : "its neighbour");
    frozen_ = true;
    world_.ranges.set_own(*left);
    barrier_ = world_.records.next_write();
    stage_ = Stage::draining;
    answer_by_ = now + patience;
}

// Writes that were accepted before are still on their way to the disk. When they are there, all changes are known.
void RangeTransfer::drain(Instant now, neo::TurnBudget& budget) {
    send_cleared();
    while (changes_ > 0 && has_room() && !budget.spent()) send_changes(budget);
    if (!world_.records.completed_before(barrier_) || changes_ > 0 || !cleared_.empty() || link_.waiting() > 0)
        return;
    if (impossible_) return fall_back(now, pause_after_failure, trouble_);
    pass(now);
}

void RangeTransfer::pass(Instant now) {
    RangeState next = world_.journal.state();
    next.own = world_.ranges.own();
    next.passing = RangePassing{token_, false, part_, to_};
    if (!world_.journal.save(std::move(next)))
        return fall_back(now, pause_after_failure, "the range could not be written");
    passing_ = true;
    set_watching(false);
    say(Verb::adopt);
    stage_ = Stage::passing;
    answer_by_ = now + patience;
}

void RangeTransfer::announce(const HashRange& range) {
    constexpr int neo_above_legacy = 100;
    const auto address = ipv4_of(to_.address);
    if (!address || to_.port > 65535 - neo_above_legacy) return;
    world_.ranges.tell({neo::HashRangeCode::new_node,
                        *address,
                        static_cast<std::uint16_t>(to_.port + neo_above_legacy),
                        {range.min(), range.max()}});
}

void RangeTransfer::end(Instant now) {
    RangeState next = world_.journal.state();
    // While following, each record was removed when it was acknowledged. What is left was not taken.
    if (stage_ == Stage::ending) next.handed.push_back(part_);
    if (stage_ == Stage::ending || fill_) next.given.push_back({to_.address, to_.port, part_.min(), part_.max()});
    next.passing.reset();
    if (!world_.journal.save(std::move(next))) return fall_back(now, pause_after_failure, "the range file");
    stage_ = Stage::done;
    link_.close();
    world_.note(DhtHandedOver{part_, Endpoint{to_.address, to_.port}, sent_, differing_});
}

}  // namespace halp
