// The end of an exchange: the fresh part takes in what has arrived, and each part is cut to its limit.
#include "overlay/gossip/view/peer_view.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

namespace halp {

namespace {

constexpr std::uint64_t last_place = 0xffffff;  // a place is 24 bits of a word, beside a stamp

// As std::nth_element in descending order, but without branches that depend on a comparison. No two elements are
// equal.
void put_highest_first(Sighting* begin, Sighting* cut, Sighting* end) {
    while (end - begin > 1) {
        Sighting* const middle = begin + (end - begin) / 2;
        const Sighting pivot = std::max(std::min(*begin, *middle), std::min(std::max(*begin, *middle), end[-1]));
        Sighting* higher = begin;
        for (Sighting* s = begin; s != end; ++s) {
            const Sighting here = *s;
            *s = *higher;
            *higher = here;
            higher += here > pivot;
        }
        if (cut < higher) {
            end = higher;
            continue;
        }
        // The pivot is the highest of the rest.
        std::iter_swap(higher, std::find(higher, end, pivot));
        if (cut == higher) return;
        begin = higher + 1;
    }
}

}  // namespace

void PeerView::merge_arrivals(std::uint64_t tie_salt) {
    limit_groups();
    if (arrivals_ || fresh_count_ > options_->fresh_max) merge_into_fresh(tie_salt);
    shrink_pool();
}

void PeerView::merge_into_fresh(std::uint64_t tie_salt) {
    constexpr Flags fresh_and_arrived = arrived;  // the role fresh is 0
    static_assert(static_cast<Flags>(PeerRole::fresh) == 0);
    const PlaceBits places = where(role_bits | arrived, fresh_and_arrived);
    const std::size_t told = places.count();
    SightingBuffer news{told + 1}, left{told + fresh_count_ + 1};
    Sighting* end = news.begin();
    places.each([&](std::size_t at) {
        *end++ = Sighting::of(rows_[at].newest(), rows_[at].endpoint);
        flags_[at] &= static_cast<Flags>(~arrived);
    });
    arrivals_ = false;
    FreshView view = fresh();
    if (Sighting out{0}; told == 1 && view.merge_one(*news.begin(), FreshView::rule_of(*options_), out)) {
        fresh_count_ = static_cast<std::uint32_t>(view.size());
        if (out.word != 0) demote({&out, 1});
        return;
    }
    std::vector<EndpointId> sent;
    if (options_->swapper > 0)
        where(role_bits | was_sent, was_sent).each([&](std::size_t at) { sent.push_back(rows_[at].endpoint); });
    std::sort(news.begin(), end, std::greater{});
    const ByEndpoint hash{endpoints_};
    const std::size_t gone = view.merge({news.begin(), told}, no_endpoint, FreshView::rule_of(*options_),
                                        {random_, hash, tie_salt}, sent, {left.begin(), fresh_count_ + told + 1});
    fresh_count_ = static_cast<std::uint32_t>(view.size());
    if (gone > 0) demote({left.begin(), gone});
}

// Moves nodes that a merge removed from fresh_ to the pool.
void PeerView::demote(std::span<const Sighting> left) {
    for (const Sighting s : left) flags_[lower_bound(s.endpoint())] |= flags_of(PeerRole::pool);
    const auto count = static_cast<std::uint32_t>(left.size());
    counts_[static_cast<std::size_t>(PeerRole::fresh)] -= count;
    counts_[static_cast<std::size_t>(PeerRole::pool)] += count;
}

// Cuts each address group to its limit. Anchors stay first, then the newest fresh nodes, so that claims of
// freshness never displace a proved node.
void PeerView::limit_groups() {
    if (options_->per_group_max == 0) return;
    std::vector<std::tuple<std::uint32_t, std::uint32_t, std::size_t>> members;  // group, age, place
    for (std::size_t at = 0; at < rows_.size(); ++at) {
        const bool anchor = role_at(at) == PeerRole::anchor;
        if (anchor || role_at(at) == PeerRole::fresh)
            members.emplace_back(endpoints_.group(rows_[at].endpoint), anchor ? 0 : ~rows_[at].newest(), at);
    }
    std::ranges::sort(members);
    std::size_t in_group = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
        in_group = i > 0 && std::get<0>(members[i]) == std::get<0>(members[i - 1]) ? in_group + 1 : 1;
        if (in_group > options_->per_group_max) assign(std::get<2>(members[i]), PeerRole::pool);
    }
}

// A crowded group gets no further anchor. Attackers with addresses of few groups crowd them; honest nodes are
// spread over many groups.
bool PeerView::group_is_crowded(std::size_t at) const {
    if (options_->per_group_max == 0) return false;
    const std::uint32_t group = endpoints_.group(rows_[at].endpoint);
    std::size_t others = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i)
        others += i != at && (role_at(i) == PeerRole::fresh || role_at(i) == PeerRole::anchor) &&
                  endpoints_.group(rows_[i].endpoint) == group;
    return others > 0 && others + 1 >= options_->per_group_max;
}

