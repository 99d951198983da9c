#include "overlay/gossip/view/fresh_view.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <functional>

#include "store/hash.h"

namespace halp {

namespace {

// Which endpoints were written already: a small Bloom filter, whose hits are checked in the output.
class Written {
public:
    explicit Written(const Sighting* out) : out_(out) {}
    bool has(EndpointId endpoint, std::size_t count) const {
        const std::uint32_t bit = place(endpoint);
        if ((bits_[bit >> 6] >> (bit & 63) & 1) == 0) return false;
        for (std::size_t i = 0; i < count; ++i)
            if (out_[i].endpoint() == endpoint) return true;
        return false;
    }
    void add(EndpointId endpoint) {
        const std::uint32_t bit = place(endpoint);
        bits_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    }

private:
    static std::uint32_t place(EndpointId endpoint) {
        return static_cast<std::uint32_t>(endpoint) * 0x9e3779b1U >> 24;
    }
    const Sighting* out_;
    std::uint64_t bits_[4]{};
};

constexpr Sighting nobody{0};

// Merges two sorted arrays that end with `nobody`, each endpoint once. Stops after `wanted` sightings and all
// others with the stamp of the last of these.
std::size_t merge_sorted(const Sighting* a, const Sighting* b, EndpointId self, std::size_t wanted, Sighting* out) {
    Written written{out};
    std::size_t count = 0;
    for (;;) {
        const bool first = a->word > b->word;
        const Sighting next = first ? *a : *b;
        a += first ? 1 : 0;
        b += first ? 0 : 1;
        if (next.word == 0) return count;
        if (count >= wanted && (count == 0 || next.stamp() != out[count - 1].stamp())) return count;
        const EndpointId endpoint = next.endpoint();
        if (endpoint == self || written.has(endpoint, count)) continue;
        written.add(endpoint);
        out[count++] = next;
    }
}

// Where sightings of one stamp lie on both sides of the cut at `keep`, decides which of them stay and puts those
// before the cut.
void resolve_ties(std::span<Sighting> all, std::size_t keep, TieRule rule, const FreshView::Chance& chance) {
    if (keep == 0 || keep >= all.size() || all[keep - 1].stamp() != all[keep].stamp()) return;
    const std::uint32_t stamp = all[keep].stamp();
    std::size_t begin = keep - 1, end = keep + 1;
    while (begin > 0 && all[begin - 1].stamp() == stamp) --begin;
    while (end < all.size() && all[end].stamp() == stamp) ++end;
    if (rule == TieRule::random) {
        for (std::size_t i = begin; i < keep; ++i) std::swap(all[i], all[i + chance.random.below(end - i)]);
    } else {
        const std::uint64_t salt = mix(chance.tie_salt);
        const auto rank = [&](Sighting s) { return mix(chance.hash.hash_of(s.endpoint()) ^ salt); };
        std::ranges::sort(all.subspan(begin, end - begin), std::greater{}, rank);
    }
    const auto newest_first = [&](std::size_t from, std::size_t to) {
        std::sort(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to),
                  std::greater{});
    };
    newest_first(begin, keep);
    newest_first(keep, end);
}

void take_out(Sighting* all, std::size_t& count, std::size_t at, Sighting* gone, std::size_t& gone_count) {
    if (gone) gone[gone_count] = all[at];
    ++gone_count;
    std::copy(all + at + 1, all + count, all + at);
    --count;
}

// Writes the places of at most `most` of the nodes in `sent`, ascending. They are drawn at random: if the newest
// were taken first, the swapper would keep old nodes, against the healer.
std::size_t choose_sent(std::span<const Sighting> all, std::span<const EndpointId> sent, Random& random,
                        Sighting* places, std::size_t most) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (std::ranges::find(sent, all[i].endpoint()) != sent.end()) places[found++] = {i};
    most = std::min(most, found);
    for (std::size_t i = 0; i < most; ++i) std::swap(places[i], places[i + random.below(found - i)]);
    std::sort(places, places + most);
    return most;
}

}  // namespace

