// The half of range_transfer.h for a node that has the part already: an original, or one that answers for it and
// has records of it.
#include <cstdint>
#include <string>
#include <utility>

#include "overlay/dht/ranges/handover_batch.h"
#include "overlay/dht/ranges/range_parts.h"
#include "overlay/dht/ranges/range_transfer.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp {

using handover::append_record;
using handover::patience;
using handover::pause_after_failure;
using handover::poll;
using handover::record_bytes_max;
using handover::Verb;

void RangeTransfer::begin_following(Instant now) {
    RangeState next = world_.journal.state();
    const auto left = without(next.own, part_);
    if (!left) return fall_back(now, pause_after_failure, "its neighbour");
    next.own = *left;
    next.passing = RangePassing{token_, true, part_, to_, fill_};
    if (!world_.journal.save(std::move(next)))
        return fall_back(now, pause_after_failure, "the range could not be written");
    world_.ranges.set_own(*left);
    announce(HashRange::make(to_.min, to_.max).value_or(part_));
    barrier_ = world_.records.next_write();
    stage_ = Stage::following;
}

void RangeTransfer::follow(Instant now, neo::TurnBudget& budget) {
    if (!world_.records.completed_before(barrier_)) {
        retry_at_ = now + poll;
        return;
    }
    send_following(now, budget);
    if (stage_ != Stage::following || !scanned_ || !apart_.empty() || link_.waiting() > 0 || link_.has_answer())
        return;
    if (fill_ && refused_key_) return ask_for_heir(now);
    if (asked_for_heir_) return decide_whom_to_ask(now);
    if (heir_) return go_on_at(std::nullopt, now);
    end_round(now);
}

void RangeTransfer::end_round(Instant now) {
    if (following_failed_) return fall_back(now, pause_after_failure, trouble_);
    if (left_ > 0)
        world_.note(DhtHandoverFailed{std::to_string(left_) + " records were set aside: " + to_.address + ":" +
                                      std::to_string(to_.port) +
                                      " was to have them and does not answer for their keys any more"});
    end(now);
}

// ---- what the other node has handed on ----

void RangeTransfer::ask_for_heir(Instant now) {
    const std::string digits = key_text(*std::exchange(refused_key_, std::nullopt));
    legacy::Request request;
    request.command = legacy::Command::get;
    request.channel = handover::heir_channel;
    request.key = digits;
    link_.ask(request, heir_tag);
    asked_for_heir_ = true;
    answer_by_ = now + patience;
}

void RangeTransfer::decide_whom_to_ask(Instant now) {
    asked_for_heir_ = false;
    const bool believed = (next_heir_ || heir_) && heirs_in_vain_ < heirs_in_vain_max;
    if (!believed) return end_round(now);
    ++heirs_in_vain_;
    go_on_at(std::exchange(next_heir_, std::nullopt), now);
}

// At once, with all records that are left.
void RangeTransfer::go_on_at(std::optional<handover::Heir> heir, Instant now) {
    link_.close();
    heir_ = std::move(heir);
    forget_round();
    retry_at_ = now;
    answer_by_ = no_deadline;
}

// ---- sending ----

void RangeTransfer::send_following(Instant now, neo::TurnBudget& budget) {
    while (has_room() && !apart_.empty()) send_apart(now);
    while (has_room() && !scanned_ && !budget.spent()) {
        FollowingBatch batch;
        const auto visit = [&](const Channel& channel, Key key, std::string_view value) {
            if (!is_for_this_round(channel, key)) return true;
            if (!batch.sent.keys.empty() && batch.sent.channel != channel) return false;
            return fill_ ? batch.add_to_fill(channel, key, value) : batch.add(channel, key, value, budget);
        };
        const auto step = walk_.step(world_.records.store(), budget, visit);
        scanned_ = step == RecordWalk::Step::ended;
        if (step == RecordWalk::Step::failed)
            return fall_back(now, pause_after_failure, "records could not be read");
        if (batch.sent.keys.empty()) continue;
        sent_ += batch.sent.keys.size();
        ask(batch);
        following_sent_.emplace(next_tag_++, std::move(batch.sent));
        answer_by_ = now + patience;
    }
}

bool RangeTransfer::is_for_this_round(const Channel& channel, Key key) const {
    if (!part_.contains(key) || (heir_ && !heir_->range.contains(key))) return false;
    const auto found = differ_.find(channel);
    return found == differ_.end() || !found->second.contains(key);
}

void RangeTransfer::ask(const FollowingBatch& batch) {
    if (fill_) return say(Verb::fill, batch.sent.channel.name(), batch.fill, next_tag_);
    if (batch.alone) return ask_put(batch.sent.channel, batch.sent.keys.front(), *batch.alone);
    ask_put_batch(batch.sent.channel, batch.plain.plain());
}

