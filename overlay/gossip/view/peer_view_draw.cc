// Random choices of a view: whom this node calls, and which nodes an exchange carries.
#include "overlay/gossip/view/peer_view.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <utility>

namespace halp {

// ---- draws ----

template <class Want>
EndpointId PeerView::draw(Want want) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < rows_.size(); ++at) count += want(at);
    if (count == 0) return no_endpoint;
    std::size_t drawn = random_.below(count);
    for (std::size_t at = 0;; ++at)
        if (want(at) && drawn-- == 0) return rows_[at].endpoint;
}

EndpointId PeerView::any_presentable() {
    return draw([this](std::size_t at) { return presentable_at(at); });
}

EndpointId PeerView::next_on_ring(EndpointId self) const {
    if (options_->partner != PartnerRule::hybrid || self == no_endpoint || rows_.empty()) return no_endpoint;
    if (listed_count() > capacity() * small_swarm_eighths / 8) return no_endpoint;
    const std::uint64_t from = endpoints_.hash(self);
    EndpointId next = no_endpoint;
    std::uint64_t nearest = ~std::uint64_t{0};
    for (std::size_t at = 0; at < rows_.size(); ++at) {
        const std::uint64_t way = endpoints_.hash(rows_[at].endpoint) - from;  // around the ring
        if (way == 0 || way >= nearest || !presentable_at(at)) continue;
        nearest = way;
        next = rows_[at].endpoint;
    }
    return next;
}

EndpointId PeerView::anchor_but(EndpointId other) {
    // Anchors are always vouched for, so presentable_at() has nothing else to check.
    PlaceBits anchors = where(role_bits | suspected | is_original, flags_of(PeerRole::anchor));
    if (const std::size_t at = place(other); at != nowhere) anchors.remove(at);
    const std::size_t count = anchors.count();
    return count == 0 ? no_endpoint : rows_[anchors.nth(random_.below(count))].endpoint;
}

// The oldest or the newest presentable node of the fresh part.
EndpointId PeerView::by_age(bool oldest_first) {
    const std::span<const Sighting> view = fresh().all();
    const auto at_rank = [&](std::size_t i) { return view[oldest_first ? view.size() - 1 - i : i]; };
    for (std::size_t i = 0, ties = 0; i < view.size(); i += ties) {
        // Among nodes of one age a random one: in the order of endpoints, all views would choose the same few
        // nodes.
        for (ties = 1; i + ties < view.size() && at_rank(i + ties).stamp() == at_rank(i).stamp();) ++ties;
        const std::size_t first = ties > 1 ? random_.below(ties) : 0;
        for (std::size_t k = 0; k < ties; ++k) {
            const EndpointId id = at_rank(i + (first + k) % ties).endpoint();
            if (presentable_at(place(id))) return id;
        }
    }
    return any_presentable();
}

EndpointId PeerView::fresh_partner() {
    const EndpointId first = fresh().draw(random_);
    if (first != no_endpoint && presentable_at(place(first))) return first;
    const EndpointId other =
        draw([this](std::size_t at) { return role_at(at) == PeerRole::fresh && presentable_at(at); });
    return other != no_endpoint ? other : any_presentable();
}

EndpointId PeerView::partner() {
    switch (options_->partner) {
        case PartnerRule::oldest:
            return by_age(true);
        case PartnerRule::head:
            return by_age(false);
        case PartnerRule::ranked:
            if (const EndpointId ranked = ranked_partner(); ranked != no_endpoint) return ranked;
            break;
        case PartnerRule::random:
            break;
        case PartnerRule::hybrid: {
            const std::uint32_t turn = draws_++;
            if (turn % 2 == 0)
                if (const EndpointId anchor = anchor_but(no_endpoint); anchor != no_endpoint) return anchor;
            if (turn % 8 == 1) return by_age(true);
            break;
        }
    }
    return fresh_partner();
}

// Nodes in the slots of the sampler may have become suspects or originals meanwhile; those are dropped from it.
EndpointId PeerView::ranked_partner() {
    if (options_->rank_renewal > 0 && ++draws_ % options_->rank_renewal == 0) ranked_.renew(random_);
    for (;;) {
        const EndpointId drawn = ranked_.draw(random_);
        if (drawn == no_endpoint) return drawn;
        const std::size_t at = place(drawn);
        if (at != nowhere && presentable_at(at)) return drawn;
        ranked_.forget(drawn);
    }
}

std::vector<EndpointId> PeerView::some_presentable(std::size_t wanted) {
    std::vector<EndpointId> out;
    for (std::size_t at = 0; at < rows_.size(); ++at)
        if (presentable_at(at)) out.push_back(rows_[at].endpoint);
    wanted = std::min(wanted, out.size());
    for (std::size_t i = 0; i < wanted; ++i) std::swap(out[i], out[i + random_.below(out.size() - i)]);
    out.resize(wanted);
    return out;
}

