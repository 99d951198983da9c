#include "overlay/dht/ranges/auto_range.h"

#include <algorithm>
#include <utility>

#include "overlay/dht/ranges/handover_wire.h"
#include "overlay/dht/ranges/range_parts.h"
#include "overlay/dht/ranges/range_plan.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration owner_patience = seconds{3};
// Longer than the owner tries to hand the half over (redistribution.cc, taker_patience).
constexpr Duration half_patience = seconds{20};
constexpr Duration watch_pause = milliseconds{20};
constexpr Duration pause_min = milliseconds{200}, pause_max = seconds{10};
constexpr Duration look_pause = milliseconds{500};  // while this node has no range, or its range is changing
constexpr Duration confirm_pause = seconds{2};      // an overlap is believed when it is seen again
constexpr Duration heir_patience = milliseconds{1500};
// Nodes that are listed and do not answer may come back.
constexpr int patience_for_silent = 3;

std::string keys_of(const HashRange& range) {
    return "the keys of " + key_text(Key{range.min()}) + " to " + key_text(Key{range.max()});
}

}  // namespace

AutoRange::AutoRange(RangeWorld world, Redistribution& redistribution, const AutoRangeOptions& options)
    : world_(std::move(world)),
      redistribution_(redistribution),
      options_(options),
      number_(world_.environment.random.next()),
      survey_(world_.environment.transport, number_),
      link_(world_.environment.transport),
      joining_(options.joins && world_.ranges.own().empty()) {
    redistribution_.introduce(options_.joins, number_);
    if (!options_.joins) next_at_ = no_deadline;
}

void AutoRange::set_nodes(std::vector<Endpoint> others, const std::optional<Endpoint>& self) {
    if (self) std::erase(others, *self);
    std::ranges::sort(others);
    others.erase(std::unique(others.begin(), others.end()), others.end());
    if (others == others_ && self == self_) return;
    const bool news = !std::ranges::includes(others_, others) || self != self_;
    others_ = std::move(others);
    self_ = self;
    if (!news || !options_.joins || step_ != Step::resting) return;
    next_at_ = world_.environment.clock.now();
    world_.wake();
}

// ---- turns ----

void AutoRange::pump(Instant now) {
    survey_.pump(now);
    if (leaving_ && !left() && now >= leave_by_) return end_leaving("there was no time to hand it over");
    switch (step_) {
        case Step::resting:
            if (now >= next_at_) look(now);
            return;
        case Step::looking:
            if (!survey_.running()) decide(now);
            return;
        case Step::asking:
            return hear_owner(now);
        case Step::waiting:
            return wait_for_half(now);
        case Step::giving:
            return follow_giving(now);
        case Step::over:
            return;
    }
}

bool AutoRange::wants_turn() const {
    if (step_ == Step::over) return false;
    const bool decides = step_ == Step::looking && !survey_.running();
    return decides || survey_.wants_turn() || link_.has_answer() || (step_ == Step::asking && link_.lost());
}

Instant AutoRange::next_deadline() const {
    if (step_ == Step::over) return no_deadline;
    Instant next = std::min(leave_by_, survey_.next_deadline());
    if (step_ == Step::waiting || step_ == Step::giving)
        return std::min(next, world_.environment.clock.now() + watch_pause);
    return step_ == Step::looking ? next : std::min(next, next_at_);
}

void AutoRange::look(Instant now) {
    step_ = Step::looking;
    survey_.begin(others_);
    survey_.pump(now);
}

void AutoRange::rest(Instant now, Duration span) {
    step_ = Step::resting;
    // A quarter more or less, so that nodes that were started together do not look together.
    const auto jitter = static_cast<Duration::rep>(
        world_.environment.random.below(static_cast<std::uint64_t>(span.count()) / 2 + 1));
    next_at_ = now + span - span / 4 + Duration{jitter};
}

void AutoRange::rest_longer(Instant now, std::string trouble) {
    trouble_ = std::move(trouble);
    pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
    link_.close();
    rest(now, pause_);
}

void AutoRange::decide(Instant now) {
    step_ = Step::resting;
    if (leaving_) return hand_over_all(now);
    if (redistribution_.active() || redistribution_.intake().active()) return rest(now, look_pause);
    if (joining_ && world_.ranges.own().empty()) return join(now);
    joining_ = false;
    revise(now);
}

// ---- without a range ----

void AutoRange::join(Instant now) {
    const SurveyedNode* owner = nullptr;
    bool others_have = false;
    for (const SurveyedNode& node : survey_.seen()) {
        others_have = others_have || !node.range.empty();
        const bool asked = node.keeper == RangeKeeper::automatic || node.keeper == RangeKeeper::fixed;
        if (!asked || node.range.split(2).size() < 2) continue;
        if (!owner || share_of(node.range) > share_of(owner->range)) owner = &node;
    }
    if (!others_have) return consider_all(now);
    looking_since_ = never;
    if (!owner)
        return rest_longer(
            now, "no node can give half of its range away; `halp dht redistribute` can give this node one");
    if (!self_) return rest_longer(now, "the address at which others reach this node is not known yet");
    ask_for_half(*owner, now);
}