std::size_t FreshView::merge(std::span<const Sighting> news, EndpointId self, const Rule& rule,
                             const Chance& chance, std::span<const EndpointId> sent, std::span<Sighting> left) {
    assert(room_.size() >= rule.size_max);
    const std::size_t most = size_ + news.size();
    Sighting* const gone = left.empty() ? nullptr : left.data();
    assert(!gone || left.size() >= most);
    SightingBuffer own(size_ + 1), told(news.size() + 1), merged(most), places(rule.swapper > 0 ? most : 0);
    *std::copy(room_.begin(), room_.begin() + static_cast<std::ptrdiff_t>(size_), own.begin()) = nobody;
    *std::copy(news.begin(), news.end(), told.begin()) = nobody;
    // When the oldest leave in any case and the caller does not ask which they are, the merge ends early.
    const bool oldest_leave = rule.healer >= most;
    Sighting* const all = merged.begin();
    std::size_t count =
        merge_sorted(own.begin(), told.begin(), self, oldest_leave && !gone ? rule.size_max : most, all);
    std::size_t gone_count = 0;
    if (count > rule.size_max) {
        const std::size_t keep = count - std::min(rule.healer, count - rule.size_max);
        resolve_ties({all, count}, keep, rule.ties, chance);
        while (count > keep) take_out(all, count, count - 1, gone, gone_count);
        if (rule.swapper > 0) {
            const std::size_t swaps = choose_sent({all, count}, sent, chance.random, places.begin(),
                                                  std::min(rule.swapper, count - rule.size_max));
            for (std::size_t i = swaps; i-- > 0;) take_out(all, count, places.begin()[i].word, gone, gone_count);
        }
        while (count > rule.size_max) take_out(all, count, chance.random.below(count), gone, gone_count);
    }
    std::copy(all, all + count, room_.begin());
    size_ = count;
    return gone_count;
}

std::size_t FreshView::merge_whole(const Sighting* own, const Sighting* news, EndpointId self, const Rule& rule,
                                   const Chance& chance, Sighting* out) {
    const std::size_t count = merge_sorted(own, news, self, rule.size_max, out);
    if (count <= rule.size_max) return count;
    resolve_ties({out, count}, rule.size_max, rule.ties, chance);
    return rule.size_max;
}

EndpointId FreshView::draw(Random& random) const {
    return size_ == 0 ? no_endpoint : room_[random.below(size_)].endpoint();
}

std::size_t FreshView::find(EndpointId endpoint) const {
    std::size_t i = 0;
    while (i < size_ && room_[i].endpoint() != endpoint) ++i;
    return i;
}

bool FreshView::erase(EndpointId endpoint) {
    const std::size_t at = find(endpoint);
    if (at == size_) return false;
    std::copy(room_.begin() + static_cast<std::ptrdiff_t>(at) + 1,
              room_.begin() + static_cast<std::ptrdiff_t>(size_), room_.begin() + static_cast<std::ptrdiff_t>(at));
    --size_;
    return true;
}

bool FreshView::merge_one(Sighting news, const Rule& rule, Sighting& left) {
    left = nobody;
    if (rule.swapper > 0 || size_ > rule.size_max) return false;
    std::size_t at = find(news.endpoint());
    if (at == size_ && size_ == rule.size_max) {
        if (rule.healer == 0) return false;
        const Sighting oldest = room_[size_ - 1];
        const Sighting before = size_ == 1 ? news : room_[size_ - 2];
        const bool refused = news < oldest;
        const Sighting stays = refused ? oldest : std::min(before, news);
        left = refused ? news : oldest;
        if (left.stamp() == stays.stamp()) return false;
        if (refused) return true;
        --at;
    } else if (at == size_) {
        ++size_;
    } else if (news < room_[at]) {
        return true;
    }
    for (; at > 0 && room_[at - 1] < news; --at) room_[at] = room_[at - 1];
    room_[at] = news;
    return true;
}

void FreshView::move(EndpointId endpoint, std::uint32_t stamp) {
    if (!erase(endpoint)) return;
    const Sighting news = Sighting::of(stamp, endpoint);
    std::size_t at = size_++;
    for (; at > 0 && room_[at - 1] < news; --at) room_[at] = room_[at - 1];
    room_[at] = news;
}

std::uint32_t StampClock::move_to(Instant now) {
    const Instant before = origin_;
    origin_ = Instant{std::chrono::floor<Milliseconds>(now.time_since_epoch())} - behind;
    if (before == never) return 0;
    const auto moved = std::chrono::duration_cast<Milliseconds>(origin_ - before).count();
    return static_cast<std::uint32_t>(std::min<std::int64_t>(moved, 0xffffffff));
}

}  // namespace halp
