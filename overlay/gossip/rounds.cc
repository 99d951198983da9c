#include "overlay/gossip/rounds.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace halp {

namespace {

constexpr int attempts_per_round = 3;     // partners, when they fail
constexpr std::size_t proved_wanted = 8;  // a list this long is usable (overlay/gossip/rules.md, section 9, join)
constexpr int calls_per_joining_turn = 3;
constexpr std::uint32_t ring_every = 2;              // rounds
constexpr std::uint32_t acquaintance_every = 8;      // rounds
constexpr std::uint32_t acquaintance_at = 2;         // of these; another one than that of a ring or a holder
constexpr std::uint32_t new_acquaintance_every = 4;  // periods, in a swarm of many nodes
constexpr std::size_t acquaintances_at_restart = 8;  // called at once, while nobody else is proved
// A handful of nodes is looked at so often that chance leaves none of them out for long.
constexpr std::size_t few_nodes = 8;
constexpr int few_stale_periods = 8;
constexpr int feeler_draws = 4;
constexpr int unmentioned_periods = 30;  // a member that nobody confirmed for so long gets a feeler

}  // namespace

void Rounds::start(Instant now) {
    const auto within = static_cast<std::uint64_t>(options_.period.count());
    round_at_ = now + Duration{static_cast<std::int64_t>(parts_.random.below(within))};
    join_at_ = now;
}

void Rounds::reconfigure(Instant now) {
    round_at_ = std::min(round_at_, now + jittered(options_.period, parts_.random));
}

void Rounds::start_round(Instant now) {
    round_at_ = now + jittered(options_.period, parts_.random) * parts_.health.multiplier();
    if (const EndpointId chosen = partner(); chosen != no_endpoint) call_partner(chosen, 1, now);
    parts_.view.make_acquaintances(now, turns_ % new_acquaintance_every == 0);
    // Rounds renew most proofs; feelers renew those of nodes that were not drawn for long.
    const bool few = parts_.view.listed_count() <= few_nodes;
    const Duration stale =
        few ? few_stale_periods * options_.period : std::max(60 * options_.period, options_.ttl / 2);
    const Duration unmentioned = unmentioned_periods * options_.period;
    if (const EndpointId unproved = feeler(now, stale, unmentioned); unproved != no_endpoint)
        parts_.calls.ping(unproved, CallPurpose::feeler, now);
}

// What may not be called now gives its turn to another: so what sources named that were right comes first.
EndpointId Rounds::feeler(Instant now, Duration stale_after, Duration unmentioned_after) {
    EndpointId first = no_endpoint;
    for (int i = 0; i < feeler_draws; ++i) {
        const EndpointId drawn = parts_.view.feeler(now, stale_after, unmentioned_after);
        if (drawn == no_endpoint || !parts_.calls.would_hold(drawn, now)) return drawn;
        if (first == no_endpoint) first = drawn;
    }
    return first;
}

// The ring comes first: a round to a holder of labels takes the place of a random one (Interests counts these
// rounds).
EndpointId Rounds::partner() {
    const EndpointId holder = parts_.interests.partner();
    if (++turns_ % ring_every == 1)
        if (const EndpointId next = parts_.view.next_on_ring(parts_.identity.endpoint()); next != no_endpoint)
            return next;
    if (turns_ % acquaintance_every == acquaintance_at)
        if (const EndpointId known = parts_.view.next_acquaintance(); known != no_endpoint) return known;
    return holder != no_endpoint ? holder : parts_.view.partner();
}

void Rounds::call_partner(EndpointId partner, int attempt, Instant now) {
    const bool met = !parts_.calls.only_heard_of(partner);
    std::optional<gossip::Message> first = met ? parts_.push_pull.opening(now) : parts_.push_pull.brief_opening();
    if (!first) first = parts_.identity.message(gossip::Kind::ping);
    parts_.calls.open(partner, CallPurpose::round, *std::move(first), now).attempt = attempt;
}

// Nodes that were known before this one started, or before they died. True when more of them wait.
bool Rounds::call_acquaintances(Instant now) {
    const bool alone = !parts_.view.any_proved();
    std::size_t left = alone ? acquaintances_at_restart : static_cast<std::size_t>(calls_per_joining_turn);
    bool exchange = true;
    for (const EndpointId known : parts_.view.untried_acquaintances()) {
        if (parts_.calls.under_way_to(known)) continue;
        if (left-- == 0) return true;
        if (std::exchange(exchange, false))
            call_partner(known, 1, now);
        else
            parts_.calls.ping(known, CallPurpose::feeler, now);
    }
    return false;
}

void Rounds::call_unproved(Instant now) {
    join_at_ = call_acquaintances(now) ? now + options_.period / 4 : no_deadline;
    // A node that knows nobody who lives calls all that it remembers, as after a restart.
    const std::size_t presentable = parts_.view.presentable_count();
    const std::size_t known = presentable > 0 ? presentable : parts_.view.listed_count();
    if (parts_.view.proves(std::min(proved_wanted, known))) return;
    for (int i = 0; i < calls_per_joining_turn; ++i) {
        const EndpointId unproved = feeler(now, Duration::max() / 2, Duration::max() / 2);
        if (unproved == no_endpoint) return;
        if (parts_.calls.under_way_to(unproved)) continue;
        if (i == 0)
            call_partner(unproved, 1, now);
        else
            parts_.calls.ping(unproved, CallPurpose::feeler, now);
    }
    join_at_ = now + options_.period / 4;
}

void Rounds::succeeded() {
    ++done_;
    parts_.observer.note(RoundDone{parts_.view.listed_count(), true});
}

void Rounds::partner_failed(const Call& call, Instant now) {
    ++done_;
    ++failed_;
    parts_.observer.note(RoundDone{parts_.view.listed_count(), false});
    if (call.attempt >= attempts_per_round) return;
    const EndpointId next = parts_.view.partner();
    if (next != no_endpoint && next != call.to) call_partner(next, call.attempt + 1, now);
}

}  // namespace halp
