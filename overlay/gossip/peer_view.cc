#include "overlay/gossip/peer_view.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <tuple>
#include <utility>

#include "store/hash.h"

namespace halp {

namespace {

constexpr std::size_t usual_records_max = 256;

}  // namespace

bool PeerView::listed_before(const Peer& a, const Peer& b) {
    const auto tier = [](const Peer& p) { return p.suspect() ? 0 : p.vouched() ? 2 : 1; };
    if (tier(a) != tier(b)) return tier(a) > tier(b);
    if (a.newest() != b.newest()) return a.newest() > b.newest();
    if (a.proved != b.proved) return a.proved > b.proved;
    if (a.claim.ranked != b.claim.ranked) return a.claim.ranked > b.claim.ranked;
    if (a.claim.stated != b.claim.stated) return a.claim.stated > b.claim.stated;
    return a.endpoint < b.endpoint;
}

PeerView::PeerView(const EndpointTable& endpoints, Random& random, const ViewOptions& options)
    : endpoints_(endpoints), random_(random), ranked_(0, random) {
    set_options(options);
}

PeerView PeerView::sharing(const EndpointTable& endpoints, Random& random,
                           std::shared_ptr<const ViewOptions> options) {
    return {endpoints, random, std::move(options), Sharing{}};
}

PeerView::PeerView(const EndpointTable& endpoints, Random& random, std::shared_ptr<const ViewOptions> options,
                   Sharing)
    : endpoints_(endpoints), random_(random), ranked_(0, random) {
    use_options(std::move(options));
}

void PeerView::set_options(const ViewOptions& options) {
    use_options(std::make_shared<const ViewOptions>(options));
}

void PeerView::use_options(std::shared_ptr<const ViewOptions> options) {
    options_ = std::move(options);
    fresh_.resize(std::max<std::size_t>(options_->fresh_max, fresh_count_));
    const std::size_t slots = options_->partner == PartnerRule::ranked ? options_->rank_slots : 0;
    if (slots != ranked_.size()) {
        ranked_ = RankSampler{slots, random_};
        for (std::size_t at = 0; at < rows_.size(); ++at) rank(at);
    }
    // A usual view never grows: its lists, and what one exchange brings before it is settled.
    const std::size_t usual = capacity() + options_->sample_freshest + options_->sample_random + 1;
    if (usual > usual_records_max) return;
    rows_.reserve(usual);
    flags_.reserve(usual);
}

// ---- records ----

// Without branches, which a compiler would make of a condition: where a peer lies is anybody's guess.
std::size_t PeerView::lower_bound(EndpointId peer) const {
    const Row* const rows = rows_.data();
    std::size_t at = 0;
    for (std::size_t left = rows_.size(); left > 0;) {
        const std::size_t half = (left + 1) / 2;
        at += half & (std::size_t{0} - static_cast<std::size_t>(rows[at + half - 1].endpoint < peer));
        left -= half;
    }
    return at;
}

std::size_t PeerView::place(EndpointId peer) const {
    const std::size_t at = lower_bound(peer);
    return at < rows_.size() && rows_[at].endpoint == peer ? at : nowhere;
}

std::size_t PeerView::insert(const Row& record, PeerRole role) {
    const std::size_t at = lower_bound(record.endpoint);
    insert_at(at, record, role);
    return at;
}

void PeerView::insert_at(std::size_t at, const Row& record, PeerRole role) {
    rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(at), record);
    const int mark = flags_of(role) | (role == PeerRole::fresh ? arrived : 0);
    flags_.insert(flags_.begin() + static_cast<std::ptrdiff_t>(at), static_cast<Flags>(mark));
    arrivals_ = arrivals_ || role == PeerRole::fresh;
    ++counts_[static_cast<std::size_t>(role)];
}

Peer PeerView::peer_at(std::size_t at) const {
    const Row& r = rows_[at];
    Peer p{.endpoint = r.endpoint, .incarnation = r.incarnation, .role = role_at(at)};
    p.original = (flags_[at] & is_original) != 0;
    p.sent = (flags_[at] & was_sent) != 0;
    p.seen = clock_.instant(r.seen);
    p.proved = clock_.instant(r.proved);
    if (const Details* details = details_at(at)) {
        p.failures = details->failures;
        p.failed_probes = details->failed_probes;
        p.left = details->left;
        p.silent = details->silent;
        p.disputed = details->disputed;
        p.buried = details->buried;
        p.retry_at = details->retry_at;
        p.failing_since = details->failing_since;
        p.claim = details->claim;
    }
    return p;
}

