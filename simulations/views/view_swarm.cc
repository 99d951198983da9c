#include "simulations/views/view_swarm.h"

#include <cassert>
#include <string>

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
        return "more nodes than the view holds, and at most 16 million";
    if (latency_min < 1 || latency_max < latency_min || latency_max > ticks_per_period / 4)
        return "latency must be above 0 and at most a quarter of a period";
    if (jitter >= ticks_per_period / 2) return "the jitter must be below half a period";
    if (threads < 1 || threads > 64) return "1 to 64 threads";
    if (keep == SwarmNodes::fresh_views && !FreshNodes::serve(view)) return "this rule needs whole peer views";
    return {};
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
    explicit EngineOf(const ViewSwarmOptions& options) : crew_(options) {}
    void run_periods(std::uint32_t periods) override { crew_.run_periods(periods); }
    [[nodiscard]] std::uint64_t digest() const override { return crew_.digest(); }
    [[nodiscard]] ViewSwarmCounters counters() const override { return crew_.counters(); }
    [[nodiscard]] ViewGraph graph() const override { return crew_.graph(); }

private:
    ViewCrew<Nodes, Queue> crew_;
};

template <class Nodes>
std::unique_ptr<ViewSwarm::Engine> engine_with(const ViewSwarmOptions& options) {
    if (options.queue == QueueKind::heap) return std::make_unique<EngineOf<Nodes, HeapQueue>>(options);
    return std::make_unique<EngineOf<Nodes, TimingWheel>>(options);
}

}  // namespace

ViewSwarm::ViewSwarm(const ViewSwarmOptions& options) {
    assert(options.fault().empty());
    const bool whole = options.keep == SwarmNodes::peer_views || !FreshNodes::serve(options.view);
    engine_ = whole ? engine_with<PeerNodes>(options) : engine_with<FreshNodes>(options);
}

ViewSwarm::~ViewSwarm() = default;
void ViewSwarm::run_periods(std::uint32_t periods) { engine_->run_periods(periods); }
std::uint64_t ViewSwarm::digest() const { return engine_->digest(); }
ViewSwarmCounters ViewSwarm::counters() const { return engine_->counters(); }
ViewGraph ViewSwarm::graph() const { return engine_->graph(); }

}  // namespace halp::sim
