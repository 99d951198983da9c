#include "overlay/peer_view.h"

#include <algorithm>
#include <map>
#include <utility>

#include "store/hash.h"

namespace halp {

namespace {

bool listed_before(const Peer* a, const Peer* b) {
    const auto tier = [](const Peer& p) { return p.suspect() ? 0 : p.vouched() ? 2 : 1; };
    if (tier(*a) != tier(*b)) return tier(*a) > tier(*b);
    if (a->newest() != b->newest()) return a->newest() > b->newest();
    if (a->proved != b->proved) return a->proved > b->proved;
    if (a->claim.ranked != b->claim.ranked) return a->claim.ranked > b->claim.ranked;
    if (a->claim.stated != b->claim.stated) return a->claim.stated > b->claim.stated;
    return a->endpoint < b->endpoint;
}

}  // namespace

PeerView::PeerView(const EndpointTable& endpoints, Random& random, const ViewOptions& options)
    : endpoints_(endpoints),
      random_(random),
      options_(options),
      ranked_(options.partner == PartnerRule::ranked ? options.rank_slots : 0, random) {}

std::vector<Peer>::iterator PeerView::position(EndpointId peer) {
    return std::ranges::lower_bound(peers_, peer, {}, &Peer::endpoint);
}

Peer* PeerView::get(EndpointId peer) {
    const auto at = position(peer);
    return at != peers_.end() && at->endpoint == peer ? &*at : nullptr;
}

const Peer* PeerView::find(EndpointId peer) const { return const_cast<PeerView*>(this)->get(peer); }

// ---- news ----

Heard PeerView::hear_of_dead(Peer& peer, const PeerNews& news, Instant now) {
    if (news.incarnation > peer.incarnation) {  // started anew
        peer = Peer{.endpoint = peer.endpoint, .incarnation = news.incarnation, .seen = news.seen, .claim = news.claim};
        admit(peer, PeerRole::fresh);
        return Heard::revived;
    }
    if (peer.left || news.seen == never || news.seen <= peer.buried) return Heard::stale;
    // It speaks to us, or somebody reached it after we gave it up: see for ourselves, at once. A node that can
    // call out but cannot be called stays buried.
    peer.retry_at = std::min(peer.retry_at, now);
    peer.doubted = true;
    return Heard::doubted;
}

Heard PeerView::hear(const PeerNews& news, Instant now) {
    Peer* peer = get(news.endpoint);
    if (!peer) {
        const Peer added{.endpoint = news.endpoint, .incarnation = news.incarnation, .seen = news.seen, .claim = news.claim};
        const bool vouched = added.vouched();
        peer = &*peers_.insert(position(news.endpoint), added);
        admit(*peer, vouched ? PeerRole::fresh : PeerRole::pool);
        rank(*peer);
        return Heard::added;
    }
    if (peer->dead()) return hear_of_dead(*peer, news, now);
    bool changed = false;
    if (news.incarnation > peer->incarnation) {
        peer->incarnation = news.incarnation;
        peer->failures = peer->refusals = 0;
        changed = true;
    }
    if (news.seen > peer->seen) {
        peer->seen = news.seen;
        changed = true;
        if (peer->role == PeerRole::pool) admit(*peer, PeerRole::fresh);
    }
    if (news.claim.made() && news.claim > peer->claim) {
        peer->claim = news.claim;
        changed = true;
    }
    if (news.direct) {
        peer->original = false;
        // Alive, yet our own calls fail: try again now rather than at the end of the pause.
        if (peer->failures > 0) peer->retry_at = std::min(peer->retry_at, now);
    }
    rank(*peer);
    return changed ? Heard::refreshed : Heard::stale;
}

void PeerView::rank(const Peer& peer) {
    if (ranked_.size() > 0 && peer.presentable()) ranked_.hear(peer.endpoint, endpoints_.hash(peer.endpoint));
}

void PeerView::admit(Peer& peer, PeerRole role) {
    peer.role = role;
    peer.sent = false;
}

void PeerView::settle(std::uint64_t tie_salt) {
    limit_groups(PeerRole::fresh);
    std::vector<Peer*> fresh;
    for (Peer& p : peers_)
        if (p.role == PeerRole::fresh) fresh.push_back(&p);
    const std::size_t c = options_.fresh_max;
    if (fresh.size() > c) {
        sort_by_recency(fresh, tie_salt);
        const auto demote_last = [&](std::size_t n) {
            for (; n > 0; --n) {
                fresh.back()->role = PeerRole::pool;
                fresh.pop_back();
            }
        };
        demote_last(std::min(options_.healer, fresh.size() - c));
        std::size_t swaps = std::min(options_.swapper, fresh.size() - c);
        if (swaps > 0) random_.shuffle(fresh);  // which of those sent: by chance, not the newest
        for (std::size_t i = 0; i < fresh.size() && swaps > 0;) {
            if (!fresh[i]->sent) {
                ++i;
                continue;
            }
            fresh[i]->role = PeerRole::pool;
            fresh.erase(fresh.begin() + static_cast<std::ptrdiff_t>(i));
            --swaps;
        }
        random_.shuffle(fresh);
        demote_last(fresh.size() - c);
    }
    shrink_pool();
}

// Newest first.
void PeerView::sort_by_recency(std::vector<Peer*>& peers, std::uint64_t tie_salt) {
    const auto newest = [](const Peer* p) { return p->newest(); };
    if (options_.ties == TieRule::random) {
        random_.shuffle(peers);
        std::ranges::stable_sort(peers, std::greater{}, newest);
        return;
    }
    std::ranges::sort(peers, std::greater{}, [&](const Peer* p) {
        return std::pair{p->newest(), mix(endpoints_.hash(p->endpoint) ^ mix(tie_salt))};
    });
}

void PeerView::limit_groups(PeerRole role) {
    if (options_.per_group_max == 0) return;
    std::map<std::uint32_t, std::vector<Peer*>> groups;
    for (Peer& p : peers_)
        if (p.role == role) groups[endpoints_.group(p.endpoint)].push_back(&p);
    for (auto& [group, members] : groups) {
        if (members.size() <= options_.per_group_max) continue;
        std::ranges::sort(members, std::greater{}, [](const Peer* p) { return p->newest(); });
        for (std::size_t i = options_.per_group_max; i < members.size(); ++i) members[i]->role = PeerRole::pool;
    }
}

// Who leaves a full pool: mere claims first, then suspects, then whoever was not heard of for longest.
void PeerView::shrink_pool() {
    std::vector<const Peer*> pool;
    for (const Peer& p : peers_)
        if (p.role == PeerRole::pool && !ranked_.holds(p.endpoint)) pool.push_back(&p);
    if (pool.size() <= options_.pool_max) return;
    std::ranges::sort(pool, [](const Peer* a, const Peer* b) {
        if (a->vouched() != b->vouched()) return a->vouched();
        if (a->suspect() != b->suspect()) return b->suspect();
        if ((a->proved != never) != (b->proved != never)) return a->proved != never;
        return listed_before(a, b);
    });
    std::vector<EndpointId> leaving;
    for (std::size_t i = options_.pool_max; i < pool.size(); ++i) leaving.push_back(pool[i]->endpoint);
    for (const EndpointId id : leaving) erase(id);
}

void PeerView::shrink_graves() {
    if (count(PeerRole::grave) <= options_.grave_max) return;
    const Peer* oldest = nullptr;
    for (const Peer& p : peers_)
        if (p.dead() && (!oldest || p.buried < oldest->buried)) oldest = &p;
    erase(oldest->endpoint);
}

// ---- what contact shows ----

void PeerView::prove(EndpointId id, std::uint32_t incarnation, Instant now) {
    Peer* peer = get(id);
    if (!peer) {
        peer = &*peers_.insert(position(id), Peer{.endpoint = id});
        admit(*peer, PeerRole::fresh);
    }
    if (peer->dead()) *peer = Peer{.endpoint = id, .role = PeerRole::fresh};
    peer->incarnation = std::max(peer->incarnation, incarnation);
    peer->seen = std::max(peer->seen, now);
    peer->proved = now;
    peer->failures = peer->refusals = 0;
    peer->original = false;
    peer->retry_at = no_deadline;
    rank(*peer);
    if (options_.anchors_max == 0 || peer->role == PeerRole::anchor) return;
    if (count(PeerRole::anchor) >= options_.anchors_max) {
        // Now and then a newly proved node takes the place of an anchor, so that those who came first, the
        // bootstrap above all, do not carry everybody for ever.
        if (random_.below(2 * options_.anchors_max) != 0) return;
        const EndpointId out = anchor_but(id);
        if (Peer* old = get(out)) old->role = PeerRole::fresh;
    }
    peer->role = PeerRole::anchor;
    limit_groups(PeerRole::anchor);
}

void PeerView::set_original(EndpointId id, Instant now) {
    Peer* peer = get(id);
    if (!peer) {
        peer = &*peers_.insert(position(id), Peer{.endpoint = id});
    }
    peer->original = true;
    peer->role = PeerRole::pool;
    peer->failures = 0;
    peer->proved = now;
}

int PeerView::fail(EndpointId id, Instant now, Duration penalty, bool silent) {
    Peer* peer = get(id);
    if (!peer) return 0;
    ranked_.forget(id);
    peer->silent = silent;
    if (peer->dead()) {
        // A grave's pause grows with the time it is dead: about twice as long each time, at most an hour.
        const Duration dead_for = now - peer->buried;
        const Duration pause = std::clamp<Duration>(dead_for / 2, penalty, std::chrono::hours{1});
        peer->retry_at = now + pause + Duration{static_cast<std::int64_t>(
                                           random_.below(static_cast<std::uint64_t>(pause.count() / 4 + 1)))};
        return peer->failures;
    }
    if (options_.drop_on_failure) {
        erase(id);
        return 0;
    }
    if (peer->failures == 0) peer->failing_since = now;
    if (peer->failures < 255) ++peer->failures;
    if (peer->seen != never) peer->seen -= penalty;
    if (peer->role == PeerRole::anchor) peer->role = PeerRole::fresh;
    return peer->failures;
}

int PeerView::count_refusal(EndpointId id) {
    Peer* peer = get(id);
    if (!peer || !peer->suspect() || peer->silent) return 0;
    return ++peer->refusals;
}

void PeerView::forgive(EndpointId id) {
    if (Peer* peer = get(id); peer && !peer->dead()) {
        peer->failures = peer->refusals = 0;
        peer->retry_at = no_deadline;
    }
}

void PeerView::bury(EndpointId id, Instant now) {
    Peer* peer = get(id);
    if (!peer || peer->dead()) return;
    if (options_.grave_max == 0 || !peer->vouched()) {
        erase(id);
        return;
    }
    peer->role = PeerRole::grave;
    peer->buried = now;
    fail(id, now, std::chrono::seconds{2});
    shrink_graves();
}

void PeerView::leave(EndpointId id, std::uint32_t incarnation, Instant now) {
    Peer* peer = get(id);
    if (!peer) peer = &*peers_.insert(position(id), Peer{.endpoint = id});
    peer->incarnation = std::max(peer->incarnation, incarnation);
    peer->role = PeerRole::grave;
    peer->left = true;
    peer->buried = now;
    peer->retry_at = no_deadline;
    shrink_graves();
}

void PeerView::retry(EndpointId id, Instant when) {
    if (Peer* peer = get(id)) peer->retry_at = std::min(peer->retry_at, when);
}

void PeerView::probing(EndpointId id) {
    if (Peer* peer = get(id)) {
        peer->retry_at = no_deadline;
        peer->doubted = false;
    }
}

bool PeerView::erase(EndpointId id) {
    const auto at = position(id);
    if (at == peers_.end() || at->endpoint != id) return false;
    peers_.erase(at);
    ranked_.forget(id);
    return true;
}

void PeerView::clear() {
    peers_.clear();
    ranked_.clear();
}

PeerView::Expired PeerView::expire(Instant now, Duration ttl, Duration tombstone_kept, Duration grave_kept,
                                   Duration claim_kept) {
    Expired expired;
    const auto over = [&](const Peer& p) {
        if (p.dead()) {
            ranked_.forget(p.endpoint);
            return now - p.buried > (p.left ? tombstone_kept : grave_kept);
        }
        if (p.vouched() && now - p.newest() <= ttl) return false;
        const bool claim_lives = p.claim.made() && now - p.claim.heard <= claim_kept;
        if (p.vouched() || !claim_lives) {
            ranked_.forget(p.endpoint);
            if (!claim_lives) expired.listed.push_back(p.endpoint);
            return !claim_lives;
        }
        return false;
    };
    std::erase_if(peers_, over);
    for (Peer& p : peers_) {
        if (p.dead() || !p.vouched() || now - p.newest() <= ttl) continue;
        p.seen = p.proved = never;  // what is left is the claim
        p.role = PeerRole::pool;
    }
    return expired;
}

// ---- what is shown ----

std::vector<const Peer*> PeerView::listed() const {
    std::vector<const Peer*> out;
    out.reserve(peers_.size());
    for (const Peer& p : peers_)
        if (!p.dead()) out.push_back(&p);
    std::ranges::sort(out, listed_before);
    return out;
}

std::size_t PeerView::listed_count() const { return peers_.size() - count(PeerRole::grave); }

std::size_t PeerView::count(PeerRole role) const {
    return static_cast<std::size_t>(std::ranges::count(peers_, role, &Peer::role));
}

std::size_t PeerView::proved_count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(peers_, [](const Peer& p) { return p.presentable() && p.proved != never; }));
}