void AutoRange::ask_for_half(const SurveyedNode& owner, Instant now) {
    const std::string message =
        handover::format_message({handover::Verb::share, 0, owner.range, {}, self_->host, self_->port});
    std::string nothing;
    neo::pack({}, nothing);
    legacy::Request request;
    request.command = legacy::Command::put_batch;
    request.channel = message;
    request.value = nothing;
    link_.open(owner.node);
    link_.ask(request, 0);
    heir_ = owner.node;
    step_ = Step::asking;
    next_at_ = now + owner_patience;
}

void AutoRange::hear_owner(Instant now) {
    const auto answer = link_.next_answer();
    if (!answer && !link_.lost() && now < next_at_) return;
    link_.close();
    const std::string owner = heir_->text();
    if (!answer) return rest_longer(now, owner + " was asked for half of its range and did not answer");
    if (answer->status == handover::later)
        return rest_longer(now, owner + " was asked for half of its range, which is changing at present");
    if (answer->status != handover::taken)
        return rest_longer(
            now, owner + " was asked for half of its range and answered " + std::to_string(answer->status));
    step_ = Step::waiting;
    next_at_ = now + half_patience;
}

void AutoRange::wait_for_half(Instant now) {
    if (!world_.ranges.own().empty()) {
        joining_ = false;
        pause_ = Duration{0};
        trouble_.clear();
        return rest(now, look_pause);
    }
    if (redistribution_.intake().active()) next_at_ = now + half_patience;
    if (now >= next_at_) rest_longer(now, heir_->text() + " promised half of its range and did not send it");
}

// Nobody has a range. Of several nodes that find this, the first one by endpoint takes all keys.
void AutoRange::consider_all(Instant now) {
    if (looking_since_ == never) looking_since_ = now;
    const Duration wait = options_.alone_after * (survey_.silent() > 0 ? patience_for_silent : 1);
    const Duration looked = now - looking_since_;
    for (const SurveyedNode& node : survey_.seen()) {
        if (node.keeper != RangeKeeper::automatic || !self_ || *self_ < node.node) continue;
        trouble_ = "no node has a range yet; " + node.node.text() + " is to take all keys first";
        return rest(now, std::min(look_pause, options_.alone_after));
    }
    if (!self_ && !survey_.seen().empty())
        return rest_longer(now, "the address at which others reach this node is not known yet");
    if (looked >= wait) return take_all(now, looked);
    trouble_ = "no node with a range was found yet; after " +
               std::to_string(std::chrono::duration_cast<seconds>(wait).count()) +
               " s without one this node takes all keys";
    rest(now, std::clamp(wait / 10, Duration{milliseconds{50}}, Duration{seconds{2}}));
}

void AutoRange::take_all(Instant now, Duration looked) {
    const Result<void> begun = redistribution_.begin(HashRange::full(), {}, nullptr);
    if (!begun) return rest_longer(now, "all keys could not be taken: " + begun.error().message);
    std::string silent;
    if (survey_.silent() > 0) silent = " (" + std::to_string(survey_.silent()) + " listed nodes did not answer)";
    note(survey_.silent() > 0, "no other node with a range was found in " +
                                   std::to_string(std::chrono::duration_cast<milliseconds>(looked).count()) +
                                   " ms" + silent + ": this node takes all keys");
    joining_ = false;
    looking_since_ = never;
    trouble_.clear();
    rest(now, look_pause);
}

// ---- with a range ----

void AutoRange::revise(Instant now) {
    const HashRange own = world_.ranges.own();
    const SurveyedNode* found = nullptr;
    for (const SurveyedNode& node : survey_.seen()) {
        if (!node.range.overlaps(own) || node.keeper == RangeKeeper::leaving) continue;
        if (!found || (gives_way_to(node) && !gives_way_to(*found))) found = &node;
    }
    if (!found) {
        suspect_.reset();
        overlap_noted_ = false;
        return rest(now, options_.look_interval);
    }
    overlap_ = found->range.common(own);
    const bool seen_again = suspect_ == found->node;
    suspect_ = found->node;
    if (!seen_again) return rest(now, std::min(confirm_pause, options_.look_interval));
    resolve(*found, now);
}

void AutoRange::resolve(const SurveyedNode& other, Instant now) {
    const bool gives_way = gives_way_to(other);
    const auto rest_of_own = without(world_.ranges.own(), overlap_);
    if (!std::exchange(overlap_noted_, true))
        note(true, "this node and " + other.node.text() + " both answer for " + keys_of(overlap_) +
                       (gives_way ? "; this node gives them up and sends its records there"
                        : other.keeper == RangeKeeper::automatic
                            ? "; the other node is to give them up"
                            : "; `halp dht redistribute` can tell the nodes which of them is to have the keys"));
    if (!gives_way || !rest_of_own) return rest(now, std::min(confirm_pause, options_.look_interval));
    give(*rest_of_own, other, RangeTask::Why::overlap, now);
}

