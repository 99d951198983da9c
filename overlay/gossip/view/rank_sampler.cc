#include "overlay/gossip/view/rank_sampler.h"

#include <algorithm>
#include <tuple>

#include "store/hash.h"

namespace halp {

RankSampler::RankSampler(std::size_t slots, Random& random) : slots_(slots) {
    for (Slot& slot : slots_) slot.seed = random.next();
}

void RankSampler::offer(Slot& slot, EndpointId node, std::uint64_t hash) {
    const std::uint64_t rank = mix(mix(hash ^ slot.seed) + slot.seed);
    if (slot.node != no_endpoint && std::tie(slot.rank, slot.node) <= std::tie(rank, node)) return;
    slot.rank = rank;
    slot.hash = hash;
    slot.node = node;
}

void RankSampler::observe(EndpointId node, std::uint64_t hash) {
    for (Slot& slot : slots_) offer(slot, node, hash);
}

void RankSampler::forget(EndpointId node) {
    for (Slot& slot : slots_)
        if (slot.node == node) slot.node = no_endpoint;
}

void RankSampler::renew(Random& random) {
    if (slots_.empty()) return;
    Slot& renewed = slots_[next_];
    next_ = (next_ + 1) % slots_.size();
    renewed = Slot{.seed = random.next()};
    for (const Slot& other : slots_)
        if (&other != &renewed && other.node != no_endpoint) offer(renewed, other.node, other.hash);
}

void RankSampler::clear() {
    for (Slot& slot : slots_) slot.node = no_endpoint;
}

EndpointId RankSampler::draw(Random& random) const {
    EndpointId drawn = no_endpoint;
    std::uint64_t seen = 0;
    for (const Slot& slot : slots_)
        if (slot.node != no_endpoint && random.below(++seen) == 0) drawn = slot.node;
    return drawn;
}

bool RankSampler::holds(EndpointId node) const {
    return std::ranges::find(slots_, node, &Slot::node) != slots_.end();
}

std::vector<EndpointId> RankSampler::nodes() const {
    std::vector<EndpointId> out;
    for (const Slot& slot : slots_)
        if (slot.node != no_endpoint) out.push_back(slot.node);
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace halp
