// What a node of a ViewSwarm keeps, behind one face: FreshNodes keep the fresh part alone, PeerNodes whole
// PeerViews. Each holds a range of the nodes, so that a worker thread has its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "overlay/gossip/fresh_view.h"
#include "overlay/gossip/peer_view.h"
#include "simulations/views/view_swarm.h"
#include "simulations/world/sim_random.h"
#include "store/endpoint.h"

namespace halp::sim {

inline constexpr std::uint32_t nodes_max = 1U << 24;

// Where node i is reached; it is also EndpointId{i} of tables that take in the nodes in order.
Endpoint endpoint_of_node(std::uint32_t node);
void intern_nodes(EndpointTable& table, std::uint32_t nodes);

// A stream of chance that begins anew at every event: no node keeps a state of its own.
class EventRandom final : public Random {
public:
    void begin(std::uint64_t seed, std::uint32_t node, std::uint32_t tick, std::uint32_t purpose) {
        state_ = mix_words(mix_words(seed, std::uint64_t{node} << 32 | tick), purpose);
    }
    std::uint64_t next() override { return mix_words(state_ += 0x9e3779b97f4a7c15U); }

private:
    std::uint64_t state_ = 0;
};

struct NodeRange {
    std::uint32_t begin, end;
    [[nodiscard]] bool has(std::uint32_t node) const { return node >= begin && node < end; }
};

class FreshNodes {
public:
    FreshNodes(const ViewSwarmOptions& options, NodeRange range, EventRandom& random);
    // Whether nothing but the fresh part of such a view is ever used.
    static bool serve(const ViewOptions& view);

    void start(std::uint32_t node, std::span<const Sighting> others) {
        hear(node, others, no_endpoint, false, 0, 0);
    }
    EndpointId partner(std::uint32_t node) { return view(node).draw(random_); }
    EndpointId feeler(std::uint32_t, std::uint32_t) { return no_endpoint; }
    // Newest first, without the node itself; answers how many.
    std::size_t tell(std::uint32_t node, std::span<Sighting> out);
    // What `speaker` told, itself among it. `answered`: we called it.
    void hear(std::uint32_t node, std::span<const Sighting> news, EndpointId speaker, bool answered,
              std::uint32_t now, std::uint64_t salt);
    void contact(std::uint32_t, EndpointId, bool, std::uint32_t) {}  // a ping or a pong: nothing to keep
    void prefetch(std::uint32_t node) const;
    void prefetch_early(std::uint32_t) const {}
    void add_view(std::uint32_t node, std::vector<std::uint32_t>& out) const;

private:
    [[nodiscard]] std::span<Sighting> room(std::uint32_t node) {
        return std::span{rooms_}.subspan(std::size_t{node - range_.begin} * rule_.size_max, rule_.size_max);
    }
    FreshView view(std::uint32_t node) { return {room(node), sizes_[node - range_.begin]}; }

    class NodeHash final : public TieHash {
        [[nodiscard]] std::uint64_t hash_of(EndpointId endpoint) const override;
    };
    NodeRange range_;
    EventRandom& random_;
    FreshView::Rule rule_;
    NodeHash hash_;
    std::vector<Sighting> rooms_;
    std::vector<std::uint8_t> sizes_;
};

class PeerNodes {
public:
    PeerNodes(const ViewSwarmOptions& options, NodeRange range, EventRandom& random);

    void start(std::uint32_t node, std::span<const Sighting> others);
    EndpointId partner(std::uint32_t node) { return at(node).partner(); }
    EndpointId feeler(std::uint32_t node, std::uint32_t now);
    std::size_t tell(std::uint32_t node, std::span<Sighting> out);
    void hear(std::uint32_t node, std::span<const Sighting> news, EndpointId speaker, bool answered,
              std::uint32_t now, std::uint64_t salt);
    void contact(std::uint32_t node, EndpointId other, bool answered, std::uint32_t now);
    void prefetch(std::uint32_t node) const { views_[node - range_.begin].prefetch(); }
    void prefetch_early(std::uint32_t node) const;
    void add_view(std::uint32_t node, std::vector<std::uint32_t>& out) const;

private:
    PeerView& at(std::uint32_t node) { return views_[node - range_.begin]; }
    NodeRange range_;
    bool proves_;
    EndpointTable endpoints_;
    std::vector<PeerView> views_;
};

}  // namespace halp::sim
