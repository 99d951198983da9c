#include "overlay/gossip/view/peer_view.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <tuple>
#include <utility>

#include "store/hash.h"
#include "store/incarnation.h"
#include "store/tight_growth.h"

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
        for (std::size_t at = 0; at < rows_.size(); ++at) offer_to_sampler(at);
    }
    while (acquaintances_ > acquaintances_max()) part_from(place(latest_acquaintance()));
    // Room for the lists, and for what one exchange brings before merge_arrivals(), so that a usual view never
    // grows.
    const std::size_t usual = capacity() + options_->sample_freshest + options_->sample_random + 1;
    if (usual > usual_records_max) return;
    rows_.reserve(usual);
    flags_.reserve(usual);
}

// ---- rows ----

// Written without conditions, which a compiler would turn into branches that cannot be predicted.
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

// A message asks for the place of its speaker again and again.
std::size_t PeerView::place(EndpointId peer) const {
    if (placed_ < rows_.size() && rows_[placed_].endpoint == peer) return placed_;
    const std::size_t at = lower_bound(peer);
    if (at == rows_.size() || rows_[at].endpoint != peer) return nowhere;
    placed_ = static_cast<std::uint32_t>(at);
    return at;
}

std::size_t PeerView::insert(const Row& row, PeerRole role) {
    const std::size_t at = lower_bound(row.endpoint);
    insert_at(at, row, role);
    return at;
}

void PeerView::insert_at(std::size_t at, const Row& row, PeerRole role) {
    rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(at), row);
    const int flags = flags_of(role) | (role == PeerRole::fresh ? arrived : 0);
    flags_.insert(flags_.begin() + static_cast<std::ptrdiff_t>(at), static_cast<Flags>(flags));
    arrivals_ = arrivals_ || role == PeerRole::fresh;
    ++counts_[static_cast<std::size_t>(role)];
    ++added_;
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
        p.quiet_since = details->quiet_since;
        p.known_since = details->known_since;
        p.met = details->met;
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
    return *insert_tightly(details_, static_cast<std::size_t>(there - details_.begin()),
                           Details{.endpoint = endpoint});
}

void PeerView::drop_details(std::size_t at) {
    if ((flags_[at] & has_details) == 0) return;
    if (known_at(at) && !dead_at(at)) --acquaintances_;
    details_.erase(std::ranges::lower_bound(details_, rows_[at].endpoint, {}, &Details::endpoint));
    flags_[at] &= static_cast<Flags>(~(has_details | has_failed | suspected));
}

void PeerView::flag_failures(std::size_t at, const Details& details) {
    flags_[at] &= static_cast<Flags>(~(has_failed | suspected));
    if (details.failures > 0) flags_[at] |= has_failed;
    if (details.failures >= 2 || details.quiet_since != never) flags_[at] |= suspected;
}