std::size_t PeerView::presentable_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(peers_, [](const Peer& p) { return p.presentable(); }));
}

ListDigest PeerView::digest() const {
    ListDigest digest;
    for (const Peer& p : peers_) {
        if (p.dead() || p.original || !p.vouched()) continue;
        ++digest.count;
        digest.mixed ^= mix(endpoints_.hash(p.endpoint) + p.incarnation);
    }
    return digest;
}

std::vector<const Peer*> PeerView::everybody() const {
    std::vector<const Peer*> out;
    for (const Peer& p : peers_)
        if (p.presentable()) out.push_back(&p);
    return out;
}

// ---- draws ----

template <class Want>
EndpointId PeerView::draw(Want want) {
    EndpointId chosen = no_endpoint;
    std::uint64_t seen = 0;
    for (const Peer& p : peers_)
        if (want(p) && random_.below(++seen) == 0) chosen = p.endpoint;
    return chosen;
}

EndpointId PeerView::any_presentable() {
    return draw([](const Peer& p) { return p.presentable(); });
}

EndpointId PeerView::anchor_but(EndpointId other) {
    return draw([&](const Peer& p) { return p.role == PeerRole::anchor && p.presentable() && p.endpoint != other; });
}

EndpointId PeerView::partner() {
    const auto extreme = [&](bool oldest) {
        const Peer* found = nullptr;
        for (const Peer& p : peers_)
            if (p.role == PeerRole::fresh && p.presentable() &&
                (!found || (oldest ? p.newest() < found->newest() : p.newest() > found->newest())))
                found = &p;
        return found ? found->endpoint : any_presentable();
    };
    switch (options_.partner) {
        case PartnerRule::oldest: return extreme(true);
        case PartnerRule::head: return extreme(false);
        case PartnerRule::ranked:
            if (const EndpointId ranked = ranked_partner(); ranked != no_endpoint) return ranked;
            break;
        case PartnerRule::random: break;
        case PartnerRule::hybrid: {
            const std::uint32_t turn = draws_++;
            if (turn % 2 == 0)
                if (const EndpointId anchor = anchor_but(no_endpoint); anchor != no_endpoint) return anchor;
            if (turn % 8 == 1) return extreme(true);
            break;
        }
    }
    const EndpointId fresh = draw([](const Peer& p) { return p.role == PeerRole::fresh && p.presentable(); });
    return fresh != no_endpoint ? fresh : any_presentable();
}

