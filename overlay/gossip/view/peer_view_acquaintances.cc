// Acquaintances: proved nodes with places of their own, which nothing heard can take. A swarm of few nodes is kept
// whole by them, and after a restart they are called first. Age is what an attacker cannot make up: a full set
// keeps those that are known longest, and no address group holds more than half of it when others want places.
#include <algorithm>
#include <tuple>

#include "overlay/gossip/view/peer_view.h"
#include "store/hash.h"

namespace halp {

namespace {

constexpr std::size_t places = 24;               // at most half of the pool
constexpr std::size_t longest_known_called = 8;  // every second turn goes to one of these
constexpr std::size_t told_besides = 4;          // at a push of news; others at the next one

}  // namespace

bool PeerView::known_at(std::size_t at) const {
    const Details* const details = details_at(at);
    return details && details->known_since != never;
}

bool PeerView::met_at(std::size_t at) const {
    if (rows_[at].proved != 0) return true;
    const Details* const details = details_at(at);
    return details && details->met;
}

std::size_t PeerView::acquaintances_max() const { return std::min(places, options_->pool_max / 2); }

void PeerView::make_acquaintances(Instant now, bool one_of_many) {
    if (listed_count() <= acquaintances_max()) {
        for (std::size_t at = 0; at < rows_.size(); ++at)
            if (presentable_at(at) && rows_[at].proved != 0 && !known_at(at)) acquaint(at, now);
    } else if (one_of_many) {
        // A seed is no anchor, so it does not become everybody's acquaintance.
        if (const std::size_t anchor = some_anchor(now); anchor != nowhere) acquaint(anchor, now);
    }
}

// As good as random for this node and instant, without a draw. `nowhere` when all are acquaintances.
std::size_t PeerView::some_anchor(Instant now) const {
    std::size_t chosen = nowhere;
    std::uint64_t least = ~std::uint64_t{0};
    const auto salt = mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    where(role_bits | suspected | is_original, flags_of(PeerRole::anchor)).each([&](std::size_t at) {
        const std::uint64_t rank = mix(endpoints_.hash(rows_[at].endpoint) ^ salt);
        if (rank >= least || known_at(at)) return;
        least = rank;
        chosen = at;
    });
    return chosen;
}

void PeerView::take_memory(std::size_t at, const PeerReport& report) {
    if (report.met) details_for(at).met = true;
    if (report.known_since != never) acquaint(at, report.known_since);
}

void PeerView::acquaint(std::size_t at, Instant since) {
    if (acquaintances_max() == 0) return;
    Details& details = details_for(at);
    if (details.known_since == never) ++acquaintances_;
    if (details.known_since == never || since < details.known_since) details.known_since = since;
    const EndpointId id = rows_[at].endpoint;
    bool stays = true;
    while (acquaintances_ > acquaintances_max()) {
        const EndpointId out = latest_acquaintance();
        stays = stays && out != id;
        part_from(place(out));
    }
    acquaintances_made_ += stays;
}

void PeerView::part_from(std::size_t at) {
    details_for(at).known_since = never;
    --acquaintances_;
}

std::vector<EndpointId> PeerView::acquaintances() const {
    std::vector<std::tuple<Instant, EndpointId>> by_age;
    by_age.reserve(acquaintances_);
    if (acquaintances_ > 0)
        for (const Details& details : details_)
            if (details.known_since != never && !dead_at(place(details.endpoint)))
                by_age.emplace_back(details.known_since, details.endpoint);
    std::ranges::sort(by_age);
    std::vector<EndpointId> out;
    out.reserve(by_age.size());
    for (const auto& [since, id] : by_age) out.push_back(id);
    return out;
}

// Who gives up a place: of a group that holds more than half of them the latest, else the latest of all.
EndpointId PeerView::latest_acquaintance() const {
    const std::vector<EndpointId> by_age = acquaintances();
    for (std::size_t i = by_age.size(); i-- > 0;) {
        const std::uint32_t group = endpoints_.group(by_age[i]);
        const auto members =
            std::ranges::count_if(by_age, [&](EndpointId id) { return endpoints_.group(id) == group; });
        if (static_cast<std::size_t>(members) > acquaintances_max() / 2) return by_age[i];
    }
    return by_age.back();
}

// Takes the acquaintances in the pool out of the set of those that may leave it. Returns how many they are.
std::size_t PeerView::reserve_places(PlaceBits& pool) const {
    if (acquaintances_ == 0) return 0;
    std::size_t count = 0;
    for (const Details& details : details_) {
        if (details.known_since == never) continue;
        const std::size_t at = place(details.endpoint);
        if (role_at(at) != PeerRole::pool) continue;
        pool.remove(at);
        ++count;
    }
    return count;
}

std::vector<EndpointId> PeerView::untried_acquaintances() const {
    std::vector<EndpointId> left = acquaintances(), out;
    std::erase_if(left, [&](EndpointId id) {
        const std::size_t at = place(id);
        return rows_[at].proved != 0 || (flags_[at] & has_failed) != 0;
    });
    std::vector<std::uint32_t> groups;
    while (!left.empty()) {
        auto next = left.begin();
        if (out.size() % 2 == 1) {
            next = std::ranges::find_if(left, [&](EndpointId id) {
                return std::ranges::find(groups, endpoints_.group(id)) == groups.end();
            });
            if (next == left.end()) next = left.begin();
        }
        groups.push_back(endpoints_.group(*next));
        out.push_back(*next);
        left.erase(next);
    }
    return out;
}

// Those that may be told something, longest known first.
std::vector<EndpointId> PeerView::presentable_acquaintances() const {
    std::vector<EndpointId> known = acquaintances();
    std::erase_if(known, [&](EndpointId id) { return !presentable_at(place(id)); });
    return known;
}

std::vector<EndpointId> PeerView::news_targets(std::size_t count, std::size_t turn, Instant now) {
    std::vector<EndpointId> out = some_presentable(count);
    const std::vector<EndpointId> known = presentable_acquaintances();
    if (known.empty()) return out;
    const auto age = [&](EndpointId id) { return now - details_at(place(id))->known_since; };
    const auto old = static_cast<std::size_t>(
        std::ranges::count_if(known, [&](EndpointId id) { return age(id) >= age(known.front()) / 2; }));
    if (5 * old >= presentable_count()) return out;
    const std::size_t among = std::min(known.size(), 2 * told_besides);
    for (std::size_t i = 0; i < std::min(told_besides, among); ++i) {
        const EndpointId id = known[(turn * told_besides + i) % among];
        if (std::ranges::find(out, id) == out.end()) out.push_back(id);
    }
    return out;
}

EndpointId PeerView::next_acquaintance() {
    if (acquaintances_ == 0) return no_endpoint;
    if (listed_count() <= capacity() * small_swarm_eighths / 8) return no_endpoint;
    const std::vector<EndpointId> known = presentable_acquaintances();
    if (known.empty()) return no_endpoint;
    const std::uint32_t turn = acquaintance_turn_++;
    const std::size_t among = turn % 2 == 0 ? std::min(known.size(), longest_known_called) : known.size();
    return known[turn / 2 % among];
}

}  // namespace halp