const PeerView::Details* PeerView::details_at(std::size_t at) const {
    if ((flags_[at] & has_details) == 0) return nullptr;
    return &*std::ranges::lower_bound(details_, rows_[at].endpoint, {}, &Details::endpoint);
}

PeerView::Details& PeerView::details_for(std::size_t at) {
    const EndpointId endpoint = rows_[at].endpoint;
    const auto there = std::ranges::lower_bound(details_, endpoint, {}, &Details::endpoint);
    if ((flags_[at] & has_details) != 0) return *there;
    flags_[at] |= has_details;
    return *details_.insert(there, Details{.endpoint = endpoint});
}

void PeerView::drop_details(std::size_t at) {
    if ((flags_[at] & has_details) == 0) return;
    details_.erase(std::ranges::lower_bound(details_, rows_[at].endpoint, {}, &Details::endpoint));
    flags_[at] &= static_cast<Flags>(~(has_details | has_failed | suspected));
}

void PeerView::flag_failures(std::size_t at, const Details& details) {
    flags_[at] &= static_cast<Flags>(~(has_failed | suspected));
    if (details.failures > 0) flags_[at] |= has_failed;
    if (details.failures >= 2) flags_[at] |= suspected;
}

void PeerView::assign(std::size_t at, PeerRole role) {
    const PeerRole before = role_at(at);
    if (before == role) return;
    --counts_[static_cast<std::size_t>(before)];
    ++counts_[static_cast<std::size_t>(role)];
    if (before == PeerRole::fresh) {
        FreshView view = fresh();
        view.erase(rows_[at].endpoint);
        fresh_count_ = static_cast<std::uint32_t>(view.size());
    }
    flags_[at] &= static_cast<Flags>(~(role_bits | arrived));
    flags_[at] |= static_cast<Flags>(role);
    if (role != PeerRole::fresh) return;
    flags_[at] |= arrived;
    arrivals_ = true;
}

void PeerView::become(std::size_t at, PeerRole role, std::uint32_t incarnation, std::uint32_t seen) {
    drop_details(at);
    flags_[at] &= role_bits | arrived;
    assign(at, role);
    rows_[at].incarnation = incarnation;
    rows_[at].seen = seen;
    rows_[at].proved = 0;
}

void PeerView::remove(std::size_t at) {
    ranked_.forget(rows_[at].endpoint);
    drop_details(at);
    assign(at, PeerRole::pool);
    --counts_[static_cast<std::size_t>(PeerRole::pool)];
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(at));
    flags_.erase(flags_.begin() + static_cast<std::ptrdiff_t>(at));
}

void PeerView::remove_cleared() {
    Row* const rows = rows_.data();
    Flags* const flags = flags_.data();
    std::size_t kept = 0;
    for (std::size_t at = 0, count = rows_.size(); at < count; ++at) {
        const Row record = rows[at];
        rows[kept] = record;
        flags[kept] = flags[at];
        kept += record.endpoint != no_endpoint;
    }
    rows_.resize(kept);
    flags_.resize(kept);
}

std::uint32_t PeerView::stamp(Instant when) {
    if (!clock_.covers(when)) {
        const std::uint32_t moved = clock_.move_to(when);
        const auto shrunk = [&](std::uint32_t s) { return s == 0 ? 0 : s > moved ? s - moved : 1; };
        for (Row& r : rows_) {
            r.seen = shrunk(r.seen);
            r.proved = shrunk(r.proved);
        }
        const auto end = fresh_.begin() + fresh_count_;
        for (auto s = fresh_.begin(); s != end; ++s) *s = Sighting::of(shrunk(s->stamp()), s->endpoint());
        std::sort(fresh_.begin(), end, std::greater{});
    }
    return clock_.stamp(when);
}

std::optional<Peer> PeerView::find(EndpointId peer) const {
    const std::size_t at = place(peer);
    if (at == nowhere) return std::nullopt;
    return peer_at(at);
}

// ---- news ----

PeerMerge PeerView::merge_into_grave(std::size_t at, const PeerReport& news, Instant now) {
    if (news.incarnation > rows_[at].incarnation) {  // started anew
        const std::uint32_t seen = stamp(news.seen);
        become(at, seen != 0 ? PeerRole::fresh : PeerRole::pool, news.incarnation, seen);
        if (news.claim.made()) details_for(at).claim = news.claim;
        return PeerMerge::revived;
    }
    Details& details = details_for(at);
    if (details.left || news.seen == never || news.seen <= details.buried) return PeerMerge::stale;
    // It speaks to us, or somebody reached it after we gave it up: see for ourselves, at once. A node that can
    // call out but cannot be called stays buried.
    details.retry_at = std::min(details.retry_at, now);
    details.disputed = true;
    return PeerMerge::disputed;
}