// In its slots may still be some that have become suspect, or speak text only.
EndpointId PeerView::ranked_partner() {
    if (options_.rank_renewal > 0 && ++draws_ % options_.rank_renewal == 0) ranked_.renew(random_);
    for (;;) {
        const EndpointId drawn = ranked_.draw(random_);
        const Peer* peer = drawn == no_endpoint ? nullptr : find(drawn);
        if (drawn == no_endpoint || (peer && peer->presentable())) return drawn;
        ranked_.forget(drawn);
    }
}

std::vector<EndpointId> PeerView::some_presentable(std::size_t wanted) {
    std::vector<EndpointId> out;
    for (const Peer& p : peers_)
        if (p.presentable()) out.push_back(p.endpoint);
    random_.shuffle(out);
    if (out.size() > wanted) out.resize(wanted);
    return out;
}

EndpointId PeerView::feeler(Instant now, Duration stale_after) {
    const auto worth = [&](const Peer& p) {
        return !p.dead() && !p.suspect() && !p.original && p.failures == 0 &&
               (p.proved == never || now - p.proved > stale_after);
    };
    const EndpointId unproved = draw([&](const Peer& p) { return worth(p) && p.proved == never; });
    return unproved != no_endpoint ? unproved : draw(worth);
}

EndpointId PeerView::due_probe(Instant now) {
    return draw([&](const Peer& p) { return (!p.dead() || p.doubted) && !p.original && p.retry_at <= now; });
}

