// What own contact with a node changes in the view: proofs, failures, death and leave; and what time removes.
#include "overlay/gossip/view/peer_view.h"

#include <algorithm>
#include <chrono>

#include "store/incarnation.h"

namespace halp {

void PeerView::prove(EndpointId id, std::uint32_t incarnation, Instant now, bool may_anchor) {
    const std::uint32_t now_stamp = stamp(now);
    std::size_t at = place(id);
    if (at == nowhere) at = insert({id, 0, 0, 0}, PeerRole::fresh);
    if (dead_at(at)) restart(at, PeerRole::fresh, 0, 0);
    Row& r = rows_[at];
    r.incarnation = incarnation;
    r.seen = std::max(r.seen, now_stamp);
    r.proved = now_stamp;
    note_arrival(at);
    clear_failures(at);
    flags_[at] &= static_cast<Flags>(~is_original);
    if (flags_[at] & has_details) {
        Details& details = details_for(at);
        details.retry_at = no_deadline;
        details.excuses = 0;
        if (!details.claim.made() && details.known_since == never) drop_details(at);
    }
    offer_to_sampler(at);
    if (!may_anchor || options_->anchors_max == 0 || role_at(at) == PeerRole::anchor) return;
    make_anchor(at);
}

void PeerView::make_anchor(std::size_t at) {
    const EndpointId id = rows_[at].endpoint;
    if (group_is_crowded(at)) return;
    if (count(PeerRole::anchor) >= options_->anchors_max) {
        // Now and then a newly proved node takes the place of an anchor. Else the first nodes of the swarm, the
        // bootstrap above all, would serve all others for ever.
        if (random_.below(options_->anchors_max / 2 + 1) != 0) return;
        if (const EndpointId out = anchor_but(id); out != no_endpoint) assign(place(out), PeerRole::fresh);
    }
    assign(at, PeerRole::anchor);
    limit_groups();
}

void PeerView::set_original(EndpointId id, Instant now) {
    const std::uint32_t now_stamp = stamp(now);
    std::size_t at = place(id);
    if (at == nowhere) at = insert({id, 0, 0, 0}, PeerRole::pool);
    assign(at, PeerRole::pool);
    if (known_at(at)) part_from(at);
    flags_[at] |= is_original;
    clear_failures(at);
    rows_[at].proved = now_stamp;
}

int PeerView::fail(EndpointId id, Instant now, Duration penalty, bool silent) {
    const std::size_t at = place(id);
    if (at == nowhere) return 0;
    ranked_.forget(id);
    Details& details = details_for(at);
    details.silent = silent;
    if (!silent) details.quiet_since = never;
    if (dead_at(at)) {
        plan_grave_probe(details, now, penalty);
        return details.failures;
    }
    if (options_->drop_on_failure) {
        remove(at);
        ++erased_;
        return 0;
    }
    if (details.failures == 0) details.failing_since = now;
    if (details.failures < 255) ++details.failures;
    flag_failures(at, details);
    const int failures = details.failures;
    Row& r = rows_[at];
    if (r.seen != 0) r.seen = stamp(clock_.instant(r.seen) - penalty);
    if (role_at(at) == PeerRole::anchor) assign(at, PeerRole::fresh);
    if (failures >= 2 && role_at(at) == PeerRole::fresh)
        assign(at, PeerRole::pool);  // a suspect has no place in the view
    if (role_at(at) == PeerRole::fresh) fresh().move(id, r.newest());
    return failures;
}

void PeerView::doubt(EndpointId id, Instant now) {
    const std::size_t at = place(id);
    if (at == nowhere || dead_at(at)) return;
    ranked_.forget(id);
    Details& details = details_for(at);
    if (details.quiet_since == never) details.quiet_since = now;
    flag_failures(at, details);
}

// The pause grows with the time the node is dead: it doubles about each time, up to an hour.
void PeerView::plan_grave_probe(Details& details, Instant now, Duration pause_min) {
    const Duration pause = std::clamp<Duration>((now - details.buried) / 2, pause_min, std::chrono::hours{1});
    const auto jitter = random_.below(static_cast<std::uint64_t>(pause.count() / 4 + 1));
    details.retry_at = now + pause + Duration{static_cast<std::int64_t>(jitter)};
}

int PeerView::count_failed_probe(EndpointId id) {
    const std::size_t at = place(id);
    if (at == nowhere || dead_at(at) || (flags_[at] & suspected) == 0) return 0;
    Details& details = details_for(at);
    return details.silent ? 0 : ++details.failed_probes;
}

void PeerView::clear_suspicion(EndpointId id) {
    const std::size_t at = place(id);
    if (at == nowhere || dead_at(at) || (flags_[at] & has_details) == 0) return;
    clear_failures(at);
    details_for(at).retry_at = no_deadline;
}

void PeerView::bury(EndpointId id, Instant now) {
    const std::size_t at = place(id);
    if (at == nowhere || dead_at(at)) return;
    if (options_->grave_max == 0 || (!rows_[at].vouched() && !met_at(at))) {
        remove(at);
        ++erased_;
        return;
    }
    const bool met = met_at(at);
    assign(at, PeerRole::grave);
    details_for(at).buried = now;
    details_for(at).met = met;
    fail(id, now, std::chrono::seconds{2});
    shrink_graves();
}

void PeerView::leave(EndpointId id, std::uint32_t incarnation, Instant now) {
    std::size_t at = place(id);
    if (at == nowhere) at = insert({id, 0, 0, 0}, PeerRole::grave);
    const bool met = met_at(at);
    assign(at, PeerRole::grave);
    ranked_.forget(id);
    rows_[at].incarnation = newest_incarnation(rows_[at].incarnation, incarnation);
    Details& details = details_for(at);
    details.left = true;
    details.met = met;
    details.buried = now;
    details.retry_at = no_deadline;
    shrink_graves();
}

void PeerView::remember_grave(const Grave& grave, Instant now) {
    if (options_->grave_max == 0 || place(grave.endpoint) != nowhere) return;
    const std::size_t at = insert({grave.endpoint, grave.incarnation, 0, 0}, PeerRole::grave);
    Details& details = details_for(at);
    details.met = grave.met;
    details.left = grave.left;
    details.buried = grave.buried;
    details.known_since = grave.known_since;
    details.retry_at = grave.left ? no_deadline : now;
    shrink_graves();
}

void PeerView::retry(EndpointId id, Instant when) {
    const std::size_t at = place(id);
    if (at != nowhere) details_for(at).retry_at = std::min(details_for(at).retry_at, when);
}

void PeerView::dispute(EndpointId id, Instant when) {
    retry(id, when);
    if (const std::size_t at = place(id); at != nowhere && dead_at(at)) details_for(at).disputed = true;
}

bool PeerView::excuse(EndpointId id, std::uint64_t occasion) {
    constexpr std::uint8_t excuses_max = 2;
    const std::size_t at = place(id);
    if (at == nowhere || dead_at(at)) return true;
    Details& details = details_for(at);
    const auto by = static_cast<std::uint8_t>(occasion);
    if (details.excuses > 0 && details.excused_by == by) return true;
    if (details.excuses >= excuses_max) return false;
    ++details.excuses;
    details.excused_by = by;
    return true;
}

void PeerView::probe_started(EndpointId id) {
    const std::size_t at = place(id);
    if (at == nowhere || (flags_[at] & has_details) == 0) return;
    details_for(at).retry_at = no_deadline;
    details_for(at).disputed = false;
}

bool PeerView::erase(EndpointId id) {
    const std::size_t at = place(id);
    if (at == nowhere) return false;
    remove(at);
    ++erased_;
    return true;
}

void PeerView::clear() {
    ranked_.clear();
    erased_ += rows_.size();
    rows_.clear();
    flags_.clear();
    details_.clear();
    counts_ = {};
    fresh_count_ = 0;
    acquaintances_ = 0;
    arrivals_ = false;
}

PeerView::Expired PeerView::expire(Instant now, Duration ttl, Duration tombstone_kept, Duration grave_kept,
                                   Duration claim_kept) {
    Expired expired;
    for (std::size_t at = rows_.size(); at-- > 0;) {
        const Row& r = rows_[at];
        const Details* details = details_at(at);
        if (dead_at(at)) {
            if (now - details->buried <= (details->left ? tombstone_kept : grave_kept)) continue;
            remove(at);
            ++expired_;
            continue;
        }
        if (r.vouched() && now - clock_.instant(r.newest()) <= ttl) continue;
        if (details && details->claim.made() && now - details->claim.heard <= claim_kept) {
            rows_[at].seen = rows_[at].proved = 0;  // only the claim remains
            ranked_.forget(r.endpoint);
            assign(at, PeerRole::pool);
            continue;
        }
        expired.listed.push_back(r.endpoint);
        remove(at);
        ++expired_;
    }
    std::ranges::reverse(expired.listed);
    return expired;
}

}  // namespace halp