PeerMerge PeerView::merge(const PeerReport& news, Instant now) {
    const std::size_t at = lower_bound(news.endpoint);
    const std::uint32_t seen = stamp(news.seen);
    if (at == rows_.size() || rows_[at].endpoint != news.endpoint) {
        insert_at(at, {news.endpoint, news.incarnation, seen, 0},
                  recent(seen, now) ? PeerRole::fresh : PeerRole::pool);
        if (news.claim.made()) details_for(at).claim = news.claim;
        rank(at);
        return PeerMerge::added;
    }
    if (dead_at(at)) return merge_into_grave(at, news, now);
    bool changed = false;
    if (news.incarnation > rows_[at].incarnation) {
        rows_[at].incarnation = news.incarnation;
        clear_failures(at);
        changed = true;
    }
    if (seen > rows_[at].seen) {
        rows_[at].seen = seen;
        changed = true;
        flags_[at] &= static_cast<Flags>(~was_sent);  // it came back newer: that one was not given away
        const bool suspect = (flags_[at] & suspected) != 0;
        if (role_at(at) == PeerRole::pool && !suspect && recent(seen, now)) assign(at, PeerRole::fresh);
        if (role_at(at) == PeerRole::fresh) {
            flags_[at] |= arrived;
            arrivals_ = true;
        }
    }
    if (news.claim.made() && (!details_at(at) || news.claim > details_at(at)->claim)) {
        details_for(at).claim = news.claim;
        changed = true;
    }
    if (news.direct) {
        flags_[at] &= static_cast<Flags>(~is_original);
        // Alive, yet our own calls fail: try again now rather than at the end of the pause.
        if (flags_[at] & has_failed) details_for(at).retry_at = std::min(details_for(at).retry_at, now);
    }
    rank(at);
    return changed ? PeerMerge::refreshed : PeerMerge::stale;
}

void PeerView::rank(std::size_t at) {
    if (ranked_.size() == 0 || !presentable_at(at)) return;
    ranked_.observe(rows_[at].endpoint, endpoints_.hash(rows_[at].endpoint));
}

bool PeerView::recent(std::uint32_t seen, Instant now) const {
    if (seen == 0) return false;
    return options_->fresh_age_max == Duration{0} || now - clock_.instant(seen) <= options_->fresh_age_max;
}

// No failures any more; what else is told of it stays.
void PeerView::clear_failures(std::size_t at) {
    if ((flags_[at] & has_details) == 0) return;
    Details& details = details_for(at);
    details.failures = details.failed_probes = 0;
    flag_failures(at, details);
}

// ---- what contact shows ----

void PeerView::prove(EndpointId id, std::uint32_t incarnation, Instant now, bool may_anchor) {
    const std::uint32_t now_stamp = stamp(now);
    std::size_t at = place(id);
    if (at == nowhere) at = insert({id, 0, 0, 0}, PeerRole::fresh);
    if (dead_at(at)) become(at, PeerRole::fresh, 0, 0);
    Row& r = rows_[at];
    r.incarnation = std::max(r.incarnation, incarnation);
    r.seen = std::max(r.seen, now_stamp);
    r.proved = now_stamp;
    if (role_at(at) == PeerRole::fresh) {
        flags_[at] |= arrived;
        arrivals_ = true;
    }
    clear_failures(at);
    flags_[at] &= static_cast<Flags>(~is_original);
    if (flags_[at] & has_details) {
        Details& details = details_for(at);
        details.retry_at = no_deadline;
        if (!details.claim.made()) drop_details(at);
    }
    rank(at);
    if (!may_anchor || options_->anchors_max == 0 || role_at(at) == PeerRole::anchor) return;
    if (group_is_crowded(at)) return;
    if (count(PeerRole::anchor) >= options_->anchors_max) {
        // Now and then a newly proved node takes the place of an anchor, so that those who came first, the
        // bootstrap above all, do not carry everybody for ever.
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
    flags_[at] |= is_original;
    if (flags_[at] & has_failed) {
        details_for(at).failures = 0;
        flag_failures(at, details_for(at));
    }
    rows_[at].proved = now_stamp;
}

int PeerView::fail(EndpointId id, Instant now, Duration penalty, bool silent) {
    const std::size_t at = place(id);
    if (at == nowhere) return 0;
    ranked_.forget(id);
    Details& details = details_for(at);
    details.silent = silent;
    if (dead_at(at)) {
        // A grave's pause grows with the time it is dead: about twice as long each time, at most an hour.
        const Duration dead_for = now - details.buried;
        const Duration pause = std::clamp<Duration>(dead_for / 2, penalty, std::chrono::hours{1});
        details.retry_at =
            now + pause +
            Duration{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(pause.count() / 4 + 1)))};
        return details.failures;
    }
    if (options_->drop_on_failure) {
        remove(at);
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
        assign(at, PeerRole::pool);  // no partner: no place in the view
    if (role_at(at) == PeerRole::fresh) fresh().move(id, r.newest());
    return failures;
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
    if (options_->grave_max == 0 || !rows_[at].vouched()) return remove(at);
    assign(at, PeerRole::grave);
    details_for(at).buried = now;
    fail(id, now, std::chrono::seconds{2});
    shrink_graves();
}

