// The state of the nodes of a ViewSwarm, in two forms with one interface: FreshNodes have the fresh part of a view
// only, PeerNodes a whole PeerView. An object has the nodes of one worker thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "overlay/gossip/view/fresh_view.h"
#include "overlay/gossip/view/peer_view.h"
#include "simulations/views/view_swarm.h"
#include "simulations/world/large_pages.h"
#include "simulations/world/sim_random.h"
#include "store/endpoint.h"

namespace halp::sim {

inline constexpr std::uint32_t nodes_max = 1U << 27;

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

// Views of one size in one block, 7 bytes a sighting: as many bits as the nodes of the swarm need, and the stamp in
// the others.
class PackedViews {
public:
    // `nodes` of the `swarm` have their views here.
    PackedViews(std::uint32_t nodes, std::uint32_t swarm, std::size_t size_max)
        : node_bits_(node_bits_of(swarm)),
          stride_(size_max * word_bytes + 1),
          bytes_(large_pages<std::uint8_t>(std::size_t{nodes} * stride_ + slack)) {
        for (std::uint32_t node = 0; node < nodes; ++node) *begin(node) = 0;
    }
    // Stamps above this are not kept whole.
    [[nodiscard]] static std::uint32_t stamp_max(std::uint32_t swarm) {
        return static_cast<std::uint32_t>((std::uint64_t{1} << (8 * word_bytes - node_bits_of(swarm))) - 1);
    }
    [[nodiscard]] std::size_t size(std::uint32_t node) const { return *begin(node); }
    [[nodiscard]] Sighting at(std::uint32_t node, std::size_t place) const {
        std::uint64_t word = 0;
        std::memcpy(&word, begin(node) + 1 + place * word_bytes, sizeof word);
        word &= (std::uint64_t{1} << 8 * word_bytes) - 1;
        return {word >> node_bits_ << 32 | (word & ((std::uint64_t{1} << node_bits_) - 1))};
    }
    // Newest first, and a word of 0 behind the last.
    std::size_t read(std::uint32_t node, Sighting* out) const {
        const std::size_t count = size(node);
        for (std::size_t i = 0; i < count; ++i) out[i] = at(node, i);
        out[count] = {0};
        return count;
    }
    void write(std::uint32_t node, const Sighting* from, std::size_t count) {
        std::uint8_t* const to = begin(node);
        *to = static_cast<std::uint8_t>(count);
        const auto packed = [&](std::size_t i) {
            return from[i].word >> 32 << node_bits_ | (from[i].word & 0xffffffff);
        };
        for (std::size_t i = 0; i + 1 < count; ++i) {
            const std::uint64_t word = packed(i);
            std::memcpy(to + 1 + i * word_bytes, &word, sizeof word);  // the next one covers its last byte
        }
        if (count == 0) return;
        const std::uint64_t last = packed(count - 1);
        std::memcpy(to + 1 + (count - 1) * word_bytes, &last, word_bytes);
    }
    void prefetch(std::uint32_t node) const {
        const auto* bytes = begin(node);
        for (std::size_t at = 0; at < stride_ + 63; at += 64) __builtin_prefetch(bytes + at, 1);
    }

private:
    static_assert(std::endian::native == std::endian::little, "the last byte of a word is its highest");
    static constexpr std::size_t word_bytes = 7, slack = 8;  // a word is read with the byte behind it
    // At least 24, so that a stamp has 32 bits at most.
    [[nodiscard]] static unsigned node_bits_of(std::uint32_t swarm) {
        return std::max(24U, static_cast<unsigned>(std::bit_width(swarm - 1)));
    }
    [[nodiscard]] std::uint8_t* begin(std::uint32_t node) const { return bytes_.get() + node * stride_; }

    unsigned node_bits_;
    std::size_t stride_;
    LargePages<std::uint8_t> bytes_;
};

class FreshNodes {
public:
    FreshNodes(const ViewSwarmOptions& options, NodeRange range, EventRandom& random);
    // True when such a view uses nothing but its fresh part.
    static bool serve(const ViewOptions& view);

    void start(std::uint32_t node, std::span<const Sighting> others) {
        views_.write(node - range_.begin, others.data(), others.size());
    }
    EndpointId partner(std::uint32_t node) {
        const std::size_t size = views_.size(node - range_.begin);
        return size == 0 ? no_endpoint : views_.at(node - range_.begin, random_.below(size)).endpoint();
    }
    EndpointId feeler(std::uint32_t, std::uint32_t) { return no_endpoint; }
    // Writes the view, newest first, without the node itself. Returns the number of sightings.
    std::size_t tell(std::uint32_t node, std::span<Sighting> out) {
        return views_.read(node - range_.begin, out.data());
    }
    // Merges what `sender` sent, itself included. `answered`: it is the answer to our request.
    void hear(std::uint32_t node, std::span<const Sighting> news, EndpointId sender, bool answered,
              std::uint32_t now, std::uint64_t salt);
    void contact(std::uint32_t, EndpointId, bool, std::uint32_t) {}  // a ping or a pong changes nothing
    void prefetch(std::uint32_t node) const { views_.prefetch(node - range_.begin); }
    void prefetch_early(std::uint32_t) const {}
    void add_view(std::uint32_t node, std::vector<std::uint32_t>& out) const;

private:
    class NodeHash final : public TieHash {
        [[nodiscard]] std::uint64_t hash_of(EndpointId endpoint) const override;
    };
    NodeRange range_;
    EventRandom& random_;
    FreshView::Rule rule_;
    NodeHash hash_;
    PackedViews views_;
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
