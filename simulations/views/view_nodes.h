// The state of the nodes of a ViewSwarm, in two forms with one interface: FreshNodes have the fresh part of a view
// only, PeerNodes a whole PeerView. An object has the nodes of one worker thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "overlay/gossip/view/fresh_view.h"
#include "overlay/gossip/view/peer_view.h"
#include "simulations/views/view_swarm.h"
#include "simulations/world/sim_random.h"
#include "store/endpoint.h"

namespace halp::sim {

inline constexpr std::uint32_t nodes_max = 1U << 24;

// The endpoint of node i. It is EndpointId{i} in a table that intern_nodes() has filled.
Endpoint endpoint_of_node(std::uint32_t node);
void intern_nodes(EndpointTable& table, std::uint32_t nodes);

// A random stream that is seeded anew at every event, so that nodes have no random state.
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
    // True when such a view uses nothing but its fresh part.
    static bool serve(const ViewOptions& view);

    void start(std::uint32_t node, std::span<const Sighting> others) {
        hear(node, others, no_endpoint, false, 0, 0);
    }
    EndpointId partner(std::uint32_t node) { return view(node).draw(random_); }
    EndpointId feeler(std::uint32_t, std::uint32_t) { return no_endpoint; }
    // Writes the view, newest first, without the node itself. Returns the number of sightings.
    std::size_t tell(std::uint32_t node, std::span<Sighting> out);
    // Merges what `sender` sent, itself included. `answered`: it is the answer to our request.
    void hear(std::uint32_t node, std::span<const Sighting> news, EndpointId sender, bool answered,
              std::uint32_t now, std::uint64_t salt);
    void contact(std::uint32_t, EndpointId, bool, std::uint32_t) {}  // a ping or a pong changes nothing
    void prefetch(std::uint32_t node) const;
    void prefetch_early(std::uint32_t) const {}
    void add_view(std::uint32_t node, std::vector<std::uint32_t>& out) const;

private:
    [[nodiscard]] std::span<Sighting> storage(std::uint32_t node) {
        return std::span{sightings_}.subspan(std::size_t{node - range_.begin} * rule_.size_max, rule_.size_max);
    }
    FreshView view(std::uint32_t node) { return {storage(node), sizes_[node - range_.begin]}; }

    class NodeHash final : public TieHash {
        [[nodiscard]] std::uint64_t hash_of(EndpointId endpoint) const override;
    };
    NodeRange range_;
    EventRandom& random_;
    FreshView::Rule rule_;
    NodeHash hash_;
    std::vector<Sighting> sightings_;
    std::vector<std::uint8_t> sizes_;
};

class PeerNodes {
public:
    PeerNodes(const ViewSwarmOptions& options, NodeRange range, EventRandom& random);

    void start(std::uint32_t node, std::span<const Sighting> others);
    EndpointId partner(std::uint32_t node) { return at(node).partner(); }
    EndpointId feeler(std::uint32_t node, std::uint32_t now);
    std::size_t tell(std::uint32_t node, std::span<Sighting> out);
    void hear(std::uint32_t node, std::span<const Sighting> news, EndpointId sender, bool answered,
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