EndpointId PeerView::due_grave(Instant now) {
    return draw([&](const Peer& p) { return p.dead() && !p.original && p.retry_at <= now; });
}

Instant PeerView::next_probe() const {
    Instant next = no_deadline;
    for (const Peer& p : peers_)
        if ((!p.dead() || p.doubted) && !p.original) next = std::min(next, p.retry_at);
    return next;
}

std::vector<const Peer*> PeerView::sample(bool brief) {
    std::vector<Peer*> candidates;
    for (Peer& p : peers_) {
        p.sent = false;
        if (p.presentable()) candidates.push_back(&p);
    }
    random_.shuffle(candidates);  // ties of age fall at random
    const std::size_t freshest = std::min(options_.sample_freshest / (brief ? 2 : 1), candidates.size());
    const auto newer = [](const Peer* a, const Peer* b) { return a->newest() > b->newest(); };
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(freshest), candidates.end(),
                      newer);
    // Behind the freshest the order is arbitrary but not random enough: draw the others.
    std::vector<Peer*> others(candidates.begin() + static_cast<std::ptrdiff_t>(freshest), candidates.end());
    // Where anybody may join, what is passed on at random is what no talking can bend.
    if (ranked_.size() > 0)
        std::erase_if(others, [&](const Peer* p) { return !ranked_.holds(p->endpoint); });
    random_.shuffle(others);
    const std::size_t random_others = options_.sample_random / (brief ? 2 : 1);
    if (others.size() > random_others) others.resize(random_others);
    candidates.resize(freshest);
    candidates.insert(candidates.end(), others.begin(), others.end());
    std::vector<const Peer*> out;
    for (Peer* p : candidates) {
        p->sent = true;
        out.push_back(p);
    }
    return out;
}

}  // namespace halp