void PeerView::leave(EndpointId id, std::uint32_t incarnation, Instant now) {
    std::size_t at = place(id);
    if (at == nowhere) at = insert({id, 0, 0, 0}, PeerRole::grave);
    assign(at, PeerRole::grave);
    ranked_.forget(id);
    rows_[at].incarnation = std::max(rows_[at].incarnation, incarnation);
    Details& details = details_for(at);
    details.left = true;
    details.buried = now;
    details.retry_at = no_deadline;
    shrink_graves();
}

void PeerView::retry(EndpointId id, Instant when) {
    const std::size_t at = place(id);
    if (at != nowhere) details_for(at).retry_at = std::min(details_for(at).retry_at, when);
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
    return true;
}

void PeerView::clear() {
    ranked_.clear();
    rows_.clear();
    flags_.clear();
    details_.clear();
    counts_ = {};
    fresh_count_ = 0;
    arrivals_ = false;
}

PeerView::Expired PeerView::expire(Instant now, Duration ttl, Duration tombstone_kept, Duration grave_kept,
                                   Duration claim_kept) {
    Expired expired;
    for (std::size_t at = rows_.size(); at-- > 0;) {
        const Row& r = rows_[at];
        const Details* details = details_at(at);
        if (dead_at(at)) {
            if (now - details->buried > (details->left ? tombstone_kept : grave_kept)) remove(at);
            continue;
        }
        if (r.vouched() && now - clock_.instant(r.newest()) <= ttl) continue;
        if (details && details->claim.made() && now - details->claim.heard <= claim_kept) {
            rows_[at].seen = rows_[at].proved = 0;  // what is left is the claim
            ranked_.forget(r.endpoint);
            assign(at, PeerRole::pool);
            continue;
        }
        expired.listed.push_back(r.endpoint);
        remove(at);
    }
    std::ranges::reverse(expired.listed);
    return expired;
}

// ---- what is shown ----

std::vector<Peer> PeerView::all() const {
    std::vector<Peer> out;
    out.reserve(rows_.size());
    for (std::size_t at = 0; at < rows_.size(); ++at) out.push_back(peer_at(at));
    return out;
}

std::vector<Peer> PeerView::listed() const {
    std::vector<Peer> out;
    out.reserve(listed_count());
    for (std::size_t at = 0; at < rows_.size(); ++at)
        if (!dead_at(at)) out.push_back(peer_at(at));
    std::ranges::sort(out, listed_before);
    return out;
}

std::size_t PeerView::listed_count() const { return rows_.size() - count(PeerRole::grave); }

std::size_t PeerView::proved_count() const {
    std::size_t count = 0;
    for (std::size_t at = 0; at < rows_.size(); ++at) count += presentable_at(at) && rows_[at].proved != 0;
    return count;
}

std::size_t PeerView::presentable_count() const {
    std::size_t count = 0;
    for (std::size_t at = 0; at < rows_.size(); ++at) count += presentable_at(at);
    return count;
}

ListDigest PeerView::digest() const {
    ListDigest digest;
    for (std::size_t at = 0; at < rows_.size(); ++at) {
        const Row& r = rows_[at];
        if (dead_at(at) || (flags_[at] & is_original) || !r.vouched()) continue;
        ++digest.count;
        digest.mixed ^= mix(endpoints_.hash(r.endpoint) + r.incarnation);
    }
    return digest;
}

std::vector<Peer> PeerView::everybody() const {
    std::vector<Peer> out;
    for (std::size_t at = 0; at < rows_.size(); ++at)
        if (presentable_at(at)) out.push_back(peer_at(at));
    return out;
}

}  // namespace halp
