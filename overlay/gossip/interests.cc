#include "overlay/gossip/interests.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace halp {

namespace {

constexpr std::uint32_t holder_every = 4;  // rounds

std::uint32_t interest_of(const Label& label) { return static_cast<std::uint32_t>(label.hash()); }

}  // namespace

void Interests::note(EndpointId speaker, const gossip::Hello& hello) {
    if (hello.interests.empty())
        by_peer_.erase(speaker);
    else if (view_.find(speaker))
        by_peer_[speaker] = hello.interests;
    if (by_peer_.size() >= look_again_at_) forget_strangers();
}

// The view forgets nodes at many places and tells nobody.
void Interests::forget_strangers() {
    constexpr std::size_t spare = 64;
    std::erase_if(by_peer_, [this](const auto& entry) { return !view_.find(entry.first); });
    look_again_at_ = 2 * by_peer_.size() + spare;
}

std::vector<std::uint32_t> Interests::own() {
    std::vector<std::uint32_t> held;
    for (const Label& label : labels_.host_labels())
        if (labels_.held(label)) held.push_back(interest_of(label));
    if (held.size() <= gossip::interests_max) return held;
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i < gossip::interests_max; ++i) out.push_back(held[(first_ + i) % held.size()]);
    first_ = (first_ + gossip::interests_max) % held.size();
    return out;
}

EndpointId Interests::partner() {
    if (++turns_ % holder_every != 0 || by_peer_.empty()) return no_endpoint;
    const std::vector<std::uint32_t> ours = own();
    if (ours.empty()) return no_endpoint;
    const std::uint32_t wanted = ours[random_.below(ours.size())];
    std::vector<EndpointId> holders, proved;
    for (const auto& [peer, held] : by_peer_) {
        const std::optional<Peer> known = view_.find(peer);
        if (!known || !known->presentable() || std::ranges::find(held, wanted) == held.end()) continue;
        holders.push_back(peer);
        if (known->proved != never) proved.push_back(peer);
    }
    // Anybody can say that it holds a label.
    if (!proved.empty()) holders = std::move(proved);
    return holders.empty() ? no_endpoint : holders[random_.below(holders.size())];
}

void Interests::mark_endpoints(std::vector<bool>& marks) const {
    for (const auto& [peer, held] : by_peer_) marks[static_cast<std::size_t>(peer)] = true;
}

}  // namespace halp