void PeerView::assign(std::size_t at, PeerRole role) {
    const PeerRole before = role_at(at);
    if (before == role) return;
    if (known_at(at)) acquaintances_ += static_cast<std::uint32_t>(before == PeerRole::grave);
    if (known_at(at)) acquaintances_ -= static_cast<std::uint32_t>(role == PeerRole::grave);
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

// A dead node is taken for alive. Forgets everything else that is known of it, but not that it was proved.
void PeerView::restart(std::size_t at, PeerRole role, std::uint32_t incarnation, std::uint32_t seen) {
    const Details* const before = details_at(at);
    const bool met = before && before->met;
    const Instant known_since = before ? before->known_since : never;
    drop_details(at);
    flags_[at] &= role_bits | arrived;
    assign(at, role);
    rows_[at].incarnation = incarnation;
    rows_[at].seen = seen;
    rows_[at].proved = 0;
    if (met) details_for(at).met = true;
    if (known_since != never) acquaint(at, known_since);
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
        const Row row = rows[at];
        rows[kept] = row;
        flags[kept] = flags[at];
        kept += row.endpoint != no_endpoint;
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

// ---- reports ----

PeerMerge PeerView::merge_into_grave(std::size_t at, const PeerReport& report, Instant now) {
    if (newer_incarnation(report.incarnation, rows_[at].incarnation)) {  // the node started again
        if (!report.direct && met_at(at)) return PeerMerge::unproved_version;
        if (!report.direct) return dispute_grave(at, now);  // whoever invented it can invent a version
        const std::uint32_t seen = stamp(report.seen);
        restart(at, seen != 0 ? PeerRole::fresh : PeerRole::pool, report.incarnation, seen);
        if (report.claim.made()) details_for(at).claim = report.claim;
        return PeerMerge::revived;
    }
    const Details& details = details_for(at);
    // Hearsay does not bring back a node that left. When the node itself calls, it has started again, maybe with
    // an older incarnation because its clock was set back.
    if (details.left && !report.direct) return PeerMerge::stale;
    if (report.seen == never || report.seen <= details.buried) return PeerMerge::stale;
    // It called this node, or another node reached it after its death here. A node that can call but cannot be
    // called stays dead.
    return dispute_grave(at, now);
}

PeerMerge PeerView::dispute_grave(std::size_t at, Instant now) {
    Details& details = details_for(at);
    details.retry_at = std::min(details.retry_at, now);
    details.disputed = true;
    return PeerMerge::disputed;
}

bool PeerView::only_contact_tells(std::size_t at, const PeerReport& report) const {
    return rows_[at].proved != 0 && !report.direct;
}

PeerMerge PeerView::merge(const PeerReport& report, Instant now) {
    const std::size_t at = lower_bound(report.endpoint);
    const std::uint32_t seen = stamp(report.seen);
    if (at == rows_.size() || rows_[at].endpoint != report.endpoint) {
        insert_at(at, {report.endpoint, report.incarnation, seen, 0},
                  recent(seen, now) ? PeerRole::fresh : PeerRole::pool);
        if (report.claim.made()) details_for(at).claim = report.claim;
        take_memory(at, report);
        offer_to_sampler(at);
        return PeerMerge::added;
    }
    if (dead_at(at)) return merge_into_grave(at, report, now);
    const bool unproved =
        newer_incarnation(report.incarnation, rows_[at].incarnation) && only_contact_tells(at, report);
    const bool changed = merge_into_living(at, report, seen, now);
    take_memory(at, report);
    offer_to_sampler(at);
    if (unproved) return PeerMerge::unproved_version;
    return changed ? PeerMerge::refreshed : PeerMerge::stale;
}

bool PeerView::merge_into_living(std::size_t at, const PeerReport& report, std::uint32_t seen, Instant now) {
    bool changed = false;
    if (newer_incarnation(report.incarnation, rows_[at].incarnation) && !only_contact_tells(at, report)) {
        rows_[at].incarnation = report.incarnation;
        clear_failures(at);
        changed = true;
    }
    if (seen > rows_[at].seen) {
        rows_[at].seen = seen;
        changed = true;
        flags_[at] &= static_cast<Flags>(~was_sent);  // this sighting is newer than the one that was sent
        const bool suspect = (flags_[at] & suspected) != 0;
        if (role_at(at) == PeerRole::pool && !suspect && recent(seen, now)) assign(at, PeerRole::fresh);
        note_arrival(at);
    }
    if (report.claim.made() && (!details_at(at) || report.claim > details_at(at)->claim)) {
        details_for(at).claim = report.claim;
        changed = true;
    }
    if (report.direct) {
        flags_[at] &= static_cast<Flags>(~is_original);
        // It lives, but the calls of this node fail: probe it now instead of at the end of the pause.
        if (flags_[at] & (has_failed | suspected))
            details_for(at).retry_at = std::min(details_for(at).retry_at, now);
    }
    return changed;
}

void PeerView::note_arrival(std::size_t at) {
    if (role_at(at) != PeerRole::fresh) return;
    flags_[at] |= arrived;
    arrivals_ = true;
}

void PeerView::offer_to_sampler(std::size_t at) {
    if (ranked_.size() == 0 || !presentable_at(at)) return;
    ranked_.observe(rows_[at].endpoint, endpoints_.hash(rows_[at].endpoint));
}

bool PeerView::recent(std::uint32_t seen, Instant now) const {
    if (seen == 0) return false;
    return options_->fresh_age_max == Duration{0} || now - clock_.instant(seen) <= options_->fresh_age_max;
}

void PeerView::clear_failures(std::size_t at) {
    if ((flags_[at] & has_details) == 0) return;
    Details& details = details_for(at);
    details.failures = details.failed_probes = 0;
    details.quiet_since = never;
    flag_failures(at, details);
}

// ---- reading ----

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

std::vector<Peer> PeerView::suspects() const {
    std::vector<Peer> out;
    if (details_.empty()) return out;
    for (std::size_t at = 0; at < rows_.size(); ++at)
        if (!dead_at(at) && (flags_[at] & suspected) != 0) out.push_back(peer_at(at));
    return out;
}

std::vector<Peer> PeerView::dead_among(std::span<const gossip::Entry> named, std::size_t most) const {
    std::vector<Peer> out;
    if (count(PeerRole::grave) == 0) return out;
    for (const gossip::Entry& entry : named) {
        const std::size_t at = place(entry.endpoint);
        if (at == nowhere || !dead_at(at) || newer_incarnation(entry.incarnation, rows_[at].incarnation)) continue;
        if (entry.suspect || entry.withdrawn || details_at(at)->disputed) continue;
        if (out.size() == most) break;
        out.push_back(peer_at(at));
    }
    return out;
}

std::size_t PeerView::proved_count() const {
    std::size_t count = 0;
    // Without conditions between them: which peers fit cannot be predicted.
    for (std::size_t at = 0; at < rows_.size(); ++at)
        count += static_cast<std::size_t>(!dead_at(at)) &
                 static_cast<std::size_t>((flags_[at] & (suspected | is_original)) == 0) &
                 static_cast<std::size_t>(rows_[at].proved != 0);
    return count;
}

bool PeerView::proves(std::size_t count) const {
    for (std::size_t at = 0; count > 0 && at < rows_.size(); ++at)
        count -= static_cast<std::size_t>(!dead_at(at)) &
                 static_cast<std::size_t>((flags_[at] & (suspected | is_original)) == 0) &
                 static_cast<std::size_t>(rows_[at].proved != 0);
    return count == 0;
}

std::size_t PeerView::presentable_count() const {
    std::size_t count = 0;
    for (std::size_t at = 0; at < rows_.size(); ++at)
        count += static_cast<std::size_t>(!dead_at(at)) &
                 static_cast<std::size_t>((flags_[at] & (suspected | is_original)) == 0) &
                 static_cast<std::size_t>((rows_[at].seen | rows_[at].proved) != 0);
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
