#include "simulations/peer_cycles.h"

#include <cassert>
#include <string>

namespace halp::sim {

ViewOptions newscast(std::size_t c) {
    ViewOptions o;
    o.fresh_max = o.sample_freshest = c;
    o.healer = 2 * c + 1;  // whatever a merge holds, nothing but age decides
    o.swapper = o.sample_random = 0;
    o.partner = PartnerRule::random;
    o.propagation = Propagation::push_pull;
    o.ties = TieRule::hash;
    o.anchors_max = o.pool_max = o.grave_max = 0;
    return o;
}

PeerCycles::PeerCycles(std::uint64_t seed, std::size_t nodes, const ViewOptions& view) {
    assert(nodes > view.fresh_max);
    for (std::uint32_t i = 0; i < nodes; ++i) {
        const EndpointId id = endpoints_.intern({"n" + std::to_string(i) + ".example", 3451});
        assert(id == EndpointId{i});
        nodes_.emplace_back(endpoints_, view, seed, static_cast<std::uint64_t>(id));
    }
    SimRandom start{seed, 0x7374617274};
    for (std::uint32_t i = 0; i < nodes; ++i) {
        for (std::size_t drawn = 0; drawn < view.fresh_max;) {
            const EndpointId other{static_cast<std::uint32_t>(start.below(nodes))};
            if (other == EndpointId{i} || nodes_[i].view.find(other)) continue;
            nodes_[i].view.hear({.endpoint = other, .incarnation = 1, .seen = now_}, now_);
            ++drawn;
        }
    }
}

void PeerCycles::cycle() {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
        now_ += std::chrono::milliseconds{1};
        const EndpointId partner = nodes_[i].view.partner();
        if (partner != no_endpoint) exchange(i, static_cast<std::uint32_t>(partner));
    }
}

void PeerCycles::exchange(std::uint32_t a, std::uint32_t b) {
    const std::vector<PeerNews> from_a = told_by(a), from_b = told_by(b);
    const std::uint64_t salt =
        mix_words(mix_words(a, b), static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    hear(b, from_a, salt);
    hear(a, from_b, salt);
}

std::vector<PeerNews> PeerCycles::told_by(std::uint32_t node) {
    std::vector<PeerNews> news;
    for (const Peer& p : nodes_[node].view.sample())
        news.push_back({.endpoint = p.endpoint, .incarnation = p.incarnation, .seen = p.seen});
    news.push_back({.endpoint = EndpointId{node}, .incarnation = 1, .seen = now_, .direct = true});
    return news;
}

void PeerCycles::hear(std::uint32_t node, const std::vector<PeerNews>& news, std::uint64_t tie_salt) {
    PeerView& view = nodes_[node].view;
    for (const PeerNews& one : news)
        if (one.endpoint != EndpointId{node}) view.hear(one, now_);
    view.settle(tie_salt);
}

ViewGraph PeerCycles::graph() const {
    ViewGraph out;
    for (const Node& node : nodes_) {
        auto& view = out.views.emplace_back();
        for (const Peer& p : node.view.all())
            if (p.role == PeerRole::fresh) view.push_back(static_cast<std::uint32_t>(p.endpoint));
    }
    return out;
}

}  // namespace halp::sim
