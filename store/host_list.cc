#include "store/host_list.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <tuple>
#include <utility>

#include "store/hash.h"
#include "store/host_order.h"
#include "store/incarnation.h"

namespace halp {
namespace {

constexpr std::size_t withdrawals_min = 64;
constexpr int evictions_per_merge_max = 16;  // after a reload a list shrinks in steps

Instant after(Instant start, Duration duration) {
    return start > no_deadline - duration ? no_deadline : start + duration;
}

bool outlived(const Claim& claim, const HostList::Limits& limits, Instant now) {
    return !claim.made() || after(claim.heard, limits.claim_kept_max) <= now;
}

bool says_nothing(const HostEntry& entry) { return !entry.withdrawn && !entry.vouched() && !entry.claim.made(); }

// Only the claim remains of an entry whose announcement and proof have ended.
HostEntry only_claim(const HostEntry& entry) {
    HostEntry rest;
    rest.endpoint = entry.endpoint;
    rest.claim = entry.claim;
    rest.remembered = entry.remembered;
    return rest;
}

// The news without the parts that have outlived their time. It depends only on the news, the limits and `now`;
// otherwise merging would not commute.
HostEntry usable(HostEntry news, const HostList::Limits& limits, Instant now) {
    news.confirmed = std::min(news.confirmed, now);
    news.proved = std::min(news.proved, now);
    news.claim.heard = std::min(news.claim.heard, now);
    if (outlived(news.claim, limits, now)) news.claim = {};
    news.remembered = news.remembered && news.claim.made();
    if (news.withdrawn) {
        news.own = false;
        if (after(news.confirmed, limits.withdrawal_kept_max) <= now) return only_claim({});
    } else if (!news.own && after(news.seen(), limits.ttl) <= now) {
        return only_claim(news);
    }
    return news;
}

Claim maximum(const Claim& a, const Claim& b) {
    return {std::max(a.stated, b.stated), std::max(a.ranked, b.ranked), std::max(a.heard, b.heard)};
}

bool outranks(const HostEntry& news, const HostEntry& held) {
    if (news.incarnation != held.incarnation) return newer_incarnation(news.incarnation, held.incarnation);
    return std::tuple(held.withdrawn, held.confirmed) < std::tuple(news.withdrawn, news.confirmed);
}

// store/README.md, "Freshest wins".
HostEntry join(const HostEntry& held, const HostEntry& news) {
    HostEntry joined = outranks(news, held) ? news : held;
    joined.proved = std::max(held.proved, news.proved);
    joined.claim = maximum(held.claim, news.claim);
    const auto heard = [](const HostEntry& e) { return e.claim.made() && !e.remembered; };
    joined.remembered = joined.claim.made() && !heard(held) && !heard(news);
    joined.own = (held.own || news.own) && !joined.withdrawn;
    return joined;
}

// Confirmed by others only. Nobody on this machine has found the host there.
bool only_heard(const HostEntry& entry) { return entry.vouched() && !entry.own && entry.proved == never; }

bool same_rank(const HostEntry& a, const HostEntry& b) {
    if (a.withdrawn != b.withdrawn) return false;
    return a.withdrawn ? a.confirmed == b.confirmed : rank_of(a) == rank_of(b);
}

}  // namespace

struct HostList::Impl {
    Impl(const EndpointTable& table, Limits bounds) : endpoints(&table), limits(bounds) {
        groups.set_share_max(limits.share_per_group_max);
    }

    Merge merge(const HostEntry& news, Instant now, std::vector<HostEntry>* evicted);
    Merge change(std::uint32_t slot, const HostEntry& news, Instant now, std::vector<HostEntry>* evicted);
    void tell_proved_apart();
    bool make_room(std::uint32_t newcomer, std::vector<HostEntry>* evicted);
    [[nodiscard]] std::optional<std::uint32_t> first_to_leave() const;
    bool end_of(std::uint32_t slot, Instant now, Shifts& shifts);
    void relink_all();
    [[nodiscard]] std::vector<HostEntry> freshest(std::size_t count, Instant now) const;
    void add_others(std::vector<HostEntry>& told, std::size_t count, Instant now);