// Cuts the pool to its limit: mere claims leave first, then nodes that were only heard of, suspects and those that
// nobody confirmed for longest before others, then proved ones by their last proof. Acquaintances stay. Nodes in a
// slot of the sampler stay, because what others say must not change the sampler.
void PeerView::shrink_pool() {
    if (count(PeerRole::pool) <= options_->pool_max) return;
    PlaceBits places = where(role_bits, flags_of(PeerRole::pool));
    const std::size_t room = options_->pool_max - reserve_places(places);
    for (const EndpointId held : ranked_.nodes())
        if (const std::size_t at = place(held); at != nowhere) places.remove(at);
    const std::size_t size = places.count();
    if (size <= room) return;
    // One word each: the rank, the stamp, the place. Higher words stay.
    SightingBuffer pool{size + 1};
    Sighting* end = pool.begin();
    places.each([&](std::size_t at) {
        const Row& r = rows_[at];
        const bool met = met_at(at);
        const unsigned rank = (met || r.vouched() ? 4U : 0U) | (met ? 2U : 0U) | (flags_[at] & suspected ? 0U : 1U);
        const std::uint32_t stamp = r.proved != 0 ? r.proved : r.newest();
        *end++ = {std::uint64_t{rank} << 61 | std::uint64_t{stamp} << 24 | (last_place - at)};
    });
    Sighting* const cut = pool.begin() + room;
    cut_pool(pool.begin(), cut, end);
    for (Sighting* s = cut; s != end; ++s) {
        const std::size_t at = last_place - (s->word & last_place);
        proved_short_ += s->word >> 61 >= 6;
        drop_details(at);
        rows_[at].endpoint = no_endpoint;
    }
    pool_short_ += static_cast<std::uint64_t>(end - cut);
    counts_[static_cast<std::size_t>(PeerRole::pool)] -= static_cast<std::uint32_t>(end - cut);
    remove_cleared();
}

// Puts the nodes that stay before the cut.
void PeerView::cut_pool(Sighting* begin, Sighting* cut, Sighting* end) const {
    if (cut == begin) return;
    if (end - cut == 1)
        std::iter_swap(cut, std::min_element(begin, end));
    else
        put_highest_first(begin, cut, end);
    const std::uint64_t border = cut->word >> 24;
    if (std::none_of(begin, cut, [border](Sighting s) { return s.word >> 24 == border; })) return;
    // Rare except among claims, which have no stamp: nodes of one rank and stamp on both sides of the cut.
    const auto stays_before = [&](Sighting a, Sighting b) {
        if (a.word >> 24 != b.word >> 24) return a.word > b.word;
        const std::size_t one = last_place - (a.word & last_place), other = last_place - (b.word & last_place);
        if ((flags_[one] | flags_[other]) & has_details) return listed_before(peer_at(one), peer_at(other));
        if (rows_[one].proved != rows_[other].proved) return rows_[one].proved > rows_[other].proved;
        return one < other;
    };
    std::nth_element(begin, cut, end, stays_before);
}

void PeerView::shrink_graves() {
    if (count(PeerRole::grave) <= options_->grave_max) return;
    const std::size_t leaves = superfluous_grave();
    proved_short_ += met_at(leaves);
    ++graves_short_;
    remove(leaves);
}

// Graves of nodes that were only heard of leave first, then those of proved nodes, then those of acquaintances. Of
// one kind an address group that fills more than half of the graves loses its own ones. Then the oldest leaves.
std::size_t PeerView::superfluous_grave() const {
    struct Grave {
        int worth;
        std::uint32_t group;
        Instant buried;
        std::size_t at;
    };
    std::vector<Grave> graves;
    for (std::size_t at = 0; at < rows_.size(); ++at)
        if (dead_at(at)) {
            const int worth = known_at(at) ? 2 : met_at(at) ? 1 : 0;
            graves.push_back({worth, endpoints_.group(rows_[at].endpoint), details_at(at)->buried, at});
        }
    const int least = std::ranges::min_element(graves, {}, &Grave::worth)->worth;
    std::erase_if(graves, [least](const Grave& g) { return g.worth > least; });
    std::ranges::sort(graves, {}, &Grave::group);
    std::span<const Grave> among{graves};
    for (std::size_t i = 0, end = 0; i < graves.size(); i = end) {
        while (end < graves.size() && graves[end].group == graves[i].group) ++end;
        if (end - i > options_->grave_max / 2) among = among.subspan(i, end - i);
        if (end - i > options_->grave_max / 2) break;
    }
    const auto before = [](const Grave& a, const Grave& b) {
        return std::tie(a.buried, a.at) < std::tie(b.buried, b.at);
    };
    return std::ranges::min_element(among, before)->at;
}

}  // namespace halp