EndpointId PeerView::feeler(Instant now, Duration stale_after, Duration unmentioned_after) {
    const auto worth = [&](std::size_t at) {
        return !dead_at(at) && (flags_[at] & (suspected | is_original | has_failed)) == 0;
    };
    const auto stale = [&](std::size_t at) {
        return worth(at) && rows_[at].proved != 0 && now - clock_.instant(rows_[at].proved) > stale_after;
    };
    if (acquaintances_ > 0)
        if (const EndpointId old = draw([&](std::size_t at) { return stale(at) && known_at(at); });
            old != no_endpoint)
            return old;
    const auto is_unproved = [&](std::size_t at) { return worth(at) && rows_[at].proved == 0; };
    if (!details_.empty())
        if (const EndpointId met = draw([&](std::size_t at) { return is_unproved(at) && met_at(at); });
            met != no_endpoint)
            return met;
    const EndpointId unproved = draw(is_unproved);
    if (unproved != no_endpoint) return unproved;
    const EndpointId unmentioned = draw(
        [&](std::size_t at) { return worth(at) && now - clock_.instant(rows_[at].newest()) > unmentioned_after; });
    if (unmentioned != no_endpoint) return unmentioned;
    return draw(stale);
}

EndpointId PeerView::due_probe(Instant now) {
    if (details_.empty()) return no_endpoint;
    return draw([&](std::size_t at) {
        const Details* details = details_at(at);
        return details && (!dead_at(at) || details->disputed) && (flags_[at] & is_original) == 0 &&
               details->retry_at <= now;
    });
}

EndpointId PeerView::due_grave(Instant now) {
    if (count(PeerRole::grave) == 0) return no_endpoint;
    const auto due = [&](std::size_t at) {
        return dead_at(at) && (flags_[at] & is_original) == 0 && details_at(at)->retry_at <= now;
    };
    const EndpointId met = draw([&](std::size_t at) { return due(at) && met_at(at); });
    return met != no_endpoint ? met : draw(due);
}

EndpointId PeerView::any_grave() {
    if (count(PeerRole::grave) == 0) return no_endpoint;
    const auto waits = [&](std::size_t at) {
        return dead_at(at) && (flags_[at] & is_original) == 0 && !details_at(at)->left;
    };
    const EndpointId met = draw([&](std::size_t at) { return waits(at) && met_at(at); });
    return met != no_endpoint ? met : draw(waits);
}

EndpointId PeerView::unproved_since(Instant before) {
    const std::uint32_t then = stamp(before);
    const auto unproved = [&](std::size_t at, bool in_view) {
        return (role_at(at) != PeerRole::pool) == in_view && presentable_at(at) && (flags_[at] & has_failed) == 0 &&
               rows_[at].proved < then;
    };
    const EndpointId member = draw([&](std::size_t at) { return unproved(at, true); });
    return member != no_endpoint ? member : draw([&](std::size_t at) { return unproved(at, false); });
}

Instant PeerView::next_probe() const {
    Instant next = no_deadline;
    for (const Details& details : details_) {
        if (details.retry_at >= next) continue;
        const std::size_t at = place(details.endpoint);
        if ((!dead_at(at) || details.disputed) && (flags_[at] & is_original) == 0) next = details.retry_at;
    }
    return next;
}

void PeerView::prefetch() const {
    const auto lines = [](const void* begin, std::size_t bytes) {
        for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(begin) + at, 1);
    };
    lines(rows_.data(), rows_.size() * sizeof(Row));
    lines(flags_.data(), flags_.size());
    lines(fresh_.data(), fresh_count_ * sizeof(Sighting));
}

// ---- samples ----

namespace {

// Copies the newest of `all` to `out`, newest first: an insertion sort that rejects most of `all` at the first
// comparison.
void keep_newest(std::span<const Sighting> all, std::span<Sighting> out) {
    std::size_t count = 0;
    for (const Sighting s : all) {
        if (count == out.size() && s < out[count - 1]) continue;
        std::size_t at = count < out.size() ? count++ : count - 1;
        for (; at > 0 && out[at - 1] < s; --at) out[at] = out[at - 1];
        out[at] = s;
    }
}

}  // namespace

