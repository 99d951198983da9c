#include "overlay/gossip/self_check.h"

#include <algorithm>
#include <chrono>

#include "store/hash.h"

namespace halp {

namespace {

constexpr std::size_t checks_max = 8;
constexpr Duration check_delay_min = std::chrono::milliseconds{50};
constexpr std::uint64_t check_delays = 1000;  // ms; two copies of one process must not check at one moment
constexpr Duration claim_check_pause = std::chrono::seconds{10};
// Two copies that check at one moment each take the other's call for their own.
constexpr Duration copies_tell_themselves_within = std::chrono::minutes{1};
constexpr Duration contested_note_pause = std::chrono::minutes{1};

}  // namespace

bool SelfCheck::known_to_be_here(EndpointId endpoint) const {
    return parts_.identity.is_self(endpoint) ||
           parts_.identity.address().on_this_machine(parts_.endpoints.at(endpoint).host);
}

// Without a call of its own on the way, it was not this node that called. Else it may have been, and the caller is
// looked at later. The answer may have made a copy take another number by then, and it never calls with this one
// again.
void SelfCheck::own_number_called(EndpointId caller, bool hears, const Endpoint& remote, Instant now) {
    called_at_ = now;
    const bool elsewhere = caller != no_endpoint && !known_to_be_here(caller);
    if (parts_.calls.any()) {
        if (!elsewhere) return;
        check_later(caller, now);
        had_own_number_ = caller;
        forget_had_own_number_at_ = now + copies_tell_themselves_within;
        return;
    }
    // With the number that both have now: so the other side learns it, too.
    if (!hears && elsewhere) parts_.calls.ping(caller, CallPurpose::self_check, now);
    number_is_shared(no_endpoint, remote, now);
}

void SelfCheck::own_number_answered(const Call& call, Instant now) {
    if (renewed_at_ != never && call.started <= renewed_at_) return;  // it spoke with the former number
    const bool own_call_came_in = called_at_ != never && called_at_ >= call.started;
    const Endpoint& there = parts_.endpoints.at(call.to);
    if (!own_call_came_in && !known_to_be_here(call.to)) return number_is_shared(call.to, there, now);
    const bool sure = call.purpose == CallPurpose::self_check || known_to_be_here(call.to);
    if (!sure && there.kind() != AddressKind::name) {
        check_later(call.to, now);
        had_own_number_ = call.to;
        forget_had_own_number_at_ = no_deadline;
    } else if (sure && call.to == had_own_number_) {
        forget_had_own_number_at_ = now + copies_tell_themselves_within;  // it is this node, behind a NAT
    }
    parts_.identity.address().met(call.to, now);
    parts_.view.erase(call.to);
}

// The two processes draw the same random numbers from now on. What differs is where they are.
void SelfCheck::number_is_shared(EndpointId known_as, const Endpoint& with, Instant now) {
    renewed_at_ = now;
    ++numbers_shared_;
    parts_.identity.renew_number(known_as == no_endpoint ? fnv1a(with.host) : with.hash());
    parts_.observer.note(NumberShared{with});
}

void SelfCheck::note_contested(EndpointId own, const Endpoint& by, Instant now) {
    ++contested_;
    if (contested_noted_at_ != never && now - contested_noted_at_ < contested_note_pause) return;
    contested_noted_at_ = now;
    parts_.observer.note(SelfContested{parts_.endpoints.at(own), by});
}

void SelfCheck::claimed(EndpointId own, const Endpoint& remote, Instant now) {
    note_contested(own, remote, now);
    if (claim_checked_at_ != never && now - claim_checked_at_ < claim_check_pause) return;
    claim_checked_at_ = now;
    check_later(own, now);
}

void SelfCheck::seen_at(EndpointId endpoint, Instant now) {
    if (claim_checked_at_ != never && now - claim_checked_at_ < claim_check_pause) return;
    claim_checked_at_ = now;
    check_later(endpoint, now);
}

void SelfCheck::answered_by_another(const Call& call, const Endpoint& remote, Instant now) {
    // A copy, which has found out first and has another number by now.
    if (call.to == had_own_number_ && now < forget_had_own_number_at_) {
        had_own_number_ = no_endpoint;
        ++numbers_shared_;
        parts_.observer.note(NumberShared{parts_.endpoints.at(call.to)});
        static_cast<void>(parts_.identity.address().disproved(call.to, now));  // the owner compares after each turn
        return;
    }
    if (parts_.identity.address().certain() || parts_.identity.address().on_this_machine(remote.host))
        return note_contested(call.to, remote, now);
    static_cast<void>(parts_.identity.address().disproved(call.to, now));  // the owner compares after each turn
}

void SelfCheck::check_later(EndpointId endpoint, Instant now) {
    if (std::ranges::find(checks_, endpoint, &Check::endpoint) != checks_.end()) return;
    if (checks_.size() >= checks_max) {
        ++checks_short_;
        return;
    }
    const Duration delay = std::chrono::milliseconds{parts_.endpoints.hash(endpoint) % check_delays};
    checks_.push_back({endpoint, now + check_delay_min + delay});
}

Instant SelfCheck::next_deadline() const {
    Instant next = no_deadline;
    for (const Check& check : checks_) next = std::min(next, check.at);
    return next;
}

void SelfCheck::on_deadline(Instant now) {
    for (const Check& check : checks_)
        if (check.at <= now) parts_.calls.ping(check.endpoint, CallPurpose::self_check, now);
    std::erase_if(checks_, [now](const Check& check) { return check.at <= now; });
}

void SelfCheck::mark_endpoints(std::vector<bool>& marks) const {
    for (const Check& check : checks_) marks[static_cast<std::size_t>(check.endpoint)] = true;
    if (had_own_number_ != no_endpoint) marks[static_cast<std::size_t>(had_own_number_)] = true;
}

}  // namespace halp
