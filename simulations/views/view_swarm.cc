#include "simulations/views/view_swarm.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <vector>

#include "simulations/views/view_nodes.h"
#include "simulations/views/view_worker.h"

namespace halp::sim {

ViewOptions hybrid(std::size_t pool) {
    ViewOptions o;
    o.pool_max = pool;
    return o;
}

std::string ViewSwarmOptions::fault() const {
    if (view.propagation != Propagation::push_pull) return "only push-pull is simulated";
    if (view.fresh_max < 1 || view.fresh_max > 255) return "the view must hold 1 to 255 nodes";
    if (view.sample_freshest + view.sample_random > 100) return "at most 100 nodes can be told at once";
    if (nodes <= view.fresh_max || nodes > nodes_max)
        return "more nodes than the view holds, and at most 134 million";
    if (latency_min < 1 || latency_max < latency_min || latency_max > ticks_per_period / 4)
        return "latency must be above 0 and at most a quarter of a period";
    if (jitter >= ticks_per_period / 2) return "the jitter must be below half a period";
    if (threads < 1 || threads > 64) return "1 to 64 threads";
    if (keep == SwarmNodes::fresh_views && !FreshNodes::serve(view)) return "this rule needs whole peer views";
    return {};
}

std::uint32_t ViewSwarmOptions::periods_max() const {
    return std::min(2000U, PackedViews::stamp_max(nodes) / ticks_per_period - 1);
}

class ViewSwarm::Engine {
public:
    virtual ~Engine() = default;
    virtual void run_periods(std::uint32_t periods) = 0;
    [[nodiscard]] virtual std::uint64_t digest() const = 0;
    [[nodiscard]] virtual ViewSwarmCounters counters() const = 0;
    [[nodiscard]] virtual ViewGraph graph() const = 0;
};

namespace {

template <class Nodes, template <class> class Queue>
class EngineOf final : public ViewSwarm::Engine {
public:
    EngineOf(const ViewSwarmOptions& options, Ranks* ranks) : crew_(options, ranks) {}
    void run_periods(std::uint32_t periods) override { crew_.run_periods(periods); }
    [[nodiscard]] std::uint64_t digest() const override { return crew_.digest(); }
    [[nodiscard]] ViewSwarmCounters counters() const override { return crew_.counters(); }
    [[nodiscard]] ViewGraph graph() const override { return crew_.graph(); }

private:
    ViewCrew<Nodes, Queue> crew_;
};

template <class Nodes>
std::unique_ptr<ViewSwarm::Engine> engine_with(const ViewSwarmOptions& options, Ranks* ranks) {
    if (options.queue == QueueKind::heap) return std::make_unique<EngineOf<Nodes, HeapQueue>>(options, ranks);
    return std::make_unique<EngineOf<Nodes, TimingWheel>>(options, ranks);
}

// By node: how many others are in its view, and which.
std::string packed(const ViewGraph& graph) {
    std::string out;
    const auto put = [&out](std::uint32_t value) {
        out.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    for (const auto& view : graph.views) {
        put(static_cast<std::uint32_t>(view.size()));
        for (const std::uint32_t other : view) put(other);
    }
    return out;
}

void unpack(std::string_view bytes, ViewGraph& graph) {
    const auto take = [&bytes] {
        std::uint32_t value = 0;
        bytes.copy(reinterpret_cast<char*>(&value), sizeof value);
        bytes.remove_prefix(sizeof value);
        return value;
    };
    while (!bytes.empty()) {
        graph.views.emplace_back(take());
        for (std::uint32_t& other : graph.views.back()) other = take();
    }
}

}  // namespace

ViewSwarm::ViewSwarm(const ViewSwarmOptions& options, Ranks* ranks) : ranks_(ranks) {
    assert(options.fault().empty());
    const bool whole = options.keep == SwarmNodes::peer_views || !FreshNodes::serve(options.view);
    engine_ = whole ? engine_with<PeerNodes>(options, ranks) : engine_with<FreshNodes>(options, ranks);
}

ViewSwarm::~ViewSwarm() = default;
void ViewSwarm::run_periods(std::uint32_t periods) { engine_->run_periods(periods); }
std::uint64_t ViewSwarm::digest() const { return ranks_ ? ranks_->sum(engine_->digest()) : engine_->digest(); }
ViewGraph ViewSwarm::own_graph() const { return engine_->graph(); }

ViewSwarmCounters ViewSwarm::counters() const {
    ViewSwarmCounters all = engine_->counters();
    if (!ranks_) return all;
    for (std::uint64_t* one : {&all.events, &all.messages, &all.wire_bytes}) *one = ranks_->sum(*one);
    return all;
}

ViewGraph ViewSwarm::graph() const {
    ViewGraph mine = engine_->graph();
    if (!ranks_) return mine;
    std::vector<std::string> out(ranks_->size());
    out[0] = packed(mine);
    mine = {};
    ViewGraph all;
    for (const std::string& share : ranks_->exchange(out)) unpack(share, all);
    return all;
}

}  // namespace halp::sim