// Writes the places of the newest presentable peers; ties of age are broken at random. Returns how many peers are
// presentable.
std::size_t PeerView::choose_freshest(std::span<std::uint32_t> out) {
    // A first pass looks only at peers at least as new as this. There are enough of them unless few peers of the
    // fresh part are presentable; then a second pass looks at all.
    std::uint32_t hint = out.empty() || fresh_count_ < out.size() ? 0 : fresh_[out.size() - 1].stamp();
    const std::uint64_t salt = random_.next();
    SightingBuffer buffer{rows_.size() + 1};
    for (;; hint = 0) {
        Sighting* likely = buffer.begin();
        std::size_t candidates = 0;
        for (std::size_t at = 0; at < rows_.size(); ++at) {
            const std::uint32_t newest = rows_[at].newest();
            const bool presentable = presentable_at(at);
            // One word to sort by: age, then chance, then the place.
            const std::uint64_t chance = (salt ^ at) * 0x9e3779b97f4a7c15U >> 56;
            *likely = {std::uint64_t{newest} << 32 | chance << 24 | at};
            likely += static_cast<std::size_t>(presentable) & static_cast<std::size_t>(newest >= hint);
            candidates += presentable;
        }
        const auto hinted = static_cast<std::size_t>(likely - buffer.begin());
        if (hint != 0 && hinted < out.size()) continue;
        SightingBuffer newest{out.size() + 1};
        const std::size_t count = std::min(out.size(), hinted);
        if (count > 0) keep_newest({buffer.begin(), hinted}, {newest.begin(), count});
        for (std::size_t i = 0; i < count; ++i)
            out[i] = static_cast<std::uint32_t>(newest.begin()[i].word & 0xffffff);
        return candidates;
    }
}

// For H up to c/2, the H oldest are sent only when there are too few others, as in the 2007 paper.
bool PeerView::excludes_oldest() const {
    return options_->healer > 0 && options_->healer <= options_->fresh_max / 2;
}

void PeerView::exclude_oldest(std::vector<std::uint32_t>& among, std::size_t wanted) {
    for (std::size_t i = among.size(); i > 1; --i)
        std::swap(among[i - 1], among[random_.below(i)]);  // a random order among those of one age
    std::ranges::stable_sort(among, std::greater{}, [this](std::uint32_t at) { return rows_[at].newest(); });
    const std::size_t rest = among.size() - std::min(wanted, among.size());
    among.resize(among.size() - std::min(options_->healer, rest));
}

// Fills `out` with random presentable peers other than its first `count`. Returns how many it holds then.
std::size_t PeerView::choose_others(std::span<std::uint32_t> out, std::size_t count) {
    std::vector<std::uint32_t> among;
    // With the sampler, the random part of a sample comes from it: what others say often cannot bend it.
    const std::vector<EndpointId> held = ranked_.nodes();
    for (std::uint32_t at = 0; at < rows_.size(); ++at) {
        if (!presentable_at(at) ||
            std::ranges::find(out.first(count), at) != out.begin() + static_cast<std::ptrdiff_t>(count))
            continue;
        if (ranked_.size() == 0 || std::ranges::binary_search(held, rows_[at].endpoint)) among.push_back(at);
    }
    if (excludes_oldest()) exclude_oldest(among, out.size() - count);
    for (std::size_t i = 0; i < among.size() && count < out.size(); ++i) {
        std::swap(among[i], among[i + random_.below(among.size() - i)]);
        out[count++] = among[i];
    }
    return count;
}

// Writes the places of the freshest presentable peers, then of random others. Returns how many.
std::size_t PeerView::choose(std::span<std::uint32_t> out, bool brief) {
    const std::size_t divisor = brief ? 2 : 1;
    const std::size_t freshest = options_->sample_freshest / divisor;
    const std::size_t wanted = freshest + options_->sample_random / divisor;
    assert(out.size() >= wanted);
    out = out.first(wanted);
    const std::size_t candidates = choose_freshest(out.first(freshest));
    std::size_t count = std::min(freshest, candidates);
    if (ranked_.size() > 0 || excludes_oldest() || candidates < 2 * wanted || 2 * candidates < rows_.size()) {
        count = choose_others(out, count);
    } else {
        while (count < wanted) {  // most draws hit a presentable peer
            const auto at = static_cast<std::uint32_t>(random_.below(rows_.size()));
            if (presentable_at(at) &&
                std::ranges::find(out.first(count), at) == out.begin() + static_cast<std::ptrdiff_t>(count))
                out[count++] = at;
        }
    }
    if (options_->swapper == 0) return count;
    for (Flags& mark : flags_) mark &= static_cast<Flags>(~was_sent);
    for (const std::uint32_t at : out.first(count)) flags_[at] |= was_sent;
    return count;
}

std::vector<Peer> PeerView::sample(bool brief) {
    std::vector<std::uint32_t> places(options_->sample_freshest + options_->sample_random);
    places.resize(choose(places, brief));
    std::vector<Peer> out;
    out.reserve(places.size());
    for (const std::uint32_t at : places) out.push_back(peer_at(at));
    return out;
}

std::size_t PeerView::sample(std::span<Sampled> out, bool brief) {
    std::array<std::uint32_t, 128> places;  // both settings are at most 64
    const std::size_t count = choose(places, brief);
    assert(out.size() >= count);
    for (std::size_t i = 0; i < count; ++i) {
        const Row& r = rows_[places[i]];
        out[i] = {r.endpoint, r.incarnation, clock_.instant(r.newest())};
    }
    return count;
}

}  // namespace halp