// Both nodes answer this in the same way: the inner one of two ranges gives way, and else the later endpoint. A
// node whose range is fixed never does.
bool AutoRange::gives_way_to(const SurveyedNode& other) const {
    const HashRange own = world_.ranges.own(), common = own.common(other.range);
    if (!without(own, common) || other.keeper == RangeKeeper::original) return false;
    if (other.keeper == RangeKeeper::fixed || !without(other.range, common)) return true;
    return self_ && other.node < *self_;
}

void AutoRange::give(const HashRange& rest_of_own, const SurveyedNode& to, RangeTask::Why why, Instant now) {
    const HashRange own = world_.ranges.own();
    const HashRange part = rest_of_own.empty() ? own : own.common(to.range);
    const Result<void> begun =
        redistribution_.begin(rest_of_own, {{to.node.host, to.node.port, part.min(), part.max()}}, nullptr, why);
    if (!begun) return rest_longer(now, begun.error().message);
    heir_ = to.node;
    step_ = Step::giving;
    next_at_ = now + heir_patience;
}

void AutoRange::follow_giving(Instant now) {
    if (redistribution_.active()) {
        const RedistributionStatus status = redistribution_.status();
        if (status.step == "waiting" && !status.trouble.empty()) trouble_ = heir_->text() + ": " + status.trouble;
        if (leaving_ && status.step == "waiting" && !status.handing && now >= next_at_) redistribution_.withdraw();
        return;
    }
    if (leaving_ && world_.ranges.own().empty()) return end_leaving({});
    step_ = Step::resting;
    next_at_ = now;
    const bool given = !leaving_ || world_.ranges.own().empty();
    if (!given) refused_.push_back(*heir_);
    // Whoever gave all of it up looks for another range.
    if (!leaving_ && options_.joins) joining_ = world_.ranges.own().empty();
    suspect_.reset();
    overlap_noted_ = false;
}

// ---- before the end ----

void AutoRange::leave(Duration limit) {
    if (leaving_) return;
    leaving_ = true;
    leave_by_ = world_.environment.clock.now() + limit;
    redistribution_.refuse_parts();
    link_.close();
    if (step_ != Step::looking && step_ != Step::giving) {
        step_ = Step::resting;
        next_at_ = never;
    }
    world_.wake();
}

void AutoRange::hand_over_all(Instant now) {
    if (redistribution_.active()) {
        step_ = Step::giving;
        heir_ = heir_.value_or(Endpoint{});
        return;
    }
    if (redistribution_.intake().active()) return rest(now, watch_pause);
    if (world_.ranges.own().empty()) return end_leaving({});
    if (const SurveyedNode* to = heir()) return give({}, *to, RangeTask::Why::leaving, now);
    const bool some_refused = !refused_.empty();
    refused_.clear();
    if (!some_refused && ++looks_in_vain_ >= (survey_.silent() > 0 ? patience_for_silent : 1))
        return end_leaving(survey_.silent() > 0 ? "no node that could take it has answered"
                                                : "there is no other node that could take it");
    rest(now, look_pause);
}

// The neighbour with the smaller range, or a node without one.
const SurveyedNode* AutoRange::heir() const {
    const HashRange own = world_.ranges.own();
    const SurveyedNode* best = nullptr;
    const auto worth = [](const SurveyedNode& node) {
        return node.range.empty() ? 2.0 : share_of(node.range);  // neighbours first
    };
    for (const SurveyedNode& node : survey_.seen()) {
        const bool takes =
            node.keeper == RangeKeeper::automatic || (node.keeper == RangeKeeper::fixed && !node.range.empty());
        if (!takes || !joined(own, node.range) || std::ranges::count(refused_, node.node) > 0) continue;
        if (!best || worth(node) < worth(*best)) best = &node;
    }
    return best;
}

void AutoRange::end_leaving(std::string why) {
    if (redistribution_.active()) redistribution_.withdraw();
    if (!trouble_.empty() && !why.empty() && heir_) why += " (" + trouble_ + ")";
    trouble_ = std::move(why);
    survey_.begin({});
    link_.close();
    step_ = Step::over;
}

// ---- for people ----

AutoRangeStatus AutoRange::status() const {
    AutoRangeStatus status;
    const bool empty = world_.ranges.own().empty();
    switch (step_) {
        case Step::asking:
            status.step = "asking";
            break;
        case Step::waiting:
            status.step = "waiting";
            break;
        case Step::giving:
            status.step = "giving";
            break;
        case Step::over:
            status.step = empty ? "left" : "kept";
            break;
        default:
            status.step = !empty ? "serving" : joining_ ? "looking" : "idle";
    }
    if (leaving_ && !left()) status.step = "leaving";
    status.trouble = trouble_;
    if (!survey_.running()) {
        status.nodes = survey_.seen().size();
        status.silent = survey_.silent();
        std::vector<HashRange> ranges{world_.ranges.own()};
        for (const SurveyedNode& node : survey_.seen()) ranges.push_back(node.range);
        status.missing = missing_parts(std::move(ranges));
    }
    status.overlapped = suspect_;
    status.overlap = suspect_ ? overlap_ : HashRange{};
    return status;
}

}  // namespace halp