// A record that the other node cannot take is left out. False: the batch is full.
bool RangeTransfer::FollowingBatch::add(const Channel& channel, Key key, std::string_view value,
                                        neo::TurnBudget& budget) {
    if (value.empty() || !legacy::valid_channel(channel.name())) return true;
    const auto fit = plain.add(key, value);
    if (fit == neo::RecordBatch::Fit::full) return false;
    if (fit == neo::RecordBatch::Fit::too_big) {
        if (!sent.keys.empty()) return false;
        alone = value;
        budget.spend(budget.left());
    }
    sent.channel = channel;
    sent.keys.push_back(key);
    return true;
}

bool RangeTransfer::FollowingBatch::add_to_fill(const Channel& channel, Key key, std::string_view value) {
    if (value.size() > record_bytes_max) return true;
    if (!fill.empty() && fill.size() + value.size() > handover::batch_bytes) return false;
    sent.channel = channel;
    sent.keys.push_back(key);
    append_record(fill, key, value);
    return true;
}

void RangeTransfer::ask_put(const Channel& channel, Key key, std::string_view value) {
    const std::string digits = key_text(key);
    legacy::Request request;
    request.command = legacy::Command::put;
    request.channel = channel.name();
    request.key = digits;
    request.value = value;
    link_.ask(request, next_tag_);
}

void RangeTransfer::ask_put_batch(const Channel& channel, Bytes plain) {
    packed_.clear();
    neo::pack(plain, packed_);
    legacy::Request request;
    request.command = legacy::Command::put_batch;
    request.channel = channel.name();
    request.value = packed_;
    link_.ask(request, next_tag_);
}

void RangeTransfer::send_apart(Instant now) {
    const auto [channel, key] = apart_.front();
    apart_.pop_front();
    std::string plain, value;
    const Result<bool> found = world_.records.store().get(channel, key, value);
    if (!found || !found.value()) return;  // a record that cannot be read is set aside
    if (fill_) {
        append_record(plain, key, value);
        say(Verb::fill, channel.name(), plain, next_tag_);
    } else {
        ask_put(channel, key, value);
    }
    following_sent_.emplace(next_tag_++, Sent{channel, {key}});
    answer_by_ = now + patience;
}

// One of the records is there with another value. Alone it is set aside here; of several it is not known which it
// is.
void RangeTransfer::hear_fill(const Sent& sent) {
    if (sent.keys.size() == 1) {
        if (differ_[sent.channel].insert(sent.keys.front()).second) ++differing_;
        return;
    }
    for (const Key key : sent.keys) apart_.emplace_back(sent.channel, key);
}

// The other node does not answer for a key. If it does not say who does, it may be about to have the part back, so
// it is asked again some times. Then it has given it on for good: each record that it refuses alone stays here, set
// aside.
void RangeTransfer::hear_refusal(const Sent& sent) {
    refused_ = true;
    const bool last_round = rounds_refused_ >= rounds_refused_max, alone = sent.keys.size() == 1;
    if (!last_round) {
        following_failed_ = true;
        trouble_ = "it does not answer for these keys any more";
    } else if (alone) {
        ++left_;
    }
    if (alone && !refused_key_) refused_key_ = sent.keys.front();
    // Whose keys it refuses is known of single ones only, and of one in a round that is enough.
    const bool apart = last_round || (fill_ && !took_apart_);
    if (alone || !apart) return;
    took_apart_ = true;
    for (const Key key : sent.keys) apart_.emplace_back(sent.channel, key);
}

void RangeTransfer::hear_following(const legacy::Link::Answer& answer) {
    const std::uint32_t status = answer.status;
    if (answer.tag == heir_tag) {
        const auto heir = handover::parse_heir(answer.value);  // of a refusal the value is empty
        if (heir && heir->range.overlaps(part_)) next_heir_ = heir;
        return;
    }
    const auto found = following_sent_.find(answer.tag);
    if (found == following_sent_.end()) return;
    const Sent sent = std::move(found->second);
    following_sent_.erase(found);
    if (fill_ && status == handover::adopted) return hear_fill(sent);
    const bool ok =
        status == (fill_ ? std::uint32_t{handover::taken} : static_cast<std::uint32_t>(legacy::Status::ok));
    const bool never_ok = status == static_cast<std::uint32_t>(legacy::Status::value_too_big);
    // A removal that fails leaves a record that is set aside at the end.
    if (ok) heirs_in_vain_ = 0;
    if (ok)
        for (const Key key : sent.keys) world_.records.remove_quietly(sent.channel, key, {});
    if (ok || never_ok) return;
    const bool not_theirs =
        status == (fill_ ? std::uint32_t{handover::owned} : static_cast<std::uint32_t>(legacy::Status::wrong_node));
    if (not_theirs) return hear_refusal(sent);
    following_failed_ = true;
    trouble_ = "it answered " + std::to_string(status);
}

}  // namespace halp
