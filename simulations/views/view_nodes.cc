#include "simulations/views/view_nodes.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <functional>
#include <string>

namespace halp::sim {

namespace {

// Views have no tick 0.
constexpr Instant tick_zero{std::chrono::hours{1000}};
constexpr std::uint16_t port_of_nodes = 3451;
constexpr std::uint32_t incarnation_of_nodes = 1;  // no node restarts
constexpr std::size_t told_and_end_max = 102;      // 100 sightings, the sender, and the word of 0 behind them

Instant instant_of(std::uint32_t tick) { return tick_zero + std::chrono::milliseconds{tick}; }
std::uint32_t tick_of(Instant instant) {
    return static_cast<std::uint32_t>((instant - tick_zero) / std::chrono::milliseconds{1});
}

}  // namespace

Endpoint endpoint_of_node(std::uint32_t node) {
    assert(node < nodes_max);
    return {std::to_string(10 + (node >> 24)) + "." + std::to_string(node >> 16 & 255) + "." +
                std::to_string(node >> 8 & 255) + "." + std::to_string(node & 255),
            port_of_nodes};
}

void intern_nodes(EndpointTable& table, std::uint32_t nodes) {
    for (std::uint32_t i = 0; i < nodes; ++i) {
        const EndpointId id = table.intern(endpoint_of_node(i));
        assert(id == EndpointId{i});
        static_cast<void>(id);  // only asserted
    }
}

// ---- the fresh part only ----

std::uint64_t FreshNodes::NodeHash::hash_of(EndpointId endpoint) const {
    return endpoint_of_node(static_cast<std::uint32_t>(endpoint)).hash();
}

bool FreshNodes::serve(const ViewOptions& view) {
    return view.anchors_max + view.pool_max + view.grave_max + view.swapper + view.per_group_max == 0 &&
           view.sample_freshest >= view.fresh_max && view.healer > 2 * view.fresh_max &&
           view.partner == PartnerRule::random;
}

FreshNodes::FreshNodes(const ViewSwarmOptions& options, NodeRange range, EventRandom& random)
    : range_(range),
      random_(random),
      rule_(FreshView::rule_of(options.view)),
      views_(range.end - range.begin, options.nodes, rule_.size_max) {}

// `news` ends with a word of 0, which is not counted.
void FreshNodes::hear(std::uint32_t node, std::span<const Sighting> news, EndpointId, bool, std::uint32_t,
                      std::uint64_t salt) {
    std::array<Sighting, told_and_end_max> own;
    std::array<Sighting, 2 * told_and_end_max> merged;
    views_.read(node - range_.begin, own.data());
    const std::size_t count = FreshView::merge_whole(own.data(), news.data(), EndpointId{node}, rule_,
                                                     {random_, hash_, salt}, merged.data());
    views_.write(node - range_.begin, merged.data(), count);
}

void FreshNodes::add_view(std::uint32_t node, std::vector<std::uint32_t>& out) const {
    for (std::size_t i = 0; i < views_.size(node - range_.begin); ++i)
        out.push_back(static_cast<std::uint32_t>(views_.at(node - range_.begin, i).endpoint()));
}

// ---- whole peer views ----

PeerNodes::PeerNodes(const ViewSwarmOptions& options, NodeRange range, EventRandom& random)
    : range_(range), proves_(options.view.anchors_max > 0) {
    intern_nodes(endpoints_, options.nodes);
    views_.reserve(range.end - range.begin);
    const auto rule = std::make_shared<const ViewOptions>(options.view);
    for (std::uint32_t i = range.begin; i < range.end; ++i)
        views_.push_back(PeerView::sharing(endpoints_, random, rule));
}

void PeerNodes::start(std::uint32_t node, std::span<const Sighting> others) {
    for (const Sighting s : others)
        at(node).merge(
            {.endpoint = s.endpoint(), .incarnation = incarnation_of_nodes, .seen = instant_of(s.stamp())},
            instant_of(s.stamp()));
    at(node).merge_arrivals();
}

EndpointId PeerNodes::feeler(std::uint32_t node, std::uint32_t now) {
    return at(node).feeler(instant_of(now), Duration::max() / 2);
}

std::size_t PeerNodes::tell(std::uint32_t node, std::span<Sighting> out) {
    std::array<PeerView::Sampled, 128> told;
    const std::size_t count = at(node).sample(told, false);
    for (std::size_t i = 0; i < count; ++i) out[i] = Sighting::of(tick_of(told[i].newest), told[i].endpoint);
    std::ranges::sort(out.first(count), std::greater{});
    return count;
}

void PeerNodes::hear(std::uint32_t node, std::span<const Sighting> news, EndpointId sender, bool answered,
                     std::uint32_t now, std::uint64_t salt) {
    PeerView& view = at(node);
    for (const Sighting s : news) {
        if (s.endpoint() == EndpointId{node}) continue;
        view.merge({.endpoint = s.endpoint(),
                    .incarnation = incarnation_of_nodes,
                    .seen = instant_of(s.stamp()),
                    .direct = s.endpoint() == sender},
                   instant_of(now));
    }
    if (answered && proves_) view.prove(sender, incarnation_of_nodes, instant_of(now));
    view.merge_arrivals(salt);
}

void PeerNodes::contact(std::uint32_t node, EndpointId other, bool answered, std::uint32_t now) {
    if (answered)
        at(node).prove(other, incarnation_of_nodes, instant_of(now));
    else
        at(node).merge(
            {.endpoint = other, .incarnation = incarnation_of_nodes, .seen = instant_of(now), .direct = true},
            instant_of(now));
    at(node).merge_arrivals();
}

// Prefetches what prefetch() itself reads.
void PeerNodes::prefetch_early(std::uint32_t node) const {
    const auto* bytes = reinterpret_cast<const char*>(&views_[node - range_.begin]);
    for (std::size_t at = 0; at < sizeof(PeerView); at += 64) __builtin_prefetch(bytes + at, 1);
}

void PeerNodes::add_view(std::uint32_t node, std::vector<std::uint32_t>& out) const {
    for (const Peer& p : views_[node - range_.begin].all())
        if (p.role == PeerRole::fresh || p.role == PeerRole::anchor)
            out.push_back(static_cast<std::uint32_t>(p.endpoint));
}

}  // namespace halp::sim