    [[nodiscard]] std::optional<std::uint32_t> find(EndpointId endpoint) const;
    std::uint32_t take_slot(const HostEntry& entry);
    void remove(std::uint32_t slot);
    void link(std::uint32_t slot, Instant now);
    void unlink(std::uint32_t slot);
    void replace(std::uint32_t slot, const HostEntry& entry, Instant now);
    void schedule(HostSlot& slot, Instant now) const;
    [[nodiscard]] std::uint64_t digest_part(const HostEntry& entry) const;

    const EndpointTable* endpoints;
    Limits limits;
    HostSlots slots;
    std::vector<std::uint32_t> free;
    OrderedSlots<ByEndpoint> by_endpoint{ByEndpoint{&slots}};
    OrderedSlots<ByRank> live{ByRank{&slots}};
    OrderedSlots<ByRank> shared{ByRank{&slots}};  // of the shown ones, those that may be told
    OrderedSlots<ByWithdrawal> withdrawn{ByWithdrawal{&slots}};
    OrderedSlots<ByDue> due{ByDue{&slots}};
    GroupShares groups{&slots};  // of those that were only heard of, without claims
    // The same ones. Kept from the first proof on: most lists never have one.
    OrderedSlots<ByRank> heard{ByRank{&slots}};
    bool proofs = false;
    EndpointId turn = no_endpoint;  // told last by add_others()
    std::uint64_t withdrawals_lost = 0;
    std::uint64_t arrivals = 0;
    std::uint64_t mixed = 0;
    std::size_t host_bytes = 0;
};

std::optional<std::uint32_t> HostList::Impl::find(EndpointId endpoint) const {
    const auto slot = by_endpoint.first_not([&](std::uint32_t s) { return slots[s].entry.endpoint < endpoint; });
    return slot && slots[*slot].entry.endpoint == endpoint ? slot : std::nullopt;
}

std::uint32_t HostList::Impl::take_slot(const HostEntry& entry) {
    std::uint32_t slot = static_cast<std::uint32_t>(slots.size());
    if (free.empty()) {
        slots.emplace_back();
    } else {
        slot = free.back();
        free.pop_back();
    }
    const std::size_t length = endpoints->at(entry.endpoint).host.size();
    assert(length <= Endpoint::host_length_max);
    slots[slot] = {
        entry, ++arrivals, no_deadline, endpoints->group(entry.endpoint), static_cast<std::uint8_t>(length), false};
    host_bytes += length;
    by_endpoint.insert(slot);
    return slot;
}

void HostList::Impl::remove(std::uint32_t slot) {
    unlink(slot);
    by_endpoint.erase(slot);
    host_bytes -= slots[slot].host_length;
    slots[slot] = {};
    free.push_back(slot);
}

// When the entry next changes because time passes, and whether it may be told until then.
void HostList::Impl::schedule(HostSlot& slot, Instant now) const {
    const HostEntry& entry = slot.entry;
    const Instant claim_told =
        std::min(after(entry.claim.heard, limits.ttl), after(entry.claim.heard, limits.claim_kept_max));
    slot.shared = !entry.withdrawn && (entry.vouched() || (claim_told > now && !entry.remembered));
    if (entry.withdrawn)
        slot.due = after(entry.confirmed, limits.withdrawal_kept_max);
    else if (entry.vouched())
        slot.due = entry.own ? no_deadline : after(entry.seen(), limits.ttl);
    else
        slot.due = slot.shared ? claim_told : after(entry.claim.heard, limits.claim_kept_max);
}

std::uint64_t HostList::Impl::digest_part(const HostEntry& entry) const {
    return mix(endpoints->hash(entry.endpoint) ^ mix(entry.incarnation + std::uint64_t{1}));
}

void HostList::Impl::link(std::uint32_t slot, Instant now) {
    schedule(slots[slot], now);
    const HostSlot& s = slots[slot];
    due.insert(slot);
    if (s.entry.withdrawn) return withdrawn.insert(slot);
    live.insert(slot);
    if (!proofs && s.entry.proved != never) tell_proved_apart();
    if (only_heard(s.entry)) {
        groups.insert(slot);
        if (proofs) heard.insert(slot);
    }
    if (!s.shared) return;
    shared.insert(slot);
    mixed ^= digest_part(s.entry);
}

void HostList::Impl::unlink(std::uint32_t slot) {
    const HostSlot& s = slots[slot];
    due.erase(slot);
    if (s.entry.withdrawn) return withdrawn.erase(slot);
    live.erase(slot);
    if (only_heard(s.entry)) {
        groups.erase(slot);
        if (proofs) heard.erase(slot);
    }
    if (!s.shared) return;
    shared.erase(slot);
    mixed ^= digest_part(s.entry);
}

// An entry that gets a new rank goes behind equal ones, as in the original's stable sort. One whose rank stays
// keeps its place.
void HostList::Impl::replace(std::uint32_t slot, const HostEntry& entry, Instant now) {
    unlink(slot);
    if (!same_rank(slots[slot].entry, entry)) slots[slot].arrival = ++arrivals;
    slots[slot].entry = entry;
    link(slot, now);
}

Merge HostList::Impl::merge(const HostEntry& news, Instant now, std::vector<HostEntry>* evicted) {
    const HostEntry fresh = usable(news, limits, now);
    if (says_nothing(fresh)) return Merge::refused;
    if (const auto held = find(fresh.endpoint)) return change(*held, fresh, now, evicted);
    const std::uint32_t slot = take_slot(fresh);
    link(slot, now);
    if (!make_room(slot, evicted)) return Merge::refused;
    return fresh.withdrawn ? Merge::refreshed : Merge::added;
}

Merge HostList::Impl::change(std::uint32_t slot, const HostEntry& news, Instant now,
                             std::vector<HostEntry>* evicted) {
    const HostEntry held = slots[slot].entry;
    const HostEntry joined = join(held, news);
    if (joined == held) return Merge::stale;
    replace(slot, joined, now);
    if (!make_room(slot, evicted) && !joined.withdrawn) {
        if (evicted && !held.withdrawn) evicted->push_back(held);
        return Merge::refused;
    }
    return held.withdrawn && !joined.withdrawn ? Merge::added : Merge::refreshed;
}

void HostList::Impl::tell_proved_apart() {
    proofs = true;
    live.walk(0, [&](std::uint32_t slot) {
        if (only_heard(slots[slot].entry)) heard.insert(slot);
        return true;
    });
}

// Claims are last in rank, so they leave first. Then those that were only heard of, of over-represented groups
// before others: whatever is heard removes no host that was proved here.
std::optional<std::uint32_t> HostList::Impl::first_to_leave() const {
    const HostEntry& last = slots[live.back()].entry;
    if (last.own) return std::nullopt;
    if (!last.vouched()) return live.back();
    if (const auto crowded = groups.worst()) return crowded;
    return heard.empty() ? live.back() : heard.back();
}

// False when the new entry itself had to leave.
bool HostList::Impl::make_room(std::uint32_t newcomer, std::vector<HostEntry>* evicted) {
    bool stays = true;
    const auto leave = [&](std::uint32_t victim, std::vector<HostEntry>* report) {
        if (victim == newcomer)
            stays = false;
        else if (report)
            report->push_back(slots[victim].entry);
        remove(victim);
    };
    for (int i = 0; i < evictions_per_merge_max && live.size() > limits.entries_max; ++i) {
        const auto victim = first_to_leave();
        if (!victim) break;
        leave(*victim, evicted);
    }
    const std::size_t withdrawals_max = std::max(limits.entries_max, withdrawals_min);
    for (int i = 0; i < evictions_per_merge_max && withdrawn.size() > withdrawals_max; ++i) {
        leave(withdrawn.back(), nullptr);
        ++withdrawals_lost;
    }
    return stays;
}

// A part of the entry has ended. True when the endpoint was shown and is not any more.
bool HostList::Impl::end_of(std::uint32_t slot, Instant now, Shifts& shifts) {
    const HostEntry entry = slots[slot].entry;
    // A withdrawal also ends the claims that were heard before it.
    const bool claim_lives =
        !outlived(entry.claim, limits, now) && (!entry.withdrawn || entry.claim.heard > entry.confirmed);
    if (!claim_lives) {
        remove(slot);
        return !entry.withdrawn;
    }
    replace(slot, only_claim(entry), now);
    std::vector<HostEntry> evicted;
    const bool stays = make_room(slot, &evicted);
    for (const HostEntry& other : evicted) shifts.evicted.push_back(other.endpoint);
    if (!stays) return !entry.withdrawn;
    if (entry.withdrawn)
        shifts.shown.push_back(entry.endpoint);
    else if (entry.vouched())
        shifts.moved.push_back(entry.endpoint);
    return false;
}

void HostList::Impl::relink_all() {
    std::vector<std::uint32_t> held;
    by_endpoint.walk(0, [&](std::uint32_t slot) {
        held.push_back(slot);
        return true;
    });
    live.clear();
    shared.clear();
    withdrawn.clear();
    due.clear();
    groups.clear();
    heard.clear();
    groups.set_share_max(limits.share_per_group_max);
    mixed = 0;
    // A claim that was no longer told is told again until the next expire().
    for (const std::uint32_t slot : held) link(slot, never);
}

// Withdrawals get at most half of the places, so that many of them do not silence the hosts that live.
std::vector<HostEntry> HostList::Impl::freshest(std::size_t count, Instant now) const {
    std::vector<HostEntry> told;
    std::size_t places = count / 2;
    const auto take = [&](std::uint32_t slot) {
        if (slots[slot].due > now && told.size() < places) told.push_back(slots[slot].entry);
        return told.size() < places;
    };
    withdrawn.walk(0, take);
    places = count;
    shared.walk(0, take);
    return told;
}

// Bounded by what it looks at, as a list may hold many claims that are not told any more.
void HostList::Impl::add_others(std::vector<HostEntry>& told, std::size_t count, Instant now) {
    std::vector<EndpointId> already;
    for (const HostEntry& entry : told) already.push_back(entry.endpoint);
    for (std::size_t looks = 8 * count; looks > 0 && count > 0; --looks) {
        const auto next = by_endpoint.first_not([&](std::uint32_t s) { return slots[s].entry.endpoint <= turn; });
        const HostSlot& slot = slots[next ? *next : by_endpoint.front()];
        turn = slot.entry.endpoint;
        if (slot.due <= now || !(slot.shared || slot.entry.withdrawn)) continue;
        if (std::ranges::find(already, turn) != already.end()) continue;
        told.push_back(slot.entry);
        --count;
    }
}

HostList::HostList(const EndpointTable& endpoints, Limits limits)
    : impl_(std::make_unique<Impl>(endpoints, limits)) {}
HostList::~HostList() = default;
HostList::HostList(HostList&&) noexcept = default;
HostList& HostList::operator=(HostList&&) noexcept = default;

void HostList::set_limits(Limits limits) {
    impl_->limits = limits;
    impl_->relink_all();
}

Merge HostList::merge(const HostEntry& news, Instant now, std::vector<HostEntry>* evicted) {
    return impl_->merge(news, now, evicted);
}

bool HostList::too_old(const HostEntry& news, const Limits& limits, Instant now) {
    return says_nothing(usable(news, limits, now));
}

bool HostList::erase(EndpointId endpoint) {
    const auto slot = impl_->find(endpoint);
    if (slot) impl_->remove(*slot);
    return slot.has_value();
}

void HostList::clear() { impl_ = std::make_unique<Impl>(*impl_->endpoints, impl_->limits); }

const HostEntry* HostList::find(EndpointId endpoint) const {
    const auto slot = impl_->find(endpoint);
    return slot ? &impl_->slots[*slot].entry : nullptr;
}

std::vector<HostEntry> HostList::page(std::size_t first, std::size_t count) const {
    std::vector<HostEntry> entries;
    if (first >= size()) return entries;
    count = std::min(count, size() - first);
    entries.reserve(count);
    impl_->live.walk(first, [&](std::uint32_t slot) {
        if (entries.size() < count) entries.push_back(impl_->slots[slot].entry);
        return entries.size() < count;
    });
    return entries;
}

std::vector<HostEntry> HostList::shared(std::size_t count, Instant now) const {
    std::vector<HostEntry> entries;
    const auto take = [&](std::uint32_t slot) {
        const HostSlot& s = impl_->slots[slot];
        if (s.due > now && entries.size() < count) entries.push_back(s.entry);  // otherwise expire() is late
        return entries.size() < count;
    };
    impl_->withdrawn.walk(0, take);
    impl_->shared.walk(0, take);
    return entries;
}

std::vector<HostEntry> HostList::next_told(std::size_t freshest, std::size_t others, Instant now) {
    const std::size_t all = freshest + others;
    if (impl_->withdrawn.size() + impl_->shared.size() <= all) return shared(all, now);
    std::vector<HostEntry> told = impl_->freshest(freshest, now);
    impl_->add_others(told, others, now);
    return told;
}

std::vector<HostEntry> HostList::all() const {
    std::vector<HostEntry> held;
    held.reserve(entries());
    impl_->by_endpoint.walk(0, [&](std::uint32_t slot) {
        held.push_back(impl_->slots[slot].entry);
        return true;
    });
    return held;
}

void HostList::mark_endpoints(std::vector<bool>& marks) const {
    impl_->by_endpoint.walk(0, [&](std::uint32_t slot) {
        const auto index = static_cast<std::uint32_t>(impl_->slots[slot].entry.endpoint);
        assert(index < marks.size());
        marks[index] = true;
        return true;
    });
}

std::size_t HostList::size() const { return impl_->live.size(); }
std::size_t HostList::entries() const { return impl_->by_endpoint.size(); }
std::uint64_t HostList::withdrawals_lost() const { return impl_->withdrawals_lost; }

bool HostList::vouches() const { return !empty() && impl_->slots[impl_->live.front()].entry.vouched(); }

ListDigest HostList::digest() const { return {static_cast<std::uint32_t>(impl_->shared.size()), impl_->mixed}; }

std::size_t HostList::bytes() const { return entries() * entry_bytes(0) + impl_->host_bytes; }

std::size_t HostList::entry_bytes(std::size_t host_length) {
    constexpr std::size_t numbers = 5 * 8;  // in the orders
    constexpr std::size_t interned = 72;    // in the endpoint table, when nobody shares it
    return sizeof(HostSlot) * 3 / 2 + numbers + interned + host_length;  // a growing vector is 3/4 full on average
}

std::vector<EndpointId> HostList::expire(Instant now, Shifts* shifts) {
    std::vector<EndpointId> gone;
    Shifts ignored;
    while (!impl_->due.empty() && impl_->slots[impl_->due.front()].due <= now) {
        const std::uint32_t slot = impl_->due.front();
        const EndpointId endpoint = impl_->slots[slot].entry.endpoint;
        if (impl_->end_of(slot, now, shifts ? *shifts : ignored)) gone.push_back(endpoint);
    }
    return gone;
}

}  // namespace halp
